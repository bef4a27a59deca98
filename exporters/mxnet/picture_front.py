"""Following a picture to a symbol's first layer, by computing what is before it on random pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import GcvEdgeError
from gcv_edge.exporters.boundary import refusing
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.channel_maps import ChannelMap, find_map
from gcv_edge.exporters.mxnet.convert import SymbolConverter
from gcv_edge.exporters.mxnet.inference import Weights, needed_nodes
from gcv_edge.exporters.mxnet.inputs import PARAMETER_INPUTS
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol

Array = NDArray[Any]

MIXING = frozenset(
    (
        "Pooling",
        "Pooling_v1",
        "_contrib_AdaptiveAvgPooling2D",
        "UpSampling",
        "_contrib_BilinearResize2D",
        "LRN",
    )
)
LAYERS = (frozenset(PARAMETER_INPUTS) - {"BatchNorm"}) | MIXING
"""Operators behind which a picture is none any more: they weigh or mix its numbers."""

WHITENING = re.compile(r"(resnetv2|wideresnet)\d*_batchnorm0")
"""The first layer of GluonCV's ResNet V2 and WideResNet, which see pictures that are normalised already."""

ARITHMETIC = re.compile(
    r"_?(broadcast|elemwise)?_?r?_?(plus|add|minus|sub|mul|div|power|mean|square|sqrt|log|exp|abs)(_?scalar)?"
    r"|batchnorm(_v1)?|l2normalization",
    re.IGNORECASE,
)
"""Operators that may normalise."""

MOST_OPERATORS = 64
"""Operators that are looked at at most; normalisation takes fewer."""


@dataclass(frozen=True)
class Front:
    """What of a symbol is before its layers.

    Attributes:
        symbol, weights: the network's.
        variable: place of the input.
        sources: nodes on which each node of the front depends, by place, itself and the input included.
        users: nodes that take each node's result.
    """

    symbol: Symbol
    weights: Weights
    variable: int
    sources: Mapping[int, frozenset[int]]
    users: Mapping[int, Sequence[int]]

    def closed(self) -> Iterator[int]:
        """Give the nodes through which everything comes that is made of the picture, the last first."""
        heads = {head.node for head in self.symbol.heads}
        for place, before in sorted(self.sources.items(), reverse=True):
            inside = before - {place}
            if not inside & heads and all(set(self.users.get(one, ())) <= before for one in inside):
                yield place

    def is_arithmetic(self, place: int) -> bool:
        """Tell an operator that may be a part of a normalisation."""
        return ARITHMETIC.fullmatch(self.symbol.nodes[place].op) is not None


def find_users(symbol: Symbol) -> dict[int, list[int]]:
    """Nodes that take each node's result, of those that the heads need."""
    users: dict[int, list[int]] = {}
    for index in sorted(needed_nodes(symbol, symbol.heads)):
        for source in {entry.node for entry in symbol.nodes[index].inputs}:
            users.setdefault(source, []).append(index)
    return users


def find_front(symbol: Symbol, weights: Weights, variable: int) -> Front:
    """Find what depends on the picture, before any layer."""
    sources: dict[int, frozenset[int]] = {variable: frozenset([variable])}
    behind: set[int] = set()
    for place in sorted(needed_nodes(symbol, symbol.heads)):
        made_of = {entry.node for entry in symbol.nodes[place].inputs}
        if made_of & behind or (made_of & sources.keys() and is_layer(symbol.nodes[place])):
            behind.add(place)
        elif made_of & sources.keys() and len(sources) <= MOST_OPERATORS:
            sources[place] = frozenset([place]).union(*(sources[one] for one in made_of & sources.keys()))
        elif made_of & sources.keys():
            behind.add(place)
    return Front(symbol, weights, variable, sources, find_users(symbol))


def is_layer(node: Node) -> bool:
    """Tell an operator that has learned, other than the statistics of its input."""
    return node.op in LAYERS or WHITENING.search(node.name) is not None


def compute(front: Front, pictures: Array) -> dict[int, Array]:
    """Compute what can be computed of the front, by place; what has several results is left out."""
    graph = GraphBuilder("front")
    name = front.symbol.nodes[front.variable].name
    converter = SymbolConverter(
        graph, front.symbol, front.weights, {name: graph.constant(pictures.astype(np.float32), "front")}
    )
    found: dict[int, Array] = {front.variable: pictures}
    for place in sorted(front.sources.keys() - {front.variable}):
        try:
            with refusing("front"), np.errstate(all="ignore"):
                (value,) = converter.values([NodeEntry(place, 0)])
        except GcvEdgeError:
            continue
        if value.const_value is not None:
            found[place] = value.const_value.numpy()
    return found


def name_operators(front: Front, found: Mapping[int, Array], end: int) -> tuple[str, ...]:
    """Names of the operators up to a place that give numbers which they were not given."""
    return tuple(
        front.symbol.nodes[place].name
        for place in sorted(front.sources[end] - {front.variable})
        if place not in found or gives_new(front, found, place)
    )


def gives_new(front: Front, found: Mapping[int, Array], place: int) -> bool:
    """Tell an operator whose numbers are not all among those that it was made of."""
    before = [found[one].ravel() for one in front.sources[place] - {place} if one in found]
    return not bool(np.isin(found[place], np.concatenate(before)).all())


def last_map(front: Front, pictures: Array, is_last: bool) -> tuple[int, ChannelMap] | None:
    """Find the last node whose result is still the picture but for its numbers; None where that is the input.

    Args:
        front: of the symbol.
        pictures: as the symbol takes them.
        is_last: with their channels last.
    """
    found = compute(front, pictures)
    for place in front.closed():
        result = map_at(found, place, pictures, is_last) if place != front.variable else None
        if result is not None:
            return place, result
    return None


def map_at(found: Mapping[int, Array], place: int, pictures: Array, is_last: bool) -> ChannelMap | None:
    """Say what became of pictures up to a node."""
    given = np.moveaxis(pictures, -1, 1) if is_last else pictures
    return find_map(given, found[place]) if place in found else None
