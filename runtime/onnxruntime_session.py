"""ONNX Runtime behind the session protocol."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gcv_edge.errors import GcvEdgeError, MissingExtraError, ModelFileError, UnsupportedError
from gcv_edge.runtime.cpus import usable_cpus
from gcv_edge.runtime.sessions import Array, Request, Session, SessionOptions, choose_batch, one_line

DTYPES: dict[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(uint8)": np.dtype(np.uint8),
}
QUIET = 4
"""Only fatal messages reach the log: what fails is raised anyway."""


class OnnxRuntimeSession(Session):
    """A network loaded into ONNX Runtime's CPU provider."""

    def __init__(self, path: Path, options: SessionOptions, batch: int | None) -> None:
        super().__init__()
        if options.precision == "bf16":
            raise UnsupportedError("precision 'bf16' is not supported by onnxruntime: use engine 'openvino'")
        self._path = path
        threads, self.streams = share_threads(options)
        self._session = create_session(path, threads)
        port = single_input(self._session, path)
        self._input_name = port.name
        self.engine = f"onnxruntime {import_onnxruntime().__version__}"
        self.precision = "f32"
        self.dynamic_batch = not isinstance(port.shape[0], int) if port.shape else False
        self.input_shape = fixed_shape(port.shape, path, batch)
        self.input_dtype = DTYPES.get(port.type, np.dtype(object))
        self.outputs = {
            port.name: known_shape(port.shape, self.input_shape[0]) for port in self._session.get_outputs()
        }

    def new_request(self) -> Request:
        """Allocate an input buffer."""
        return OnnxRuntimeRequest(self)

    def infer(self, batch: Array) -> dict[str, Array]:
        """Run on a batch; ONNX Runtime reads it in place."""
        try:
            outputs = self._session.run(list(self.outputs), {self._input_name: batch})
        except Exception as error:
            raise GcvEdgeError(f"{self._path}: ONNX Runtime failed: {one_line(error)}") from error
        return dict(zip(self.outputs, outputs, strict=True))


class OnnxRuntimeRequest(Request):
    """An input buffer; outputs are allocated by each inference."""

    def __init__(self, session: OnnxRuntimeSession) -> None:
        self._session = session
        self.input = np.zeros(session.input_shape, session.input_dtype)

    def infer(self) -> Mapping[str, Array]:
        """Compute the outputs; they are new arrays."""
        return self._session.infer(self.input)


def import_onnxruntime() -> Any:
    """Import ONNX Runtime, which the base install does not have."""
    try:
        import onnxruntime
    except ImportError:
        raise MissingExtraError("engine 'onnxruntime'", "export") from None
    return onnxruntime


def create_session(path: Path, threads: int) -> Any:
    """Load a file for the CPU."""
    onnxruntime = import_onnxruntime()
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = QUIET
    try:
        return onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelFileError(path, f"ONNX Runtime cannot load it: {one_line(error)}") from error


def share_threads(options: SessionOptions) -> tuple[int, int]:
    """Return threads per inference and inferences side by side; for throughput one thread each."""
    threads = options.threads or usable_cpus()
    streams = options.streams or (threads if options.hint == "throughput" else 1)
    return max(1, threads // streams), streams


def single_input(session: Any, path: Path) -> Any:
    """Return the only input."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise ModelFileError(path, f"found {len(inputs)} inputs, expected 1")
    return inputs[0]


def fixed_shape(shape: list[int | str | None], path: Path, batch: int | None) -> tuple[int, ...]:
    """Return the input's shape with a dynamic batch given its size."""
    lengths = [length for length in shape[1:] if isinstance(length, int)]
    if len(shape) != 4 or len(lengths) != 3:
        raise ModelFileError(path, f"input: found shape {shape}, expected [N,3,H,W] with fixed H and W")
    found = shape[0] if isinstance(shape[0], int) else None
    return (choose_batch(path, found, batch), *lengths)


def known_shape(shape: list[int | str | None], batch: int) -> tuple[int | None, ...]:
    """Return an output's shape, None for lengths only known after inference."""
    lengths = [length if isinstance(length, int) else None for length in shape]
    return (lengths[0] or batch, *lengths[1:]) if lengths else ()
