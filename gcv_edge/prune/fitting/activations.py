"""Activations of a graph on the calibration set; those that are needed again are held, not computed again."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.probing import Probe
from gcv_edge.graph.values import name_of, shape_of
from gcv_edge.prune.fitting.calibration_set import Batch, CalibrationSet

Tensors = dict[str, NDArray[np.float32]]

HELD_BYTES = 1_300_000_000
"""Of one network's activations that are held, at most."""
BATCH_NUMBERS = 12_000_000
"""Numbers of activations that are looked at in one batch, at most; bounds memory."""
MAX_BATCH = 32

BFLOAT16 = np.uint16
"""NumPy has no type for it."""


class ActivationCache:
    """A graph that is computed from the input to the outputs; weights behind the place reached may change.

    Args:
        model: the graph.
        pictures: what it computes.
        places: of each node by its name; a pruned graph's nodes are where the whole one's are. Without them,
            nothing can be held.
        limit: bytes to hold at most; what does not fit is computed again.

    Attributes:
        held: activations that are held, for all pictures, as they are or rounded to bfloat16.
        count: number of pictures.
        reached: place up to which nothing is computed any more.
    """

    def __init__(
        self,
        model: ir.Model,
        pictures: CalibrationSet,
        places: Mapping[str, int] | None = None,
        limit: int = HELD_BYTES,
    ) -> None:
        self.model = model
        self.held: dict[str, NDArray[Any]] = {}
        self.count = len(pictures)
        self.reached = 0
        self._pictures, self._places, self._limit = pictures, places or {}, limit
        self._input = model.graph.inputs[0]
        self._starts: list[int] = []

    def restart(self, model: ir.Model) -> ActivationCache:
        """Return an empty cache of another graph with the same pictures."""
        return ActivationCache(model, self._pictures, self._places, self._limit)

    def batch_size(self, names: Sequence[str]) -> int:
        """Return how many pictures are computed at once where these activations are looked at."""
        length = shape_of(self._input)[0]
        if isinstance(length, int):
            return length
        numbers = numbers_per_picture(self._find(names))
        return max(1, min(MAX_BATCH, BATCH_NUMBERS // max(1, numbers)))

    def stream(self, names: Sequence[str], size: int = 0) -> Iterator[Tensors]:
        """Compute activations, batch by batch, but for those that the graph does not have."""
        size = size or self.batch_size(names)
        probe = Probe(self.model, names, [*self.held, name_of(self._input)])
        for start in range(0, self.count, size):
            yield probe.run({name: self._part(name, start, size) for name in probe.sources})

    def compute(self, names: Sequence[str]) -> Tensors:
        """Compute activations for all pictures, but for those that the graph does not have."""
        parts = list(self.stream(names))
        return {name: np.concatenate([part[name] for part in parts])[: self.count] for name in parts[0]}

    def _part(self, name: str, start: int, size: int) -> NDArray[np.float32]:
        """Return a batch of the pictures or of an activation that is held."""
        if name == self._input.name:
            part = self._pictures.batch(start, size)
        else:
            held = self.held[name][start : start + size]
            part = from_bfloat16(held) if held.dtype == BFLOAT16 else held
        return fill_up(part, size) if is_fixed(self._input) else part

    def can_hold(self, place: int) -> bool:
        """Tell whether all that nodes from a place on read of those before fits, rounded where it must be."""
        names = self._alive(place)
        return self._fits(names, names)

    def hold(self, names: Sequence[str]) -> bool:
        """Hold activations from all over the graph, where they fit, so that nothing else need be computed."""
        if not self._fits(names):
            return False
        self._hold(names, (), len(self._places))
        return True

    def hold_before(self, places: Iterable[int]) -> None:
        """Hold what nodes from some places on read of those before, for as many of the places as fits."""
        self._starts = sorted(set(places))
        while not self.hold([name for place in self._starts for name in self._alive(place)]):
            del self._starts[::2]

    def cache_for_pruned(self, model: ir.Model, place: int) -> ActivationCache:
        """Return the cache of a graph that is the same up to a place, from there or the last place before."""
        cache = self.restart(model)
        for start in [place, *(start for start in reversed(self._starts) if start < place)]:
            if all(name in self.held for name in cache._alive(start)):
                same = cache._names_before(start)
                cache.held = {name: array for name, array in self.held.items() if name in same}
                cache.reached = start
                break
        return cache

    def advance(self, place: int, results: Sequence[str] = ()) -> None:
        """Hold all that nodes from a place on read of those before, where that is possible.

        What fits only if it is rounded to bfloat16 is rounded: layers are fitted on it.

        Args:
            place: of the node.
            results: activations from the place on that are held too, rounded or not, where they still fit.
        """
        if place <= self.reached or not self.can_hold(place):
            return
        alive = self._alive(place)
        both, rounded = [*alive, *results], [] if self._fits(alive) else alive
        choices = ((both, rounded), (both, [*rounded, *results]), (alive, rounded))
        self._hold(*next(choice for choice in choices if self._fits(*choice)), place)

    def _hold(self, names: Sequence[str], rounded: Collection[str], reached: int) -> None:
        """Hold some activations and no others, some of them rounded; those that are held are not computed."""
        wanted = [name_of(value) for value in self._find(names) if value is not self._input]
        missing = [name for name in wanted if name not in self.held]
        found = self._collect(missing, rounded) if missing else {}
        self.held = {name: self.held[name] for name in wanted if name in self.held}
        for name in rounded:
            if name in self.held:
                self.held[name] = round_part_by_part(self.held[name])
        self.held |= found
        self.reached = reached

    def _collect(self, names: Sequence[str], rounded: Collection[str]) -> dict[str, NDArray[Any]]:
        """Compute activations for all pictures, some of them rounded, without a second copy of them."""
        held: dict[str, NDArray[Any]] = {}
        start = 0
        for tensors in self.stream(names):
            for name, computed in tensors.items():
                part = round_part_by_part(computed) if name in rounded else computed
                whole = held.setdefault(name, np.empty((self.count, *part.shape[1:]), part.dtype))
                whole[start : start + len(part)] = part[: self.count - start]
            start += len(next(iter(tensors.values()), ()))
        return held

    def _find(self, names: Sequence[str]) -> list[ir.Value]:
        """Return tensors by their names, each once; those that the graph does not have are left out."""
        return [self._values[name] for name in dict.fromkeys(names) if name in self._values]

    @cached_property
    def _values(self) -> dict[str, ir.Value]:
        results = (value for node in self.model.graph for value in node.outputs)
        return {name_of(value): value for value in (self._input, *results)}

    def _names_before(self, place: int) -> set[str | None]:
        """Return the names of what nodes before a place compute."""
        nodes = (node for node in self.model.graph if self._places[node.name or ""] < place)
        return {value.name for node in nodes for value in node.outputs}

    def _alive(self, place: int) -> list[str]:
        """Return the activations that nodes from a place on read of those before."""
        found: dict[str, None] = {}
        for node in self.model.graph:
            for value in node.inputs if self._places[node.name or ""] >= place else ():
                producer = value.producer() if value is not None else None
                if producer is not None and self._places[producer.name or ""] < place:
                    found[name_of(value)] = None
        return list(found)

    def _fits(self, names: Sequence[str], rounded: Collection[str] = ()) -> bool:
        """Tell whether activations, some rounded, have one entry per picture, and few enough bytes."""
        length, values = shape_of(self._input)[0], self._find(names)
        halved = [value for value in values if value.name in rounded]
        size = (4 * numbers_per_picture(values) - 2 * numbers_per_picture(halved)) * self.count
        return size <= self._limit and all(shape_of(value)[:1] == (length,) for value in values)


def compute(model: ir.Model, names: Sequence[str], pictures: CalibrationSet) -> Tensors:
    """Compute tensors for all pictures."""
    return ActivationCache(model, pictures).compute(names)


def numbers_per_picture(values: Sequence[ir.Value]) -> int:
    """Count the numbers of tensors for one picture."""
    return sum(math.prod(n for n in shape_of(value)[1:] if isinstance(n, int)) for value in values)


def round_part_by_part(array: NDArray[Any]) -> NDArray[Any]:
    """Round float32 numbers to bfloat16, without a second copy of all of them; others stay what they are."""
    if array.dtype != np.float32:
        return array
    rounded = np.empty(array.shape, BFLOAT16)
    for number, part in enumerate(array):
        rounded[number] = to_bfloat16(part)
    return rounded


def to_bfloat16(numbers: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Round to the upper halves of the numbers."""
    return ((numbers.view(np.uint32) + np.uint32(0x8000)) >> np.uint32(16)).astype(BFLOAT16)


def from_bfloat16(halves: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return the numbers that were rounded."""
    return (halves.astype(np.uint32) << np.uint32(16)).view(np.float32)


def is_fixed(value: ir.Value) -> bool:
    """Tell whether a tensor's batch is fixed."""
    return isinstance(shape_of(value)[0], int)


def fill_up(batch: Batch, size: int) -> Batch:
    """Repeat the first pictures of a batch that is too small."""
    return batch if len(batch) == size else np.concatenate([batch] * math.ceil(size / len(batch)))[:size]
