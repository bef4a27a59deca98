"""What ONNX's version converter leaves out or does not know."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from gcv_edge.exporters.builder import OPSET

GRID_MODES = {b"linear": b"bilinear", b"cubic": b"bicubic"}
"""GridSample's modes since opset 20, and what they were called before."""


def name_old_resizes(proto: onnx.ModelProto) -> None:
    """Let each Resize of a file of opset 10 or less map coordinates as its Upsample did.

    ONNX's converter leaves the newer default, half_pixel. Until opset 10 an element was taken from
    ``position / scale``; ONNX Runtime rounds that down where maps grow, and up where they shrink.
    """
    constants = find_constants(proto)
    for node in proto.graph.node:
        if node.op_type == "Resize":
            scales = constants.get(node.input[2]) if len(node.input) > 2 else None
            shrinks = scales is not None and bool((scales < 1).any())
            settings = {
                "coordinate_transformation_mode": "asymmetric",
                "nearest_mode": "ceil" if shrinks else "floor",
            }
            kept = [attribute for attribute in node.attribute if attribute.name not in settings]
            del node.attribute[:]
            node.attribute.extend(
                [*kept, *(helper.make_attribute(name, value) for name, value in settings.items())]
            )


def find_constants(proto: onnx.ModelProto) -> dict[str, NDArray[Any]]:
    """Collect initializers and constants by name."""
    found = {tensor.name: tensor for tensor in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = node.attribute[0].t
    return {name: numpy_helper.to_array(tensor) for name, tensor in found.items()}


def step_down(proto: onnx.ModelProto) -> None:
    """Spell a newer file in this package's opset; the converter knows few of the ways back.

    Operators that both know mean the same in both. What remains of newer ones the checker finds.

    Raises:
        onnx.checker.ValidationError: an operator or an attribute is newer than this package's opset.
    """
    nodes = [new for node in proto.graph.node for new in spell_older(node)]
    del proto.graph.node[:]
    proto.graph.node.extend(nodes)
    del proto.opset_import[:]
    proto.opset_import.append(helper.make_opsetid("", OPSET))
    onnx.checker.check_model(proto)


def spell_older(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Spell one node in operators and attributes of opset 19."""
    if node.op_type == "Gelu":
        return spell_gelu(node)
    if node.op_type == "GridSample":
        for attribute in node.attribute:
            attribute.s = GRID_MODES.get(attribute.s, attribute.s)
    return [node]


def spell_gelu(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Spell ``Gelu`` as ONNX defines it: ``x / 2 (1 + erf(x / sqrt 2))``, or its approximation by tanh."""
    (x,), (y,) = node.input, node.output
    is_tanh = any(attribute.s == b"tanh" for attribute in node.attribute)
    numbers = (0.044715, math.sqrt(2 / math.pi)) if is_tanh else (math.sqrt(0.5),)
    like = {"half": 0.5, "one": 1.0} | {f"factor{index}": number for index, number in enumerate(numbers)}
    nodes = []
    for name, number in like.items():
        value = numpy_helper.from_array(np.asarray(number, np.float32), f"{y}_{name}_float")
        nodes.append(helper.make_node("Constant", [], [value.name], value=value))
        nodes.append(helper.make_node("CastLike", [value.name, x], [f"{y}_{name}"]))
    steps = [("Mul", [x, f"{y}_factor0"], "scaled"), ("Erf", [f"{y}_scaled"], "bent")]
    if is_tanh:
        steps = [
            ("Mul", [x, x], "square"),
            ("Mul", [f"{y}_square", f"{y}_factor0"], "part"),
            ("Add", [f"{y}_part", f"{y}_one"], "growth"),
            ("Mul", [x, f"{y}_growth"], "grown"),
            ("Mul", [f"{y}_grown", f"{y}_factor1"], "scaled"),
            ("Tanh", [f"{y}_scaled"], "bent"),
        ]
    steps += [("Add", [f"{y}_bent", f"{y}_one"], "gate"), ("Mul", [x, f"{y}_half"], "halved")]
    nodes += [helper.make_node(kind, inputs, [f"{y}_{name}"]) for kind, inputs, name in steps]
    return [*nodes, helper.make_node("Mul", [f"{y}_halved", f"{y}_gate"], [y])]
