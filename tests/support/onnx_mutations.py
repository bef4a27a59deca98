"""Damaged ONNX files: attributes, inputs, shapes, names and types of good ones, replaced by nonsense."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import onnx
from onnx import TensorProto

from gcv_edge.exporters.source import ExportOptions
from tests.support import foreign_detectors as detectors
from tests.support import foreign_yolos as yolos
from tests.support.trials import run_trials

MAKERS: tuple[Callable[[Path], Path], ...] = (
    yolos.yolov8,
    yolos.yolox,
    yolos.yolov5,
    detectors.end2end,
    detectors.rtdetr_list,
    detectors.mmdet,
    detectors.tensorflow,
    detectors.torchvision,
    detectors.paddle,
    detectors.detr,
    detectors.fastestdet,
    detectors.ssd,
)
NUMBERS = (-1, 0, 1, 2, 3, 7, 100_000, 10**9, 2**62, -(10**9))
TYPES = (TensorProto.INT64, TensorProto.DOUBLE, TensorProto.UINT8, TensorProto.BOOL, TensorProto.STRING)
KINDS = ("Relu", "Conv", "Concat", "Reshape", "Slice", "Resize", "Softmax", "Tile", "Gather", "TopK", "Gemm")


@cache
def original(make: Callable[[Path], Path]) -> bytes:
    """A good file."""
    with tempfile.TemporaryDirectory() as folder:
        return make(Path(folder) / "good.onnx").read_bytes()


def change_attribute(graph: onnx.GraphProto, dice: random.Random) -> None:
    node = dice.choice([node for node in graph.node if node.attribute])
    attribute = dice.choice(node.attribute)
    if attribute.ints:
        attribute.ints[dice.randrange(len(attribute.ints))] = dice.choice(NUMBERS)
    elif attribute.type == onnx.AttributeProto.INT:
        attribute.i = dice.choice(NUMBERS)
    else:
        graph.node.remove(node)


def change_numbers(graph: onnx.GraphProto, dice: random.Random) -> None:
    """Change a constant of whole numbers: a shape, a begin, an end, an axis."""
    whole = [tensor for tensor in graph.initializer if tensor.data_type == TensorProto.INT64]
    if whole:
        tensor = dice.choice(whole)
        count = len(tensor.raw_data) // 8
        tensor.raw_data = b"".join(
            dice.choice(NUMBERS).to_bytes(8, "little", signed=True) for _ in range(count)
        )


def change_lengths(graph: onnx.GraphProto, dice: random.Random) -> None:
    tensor = dice.choice(graph.initializer)
    if tensor.dims:
        tensor.dims[dice.randrange(len(tensor.dims))] = dice.choice(NUMBERS)


def change_input(graph: onnx.GraphProto, dice: random.Random) -> None:
    dims = graph.input[0].type.tensor_type.shape.dim
    dice.choice(dims).dim_value = dice.choice(NUMBERS)
    if dice.random() < 0.3:
        del dims[-1]


def change_type(graph: onnx.GraphProto, dice: random.Random) -> None:
    if dice.random() < 0.5:
        graph.input[0].type.tensor_type.elem_type = dice.choice(TYPES)
    else:
        dice.choice(graph.initializer).data_type = dice.choice(TYPES)


def change_names(graph: onnx.GraphProto, dice: random.Random) -> None:
    node = dice.choice(graph.node)
    known = [*(tensor.name for tensor in graph.initializer), *(other.output[0] for other in graph.node), ""]
    node.input[dice.randrange(len(node.input))] = dice.choice(known)


def drop_input(graph: onnx.GraphProto, dice: random.Random) -> None:
    node = dice.choice(graph.node)
    del node.input[dice.randrange(len(node.input))]


def exchange_operator(graph: onnx.GraphProto, dice: random.Random) -> None:
    dice.choice(graph.node).op_type = dice.choice(KINDS)


MUTATIONS = (
    *(change_attribute, change_attribute, change_numbers, change_numbers, change_lengths, change_input),
    *(change_type, change_names, drop_input, exchange_operator),
)


def write_damaged(dice: random.Random, folder: Path) -> tuple[Path, ExportOptions]:
    """Write the file of a detector, damaged; return it, and options of which it needs some."""
    model = onnx.ModelProto.FromString(original(dice.choice(MAKERS)))
    for _ in range(dice.randrange(1, 3)):
        dice.choice(MUTATIONS)(model.graph, dice)
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    task = dice.choice(("detection", "tensors"))
    return path, ExportOptions(task=task, mean=(0.0,) * 3, scale=(255.0,) * 3)


if __name__ == "__main__":
    run_trials(write_damaged)
