"""In which order channels go: by what the layers that read them lose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gcv_edge.prune.labels import Labels
from gcv_edge.prune.matrices import Matrix

ORDERS = ("obs", "activation", "l1")
OBS_RIDGE = 0.01
STEPS = 64
"""Rounds in which about all units are taken away; a few go at once where there are many."""


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
    units: Labels


def order_units(operands: Sequence[Operand], count: int, kind: str = "obs") -> Labels:
    """Order a space's units, the most important first.

    Args:
        operands: the layers that read them.
        count: number of units.
        kind: ``obs`` (blocks of columns go greedily, the others take over what they can: optimal brain
            surgeon), ``activation`` (weights times second moment) or ``l1`` (weights alone).
    """
    if kind == "obs":
        return obs_order(operands, count)
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


def obs_order(operands: Sequence[Operand], count: int) -> Labels:
    """Take away the units that cost least, again and again."""
    blocks = [ObsState(operand, count) for operand in operands]
    left = np.arange(count)
    gone: list[int] = []
    while len(left) > 1:
        losses = np.zeros(len(left))
        for block in blocks:
            losses += block.losses(left)
        chosen = left[np.argsort(losses, kind="stable")[: max(1, min(len(left) - 1, count // STEPS))]]
        for block in blocks:
            block.remove(chosen)
        gone += chosen.tolist()
        left = np.setdiff1d(left, chosen)
    return np.array([*left.tolist(), *reversed(gone)], np.int64)


class ObsState:
    """Weights and inverse covariance of a layer while units go.

    With ``H`` the covariance, taking away the columns ``b`` costs ``tr(W_b (H⁻¹_bb)⁻¹ W_bᵀ)``, and the others
    become ``W - W_b (H⁻¹_bb)⁻¹ H⁻¹_b:``.
    """

    def __init__(self, operand: Operand, count: int) -> None:
        covariance = np.asarray(operand.covariance, np.float64)
        strength = max(OBS_RIDGE * float(np.trace(covariance)) / len(covariance), 1e-10)
        self.inverse = np.linalg.inv(covariance + strength * np.eye(len(covariance)))
        self.weight = np.array(operand.weight, np.float64)
        energy = float(np.sum((self.weight @ covariance) * self.weight))
        self.scale = 1 / max(energy, 1e-30)
        order = np.argsort(operand.units, kind="stable")
        first = np.searchsorted(operand.units[order], np.arange(count + 1))
        self.columns = [np.sort(order[first[unit] : first[unit + 1]]) for unit in range(count)]

    def losses(self, units: Labels) -> Matrix:
        """Return the loss of each unit alone, as a part of the layer's energy."""
        sizes = {len(self.columns[unit]) for unit in units.tolist()}
        if sizes == {0}:
            return np.zeros(len(units))
        if len(sizes) > 1:
            return np.array([self.loss(self.columns[unit]) for unit in units.tolist()])
        table = np.array([self.columns[unit] for unit in units.tolist()])
        inner = self.inverse[table[:, :, None], table[:, None, :]]
        weights = self.weight[:, table].transpose(1, 2, 0)
        solved = np.linalg.solve(inner, weights)
        return np.asarray(np.einsum("uko,uko->u", weights, solved) * self.scale)

    def loss(self, columns: NDArray[np.int64]) -> float:
        """Return the loss of some columns."""
        inner = self.inverse[np.ix_(columns, columns)]
        block = self.weight[:, columns]
        return float(np.sum(block.T * np.linalg.solve(inner, block.T)) * self.scale)

    def remove(self, units: Labels) -> None:
        """Take units away, and let the others take over."""
        columns = np.concatenate([self.columns[unit] for unit in units.tolist()])
        if not columns.size:
            return
        inner = self.inverse[np.ix_(columns, columns)]
        rows = np.linalg.solve(inner, self.inverse[columns])
        self.weight -= self.weight[:, columns] @ rows
        self.inverse -= self.inverse[:, columns] @ rows
        self.weight[:, columns] = 0
