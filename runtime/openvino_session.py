"""OpenVINO behind the session protocol."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gcv_edge.cpus import LARGEST_WEIGHT, adds_8_bit_exactly, affinity_count, usable_cpus
from gcv_edge.engines import import_openvino
from gcv_edge.errors import ForkError, GcvEdgeError, ModelFileError, UnsupportedError
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

LOG = logging.getLogger(__name__)


def shared_core() -> Any:
    """Return the process's one ``openvino.Core``.

    Raises:
        ForkError: it was made before this process was forked: another one would wait for threads for ever.
    """
    core, process = make_core()
    if process != os.getpid():
        raise ForkError("OpenVINO was used")
    return core


@functools.cache
def make_core() -> tuple[Any, int]:
    """Make a core once; return it and the process that made it."""
    return import_openvino().Core(), os.getpid()


class OpenVinoSession(Session):
    """A network compiled by OpenVINO."""

    def __init__(
        self, path: Path, options: SessionOptions, batch: int | None, content: bytes | None = None
    ) -> None:
        super().__init__()
        self._path = path
        check_device(options.device)
        model = read_model(path, content)
        inputs, outputs = list_names(model)
        self.dynamic_batch = shape_of(model.inputs[0])[:1] == (None,)
        self.has_own_sizes = has_open_size(shape_of(model.inputs[0]))
        shapes = fix_shapes(model, path, batch, content)
        if options.device.startswith(("CPU", "AUTO")) and not adds_8_bit_exactly() and may_overflow(model):
            warn_of_overflow()
        self._compiled = compile_model(model, path, options)
        self.engine = f"openvino {import_openvino().__version__.split('-')[0]}"
        self.precision = self._property("INFERENCE_PRECISION_HINT", "f32")
        self.inputs = dict(zip(inputs, shapes, strict=True))
        self.input_dtype = common_dtype([port.element_type.to_dtype() for port in self._compiled.inputs])
        self.outputs = dict(zip(outputs, map(shape_of, self._compiled.outputs), strict=True))
        self.streams = int(self._property("OPTIMAL_NUMBER_OF_INFER_REQUESTS", "1"))
        self.threads = int(self._property("INFERENCE_NUM_THREADS", "1"))

    def _property(self, name: str, otherwise: str) -> str:
        """Spell a property of the device that runs it; AUTO does not pass all of them on."""
        if name not in self._compiled.get_property("SUPPORTED_PROPERTIES"):
            return otherwise
        value = self._compiled.get_property(name)
        return str(value.get_type_name() if hasattr(value, "get_type_name") else value)

    def new_request(self) -> Request:
        """Create an infer request."""
        request = self._compiled.create_infer_request()
        made = OpenVinoRequest(request, list(self.inputs), list(self.outputs), self._path)
        if self.has_own_sizes:
            height, width = self.input_shape[2:]
            made.resize((width, height))
        return made


class OpenVinoRequest(Request):
    """An infer request whose own tensors are written and read in place."""

    def __init__(self, request: Any, inputs: list[str], outputs: list[str], path: Path) -> None:
        self._request = request
        self._names = outputs
        self._path = path
        self.inputs = {name: request.get_input_tensor(i).data for i, name in enumerate(inputs)}

    def resize(self, size: tuple[int, int]) -> None:
        """Give the input another width and height."""
        (name,) = self.inputs
        tensor = self._request.get_input_tensor(0)
        tensor.shape = [*tensor.shape[:2], size[1], size[0]]
        self.inputs = {name: tensor.data}

    def infer(self) -> Mapping[str, Array]:
        """Compute the outputs; they are views of the request's tensors."""
        try:
            self._request.infer(share_outputs=True)  # else they are copied for a dictionary that nobody reads
        except RuntimeError as error:
            raise GcvEdgeError(f"{self._path}: OpenVINO failed: {one_line(error)}") from error
        return {name: self._request.get_output_tensor(i).data for i, name in enumerate(self._names)}


def read_model(path: Path, content: bytes | None = None) -> Any:
    """Read an ONNX file, or its content."""
    try:
        return shared_core().read_model(path if content is None else content)
    except RuntimeError as error:
        raise ModelFileError(path, f"OpenVINO cannot read it: {one_line(error)}") from error


def fix_shapes(
    model: Any, path: Path, batch: int | None, content: bytes | None = None
) -> list[tuple[int, ...]]:
    """Give a dynamic batch its size: fixed shapes are what the CPU plugin is fastest with.

    Returns:
        shapes of the inputs; an open height and width stays open in the model.
    """
    is_only = len(model.inputs) == 1
    shapes = [fix_shape(path, shape_of(port), batch, is_only, content) for port in model.inputs]
    if has_open_size(shape_of(model.inputs[0])):
        return shapes
    try:
        model.reshape({index: list(shape) for index, shape in enumerate(shapes)})
    except RuntimeError as error:
        raise ModelFileError(path, f"OpenVINO cannot set batch {shapes[0][0]}: {one_line(error)}") from error
    return shapes


def compile_model(model: Any, path: Path, options: SessionOptions) -> Any:
    """Compile for the device."""
    check_precision(options)
    check_cache(options.cache_dir)
    config = build_config(options)
    if options.device == "CPU" and any(port.partial_shape.is_dynamic for port in model.inputs):
        config["CPU_RUNTIME_CACHE_CAPACITY"] = "0"  # else memory grows with every new shape
    try:
        return shared_core().compile_model(model, options.device, config)
    except RuntimeError as error:
        raise ModelFileError(path, f"OpenVINO cannot compile it: {one_line(error)}") from error


def may_overflow(model: Any) -> bool:
    """Tell whether a network has 8-bit weights so large that sums overflow without VNNI."""
    constants = (node for node in model.get_ops() if node.get_type_name() == "Constant")
    levels = (node.get_data() for node in constants if node.get_element_type().get_type_name() == "i8")
    return any(np.abs(each, dtype=np.int16).max(initial=0) > LARGEST_WEIGHT for each in levels)


@functools.cache
def warn_of_overflow() -> None:
    """Say once that what is computed may be wrong."""
    LOG.warning(
        "in OpenVINO, sums of a network in 8 bits may overflow on this processor (no VNNI): calibrate it for "
        "target portable, or run it in ONNX Runtime"
    )


def check_device(device: str) -> None:
    """Refuse a device that is not there, and say which are; the CPU is not looked for: that takes time."""
    if device == "CPU":
        return
    here = [*shared_core().available_devices, "AUTO"]
    if not any(device in (name, name.partition(".")[0]) for name in here):
        raise UnsupportedError(f"device {device!r}: OpenVINO finds none here, it finds {', '.join(here)}")


def check_cache(folder: str | None) -> None:
    """Make the cache's folder, for the user alone.

    Raises:
        ValueError: it cannot be made, or is a file.
    """
    if folder is None:
        return
    if Path(folder).exists() and not Path(folder).is_dir():
        raise ValueError(f"cache_dir: {folder}: found a file, expected a folder")
    try:
        Path(folder).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ValueError(f"cache_dir: {folder}: cannot be made: {error.strerror}") from error


def check_precision(options: SessionOptions) -> None:
    """Refuse bf16 where the CPU would silently compute in f32."""
    if options.precision != "bf16" or options.device != "CPU":
        return
    if "BF16" not in shared_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise UnsupportedError("precision 'bf16' is not supported by this CPU: use precision 'f32' or 'auto'")


def build_config(options: SessionOptions) -> dict[str, str]:
    """Spell the options as OpenVINO properties.

    OpenVINO honours the affinity mask and prefers physical cores by itself, so threads are only set where
    a cgroup grants less than that or the caller says. It then pins them to the first CPUs, where the threads
    of every other network are pinned too, of this process and of others; so fewer threads than CPUs are left
    to the scheduler.
    """
    config = {"PERFORMANCE_HINT": options.hint.upper()}
    if options.precision != "auto":
        config["INFERENCE_PRECISION_HINT"] = options.precision
    is_capped = options.device == "CPU" and usable_cpus() < affinity_count()
    threads = options.threads or (usable_cpus() if is_capped else None)
    if threads is not None:
        config["INFERENCE_NUM_THREADS"] = str(threads)
        if threads < affinity_count():
            config["ENABLE_CPU_PINNING"] = "NO"
    if options.streams is not None:
        config["NUM_STREAMS"] = str(options.streams)
    if options.cache_dir is not None:
        config["CACHE_DIR"] = options.cache_dir
    return config


def list_names(model: Any) -> tuple[list[str], list[str]]:
    """Name the inputs and outputs of a network as the file does; ask before it is compiled.

    Compiling merges tensors, such as both sides of a Cast, and a port then has the names of all of them.
    """
    outputs = [name_of_output(port) for port in model.outputs]
    return [name_of_input(port, outputs) for port in model.inputs], outputs


def name_of_output(port: Any) -> str:
    """Name an output: its node is called so, with a suffix; the port may share names with other outputs."""
    name = str(port.node.friendly_name).rpartition("/sink_port_")[0]
    return name if name in port.names else str(port.any_name)


def name_of_input(port: Any, outputs: Sequence[str]) -> str:
    """Name an input; where outputs are the same tensor it may have their names too."""
    return min(port.names - set(outputs), key=len, default=str(port.any_name))


def shape_of(port: Any) -> tuple[int | None, ...]:
    """Return a port's shape, None for lengths only known after inference."""
    shape = port.partial_shape
    if shape.rank.is_dynamic:
        return ()
    return tuple(None if length.is_dynamic else length.get_length() for length in shape)
