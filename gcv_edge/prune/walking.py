"""Going through a graph layer by layer: what has been computed for all pictures is not computed again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.probing import Probe
from gcv_edge.graph.values import name_of, shape_of
from gcv_edge.prune.forward import Tensors, choose_batch, fill_up, is_fixed, values_of
from gcv_edge.prune.inputs import Pictures

HELD_BYTES = 800_000_000
"""Of one network's tensors that are held for all pictures, at most."""


class Walk:
    """A graph on its way from the input to the outputs; weights behind the place reached may change.

    Args:
        model: the graph.
        pictures: what it computes.
        places: of each node by its name; a pruned graph's nodes are where the whole one's are.
        limit: bytes to hold at most; what does not fit is computed again.

    Attributes:
        held: tensors that are held, for all pictures.
        count: number of pictures.
        reached: place up to which nothing is computed any more.
    """

    def __init__(
        self, model: ir.Model, pictures: Pictures, places: Mapping[str, int], limit: int = HELD_BYTES
    ) -> None:
        self.model = model
        self.held: Tensors = {}
        self.count = len(pictures)
        self._pictures, self._places, self._limit = pictures, places, limit
        self._input = model.graph.inputs[0]
        self._name = name_of(self._input)
        self.reached = 0

    def begin(self, model: ir.Model) -> Walk:
        """Return a walk through another graph, with the same pictures, from its input on."""
        return Walk(model, self._pictures, self._places, self._limit)

    def batch(self, names: Sequence[str]) -> int:
        """Return how many pictures are computed at once where these tensors are looked at."""
        return choose_batch(self._input, values_of(self.model, names))

    def stream(self, names: Sequence[str], size: int) -> Iterator[Tensors]:
        """Compute tensors of all pictures, batch by batch, but for those that the graph does not have."""
        probe = Probe(self.model, names, [*self.held, self._name])
        for start in range(0, len(self._pictures), size):
            yield probe.run({name: self._part(name, start, size) for name in probe.sources})

    def _part(self, name: str, start: int, size: int) -> NDArray[np.float32]:
        """Return a batch of the pictures or of a tensor that is held."""
        is_input = name == self._name
        part = self._pictures.batch(start, size) if is_input else self.held[name][start : start + size]
        return fill_up(part, size) if is_fixed(self._input) else part

    def can_hold(self, place: int) -> bool:
        """Tell whether all that nodes from a place on read of those before fits, picture by picture."""
        alive = values_of(self.model, self._alive(place))
        length = shape_of(self._input)[0]
        return all(shape_of(value)[:1] == (length,) for value in alive) and self._size(alive) <= self._limit

    def hold(self, names: Sequence[str]) -> bool:
        """Hold tensors from all over the graph, where they fit, so that nothing else need be computed."""
        values = values_of(self.model, names)
        length = shape_of(self._input)[0]
        if self._size(values) > self._limit or any(shape_of(value)[:1] != (length,) for value in values):
            return False
        self.held = self._collect([value.name or "" for value in values if value is not self._input])
        self.reached = len(self._places)
        return True

    def take(self, model: ir.Model, place: int) -> Walk | None:
        """Return a walk through a graph that is the same up to a place, from there on; None if it cannot."""
        walk = self.begin(model)
        names = walk._alive(place)
        if any(name not in self.held for name in names):
            return None
        walk.held, walk.reached = {name: self.held[name] for name in names}, place
        return walk

    def advance(self, place: int) -> None:
        """Hold all that nodes from a place on read of those before, where that is possible."""
        if place <= self.reached or not self.can_hold(place):
            return
        self.held, self.reached = self._collect(self._alive(place)), place

    def _collect(self, names: Sequence[str]) -> Tensors:
        """Compute tensors for all pictures."""
        count = len(self._pictures)
        held: Tensors = {}
        start = 0
        for tensors in self.stream(names, self.batch(names)):
            for name, part in tensors.items():
                whole = held.setdefault(name, np.empty((count, *part.shape[1:]), part.dtype))
                whole[start : start + len(part)] = part[: count - start]
            start += len(next(iter(tensors.values()), ()))
        return held

    def _alive(self, place: int) -> list[str]:
        """Return the tensors that nodes from a place on read of those before."""
        found: dict[str, None] = {}
        for node in self.model.graph:
            for value in node.inputs if self._places[node.name or ""] >= place else ():
                producer = value.producer() if value is not None else None
                if producer is not None and self._places[producer.name or ""] < place:
                    found[name_of(value)] = None
        return list(found)

    def _size(self, values: Sequence[ir.Value]) -> int:
        """Return the bytes that tensors take for all pictures."""
        each = sum(math.prod(n for n in shape_of(value)[1:] if isinstance(n, int)) for value in values)
        return 4 * each * len(self._pictures)
