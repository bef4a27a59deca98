"""Sums over what pruned layers read and what they should give, both networks running side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gcv_edge.prune.fitting import Fit
from gcv_edge.prune.forward import Tensors
from gcv_edge.prune.matrices import Matrix, Reader, pick, sample_rows
from gcv_edge.prune.moments import Moments, positions_per_picture, random_of
from gcv_edge.prune.walking import Walk


@dataclass(frozen=True)
class Pair:
    """A layer in the whole network and in the pruned one.

    Attributes:
        reader: the layer.
        outputs: which of its results are left.
        addend: name of what its result is added to; by how much that differs from the whole network's, the
            layer should give more. Empty where there is none.
        target: name of what its result should become in place of what it was; without an addend.
        guess: what the layer may be, where only what is positive of its result (or of the sum) matters: then
            results that are negative in both networks count as equal.
    """

    reader: Reader
    outputs: NDArray[np.bool_]
    addend: str = ""
    target: str = ""
    guess: Fit | None = None

    @property
    def wanted(self) -> str:
        """Name of the whole network's tensor that the layer is fitted to."""
        return self.target or self.reader.result


def gather_pairs(
    whole: Walk, small: Walk, pairs: Sequence[Pair], seed: int, share: float = 1.0
) -> dict[str, Moments]:
    """Run both networks, and sum over what pruned layers read and what they should give.

    Args:
        whole, small: the networks, not further than the first of the layers.
        pairs: the layers.
        seed: of the positions.
        share: of the rows that are usually looked at.

    Returns:
        Sums by layer; targets are results where it is treated by patch, else the whole network's columns.
    """
    addends = [pair.addend for pair in pairs if pair.addend]
    wanted = [name for pair in pairs for name in (pair.wanted, pair.reader.source)] + addends
    read = [*(pair.reader.source for pair in pairs), *addends]
    size = min(whole.batch(wanted), small.batch(read))
    sums: dict[str, Moments] = {}
    both = zip(whole.stream(wanted, size), small.stream(read, size), strict=True)
    for number, (expected, found) in enumerate(both):
        for pair in pairs:
            count = max(1, round(share * positions_per_picture(pair.reader, whole.count)))
            x, t = pair_rows(pair, expected, found, count, random_of(seed, pair.reader, number))
            name = pair.reader.layer.name
            if name not in sums:
                sums[name] = Moments(x.shape[1], t.shape[1])
            sums[name].add(x, t)
    return sums


def pair_rows(
    pair: Pair, expected: Tensors, found: Tensors, count: int, random: np.random.Generator
) -> tuple[Matrix, Matrix]:
    """Take what a pruned layer reads, nothing where its source is gone, and what it should give."""
    reader = pair.reader
    is_gone = reader.source not in found
    x, places = sample_rows(reader, (expected if is_gone else found)[reader.source], count, random)
    t = target_rows(pair, expected, places)
    x = x[:, :0] if is_gone else x
    if not reader.by_patch:
        return x, t
    t = t[:, pair.outputs]
    rest: Matrix = np.zeros(1, np.float32)
    if pair.addend and pair.addend in found:
        rest = pick(found[pair.addend], places)
        t = t + pick(expected[pair.addend][:, pair.outputs], places) - rest
    if pair.guess is not None:
        guess = (x @ pair.guess.matrix.T + pair.guess.bias).astype(np.float32)
        t = np.where(t + rest < 0, np.minimum(guess + rest, 0) - rest, t)
    return x, t


def target_rows(pair: Pair, tensors: Mapping[str, Matrix], places: NDArray[np.int64]) -> Matrix:
    """Take the whole network's numbers at the same positions."""
    reader = pair.reader
    if reader.by_patch:
        result = tensors[pair.wanted]
        return pick(result, places) if reader.kernel else result.reshape(-1, result.shape[-1])
    source = tensors[reader.source]
    if reader.kernel:
        return pick(source, places)
    if reader.run == 1:
        return source.reshape(-1, source.shape[-1])
    return pick(source.reshape(len(source), -1, reader.run), places)
