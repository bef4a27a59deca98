"""Other ways to rank channels and to go on after slicing, which pruning's own are compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.prune.channels.edits import ChannelIds, Mask
from gcv_edge.prune.channels.surgery import REST
from gcv_edge.prune.fitting.activations import compute
from gcv_edge.prune.fitting.calibration_set import CalibrationSet
from gcv_edge.prune.fitting.layers import FittableLayer, LayerWeights, Matrix, read_weights, write_weights
from gcv_edge.prune.fitting.network import RankedNetwork, Widths
from gcv_edge.prune.search.importance import Operand, find_operands

ORDERS = ("activation", "l1")
MOST_FACTOR = 10.0
"""By which the weights of a result may grow."""


def rank_by(network: RankedNetwork, kind: str) -> RankedNetwork:
    """Return the network with its channels in another order.

    Args:
        network: the network.
        kind: ``activation`` (weights times second moment) or ``l1`` (weights alone).
    """
    ranking = {
        space.name: order_units(find_operands(network, network.statistics, space), space.units, kind)
        for space in network.free
    }
    return network.ranked(network.statistics, ranking)


def order_units(operands: Sequence[Operand], count: int, kind: str) -> ChannelIds:
    """Order a space's units by what they add, the most important first."""
    importance = np.zeros(count)
    for operand in operands:
        importance += score_units(operand, count, kind)
    return np.argsort(-importance, kind="stable")


def score_units(operand: Operand, count: int, kind: str) -> Matrix:
    """Score units one by one, relative to the sum of all."""
    if kind == "l1":
        columns = np.abs(operand.weight).sum(axis=0)
    else:
        columns = np.square(operand.weight).sum(axis=0) * np.diag(operand.covariance)
    mine = operand.units >= 0
    scores = np.bincount(operand.units[mine], columns[mine], count)
    return scores / max(float(scores.sum()), 1e-30)


def match_statistics(
    network: RankedNetwork, pruned: ir.Model, widths: Widths, pictures: CalibrationSet
) -> None:
    """Give results of a sliced network the mean and deviation they had, as re-estimating BatchNorm does.

    Layers change in place, in the order of the graph. Those that are not treated by patch stay as they are.
    """
    kept = network.spaces.mask(network.keep(widths))
    for name, layer in network.layers.items():
        outputs = kept[layer.layer.outputs]
        if layer.by_patch and outputs.any():
            wanted = rows_of(network.model, layer, pictures)[:, outputs]
            weights = match_layer(pruned, layer, wanted, pictures)
            write_weights(pruned, network.layers, {name: weights} if weights is not None else {})


def match_layer(
    pruned: ir.Model, layer: FittableLayer, wanted: Matrix, pictures: CalibrationSet
) -> LayerWeights | None:
    """Return new weights of a layer, or the constant that is left of it; None where it is gone."""
    node = next((node for node in pruned.graph if node.name == layer.name), None)
    if node is None:
        is_left = f"{layer.name}{REST}" in pruned.graph.initializers
        return LayerWeights(np.zeros((wanted.shape[1], 0)), wanted.mean(axis=0)) if is_left else None
    found, weights = rows_of(pruned, layer, pictures), read_weights(node, layer)
    factor = scale_to(found.std(axis=0), wanted.std(axis=0))
    shift = wanted.mean(axis=0) - factor * (found.mean(axis=0) - weights.bias)
    return LayerWeights(weights.matrix * factor[:, None], shift)


def scale_to(found: Matrix, wanted: Matrix) -> Matrix:
    """Return by how much deviations must grow; 1 where there is none."""
    is_dead: Mask = found < 1e-6
    return np.where(is_dead, 1.0, np.minimum(wanted / np.where(is_dead, 1.0, found), MOST_FACTOR))


def rows_of(model: ir.Model, layer: FittableLayer, pictures: CalibrationSet) -> Matrix:
    """Compute a layer's result for all pictures, as rows of its channels."""
    result = compute(model, [layer.result], pictures)[layer.result].astype(np.float64)
    rows = np.moveaxis(result, 1, -1) if layer.kernel else result
    return rows.reshape(-1, rows.shape[-1])
