"""A trained MXNet network, as it is read and before it is converted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from gcv_edge.exporters.mxnet.convert import Weights
from gcv_edge.exporters.mxnet.symbol import Symbol
from gcv_edge.exporters.source import ExportOptions


@dataclass(frozen=True)
class Network:
    """A trained MXNet network, as its two files hold it.

    Attributes:
        name: zoo name, or the file's name without ``-symbol.json``.
        symbol: its graph.
        weights: its parameters by variable name.
        labels: class names, where the source knows them.
        input_shapes: of its inputs by name, where the source knows them.
        head_names: of the symbol's heads, where the source names them.
        is_part: it is a part of a network, which is computed as it is.
        notes: what was chosen or left out on the way here; a line each.
    """

    name: str
    symbol: Symbol
    weights: Weights
    labels: tuple[str, ...] = ()
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    head_names: tuple[str, ...] = ()
    is_part: bool = False
    notes: tuple[str, ...] = ()


def hash_network(network: Network, options: ExportOptions) -> str:
    """SHA-256 over all that an export follows from: the symbol, the parameters and the options."""
    digest = hashlib.sha256(repr(options).encode())
    for node in network.symbol.nodes:
        digest.update(repr((node.op, node.name, sorted(node.attrs.items()), node.inputs)).encode())
        digest.update(repr(node.subgraphs).encode())
    digest.update(repr(network.symbol.heads).encode())
    for name in sorted(network.weights):
        array = network.weights[name]
        digest.update(repr((name, array.shape, array.dtype.str)).encode())
        digest.update(array.data)
    return digest.hexdigest()
