"""Going through a graph layer by layer: what has been computed for all pictures is not computed again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.prune.forward import Tensors, choose_batch, fill_up, is_fixed, start_session
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.matrices import name_of
from gcv_edge.prune.trace import shape_of

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
        self.reached = 0

    def begin(self, model: ir.Model) -> Walk:
        """Return a walk through another graph, with the same pictures, from its input on."""
        return Walk(model, self._pictures, self._places, self._limit)

    def batch(self, names: Sequence[str]) -> int:
        """Return how many pictures are computed at once where these tensors are looked at."""
        return choose_batch(self._input, values_of(self.model, names))

    def stream(self, names: Sequence[str], size: int) -> Iterator[Tensors]:
        """Compute tensors of all pictures, batch by batch, but for those that the graph does not have."""
        wanted = [value.name or "" for value in values_of(self.model, names)]
        nodes, sources = self._before(wanted)
        outputs = [name for name in wanted if name not in sources]
        session = start_session(cut_out(self.model, nodes, sources, outputs)) if outputs else None
        for start in range(0, len(self._pictures), size):
            feeds = {name: self._part(name, start, size) for name in sources}
            found = dict(zip(outputs, session.run(outputs, feeds), strict=True)) if session else {}
            yield {name: found[name] if name in found else feeds[name] for name in wanted}

    def _part(self, name: str, start: int, size: int) -> NDArray[np.float32]:
        """Return a batch of the pictures or of a tensor that is held."""
        is_input = name == self._input.name
        part = self._pictures.batch(start, size) if is_input else self.held[name][start : start + size]
        return fill_up(part, size) if is_fixed(self._input) else part

    def _before(self, names: Sequence[str]) -> tuple[list[ir.Node], list[str]]:
        """Return the nodes that compute tensors from what is held, in order, and what they begin with."""
        values = {value.name: value for value in values_of(self.model, names)}
        waiting = list(values.values())
        nodes: set[ir.Node] = set()
        sources: dict[str, None] = {}
        seen: set[str] = set()
        while waiting:
            value = waiting.pop()
            name, producer = value.name or "", value.producer()
            if name in seen:
                continue
            seen.add(name)
            if name in self.held or value is self._input:
                sources[name] = None
            elif producer is not None:
                nodes.add(producer)
                waiting += [source for source in producer.inputs if source is not None]
        return [node for node in self.model.graph if node in nodes], list(sources)

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


def values_of(model: ir.Model, names: Sequence[str]) -> list[ir.Value]:
    """Return tensors by their names, without repeating one; those that are gone are left out."""
    values = {value.name: value for node in model.graph for value in node.outputs}
    values |= {value.name: value for value in model.graph.inputs}
    return [values[name] for name in dict.fromkeys(names) if name in values]


def cut_out(
    model: ir.Model, nodes: Sequence[ir.Node], sources: Sequence[str], outputs: Sequence[str]
) -> onnx.ModelProto:
    """Make a graph of some nodes of another."""
    used = {value.name for node in nodes for value in node.inputs if value is not None}
    graph = onnx.GraphProto(name="part")
    graph.node.extend(ir.to_proto(node) for node in nodes)
    graph.input.extend(ir.to_proto(value) for value in values_of(model, sources))
    graph.output.extend(ir.to_proto(value) for value in values_of(model, outputs))
    for name, value in model.graph.initializers.items():
        if name in used and value.const_value is not None:
            graph.initializer.append(ir.to_proto(value.const_value))
    opsets = [onnx.helper.make_opsetid(domain, version) for domain, version in model.opset_imports.items()]
    return onnx.helper.make_model(graph, opset_imports=opsets, ir_version=model.ir_version)
