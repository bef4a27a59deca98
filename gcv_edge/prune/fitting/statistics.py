"""Means and covariances of what layers read, summed up over pictures; their size is the network's alone."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import onnx_ir as ir
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gcv_edge.prune.channels.edits import Mask
from gcv_edge.prune.channels.surgery import Substitute
from gcv_edge.prune.fitting.activations import ActivationCache
from gcv_edge.prune.fitting.calibration_set import CalibrationSet
from gcv_edge.prune.fitting.layers import FittableLayer, Matrix


class RowCount(NamedTuple):
    """Rows that are looked at for one layer: enough for the sums to be well conditioned."""

    per_column: float
    least: int

    def per_picture(self, layer: FittableLayer, pictures: int) -> int:
        """Return how many rows each picture gives."""
        return max(1, math.ceil(max(self.least, self.per_column * len(layer.columns)) / max(1, pictures)))


ALL_ROWS = RowCount(30, 20_000)
FEW_ROWS = RowCount(4.5, 9000)
"""Of layers that are fitted only to compare widths."""

ROWS_AT_ONCE = 1024
"""Rows that are multiplied together: adding to the sums takes longer than multiplying a few."""
WIDE = 2304
"""Columns beyond which products are summed up in float32."""

Positions = NDArray[np.int64]


class Moments:
    """First and second moments of rows of columns ``x`` and, where there are any, of targets ``t``.

    Args:
        columns: number of columns.
        targets: number of targets.

    Attributes:
        rows: how many were added.
    """

    def __init__(self, columns: int, targets: int = 0) -> None:
        self.rows = 0
        self._x, self._t = np.zeros(columns), np.zeros(targets)
        self._xx: Matrix = np.zeros((columns, columns), np.float32 if columns > WIDE else np.float64)
        self._tx = np.zeros((targets, columns))
        self._waiting: list[tuple[Matrix, Matrix]] = []
        self._has_columns = False

    def with_new_targets(self) -> Moments:
        """Return moments to which the same rows are added again with other targets."""
        self.flush()
        other = copy.copy(self)
        other._has_columns = True
        other._t, other._tx = np.zeros_like(self._t), np.zeros_like(self._tx)
        other._waiting = []
        return other

    def add(self, x: Matrix, t: Matrix | None = None) -> None:
        """Add rows."""
        t = np.zeros((len(x), 0), x.dtype) if t is None else t
        if not self._has_columns:
            self.rows += len(x)
            self._x += x.sum(axis=0, dtype=np.float64)
        self._t += t.sum(axis=0, dtype=np.float64)
        self._waiting.append((x, t))
        if sum(len(rows) for rows, _ in self._waiting) >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Add the products of the rows that wait; until the next rows, several threads may then read."""
        if self._waiting:
            x, t = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
            self._waiting.clear()
            if not self._has_columns:
                self._xx += x.T @ x
            self._tx += t.T @ x

    def mean(self) -> Matrix:
        """Mean of the columns."""
        return np.asarray(self._x / max(1, self.rows))

    def target_mean(self) -> Matrix:
        """Mean of the targets."""
        return np.asarray(self._t / max(1, self.rows))

    def covariance(self, left: Mask | None = None, right: Mask | None = None) -> Matrix:
        """Covariance of the columns, or of some with others."""
        self.flush()
        mean = self.mean()
        first, second = (np.flatnonzero(each) if each is not None else slice(None) for each in (left, right))
        rows = self._xx[first]
        product = np.asarray(rows[:, second], np.float64) / max(1, self.rows)
        return np.asarray(product - np.outer(mean[first], mean[second]))

    def cross(self) -> Matrix:
        """Covariance of targets and columns."""
        self.flush()
        return np.asarray(self._tx / max(1, self.rows) - np.outer(self.target_mean(), self.mean()))


def gather_moments(
    model: ir.Model,
    layers: Mapping[str, FittableLayer],
    pictures: CalibrationSet,
    seed: int,
    substitutes: Mapping[str, Substitute],
) -> Iterator[dict[str, Moments]]:
    """Sum over what layers read, in one pass; the sums so far are given after each batch.

    Args:
        model: the whole network.
        layers: by name.
        pictures: what to run.
        seed: of the positions.
        substitutes: layers whose sums have targets, too: what they would have to give in a branch's place.
    """
    targets = {each.layer: each.target for each in substitutes.values() if layers[each.layer].by_patch}
    names = [layer.source for layer in layers.values()] + list(targets.values())
    sums: dict[str, Moments] = {}
    for number, tensors in enumerate(ActivationCache(model, pictures).stream(names)):
        for name, layer in layers.items():
            count = ALL_ROWS.per_picture(layer, len(pictures))
            random = random_of(seed, layer, number)
            rows, positions = sample_rows(layer, tensors[layer.source], count, random)
            target = pick(tensors[targets[name]], positions) if name in targets else None
            if name not in sums:
                sums[name] = Moments(len(layer.columns), 0 if target is None else target.shape[1])
            sums[name].add(rows, target)
        yield sums


def random_of(seed: int, layer: FittableLayer, batch: int) -> np.random.Generator:
    """Return the source of a layer's positions in a batch."""
    return np.random.default_rng((seed, layer.layer.node, batch))


def sample_rows(
    layer: FittableLayer, source: Matrix, count: int, random: np.random.Generator
) -> tuple[Matrix, Positions]:
    """Take rows of columns at random positions of each picture.

    Args:
        layer: the layer.
        source: what it reads, ``[n, channels, ...]``.
        count: positions per picture, at most.
        random: chooses them.

    Returns:
        ``[n · positions, columns]``, and the positions (of the result where by patch).
    """
    if not layer.kernel or not layer.by_patch:
        length = math.prod(source.shape[2:]) if layer.kernel else layer.run
        positions = choose_positions(length, count, random)
        return rows_at(layer, source, positions), positions
    padded = pad(source, layer.pads)
    windows = slide_windows(layer, padded.shape[2:])
    lengths = windows.shape[: len(layer.kernel)]
    positions = choose_positions(math.prod(lengths), count, random)
    places = windows[np.unravel_index(positions, lengths)].ravel()
    patches = padded.reshape(*padded.shape[:2], -1)[:, :, places]
    table = patches.reshape(*padded.shape[:2], len(positions), -1).transpose(0, 2, 1, 3)
    return table.reshape(-1, padded.shape[1] * math.prod(layer.kernel)), positions


def rows_at(layer: FittableLayer, source: Matrix, positions: Positions) -> Matrix:
    """Take rows of channels at some positions; of a dense layer that reads vectors, all rows."""
    if not layer.kernel and layer.run == 1:
        return source.reshape(-1, source.shape[-1])
    return pick(source if layer.kernel else source.reshape(len(source), -1, layer.run), positions)


def choose_positions(length: int, count: int, random: np.random.Generator) -> Positions:
    """Choose positions without repeating one."""
    if count >= length:
        return np.arange(length)
    return np.sort(random.choice(length, count, replace=False)).astype(np.int64)


def pick(tensor: Matrix, positions: Positions) -> Matrix:
    """Take positions of maps ``[n, channels, ...]`` as rows ``[n · positions, channels]``."""
    chosen = tensor.reshape(*tensor.shape[:2], -1)[:, :, positions]
    return chosen.transpose(0, 2, 1).reshape(-1, tensor.shape[1])


def pad(maps: Matrix, pads: Sequence[int]) -> Matrix:
    """Put zeros around maps."""
    if not any(pads):
        return maps
    begins, ends = pads[: len(pads) // 2], pads[len(pads) // 2 :]
    lengths = [b + length + e for b, length, e in zip(begins, maps.shape[2:], ends, strict=True)]
    padded = np.zeros((*maps.shape[:2], *lengths), maps.dtype)
    inner = (slice(b, b + length) for b, length in zip(begins, maps.shape[2:], strict=True))
    padded[(slice(None), slice(None), *inner)] = maps
    return padded


def slide_windows(layer: FittableLayer, lengths: tuple[int, ...]) -> Positions:
    """Return the places in a flattened map that lie under a kernel, ``[*positions, *kernel]``."""
    places = np.arange(math.prod(lengths)).reshape(lengths)
    reach = [(k - 1) * d + 1 for k, d in zip(layer.kernel, layer.dilations, strict=True)]
    steps = tuple(slice(None, None, step) for step in (*layer.strides, *layer.dilations))
    return sliding_window_view(places, reach)[steps]
