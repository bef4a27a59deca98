"""ONNX Runtime behind the session protocol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gcv_edge.cpus import usable_cpus
from gcv_edge.engines import import_onnxruntime, onnxruntime_settings, open_onnxruntime
from gcv_edge.errors import GcvEdgeError, ModelFileError, UnsupportedError
from gcv_edge.runtime.memory import give_back
from gcv_edge.runtime.sessions import (
    Array,
    Request,
    Session,
    SessionOptions,
    common_dtype,
    fix_shape,
    has_open_size,
    one_line,
)

DTYPES: dict[str, np.dtype[Any]] = {
    "tensor(float)": np.dtype(np.float32),
    "tensor(uint8)": np.dtype(np.uint8),
}


class OnnxRuntimeSession(Session):
    """A network loaded into ONNX Runtime's CPU provider."""

    def __init__(
        self, path: Path, options: SessionOptions, batch: int | None, content: bytes | None = None
    ) -> None:
        super().__init__()
        if options.precision == "bf16":
            raise UnsupportedError("precision 'bf16' is not supported by onnxruntime: use engine 'openvino'")
        self._path = path
        threads, self.streams = share_threads(options)
        self.threads = threads * self.streams
        self._session = create_session(path, threads, content)
        ports = self._session.get_inputs()
        self.engine = f"onnxruntime {import_onnxruntime().__version__}"
        self.precision = "f32"
        self.dynamic_batch = not isinstance(ports[0].shape[0], int) if ports[0].shape else False
        self.has_own_sizes = has_open_size(known_lengths(ports[0].shape))
        self.inputs = {
            port.name: fix_shape(path, known_lengths(port.shape), batch, len(ports) == 1, content)
            for port in ports
        }
        self.input_dtype = common_dtype([DTYPES.get(port.type, np.dtype(object)) for port in ports])
        self.outputs = {
            port.name: known_shape(port.shape, self.input_shape[0]) for port in self._session.get_outputs()
        }

    def new_request(self) -> Request:
        """Allocate input buffers."""
        return OnnxRuntimeRequest(self)

    def infer(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run on a batch; ONNX Runtime reads it in place."""
        try:
            outputs = self._session.run(list(self.outputs), dict(inputs))
        except Exception as error:
            raise GcvEdgeError(f"{self._path}: ONNX Runtime failed: {one_line(error)}") from error
        return dict(zip(self.outputs, outputs, strict=True))


class OnnxRuntimeRequest(Request):
    """Input buffers; outputs are allocated by each inference."""

    def __init__(self, session: OnnxRuntimeSession) -> None:
        self._session = session
        self.inputs = {name: np.zeros(shape, session.input_dtype) for name, shape in session.inputs.items()}

    def resize(self, size: tuple[int, int]) -> None:
        """Give the input another width and height."""
        ((name, array),) = self.inputs.items()
        shape = (*array.shape[:2], size[1], size[0])
        if array.shape != shape:
            self.inputs = {name: np.empty(shape, array.dtype)}

    def infer(self) -> Mapping[str, Array]:
        """Compute the outputs; they are new arrays."""
        return self._session.infer(self.inputs)


def create_session(path: Path, threads: int, content: bytes | None = None) -> Any:
    """Load a file for the CPU."""
    settings = onnxruntime_settings(threads)
    try:
        session = open_onnxruntime(content or str(path), settings)
    except Exception as error:
        raise ModelFileError(path, f"ONNX Runtime cannot load it: {one_line(error)}") from error
    give_back()
    return session


def share_threads(options: SessionOptions) -> tuple[int, int]:
    """Return threads per inference and inferences side by side; for throughput one thread each."""
    threads = options.threads or usable_cpus()
    streams = options.streams or (threads if options.hint == "throughput" else 1)
    return max(1, threads // streams), streams


def known_lengths(shape: Sequence[int | str | None]) -> list[int | None]:
    """Return a shape, None for lengths that are open."""
    return [length if isinstance(length, int) else None for length in shape]


def known_shape(shape: list[int | str | None], batch: int) -> tuple[int | None, ...]:
    """Return an output's shape, None for lengths only known after inference."""
    lengths = known_lengths(shape)
    return (lengths[0] or batch, *lengths[1:]) if lengths else ()
