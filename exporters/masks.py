"""Where a single channel divides the thing from the rest: over 0 of a logit, over a half of a probability."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import UsageError
from gcv_edge.graph.probing import onnxruntime_session
from gcv_edge.graph.values import numbers_of
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pictures import check_inputs

LOGITS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "BatchNormalization", "Tanh")
"""Operators whose results are as often under 0 as over it."""
PROBABILITIES = ("Sigmoid", "HardSigmoid", "Greater", "GreaterOrEqual", "Less", "LessOrEqual")
CHOOSING = ("Slice", "Gather", "Split")
KEEPING = (
    *CHOOSING, "Resize", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity", "Cast",
    "Clip", "Dropout", "Expand", "Tile", "AveragePool", "MaxPool", "DepthToSpace", "QuantizeLinear",
    "DequantizeLinear",
)  # fmt: skip
"""Operators behind which a number still means the same."""
ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "Add": operator.add, "Sub": operator.sub, "Mul": operator.mul, "Div": operator.truediv,
}  # fmt: skip
HALF = 0.5
DEEPEST = 64
"""Operators in a row; between an activation and an output there are less than ten."""


def find_middle(value: ir.Value | None, is_chosen: bool = False, depth: int = 0) -> float | None:
    """Return the number over which a pixel is the thing; None where the graph does not tell.

    Args:
        value: what is asked of.
        is_chosen: a part of its channels was taken behind it.
        depth: operators that were followed already.
    """
    node = value.producer() if value is not None else None
    if node is None or depth == DEEPEST:
        return None
    if node.op_type in PROBABILITIES or (node.op_type == "Softmax" and is_chosen and is_over_channels(node)):
        return HALF
    if node.op_type in ARITHMETIC:
        return move_middle(node, is_chosen, depth + 1)
    if node.op_type in KEEPING or enlarges(node):
        found = find_middle(node.inputs[0], is_chosen or node.op_type in CHOOSING, depth + 1)
        return 0.0 if found is None and enlarges(node) else found
    return 0.0 if node.op_type in LOGITS else None


def move_middle(node: ir.Node, is_chosen: bool, depth: int) -> float | None:
    """Do to the number what arithmetic with constants, or a sum, does to the pixels."""
    numbers = [numbers_of(value) for value in node.inputs]
    middles = [
        find_middle(value, is_chosen, depth) if number is None else one_of(number)
        for value, number in zip(node.inputs, numbers, strict=True)
    ]
    if is_bias(node, middles, numbers):
        return 0.0
    first, second = middles
    if first is None or second is None or (node.op_type != "Add" and all(one is None for one in numbers)):
        return None
    return ARITHMETIC[node.op_type](first, second) if second or node.op_type != "Div" else None


def is_bias(
    node: ir.Node, middles: Sequence[float | None], numbers: Sequence[NDArray[np.float64] | None]
) -> bool:
    """Whether a constant is added to a logit: what is learned there is the layer's own bias."""
    is_sum = node.op_type in ("Add", "Sub") and any(number is not None for number in numbers)
    return is_sum and any(
        middle == 0 for middle, number in zip(middles, numbers, strict=True) if number is None
    )


def one_of(number: NDArray[np.float64]) -> float | None:
    """Return the only number of a constant; None where it has several."""
    return float(number.item()) if number.size == 1 else None


def is_over_channels(node: ir.Node) -> bool:
    """Whether a softmax goes over the channels of maps, first or last."""
    shape = node.outputs[0].shape
    axis = node.attributes.get_int("axis", -1)
    return shape is not None and len(shape) == 4 and axis % 4 in (1, 3) and shape[axis % 4] != 1


def enlarges(node: ir.Node) -> bool:
    """Whether a transposed convolution may enlarge maps: each channel alone, nothing negative."""
    weight = numbers_of(node.inputs[1]) if node.op_type == "ConvTranspose" else None
    return weight is not None and weight.shape[1] == 1 and bool(np.all(weight >= 0))


def judge_mask(model: ir.Model, metadata: ModelMetadata, name: str, source: str) -> None:
    """See on pictures whether what is taken for a logit can be one.

    Args:
        model: the exported network.
        metadata: what it says of itself.
        name: of the output in the source.
        source: for messages.

    Raises:
        UsageError: it is never under 0.
    """
    session = onnxruntime_session(ir.to_proto(model).SerializeToString())
    (entry,) = session.get_inputs()
    rows, *lengths = entry.shape
    kinds = check_inputs({entry.name: (1, *lengths)}, metadata)
    count = rows if isinstance(rows, int) else 1
    feeds = [{entry.name: np.repeat(batch[entry.name], count, axis=0)} for batch in kinds.values()]
    if min(float(session.run(None, feed)[0][:, 1].min()) for feed in feeds) >= 0:
        raise UsageError(
            f"{source}: output '{name}' has one channel, but nothing below 0 on {len(kinds)} pictures, so it "
            "is no logit: --outputs NAME exports the tensor before its last activation, --task "
            "image_to_image or tensors what it is"
        )
