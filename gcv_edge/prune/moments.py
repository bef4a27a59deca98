"""Sums over pictures from which channels are chosen and layers fitted; their size is the network's alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.prune.forward import Forward
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.matrices import Heir, Matrix, Reader, pick, read_layer, sample_rows
from gcv_edge.prune.spaces import Spaces
from gcv_edge.prune.trace import Layer

PATCH_LIMIT = 4608
"""Columns up to which a layer is treated by patch (512 channels under a kernel of 3 x 3)."""
GRAM_NUMBERS = 250_000_000
"""Numbers of all layers' sums together, at most; wider layers are treated channel by channel."""
ROWS_PER_COLUMN, LEAST_ROWS = 30, 60_000
"""Rows that are looked at: enough for the sums to be well conditioned."""
ROWS_AT_ONCE = 1024
"""Rows that are multiplied together: adding to the sums takes longer than multiplying a few."""


class Moments:
    """Sums over rows of columns ``x`` and, where there are any, of targets ``t``.

    Attributes:
        rows: how many.
        x, t, tt: sums of the columns, of the targets and of the targets' squares.
    """

    def __init__(self, columns: int, targets: int = 0) -> None:
        self.rows = 0
        self.x, self.t, self.tt = np.zeros(columns), np.zeros(targets), np.zeros(targets)
        self._xx: Matrix = np.zeros((columns, columns), np.float32 if columns > 2304 else np.float64)
        self._tx = np.zeros((targets, columns))
        self._waiting: list[tuple[Matrix, Matrix]] = []

    def add(self, x: Matrix, t: Matrix | None = None) -> None:
        """Add rows."""
        t = np.zeros((len(x), 0), x.dtype) if t is None else t
        self.rows += len(x)
        self.x += x.sum(axis=0, dtype=np.float64)
        self.t += t.sum(axis=0, dtype=np.float64)
        self.tt += np.square(t, dtype=np.float64).sum(axis=0)
        self._waiting.append((x, t))
        if sum(len(rows) for rows, _ in self._waiting) >= ROWS_AT_ONCE:
            self._multiply()

    def _multiply(self) -> None:
        """Add the products of the rows that wait."""
        if self._waiting:
            x, t = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
            self._waiting.clear()
            self._xx += x.T @ x
            self._tx += t.T @ x

    def mean(self) -> Matrix:
        """Mean of the columns."""
        return np.asarray(self.x / max(1, self.rows))

    def covariance(self) -> Matrix:
        """Covariance of the columns."""
        self._multiply()
        mean = self.mean()
        return np.asarray(np.asarray(self._xx, np.float64) / max(1, self.rows) - np.outer(mean, mean))

    def cross(self) -> Matrix:
        """Covariance of targets and columns."""
        self._multiply()
        return np.asarray(self._tx / max(1, self.rows) - np.outer(self.t / max(1, self.rows), self.mean()))


def find_readers(model: ir.Model, spaces: Spaces, heirs: Collection[str] = ()) -> dict[str, Reader]:
    """Describe the layers that are fitted, by name.

    They read channels which may go (grouped ones pass them on), or take over for others (``heirs``).
    """
    nodes = list(model.graph)
    free = np.zeros(len(spaces.units), bool)
    for space, members in zip(spaces, spaces.members, strict=True):
        free[members] = not space.frozen
    layers = [
        layer
        for layer in spaces.layers
        if layer.group == 1 and (free[spaces.units[layer.inputs]].any() or layer.name in heirs)
    ]
    limit = choose_limit(layers)
    return {layer.name: read_layer(nodes[layer.node], layer, limit) for layer in layers}


def choose_limit(layers: Sequence[Layer]) -> int:
    """Lower the limit of columns until all sums together fit into memory."""
    limit = PATCH_LIMIT
    while limit > 64:
        widths = (layer.kernel * len(layer.inputs) for layer in layers)
        if sum(width**2 for width in widths if width <= limit) <= GRAM_NUMBERS:
            break
        limit //= 2
    return limit


def positions_per_picture(reader: Reader, pictures: int) -> int:
    """Return how many rows each picture gives."""
    return max(1, -(-max(LEAST_ROWS, ROWS_PER_COLUMN * reader.width) // max(1, pictures)))


def gather_moments(
    model: ir.Model,
    readers: Mapping[str, Reader],
    pictures: Pictures,
    seed: int,
    heirs: Mapping[str, Heir] | None = None,
) -> Iterator[dict[str, Moments]]:
    """Sum over what layers read, in one pass; the sums so far are given after each batch.

    Args:
        model: the whole network.
        readers: layers.
        pictures: what to run.
        seed: of the positions.
        heirs: layers whose sums have targets, too: what they would have to give to take over.
    """
    heirs = {name: heir for name, heir in (heirs or {}).items() if readers[name].by_patch}
    names = [reader.source for reader in readers.values()]
    names += [heir.target for heir in heirs.values()]
    forward = Forward(model, names)
    sums: dict[str, Moments] = {}
    for number, tensors in enumerate(forward.stream(pictures)):
        for name, reader in readers.items():
            count = positions_per_picture(reader, len(pictures))
            rows, places = sample_rows(reader, tensors[reader.source], count, random_of(seed, reader, number))
            target = pick(tensors[heirs[name].target], places) if name in heirs else None
            if name not in sums:
                sums[name] = Moments(reader.width, 0 if target is None else target.shape[1])
            sums[name].add(rows, target)
        yield sums


def random_of(seed: int, reader: Reader, batch: int) -> np.random.Generator:
    """Return the source of positions of a layer in a batch."""
    return np.random.default_rng((seed, reader.layer.node, batch))
