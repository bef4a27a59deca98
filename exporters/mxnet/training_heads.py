"""Heads of a symbol that need labels, or nothing but training needs, and what lies before them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gcv_edge.errors import UsageError
from gcv_edge.exporters.mxnet.inference import inference_inputs, needed_nodes
from gcv_edge.exporters.mxnet.inputs import Unbound, labels_behind, sort_unbound
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.symbol import NodeEntry
from gcv_edge.exporters.source import ExportOptions

LOSSES = ("MakeLoss", "make_loss")
NORMALIZING = "L2Normalization"
"""Margins are of the angles between such vectors, which are what a face network is for."""


@dataclass(frozen=True)
class NamedHead:
    """One output of a symbol, and what it is called."""

    name: str
    entry: NodeEntry


def drop_training(
    network: Network, heads: Sequence[NamedHead], options: ExportOptions
) -> tuple[list[NamedHead], list[str]]:
    """Leave out heads that need labels, or inputs for a loss alone, and say so.

    Labels are inputs where every head needs them and the user gives their shapes.

    Raises:
        UsageError: every head needs labels.
    """
    kept, notes = [], []
    for head in heads:
        needed = [*labels_of(network, head), *inputs_of_loss(network, head, heads)]
        if needed:
            notes.append(f"left out: '{head.name}': needs '{needed[0]}', which only training has")
        else:
            kept.append(head)
    if kept:
        return kept, notes
    unbound = unbound_of(network, heads)
    if 1 + len(options.further_shapes) < len(unbound.inputs) + len(unbound.labels):
        raise explain_labels(network, heads, unbound)
    return list(heads), []


def labels_of(network: Network, head: NamedHead) -> tuple[str, ...]:
    """Labels on which a head depends."""
    return labels_behind(network.symbol, network.weights, head.entry, network.input_shapes)


def unbound_of(network: Network, heads: Sequence[NamedHead]) -> Unbound:
    """Sort what heads depend on that has no parameters."""
    entries = [head.entry for head in heads]
    return sort_unbound(network.symbol, network.weights, entries, network.input_shapes)


def inputs_of_loss(network: Network, head: NamedHead, heads: Sequence[NamedHead]) -> list[str]:
    """Inputs that a loss takes and no output that is none: labels, whatever they are called."""
    nodes = network.symbol.nodes
    others = [other for other in heads if nodes[other.entry.node].op not in LOSSES]
    if nodes[head.entry.node].op not in LOSSES or not others:
        return []
    known = unbound_of(network, others).inputs
    return [name for name in unbound_of(network, [head]).inputs if name not in known]


def explain_labels(network: Network, heads: Sequence[NamedHead], unbound: Unbound) -> UsageError:
    """Say that nothing is left without labels, and what to type instead."""
    listed = " and ".join(f"'{head.name}'" for head in heads) + (" needs" if len(heads) == 1 else " need")
    before = " or ".join(f"--outputs {name}_output" for name in layers_before(network, heads, unbound))
    advice = f"{before} exports what comes before" if before else "--outputs chooses a layer before"
    shapes = ", ".join((*unbound.inputs, *unbound.labels))
    return UsageError(
        f"{network.name}: {listed} '{unbound.labels[0]}', which only training has: {advice}; "
        f"if it is an input, give --input-shape once for each of {shapes}"
    )


def layers_before(network: Network, heads: Sequence[NamedHead], unbound: Unbound) -> list[str]:
    """Names of the last layer that needs no label, and of the vector whose length is made 1 before it."""
    symbol = network.symbol
    fed, labelled = (dependents(network, names) for names in (unbound.inputs, unbound.labels))
    needed = sorted(needed_nodes(symbol, [head.entry for head in heads]))
    free = [place for place in needed if place in fed - labelled]
    taken = [entry.node for place in needed if place in labelled for entry in symbol.nodes[place].inputs]
    ends = [place for place in free if place in taken][-1:]
    vectors = [symbol.nodes[place].inputs[0].node for place in free if symbol.nodes[place].op == NORMALIZING]
    found = [place for place in (*vectors[-1:], *ends) if not symbol.nodes[place].is_variable]
    return [symbol.nodes[place].name for place in dict.fromkeys(found)]


def dependents(network: Network, names: Sequence[str]) -> set[int]:
    """Nodes that depend on variables, themselves included."""
    found: set[int] = set()
    for place, node in enumerate(network.symbol.nodes):
        if node.name in names if node.is_variable else any(e.node in found for e in inference_inputs(node)):
            found.add(place)
    return found


def check_labels(network: Network, heads: Sequence[NamedHead]) -> None:
    """Refuse outputs that need labels.

    Raises:
        UsageError: one does.
    """
    for head in heads:
        needed = labels_of(network, head)
        if needed:
            raise UsageError(
                f"{network.name}: --outputs {head.name}: needs '{needed[0]}', which only training has"
            )
