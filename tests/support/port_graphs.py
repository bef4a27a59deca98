"""Small networks whose inputs and outputs an engine merges with tensors of other names, written as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper

from gcv_edge.metadata import ModelMetadata, format_metadata
from gcv_edge.tasks import CLASSIFICATION, TENSORS

SHAPE = (1, 3, 4, 4)
Nodes = Sequence[onnx.NodeProto]


def cast(source: str, target: str, to: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [source], [target], to=to)


def op(kind: str, source: str, target: str) -> onnx.NodeProto:
    return helper.make_node(kind, [source], [target])


HALF, FLOAT = TensorProto.FLOAT16, TensorProto.FLOAT

NETWORKS: dict[str, tuple[Nodes, tuple[str, ...]]] = {
    "float16 between casts": (
        [cast("data", "d16", HALF), op("Relu", "d16", "y16"), cast("y16", "output", FLOAT)],
        ("output",),
    ),
    "two outputs of one tensor": (
        [op("Relu", "data", "y"), op("Identity", "y", "first"), op("Identity", "y", "b")],
        ("first", "b"),
    ),
    "an output that is read further": (
        [op("Neg", "data", "long_name"), op("Identity", "long_name", "b"), op("Abs", "b", "c")],
        ("c", "long_name", "b"),
    ),
    "float16 between two outputs": (
        [
            op("Relu", "data", "out_one"),
            cast("out_one", "o16", HALF),
            op("Abs", "o16", "a"),
            cast("a", "out_two", FLOAT),
        ],
        ("out_two", "out_one"),
    ),
    "an output that equals the input": (
        [op("Identity", "data", "same"), op("Relu", "data", "r")],
        ("same", "r"),
    ),
}
"""Nodes and outputs of networks with one input ``data``, by what is merged."""


def write_network(kind: str, path: Path) -> Path:
    """Write a network that takes and gives tensors."""
    nodes, names = NETWORKS[kind]
    outputs = [helper.make_tensor_value_info(name, FLOAT, SHAPE) for name in names]
    return save(path, nodes, SHAPE, outputs, ModelMetadata(TENSORS))


def write_float16_classifier(path: Path) -> Path:
    """Write a classifier that computes in float16 and whose ends are float32: the means of its channels."""
    nodes = [
        cast("data", "d16", HALF),
        op("GlobalAveragePool", "d16", "p16"),
        op("Flatten", "p16", "y16"),
        cast("y16", "logits", FLOAT),
    ]
    outputs = [helper.make_tensor_value_info("logits", FLOAT, (1, 3))]
    return save(path, nodes, (1, 3, 32, 32), outputs, ModelMetadata(CLASSIFICATION))


def save(
    path: Path,
    nodes: Nodes,
    shape: Sequence[int],
    outputs: Sequence[onnx.ValueInfoProto],
    metadata: ModelMetadata,
) -> Path:
    """Write nodes as a file with metadata."""
    inputs = [helper.make_tensor_value_info("data", FLOAT, shape)]
    graph = helper.make_graph(nodes, "ports", inputs, outputs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, format_metadata(metadata))
    onnx.save(model, path)
    return path
