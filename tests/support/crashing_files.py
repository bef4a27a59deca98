"""Files that ONNX's format allows and that engines die of, hang on or misread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gcv_edge.metadata import ModelMetadata, Preprocessing, format_metadata
from gcv_edge.tasks import TENSORS

NOTHING = Preprocessing(mean=(0.0,) * 3, scale=(1.0,) * 3, resize_type="standard")
FORM: list[None] = [None] * 4
HUGE = 2**32
"""Whose lower 32 bits are 0."""


def constant(name: str, value: Any, dtype: type = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(value, dtype), name)


WEIGHT = constant("weight", np.ones((4, 3, 3, 3)))
BYTE_WEIGHT = constant("weight", np.ones((4, 3, 3, 3)), np.int8)
TRUE = constant("true", True, np.bool_)


def node(kind: str, *inputs: str, to: str = "out", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs, [to], **attributes)


def branch(*nodes: onnx.NodeProto) -> onnx.GraphProto:
    out = helper.make_tensor_value_info("inner", TensorProto.FLOAT, FORM)
    return helper.make_graph(nodes, "branch", [], [out])


def choice(inner: onnx.NodeProto, to: str = "out") -> onnx.NodeProto:
    """An If whose branch is a node, which gives ``inner``."""
    return node("If", "true", to=to, then_branch=branch(inner), else_branch=branch(same("inner")))


def same(to: str) -> onnx.NodeProto:
    return node("Identity", "data", to=to)


def nested(depth: int) -> onnx.NodeProto:
    inner = same("inner")
    for _ in range(depth - 1):
        inner = choice(inner, "inner")
    return choice(inner)


def cast(value: str, to: str, dtype: int) -> onnx.NodeProto:
    return helper.make_node("Cast", [value], [to], to=dtype)


def in_bytes(kind: str, *inputs: str, **attributes: Any) -> list[onnx.NodeProto]:
    """An operator of bytes between casts."""
    middle = node(kind, "bytes", *inputs, to="sums", **attributes)
    return [cast("data", "bytes", TensorProto.UINT8), middle, cast("sums", "out", TensorProto.FLOAT)]


Graph = tuple[Sequence[onnx.NodeProto], Sequence[onnx.TensorProto]]

DEADLY: dict[str, Graph] = {
    "average pool of a huge stride": (
        [node("AveragePool", "data", kernel_shape=[4, 4], strides=[4, HUGE])],
        [],
    ),
    "convolution without weights": ([node("Conv", "data")], []),
    "branch with a convolution without weights": (
        [choice(choice(node("Conv", "data", to="inner"), "inner"))],
        [TRUE],
    ),
    "branches thirty deep": ([nested(30)], [TRUE]),
}
"""By what is wrong with them: OpenVINO dies of the first three, and doubles its time with each branch."""

WRONG: dict[str, Graph] = {
    "pool without an extent": ([node("MaxPool", "data", kernel_shape=[0, 0])], []),
    "pool deep in its padding": ([node("AveragePool", "data", kernel_shape=[2, 2], pads=[9] * 4)], []),
    "convolution that stands still": ([node("Conv", "data", "weight", strides=[0, 0])], [WEIGHT]),
    "byte convolution that stands still": (
        in_bytes("ConvInteger", "weight", strides=[0, 0]),
        [BYTE_WEIGHT],
    ),
    "branch with a pool without an extent": (
        [choice(node("MaxPool", "data", to="inner", kernel_shape=[0, 0]))],
        [TRUE],
    ),
    "regions of no size": (
        [node("RoiAlign", "data", "regions", "pictures", output_height=0)],
        [constant("regions", np.zeros((1, 4))), constant("pictures", [0], np.int64)],
    ),
    "blocks of no size": ([node("SpaceToDepth", "data", blocksize=0)], []),
}
"""By what is wrong with them: engines refuse some and compute something of others."""


def write(path: Path, graph: Graph, *, is_ours: bool) -> Path:
    """Write a file; ``is_ours`` lets it say that this package wrote it."""
    nodes, constants = graph
    data = helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, 32, 32])
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, FORM)
    model = helper.make_model(
        helper.make_graph(nodes, "graph", [data], [out], constants),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    if is_ours:
        helper.set_model_props(model, format_metadata(ModelMetadata(TENSORS, (), NOTHING)))
    path.write_bytes(model.SerializeToString())
    return path
