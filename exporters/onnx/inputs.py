"""What a foreign network reads, and how the input of the exported file becomes that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.budget import MAX_INPUT, TooLargeError
from gcv_edge.exporters.builder import BATCH, Dim, GraphBuilder, Shape
from gcv_edge.exporters.onnx.reading import declared_shape, fed_inputs
from gcv_edge.exporters.source import Batch, ExportOptions
from gcv_edge.pictures import is_single
from gcv_edge.tasks import TENSORS

FEEDABLE = (ir.DataType.FLOAT, ir.DataType.FLOAT16, ir.DataType.DOUBLE, ir.DataType.UINT8, ir.DataType.INT8,
            ir.DataType.INT32, ir.DataType.INT64, ir.DataType.BOOL)  # fmt: skip
"""Types that float32 is cast to in front of a foreign network."""

NCHW_TO_NHWC, NHWC_TO_NCHW = (0, 2, 3, 1), (0, 3, 1, 2)


@dataclass(frozen=True)
class ForeignInput:
    """One input of the exported file, float32.

    Attributes:
        name: as in the original.
        shape: of the exported input; ``[N, C, H, W]`` for pictures.
        dtype: what the original takes.
        is_last: the original has its channels last, ``[N, H, W, C]``.
        added: axes of length 1 in front that the original does not have: runtimes take ``[N, ...]``.
    """

    name: str
    shape: Shape
    dtype: ir.DataType = ir.DataType.FLOAT
    is_last: bool = False
    added: int = 0

    @property
    def own_shape(self) -> Shape:
        """Shape of the original's input."""
        order = NCHW_TO_NHWC if self.is_last else range(len(self.shape))
        return tuple(self.shape[axis] for axis in order)[self.added :]


@dataclass(frozen=True)
class ForeignInputs:
    """All inputs of an original.

    Attributes:
        fed: inputs of the exported file.
        constants: inputs that become constants, such as a picture's size.
        is_picture: there is one, of pictures or clips.
    """

    fed: tuple[ForeignInput, ...]
    constants: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    is_picture: bool = True

    @property
    def shapes(self) -> dict[str, Shape]:
        """Shapes of the original's inputs."""
        return {entry.name: entry.own_shape for entry in self.fed} | {
            name: array.shape for name, array in self.constants.items()
        }

    def feeds(self, batch: Batch) -> dict[str, NDArray[Any]]:
        """Turn what the exported file reads into what the original reads."""
        arrays = batch if isinstance(batch, Mapping) else {self.fed[0].name: batch}
        fed = {}
        for entry in self.fed:
            array = arrays[entry.name]
            own = array.transpose(NCHW_TO_NHWC) if entry.is_last else array
            own = own.reshape(own.shape[entry.added :])
            fed[entry.name] = np.ascontiguousarray(own).astype(entry.dtype.numpy())
        return fed | dict(self.constants)


def find_entries(proto: onnx.ModelProto, options: ExportOptions, path: Path) -> ForeignInputs:
    """Tell what a network reads: pictures, clips, or tensors of any kind.

    Raises:
        UnsupportedError: an input has a type that cannot be fed, or is no picture where one is needed.
        UsageError: a length is open and not given, or the one given is not the file's.
    """
    inputs = fed_inputs(proto)
    for value in inputs.values():
        if ir.DataType(value.type.tensor_type.elem_type) not in FEEDABLE:
            raise UnsupportedError(f"{path}: input '{value.name}' is of {type_name(value)}, expected numbers")
    pictures = [value for name, value in inputs.items() if name not in SIZES]
    if options.task != TENSORS.name and len(pictures) == 1:
        entry = picture_entry(pictures[0], options, path)
        if entry is not None and options.further_shapes:
            given = 1 + len(options.further_shapes)
            raise UsageError(f"{path}: {given} times --input-shape for the input {entry.name}")
        if entry is not None:
            return ForeignInputs((entry,), size_constants(entry, inputs, path))
    if options.task not in (None, TENSORS.name):
        found = ", ".join(
            f"{value.name} {type_name(value)} {list(declared_shape(value) or ())}"
            for value in inputs.values()
        )
        raise UnsupportedError(
            f"{path}: found inputs {found}, expected one of [N, 3, H, W] or [N, 1, H, W]; "
            "--task tensors exports it as it is"
        )
    return ForeignInputs(tensor_entries(inputs, options, path), is_picture=False)


def check_sizes(entries: ForeignInputs, path: Path) -> None:
    """Refuse inputs that are too large to try the network on some.

    Raises:
        TooLargeError: one is.
    """
    for entry in entries.fed:
        elements = math.prod(length for length in entry.shape if isinstance(length, int))
        if elements > MAX_INPUT:
            raise TooLargeError(
                f"{path}: input '{entry.name}': found {list(entry.shape)}, {elements} elements, "
                f"expected at most {MAX_INPUT}"
            )


def type_name(value: onnx.ValueInfoProto) -> str:
    """Name an input's type."""
    return ir.DataType(value.type.tensor_type.elem_type).name.lower()


def picture_entry(value: onnx.ValueInfoProto, options: ExportOptions, path: Path) -> ForeignInput | None:
    """Describe the input of a network that sees pictures or clips; None for anything else."""
    declared, given = declared_shape(value) or options.input_shape, options.input_shape
    added = 1 if declared is not None and is_single(declared) else 0
    declared = (1,) * added + tuple(declared or ())
    if len(declared) not in (4, 5):
        return None
    if added and given is not None and len(given) == 3:
        given = (1, *given)
    is_last = len(declared) == 4 and is_channels(declared[3]) and not is_channels(declared[1])
    own = tuple(declared[axis] for axis in NHWC_TO_NCHW) if is_last else tuple(declared)
    if isinstance(own[1], str) and given is None:
        raise UsageError(f"{path}: its input is {list(declared)}: give its size: --input-shape 1,3,H,W")
    shape = close_shape(own, given, options.dynamic_batch, f"{path}: its input is {list(own)}")
    if not is_channels(shape[1]):
        return None
    return ForeignInput(value.name, shape, ir.DataType(value.type.tensor_type.elem_type), is_last, added)


def is_channels(length: Dim) -> bool:
    """Tell the number of a picture's channels."""
    return length in (1, 3)


def close_shape(declared: Shape, given: tuple[int, ...] | None, dynamic_batch: bool, what: str) -> Shape:
    """Fill a shape's open lengths with those given; the batch is 1 unless it is given or left open.

    Raises:
        UsageError: a length is open and not given, or differs from the one given.
    """
    if given is not None and len(given) != len(declared):
        raise UsageError(f"{what}, not {list(given)}")
    wanted: Sequence[Dim] = given or declared
    differs = [isinstance(old, int) and old != new for old, new in zip(declared, wanted, strict=True)]
    if any(differs[1:]):
        raise UsageError(f"{what}, not {list(wanted)}")
    if any(isinstance(length, str) for length in wanted[1:]):
        raise UsageError(f"{what}: give the open lengths: --input-shape N,..., once for each input")
    if dynamic_batch and isinstance(declared[0], int):
        raise UsageError(f"{what}: its batch is fixed, --dynamic-batch cannot open it")
    if isinstance(declared[0], int):
        return (declared[0], *wanted[1:])
    first = BATCH if dynamic_batch else given[0] if given else 1
    return (first, *wanted[1:])


def tensor_entries(
    inputs: Mapping[str, onnx.ValueInfoProto], options: ExportOptions, path: Path
) -> tuple[ForeignInput, ...]:
    """Describe inputs of any kind."""
    given = [options.input_shape, *options.further_shapes] if options.input_shape else []
    if given and len(given) != len(inputs):
        raise UsageError(f"{path}: {len(given)} times --input-shape for the inputs {', '.join(inputs)}")
    shapes = dict(zip(inputs, given, strict=True)) if given else {}
    if options.dynamic_batch and len(inputs) > 1:
        raise UsageError(f"{path}: has the inputs {', '.join(inputs)}: --dynamic-batch is for one")
    entries = []
    for name, value in inputs.items():
        own, shape = declared_shape(value), shapes.get(name)
        if own is None and shape is None:
            raise UsageError(f"{path}: input '{name}' has no shape: give --input-shape for each input")
        known = own if own is not None else shape
        assert known is not None
        what = f"{path}: its input '{name}' is {list(known)}"
        closed = close_shape(known, shape, options.dynamic_batch, what) if known else known
        added = max(0, 2 - len(closed))
        dtype = ir.DataType(value.type.tensor_type.elem_type)
        entries.append(ForeignInput(name, (1,) * added + closed, dtype, added=added))
    return tuple(entries)


HEIGHT_WIDTH, WIDTH_HEIGHT, ONES = "height, width", "width, height", "ones"
SIZES = {
    "im_shape": HEIGHT_WIDTH,
    "image_shape": HEIGHT_WIDTH,
    "orig_target_sizes": WIDTH_HEIGHT,
    "scale_factor": ONES,
}
"""Inputs by which detectors of PaddleDetection (im_shape, scale_factor), RT-DETR (orig_target_sizes) and
keras-yolo3 (image_shape) scale their boxes to a picture; here to the input itself, which runtimes scale."""


def size_constants(
    entry: ForeignInput, inputs: Mapping[str, onnx.ValueInfoProto], path: Path
) -> dict[str, NDArray[Any]]:
    """Make the inputs constant that hold the picture's size."""
    names = [name for name in inputs if name != entry.name]
    if not names:
        return {}
    batch, _, height, width = entry.shape
    if not isinstance(batch, int):
        raise UsageError(f"{path}: input '{names[0]}' has a row for each picture: leave out --dynamic-batch")
    types = {name: ir.DataType(inputs[name].type.tensor_type.elem_type).numpy() for name in names}
    rows = {HEIGHT_WIDTH: (height, width), WIDTH_HEIGHT: (width, height), ONES: (1, 1)}
    return {name: np.array([rows[SIZES[name]]] * batch, types[name]) for name in names}


def open_inputs(graph: GraphBuilder, entries: ForeignInputs) -> None:
    """Give a graph float32 inputs of the exported form in the place of its own."""
    own = {value.name: value for value in graph.inputs}
    graph.inputs.clear()
    for entry in entries.fed:
        graph.inputs.append(open_input(graph, own[entry.name], entry))
    for name, array in entries.constants.items():
        replace_uses(own[name], graph.constant(array, name))


def open_input(graph: GraphBuilder, own: ir.Value, entry: ForeignInput) -> ir.Value:
    """Put what turns the exported input into the original's behind it."""
    if not entry.is_last and not entry.added and entry.dtype == ir.DataType.FLOAT:
        return own
    own.name = graph.unique(f"{entry.name}_own")
    data = ir.Value(name=entry.name, type=ir.TensorType(ir.DataType.FLOAT), shape=ir.Shape(entry.shape))
    end, count = data, len(graph.nodes)
    if entry.is_last:
        end = graph.op("Transpose", [end], "channels_last", perm=NCHW_TO_NHWC)
    if entry.added:
        end = graph.op("Squeeze", [end, graph.constant(list(range(entry.added)))], "own_axes")
    if entry.dtype != ir.DataType.FLOAT:
        end = graph.op("Cast", [end], "input_type", to=int(entry.dtype))
    added = graph.nodes[count:]
    graph.nodes = [*added, *graph.nodes[:count]]
    replace_uses(own, end)
    return data


def replace_uses(old: ir.Value, new: ir.Value) -> None:
    """Let all that reads a value read another."""
    for use in list(old.uses()):
        use.node.replace_input_with(use.idx, new)
