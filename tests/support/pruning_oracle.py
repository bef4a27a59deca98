"""What pruning must agree with, by brute force."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir
import onnxruntime

from gcv_edge.errors import UsageError
from gcv_edge.prune.channels.edits import replace_constant
from gcv_edge.prune.channels.spaces import Keep, Spaces


def run(model: ir.Model, batch: np.ndarray) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        ir.to_proto(model).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return list(session.run(None, {session.get_inputs()[0].name: batch}))


def with_zeros(model: ir.Model, spaces: Spaces, keep: Keep) -> ir.Model:
    """Set the weights with which layers read channels that go to zero; all else stays."""
    kept = spaces.mask(keep)
    zeroed = model.clone()
    nodes = list(zeroed.graph)
    for layer in spaces.layers:
        node = nodes[layer.node]
        weight = node.inputs[1].const_value.numpy().copy()
        gone = ~kept[layer.inputs]
        if layer.op_type == "Conv":
            for part, mask in zip(np.split(weight, layer.group), np.split(gone, layer.group), strict=True):
                part[:, mask] = 0
        elif layer.op_type == "Gemm" and node.attributes.get_int("transB", 0):
            weight[:, gone] = 0
        else:
            weight[gone] = 0
        replace_constant(zeroed.graph, node, 1, weight)
    return zeroed


def random_keep(spaces: Spaces, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Keep a random number of random units of every free space, sometimes none where that is allowed."""
    keep = {}
    for space in spaces:
        if not space.frozen:
            count = int(random.integers(0 if space.removable else 1, space.units + 1))
            keep[space.name] = np.sort(random.choice(space.units, count, replace=False))
    return keep


def is_possible(spaces: Spaces, keep: Keep) -> bool:
    """Tell whether something is left of every tensor."""
    try:
        spaces.mask(keep)
    except UsageError as error:
        return "none of its channels are kept" not in str(error)
    return True
