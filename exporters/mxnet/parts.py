"""Networks that are more, or less, than one picture in and one result out.

What has several inputs, or an input that is no picture, is exported as it is: named tensors in, named tensors
out. Of a network of several inputs, all that depends on the first alone is a part of its own, so that it need
not be computed again while the others change (SiamRPN's template); and so on for the second.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.builder import BATCH, GraphBuilder
from gcv_edge.exporters.effects import check_effects
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.convert import SymbolConverter
from gcv_edge.exporters.mxnet.describing import find_variant
from gcv_edge.exporters.mxnet.inputs import find_inputs
from gcv_edge.exporters.mxnet.network import Network, hash_network
from gcv_edge.exporters.mxnet.outputs import name_heads
from gcv_edge.exporters.mxnet.reference import Computation, open_reference
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol
from gcv_edge.exporters.source import ExportedModel, ExportOptions
from gcv_edge.graph.cleaning import clean
from gcv_edge.metadata import ModelMetadata, Preprocessing
from gcv_edge.tasks import TENSORS

RAW = Preprocessing(mean=(0.0, 0.0, 0.0), scale=(1.0, 1.0, 1.0))
"""The caller makes the tensors."""


def list_inputs(network: Network) -> list[str]:
    """Names of the network's inputs, in the source's order, else by name: ``data0``, ``data1``.

    Raises:
        UnsupportedError: there is none.
    """
    known = network.input_shapes
    names = find_inputs(network.symbol, network.weights, network.symbol.heads, network.name, known)
    if not names:
        raise UnsupportedError(f"{network.name}: found no input, expected a variable without parameters")
    return names


def export_tensors(network: Network, options: ExportOptions, notes: tuple[str, ...] = ()) -> ExportedModel:
    """Convert all heads of a network; the first length of an only input may be left open.

    Raises:
        UnsupportedError, ParamsMismatchError: as ``export_network``.
        UsageError: the shape of an input is not known, a batch of several inputs is to be left open, or the
            user says what means nothing for tensors.
    """
    check_effects(options, TENSORS, network.name, notes if options.task is None else ())
    names = list_inputs(network)
    if options.dynamic_batch and len(names) > 1:
        raise UsageError(f"{network.name}: has {len(names)} inputs: no batch can be left open")
    shapes = find_shapes(network, names, options)
    graph = GraphBuilder(network.name)
    inputs = {
        name: graph.input(name, (BATCH if options.dynamic_batch else shape[0], *shape[1:]))
        for name, shape in zip(names, shapes, strict=True)
    }
    converter = SymbolConverter(graph, network.symbol, network.weights, inputs)
    values = converter.values(network.symbol.heads)
    heads = name_heads(network)
    outputs = {head.name: value for head, value in zip(heads, values, strict=True)}
    metadata = ModelMetadata(
        task=TENSORS,
        preprocessing=RAW,
        source=network.name,
        source_hash=hash_network(network, options),
        variant=find_variant(graph),
    )
    computation = Computation(
        name=network.name,
        symbol=network.symbol,
        weights=network.weights,
        outputs={head.name: head.entry for head in heads},
        inputs={name: name for name in names},
    )
    return ExportedModel(
        clean(graph.model(outputs)),
        metadata,
        partial(open_reference, computation),
        (*network.notes, *notes),
    )


def find_shapes(network: Network, names: Sequence[str], options: ExportOptions) -> list[tuple[int, ...]]:
    """Shapes asked for, else those that the source knows, else those that go with the name.

    Raises:
        UsageError: there are fewer than inputs.
    """
    known = {**stored_shapes(network.symbol), **network.input_shapes}
    if not network.is_part and options.input_shape is not None:
        shapes = [options.input_shape, *options.further_shapes]
    elif all(name in known for name in names):
        shapes = [known[name] for name in names]
    else:
        facts = zoo.describe(network.name)
        shapes = [(1, *shape) for shape in facts.shapes] if facts is not None else []
    if len(shapes) != len(names):
        raise UsageError(
            f"{network.name}: found {len(shapes)} input shapes, expected {len(names)} for "
            f"{', '.join(names)}: give --input-shape once for each, in this order"
        )
    return shapes


def stored_shapes(symbol: Symbol) -> dict[str, tuple[int, ...]]:
    """Shapes that a symbol itself says of its variables (``__shape__``), where they are complete."""
    shapes = {
        node.name: Attributes(node).get_optional_int_tuple("__shape__") or ()
        for node in symbol.nodes
        if node.is_variable
    }
    return {name: shape for name, shape in shapes.items() if shape and min(shape) > 0}


def take_part(network: Network, options: ExportOptions) -> Network:
    """Return the part that is asked for, or the whole network.

    A network of the zoo that has several inputs is exported in parts: the second is computed often, the first
    once.

    Raises:
        UsageError: there is no such part, or none is asked for.
    """
    facts = zoo.describe(network.name)
    is_in_parts = facts is not None and len(facts.shapes) > 1
    if options.part is None and not is_in_parts:
        return network
    parts = split_network(network, options) if len(list_inputs(network)) > 1 else [network]
    if len(parts) == 1 and options.part is None:
        return network
    if len(parts) == 1:
        raise UsageError(f"{network.name}: --part is for networks of several inputs; this one has no parts")
    if options.part is not None and 1 <= options.part <= len(parts):
        return parts[options.part - 1]
    listed = ", ".join(f"--part {index} ({describe_part(part)})" for index, part in enumerate(parts, 1))
    found = "is exported in parts" if options.part is None else f"has no part {options.part}"
    raise UsageError(f"{network.name}: {found}: give {listed}")


def describe_part(part: Network) -> str:
    """Say what a part takes and gives."""
    return f"{' and '.join(part.input_shapes)} to {' and '.join(part.head_names)}"


def split_network(network: Network, options: ExportOptions) -> list[Network]:
    """Cut a network where what depends on earlier inputs alone meets what depends on a later one."""
    inputs = list_inputs(network)
    levels = find_levels(network.symbol, inputs)
    links = list(dict.fromkeys(find_links(network.symbol, levels)))
    shapes = dict(zip(inputs, find_shapes(network, inputs, options), strict=True))
    names = {link: f"link{index}" for index, link in enumerate(links, 1)}
    shapes |= measure(network, links, names, shapes)
    parts: list[Network] = []
    for level in range(1, len(inputs) + 1):
        own_links = [link for link in links if levels[link.node] == level]
        heads = [head for head in network.symbol.heads if levels[head.node] == level]
        earlier = {link: name for link, name in names.items() if levels[link.node] < level}
        if own_links or heads:
            symbol = replace_by_variables(network.symbol, earlier, [*own_links, *heads])
            outputs = (*(names[link] for link in own_links), *name_some(network, heads))
            part = replace(
                network,
                name=f"{network.name}.part{len(parts) + 1}",
                symbol=symbol,
                input_shapes=shapes,
                head_names=outputs,
                is_part=True,
            )
            parts.append(replace(part, input_shapes={name: shapes[name] for name in list_inputs(part)}))
    return parts


def name_some(network: Network, heads: Sequence[NodeEntry]) -> list[str]:
    """Names of some of the outputs."""
    return [head.name for head in name_heads(network) if head.entry in heads]


def find_levels(symbol: Symbol, inputs: Sequence[str]) -> list[int]:
    """Number of the last input on which each node depends, from 1; 0 for those that depend on none."""
    levels: list[int] = []
    for node in symbol.nodes:
        if node.is_variable:
            levels.append(inputs.index(node.name) + 1 if node.name in inputs else 0)
        else:
            levels.append(max((levels[entry.node] for entry in node.inputs), default=0))
    return levels


def find_links(symbol: Symbol, levels: Sequence[int]) -> Iterator[NodeEntry]:
    """Give what nodes take from nodes of an earlier level, but for inputs and parameters."""
    for node, level in zip(symbol.nodes, levels, strict=True):
        for entry in node.inputs:
            if 0 < levels[entry.node] < level and not symbol.nodes[entry.node].is_variable:
                yield entry


def measure(
    network: Network,
    links: Sequence[NodeEntry],
    names: dict[NodeEntry, str],
    shapes: dict[str, tuple[int, ...]],
) -> dict[str, tuple[int, ...]]:
    """Find the links' shapes by converting what leads to them."""
    graph = GraphBuilder(network.name)
    inputs = {name: graph.input(name, shape) for name, shape in shapes.items()}
    values = SymbolConverter(graph, network.symbol, network.weights, inputs).values(links)
    return {
        names[link]: tuple(int(length) for length in graph.shape(value))
        for link, value in zip(links, values, strict=True)
    }


def replace_by_variables(symbol: Symbol, names: dict[NodeEntry, str], heads: Sequence[NodeEntry]) -> Symbol:
    """Return a symbol in which entries are variables."""
    variables = [Node(op="null", name=name, attrs={}, inputs=()) for name in names.values()]
    places = {entry: NodeEntry(index, 0) for index, entry in enumerate(names)}

    def move(entry: NodeEntry) -> NodeEntry:
        return places.get(entry) or NodeEntry(entry.node + len(variables), entry.output)

    nodes = [replace(node, inputs=tuple(map(move, node.inputs))) for node in symbol.nodes]
    return replace(symbol, nodes=(*variables, *nodes), heads=tuple(map(move, heads)))
