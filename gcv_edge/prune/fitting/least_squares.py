"""Least squares that fit one layer: to what it gave, or to what it should give from what it really reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gcv_edge.prune.channels.edits import Mask
from gcv_edge.prune.fitting.activations import ActivationCache, Tensors
from gcv_edge.prune.fitting.layers import FittableLayer, LayerWeights, Matrix
from gcv_edge.prune.fitting.statistics import (
    Moments,
    Positions,
    RowCount,
    pick,
    random_of,
    rows_at,
    sample_rows,
)

RIDGE = 0.01
"""Pull towards the original weights, in units of the columns' mean variance."""


def fit_layer(layer: FittableLayer, weights: LayerWeights, moments: Moments, kept: Mask) -> LayerWeights:
    """Fit a layer to kept columns so that it gives what it gave, on the whole network's numbers.

    Minimises ``|W x - W' x_kept|² + ridge · |W' - W_kept|²`` over centred rows; the bias takes the means.

    Args:
        layer: the layer.
        weights: in the whole network.
        moments: of its columns.
        kept: columns that stay.
    """
    mean = moments.mean()
    target = weights.matrix @ moments.covariance(right=kept)
    matrix = solve(moments.covariance(kept, kept), target, weights.matrix[:, kept])
    change = layer.sum_offsets(weights.matrix @ mean - matrix @ mean[kept])
    return LayerWeights(matrix, weights.bias + change)


def fit_substitute(weights: LayerWeights, moments: Moments, kept: Mask) -> LayerWeights:
    """Fit a layer to the targets that its moments have, with kept columns, on the whole network's numbers."""
    matrix = solve(moments.covariance(kept, kept), moments.cross()[:, kept], weights.matrix[:, kept])
    return LayerWeights(matrix, moments.target_mean() - matrix @ moments.mean()[kept])


def fit_to_target(
    layer: FittableLayer, weights: LayerWeights, prior: Matrix, moments: Moments
) -> LayerWeights:
    """Fit a pruned layer on what it really reads.

    Args:
        layer: the layer.
        weights: in the whole network, for the results that are left.
        prior: its matrix as it is in the pruned network.
        moments: of what it reads and should give (``gather_targets``).
    """
    cross, mean, target_mean = moments.cross(), moments.mean(), moments.target_mean()
    if layer.by_patch:
        matrix = solve(moments.covariance(), cross, prior)
        return LayerWeights(matrix, target_mean - matrix @ mean)
    matrix = solve(moments.covariance(), weights.matrix @ cross, prior)
    change = layer.sum_offsets(weights.matrix @ target_mean - matrix @ mean)
    return LayerWeights(matrix, weights.bias + change)


def solve(covariance: Matrix, target: Matrix, prior: Matrix) -> Matrix:
    """Solve ``W' (C + λ) = T + λ W`` with λ in units of the mean variance."""
    if not len(covariance):
        return np.zeros((len(target), 0))
    strength = max(RIDGE * float(np.trace(covariance)) / len(covariance), 1e-10)
    system = covariance + strength * np.eye(len(covariance))
    return np.linalg.solve(system, (target + strength * prior).T).T


@dataclass(frozen=True)
class FitTarget:
    """What a layer of a pruned network should give.

    Attributes:
        layer: the layer.
        outputs: which of its results are left.
        wanted: name of the whole network's tensor that it is fitted to: its result, or the sum that this
            should become.
        addend: name of what its result is added to. By how much that differs from the whole network's, the
            layer should give more. Empty where there is none.
        guess: what the layer may be, where only what is positive of its result (or of the sum) matters.
            Results that are negative in both networks then count as equal.
    """

    layer: FittableLayer
    outputs: Mask
    wanted: str
    addend: str = ""
    guess: LayerWeights | None = None


def gather_targets(
    whole: ActivationCache,
    pruned: ActivationCache,
    targets: Sequence[FitTarget],
    seed: int,
    rows: RowCount,
    size: int,
    known: Mapping[str, Moments],
) -> dict[str, Moments]:
    """Run both networks, and sum over what pruned layers read and what they should give.

    Args:
        whole, pruned: the networks, not further than the first of the layers.
        targets: one for each layer.
        seed: of the positions.
        rows: that are looked at.
        size: pictures that are computed at once; the positions depend on it.
        known: moments of the same layers with other targets: what layers read is not summed up again.

    Returns:
        Moments by layer. Targets are results where it is treated by patch, else the whole network's columns.
    """
    wanted, read = names_to_read(targets)
    sums = {name: moments.with_new_targets() for name, moments in known.items()}
    both = zip(whole.stream(wanted, size), pruned.stream(read, size), strict=True)
    for number, (expected, found) in enumerate(both):
        for target in targets:
            layer = target.layer
            count = rows.per_picture(layer, whole.count)
            x, t = read_rows(target, expected, found, count, random_of(seed, layer, number))
            if layer.name not in sums:
                sums[layer.name] = Moments(x.shape[1], t.shape[1])
            sums[layer.name].add(x, t)
    return sums


def names_to_read(targets: Sequence[FitTarget]) -> tuple[list[str], list[str]]:
    """Return the tensors of the whole network, and those of the pruned one, that layers are fitted to."""
    addends = [target.addend for target in targets if target.addend]
    wanted = [name for target in targets for name in (target.wanted, target.layer.source)]
    return wanted + addends, [target.layer.source for target in targets] + addends


def read_rows(
    target: FitTarget, expected: Tensors, found: Tensors, count: int, random: np.random.Generator
) -> tuple[Matrix, Matrix]:
    """Take what a pruned layer reads, and what it should give, at random positions.

    Args:
        target: of the layer.
        expected, found: tensors of the whole network and of the pruned one. Where the pruned one has no more
            what the layer reads, the rows are empty.
        count: positions per picture.
        random: chooses them.
    """
    layer = target.layer
    is_gone = layer.source not in found
    x, positions = sample_rows(layer, (expected if is_gone else found)[layer.source], count, random)
    x = x[:, :0] if is_gone else x
    if not layer.by_patch:
        return x, rows_at(layer, expected[layer.source], positions)
    t = rows_of_result(layer, expected[target.wanted], positions)[:, target.outputs]
    rest: Matrix = np.zeros(1, np.float32)
    if target.addend and target.addend in found:
        rest = pick(found[target.addend], positions)
        t = t + pick(expected[target.addend][:, target.outputs], positions) - rest
    if target.guess is not None:
        guess = (x @ target.guess.matrix.T + target.guess.bias).astype(np.float32)
        t = np.where(t + rest < 0, np.minimum(guess + rest, 0) - rest, t)
    return x, t


def rows_of_result(layer: FittableLayer, result: Matrix, positions: Positions) -> Matrix:
    """Take rows of a layer's result."""
    return pick(result, positions) if layer.kernel else result.reshape(-1, result.shape[-1])
