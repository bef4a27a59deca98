"""A trained MXNet network, as it is read and before it is converted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from gcv_edge.exporters.mxnet.inference import Weights
from gcv_edge.exporters.mxnet.symbol import Symbol
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import Preprocessing


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
        sides: short and largest long side of pictures that have a size of their own, where the source knows
            them.
        is_part: it is a part of a network, which is computed as it is.
        notes: what was chosen or left out on the way here; a line each.
    """

    name: str
    symbol: Symbol
    weights: Weights
    labels: tuple[str, ...] = ()
    input_shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    head_names: tuple[str, ...] = ()
    sides: tuple[int, int] | None = None
    is_part: bool = False
    notes: tuple[str, ...] = ()

    @property
    def usual_size(self) -> tuple[int, int]:
        """Height and width of a picture of 4:3, where pictures have a size of their own."""
        short, long = self.sides or (0, 0)
        width, height = Preprocessing(short_side=short, long_side=long).usual_size
        return height, width


def hash_network(network: Network, options: ExportOptions) -> str:
    """SHA-256 over all that an export follows from: the symbol, the parameters and the options.

    Names of operators count only where outputs have them: MXNet numbers those of a process.
    """
    digest = hashlib.sha256(repr((options, network.head_names)).encode())
    if network.sides is not None:
        digest.update(repr(network.sides).encode())
    digest.update(describe_graph(network.symbol).encode())
    for name in sorted(network.weights):
        array = network.weights[name]
        digest.update(repr((name, array.shape, array.dtype.str)).encode())
        digest.update(array.data)
    return digest.hexdigest()


def describe_graph(symbol: Symbol) -> str:
    """Spell what a symbol computes: operators, attributes, variables' names and what goes where."""
    nodes = [
        (
            node.op,
            node.name if node.is_variable else "",
            sorted((key, value) for key, value in node.attrs.items() if not key.startswith("__")),
            [(entry.node, entry.output) for entry in node.inputs],
            [describe_graph(part) for part in node.subgraphs],
        )
        for node in symbol.nodes
    ]
    return repr((nodes, [(head.node, head.output) for head in symbol.heads]))
