"""Which channels of a space go first: those that cost least once the others have taken over what they can.

Source: B. Hassibi and D. Stork, "Second order derivatives for network pruning: Optimal Brain Surgeon" (1992),
here for blocks of columns of every layer that reads the channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.values import constant_of
from gcv_edge.prune.channels.edits import ChannelIds
from gcv_edge.prune.channels.spaces import ChannelSpace
from gcv_edge.prune.channels.tracing import WeightedLayer
from gcv_edge.prune.fitting.layers import Matrix
from gcv_edge.prune.fitting.network import PrunableNetwork
from gcv_edge.prune.fitting.sequential import Report
from gcv_edge.prune.fitting.statistics import Moments

RIDGE = 0.01
STEPS = 64
"""Rounds in which about all units are taken away; a few go at once where there are many."""
ROWS_AT_ONCE = 256
"""Rows of an inverse that are changed together: they stay in the processor's cache."""
FULL = 0.75
"""Part of the columns that are left, below which the others are left out."""


@dataclass
class Operand:
    """What one layer loses with its columns.

    Attributes:
        weight: matrix ``[rows, columns]``.
        covariance: of the columns.
        units: place of each column's unit within the space; -1 for columns of others.
    """

    weight: Matrix
    covariance: Matrix
    units: ChannelIds


def rank_channels(
    network: PrunableNetwork,
    statistics: Mapping[str, Moments],
    known: Mapping[str, Sequence[int]],
    report: Report,
) -> dict[str, ChannelIds]:
    """Rank the units of each space, the most important first.

    Args:
        network: the network.
        statistics: moments of what its layers read, by name.
        known: ranks that an interrupted run found.
        report: called with the number of spaces done and of all.
    """
    ranking = {name: np.array(order, np.int64) for name, order in known.items()}
    for number, space in enumerate(network.free):
        if space.name not in ranking:
            ranking[space.name] = rank_units(find_operands(network, statistics, space), space.units)
        report(number + 1, len(network.free))
    return ranking


def find_operands(
    network: PrunableNetwork, statistics: Mapping[str, Moments], space: ChannelSpace
) -> list[Operand]:
    """Return what the layers that read a space lose with its units."""
    spaces, members = network.spaces, network.spaces.units_of(space.name)
    place = np.full(len(spaces.units), -1, np.int64)
    place[members] = np.arange(len(members))
    found = [
        Operand(network.weights[name].matrix, statistics[name].covariance(), places)
        for name, layer in network.layers.items()
        if ((places := place[spaces.units[layer.columns]]) >= 0).any()
    ]
    nodes = list(network.model.graph)
    grouped = [] if found else [layer for layer in spaces.layers if layer.group > 1]
    for layer in grouped:
        places = place[spaces.units[layer.inputs]]
        if (places >= 0).any() and layer.op_type == "Conv":
            found += grouped_operands(nodes[layer.node], layer, places)
    return found


def grouped_operands(node: ir.Node, layer: WeightedLayer, places: ChannelIds) -> list[Operand]:
    """Return the operand of a grouped layer, by its weights alone: its inputs have no moments."""
    weight = constant_of(node.inputs[1])
    if weight is None:
        return []
    matrix = weight.astype(np.float64).reshape(len(weight), -1)
    columns = np.repeat(places[: weight.shape[1]], layer.kernel)
    return [Operand(matrix, np.eye(len(columns)), columns)]


def rank_units(operands: Sequence[Operand], count: int) -> ChannelIds:
    """Take away the units that cost least, again and again; return them, the last ones first."""
    layers = [OptimalBrainSurgeonState(operand, count) for operand in operands]
    left = np.arange(count)
    gone: list[int] = []
    while len(left) > 1:
        losses = np.zeros(len(left))
        for layer in layers:
            losses += layer.losses(left)
        chosen = left[np.argsort(losses, kind="stable")[: max(1, min(len(left) - 1, count // STEPS))]]
        for layer in layers:
            layer.remove(chosen)
        gone += chosen.tolist()
        left = np.setdiff1d(left, chosen)
    return np.array([*left.tolist(), *reversed(gone)], np.int64)


class OptimalBrainSurgeonState:
    """Weights and inverse covariance of a layer while units are removed, as Optimal Brain Surgeon has them.

    With ``H`` the covariance, taking away the columns ``b`` costs ``tr((H⁻¹_bb)⁻¹ W_bᵀ W_b)``, and the others
    become ``W - W_b (H⁻¹_bb)⁻¹ H⁻¹_b:``. The weights are transposed: columns lie together in memory.
    """

    def __init__(self, operand: Operand, count: int) -> None:
        covariance = np.asarray(operand.covariance, np.float64)
        strength = max(RIDGE * float(np.trace(covariance)) / len(covariance), 1e-10)
        self.inverse = np.linalg.inv(covariance + strength * np.eye(len(covariance)))
        self.weight = np.array(operand.weight.T, np.float64, order="C")
        energy = float(np.sum((covariance @ self.weight) * self.weight))
        self.scale = 1 / max(energy, 1e-30)
        order = np.argsort(operand.units, kind="stable")
        first = np.searchsorted(operand.units[order], np.arange(count + 1))
        self.columns = [np.sort(order[first[unit] : first[unit + 1]]) for unit in range(count)]
        self.is_left = np.ones(len(covariance), bool)

    def losses(self, units: ChannelIds) -> Matrix:
        """Return the loss of each unit alone, as a part of the layer's energy."""
        sizes = {len(self.columns[unit]) for unit in units.tolist()}
        if sizes == {0}:
            return np.zeros(len(units))
        if len(sizes) > 1:
            return np.array([self.loss(self.columns[unit]) for unit in units.tolist()])
        table = np.array([self.columns[unit] for unit in units.tolist()])
        inner = self.inverse[table[:, :, None], table[:, None, :]]
        weights = self.weight[table]
        solved = np.linalg.solve(inner, weights @ weights.transpose(0, 2, 1))
        return np.asarray(np.trace(solved, axis1=1, axis2=2) * self.scale)

    def loss(self, columns: NDArray[np.int64]) -> float:
        """Return the loss of some columns."""
        inner = self.inverse[np.ix_(columns, columns)]
        block = self.weight[columns]
        return float(np.trace(np.linalg.solve(inner, block @ block.T)) * self.scale)

    def remove(self, units: ChannelIds) -> None:
        """Take units away, and let the others take over."""
        columns = np.concatenate([self.columns[unit] for unit in units.tolist()])
        if not columns.size:
            return
        inner = self.inverse[np.ix_(columns, columns)]
        rows = np.linalg.solve(inner, self.inverse[columns])
        self.weight -= rows.T @ self.weight[columns]
        taken = self.inverse[:, columns]
        for start in range(0, len(taken), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            self.inverse[part] -= taken[part] @ rows
        self.is_left[columns] = False
        if np.count_nonzero(self.is_left) < FULL * len(self.is_left):
            self._leave_out_removed()

    def _leave_out_removed(self) -> None:
        """Make the matrices smaller: what is left does not read the removed columns any more."""
        places = np.cumsum(self.is_left) - 1
        self.columns = [places[columns[self.is_left[columns]]] for columns in self.columns]
        self.weight = self.weight[self.is_left]
        self.inverse = self.inverse[np.ix_(self.is_left, self.is_left)]
        self.is_left = np.ones(len(self.inverse), bool)
