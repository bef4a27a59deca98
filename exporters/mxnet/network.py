"""A trained MXNet network, as it is read and before it is converted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from gcv_edge.exporters.mxnet.convert import Weights
from gcv_edge.exporters.mxnet.symbol import Symbol


@dataclass(frozen=True)
class Network:
    """A trained MXNet network, as its two files hold it.

    Attributes:
        name: zoo name, or the file's name without ``-symbol.json``.
        symbol: its graph.
        weights: its parameters by variable name.
        labels: class names, where the source knows them.
        input_shapes: of its inputs by name, where the source knows them.
        output_names: of its heads, where it is a part of a network.
    """

    name: str
    symbol: Symbol
    weights: Weights
    labels: tuple[str, ...] = ()
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    output_names: tuple[str, ...] = ()


def hash_network(network: Network) -> str:
    """SHA-256 over the parameters' names and bytes, in sorted order."""
    digest = hashlib.sha256()
    for name in sorted(network.weights):
        digest.update(name.encode())
        digest.update(network.weights[name].data)
    return digest.hexdigest()
