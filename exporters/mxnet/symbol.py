"""The network's graph: MXNet's ``NAME-symbol.json``, read without MXNet.

The layout is that of NNVM's SaveJSON pass (nnvm/src/pass/saveload_json.cc); what older versions wrote
differently is brought up to date as MXNet's LoadLegacyJSON pass does (src/nnvm/legacy_json_util.cc).
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gcv_edge.errors import ModelFileError

from .source_file import open_source, quoted

VARIABLE = "null"
MAX_FILE_BYTES = 16 << 20
MAX_SUBGRAPH_DEPTH = 8
MAX_NUMBER_LENGTH = 32
MAX_OUTPUTS = 1 << 20

_MOVING_STATISTICS = {3: "moving_mean", 4: "moving_var"}
AUXILIARY_INPUTS: Mapping[str, Mapping[int, str]] = {
    "BatchNorm": _MOVING_STATISTICS,
    "BatchNorm_v1": _MOVING_STATISTICS,
    "CuDNNBatchNorm": _MOVING_STATISTICS,
    "_contrib_BatchNormWithReLU": _MOVING_STATISTICS,
    "_contrib_SyncBatchNorm": _MOVING_STATISTICS,
    "_contrib_quantized_batch_norm": _MOVING_STATISTICS,
    "_npx_batch_norm": _MOVING_STATISTICS,
    "IdentityAttachKLSparseReg": {1: "moving_avg"},
}
"""Inputs that an operator updates while training: position and name, by operator."""

HIDDEN_KEYS = ("ctx_group", "lr_mult", "wd_mult", "force_mirroring", "mirror_stage")
"""Attributes for MXNet itself, not for the operator; later versions write them as ``__lr_mult__``."""


@dataclass(frozen=True, slots=True)
class NodeEntry:
    """One output of one node: indices into ``Symbol.nodes`` and into that node's outputs."""

    node: int
    output: int


@dataclass(frozen=True, slots=True)
class Node:
    """A variable (``op == "null"``) or the application of an operator to its inputs."""

    name: str
    op: str
    attrs: Mapping[str, str]
    inputs: tuple[NodeEntry, ...]
    subgraphs: tuple[Symbol, ...] = ()

    @property
    def is_variable(self) -> bool:
        """Whether this is an input or a parameter of the network."""
        return self.op == VARIABLE


@dataclass(frozen=True)
class Symbol:
    """A graph; ``nodes`` holds what the heads need, inputs before their users, in MXNet's own order.

    ``mxnet_version`` is 10901 for 1.9.1 and None when the file does not say (before 0.9).
    """

    nodes: tuple[Node, ...]
    heads: tuple[NodeEntry, ...]
    mxnet_version: int | None

    def arguments(self) -> tuple[str, ...]:
        """Return the names of all variables in order, auxiliary states included."""
        return tuple(node.name for node in self.nodes if node.is_variable)

    def aux_states(self) -> tuple[str, ...]:
        """Return the names of the variables that training updates other than by gradient, in order."""
        mutable = {entry.node for node in self.nodes for entry in _auxiliary_entries(node)}
        return tuple(self.nodes[index].name for index in sorted(mutable) if self.nodes[index].is_variable)


def read_symbol(path: str | os.PathLike[str]) -> Symbol:
    """Read a ``-symbol.json`` that MXNet 0.8 to 1.9.1 wrote.

    Raises:
        ModelFileError: the file is unreadable, damaged, or not a symbol.
    """
    file, size = open_source(path)
    with file:
        if size > MAX_FILE_BYTES:
            raise ModelFileError(path, f"{size} bytes are too many for an MXNet symbol, expected JSON")
        content = file.read(MAX_FILE_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ModelFileError(path, f"not an MXNet symbol: byte {error.start} is not UTF-8 text") from None
    return parse_symbol(text, os.fspath(path))


def parse_symbol(text: str, source: str = "<string>") -> Symbol:
    """Build a symbol from the text of a ``-symbol.json``; ``source`` names it in errors.

    Raises:
        ModelFileError: the text is not JSON or not a symbol.
    """
    try:
        return _build_symbol(_load_json(text), None, depth=0)
    except _SymbolDamageError as damage:
        raise ModelFileError(source, f"not an MXNet symbol: {damage}") from None


class _SymbolDamageError(Exception):
    """What is wrong with the text; parse_symbol adds where the text is from."""


def _load_json(text: str) -> object:
    try:
        return json.loads(
            text,
            parse_int=_parse_int,
            parse_float=_parse_float,
            parse_constant=_refuse_constant,
            strict=False,
        )
    except RecursionError:
        raise _SymbolDamageError("JSON is nested too deeply") from None
    except ValueError as error:
        raise _SymbolDamageError(f"not JSON: {error}") from None


def _parse_int(digits: str) -> int:
    return int(_bounded(digits))


def _parse_float(digits: str) -> float:
    return float(_bounded(digits))


def _bounded(digits: str) -> str:
    if len(digits) > MAX_NUMBER_LENGTH:
        raise _SymbolDamageError(f"a number of {len(digits)} digits, expected at most {MAX_NUMBER_LENGTH}")
    return digits


def _refuse_constant(constant: str) -> float:
    raise _SymbolDamageError(f"{constant} is not a JSON number")


def _build_symbol(data: object, version: int | None, depth: int) -> Symbol:
    graph = _object(data, "top level" if depth == 0 else "subgraph")
    version = _version(graph, default=version)
    raw_nodes = _array(graph.get("nodes"), "nodes")
    nodes = [_build_node(raw, index, version, depth) for index, raw in enumerate(raw_nodes)]
    heads = _entries(graph.get("heads"), "heads")
    if not heads:
        raise _SymbolDamageError("heads is empty, expected at least one output")
    _check_references(graph, nodes, heads)
    nodes = _upgrade(nodes, version)
    symbol = _in_order(nodes, heads, version)
    if depth == 0:
        _check_variable_names(symbol)
    return symbol


def _version(graph: Mapping[str, object], default: int | None) -> int | None:
    attrs = _object(graph.get("attrs", {}), "attrs")
    if "mxnet_version" not in attrs:
        return default
    pair = _array(attrs["mxnet_version"], "mxnet_version")
    if len(pair) != 2:
        raise _SymbolDamageError(f"mxnet_version has {len(pair)} elements, expected ['int', version]")
    return _index(pair[1], "mxnet_version")


def _build_node(data: object, index: int, version: int | None, depth: int) -> Node:
    where = f"node {index}"
    fields = _object(data, where)
    name = _text(fields.get("name"), f"{where}: name")
    where = f"{where} {quoted(name)}"
    op = _text(fields.get("op"), f"{where}: op")
    inputs = _entries(fields.get("inputs"), f"{where}: inputs")
    if op == VARIABLE and inputs:
        raise _SymbolDamageError(f"{where} is a variable with {len(inputs)} inputs, expected none")
    _indices(fields.get("control_deps", []), f"{where}: control_deps")
    return Node(name, op, _attrs(fields, where), inputs, _subgraphs(fields, where, version, depth))


def _attrs(fields: Mapping[str, object], where: str) -> dict[str, str]:
    """Merge as MXNet does: of ``attrs`` and ``attr`` the later one, completed from ``param``."""
    merged: dict[str, str] = {}
    for key in fields:
        if key in ("attrs", "attr"):
            merged = _string_map(fields[key], f"{where}: {key}")
    return {**_string_map(fields.get("param", {}), f"{where}: param"), **merged}


def _subgraphs(
    fields: Mapping[str, object], where: str, version: int | None, depth: int
) -> tuple[Symbol, ...]:
    graphs = _array(fields.get("subgraphs", []), f"{where}: subgraphs")
    if graphs and depth >= MAX_SUBGRAPH_DEPTH:
        raise _SymbolDamageError(f"{where}: subgraphs are nested deeper than {MAX_SUBGRAPH_DEPTH}")
    return tuple(_build_symbol(graph, version, depth + 1) for graph in graphs)


def _check_references(graph: Mapping[str, object], nodes: Sequence[Node], heads: Iterable[NodeEntry]) -> None:
    for index, node in enumerate(nodes):
        for entry in node.inputs:
            _check_entry(entry, nodes, f"node {index} {quoted(node.name)}: input")
    for entry in heads:
        _check_entry(entry, nodes, "heads")
    for index in _indices(graph.get("arg_nodes", []), "arg_nodes"):
        if index >= len(nodes) or not nodes[index].is_variable:
            raise _SymbolDamageError(f"arg_nodes names node {index}, which is not a variable")


def _check_entry(entry: NodeEntry, nodes: Sequence[Node], where: str) -> None:
    if entry.node >= len(nodes):
        raise _SymbolDamageError(f"{where} refers to node {entry.node}, but there are {len(nodes)} nodes")
    limit = 1 if nodes[entry.node].is_variable else MAX_OUTPUTS
    if entry.output >= limit:
        raise _SymbolDamageError(
            f"{where} refers to output {entry.output} of node {entry.node}, which has no such output"
        )


def _upgrade(nodes: Sequence[Node], version: int | None) -> list[Node]:
    """Bring nodes of older versions up to date; appended variables find their place in _in_order."""
    upgraded = [dataclasses.replace(node, attrs=_upgraded_attrs(node, version or 0)) for node in nodes]
    if (version or 0) < 900:
        for index in range(len(nodes)):
            _append_auxiliary_inputs(upgraded, index)
    return upgraded


def _upgraded_attrs(node: Node, version: int) -> dict[str, str]:
    attrs = {f"__{key}__" if key in HIDDEN_KEYS else key: value for key, value in node.attrs.items()}
    if version < 905 and node.op in ("argmax", "argmin") and attrs.get("axis") == "-1":
        del attrs["axis"]
    return attrs


def _append_auxiliary_inputs(nodes: list[Node], index: int) -> None:
    """Give an operator the auxiliary inputs that files before 0.9 leave out."""
    node = nodes[index]
    for position, suffix in AUXILIARY_INPUTS.get(node.op, {}).items():
        if position == len(node.inputs):
            variable = Node(f"{node.name}_{suffix}" if node.name else suffix, VARIABLE, {}, ())
            node = dataclasses.replace(node, inputs=(*node.inputs, NodeEntry(len(nodes), 0)))
            nodes.append(variable)
    nodes[index] = node


def _in_order(nodes: Sequence[Node], heads: tuple[NodeEntry, ...], version: int | None) -> Symbol:
    order = _reachable_order(nodes, heads)
    position = {old: new for new, old in enumerate(order)}

    def moved(entries: Iterable[NodeEntry]) -> tuple[NodeEntry, ...]:
        return tuple(NodeEntry(position[entry.node], entry.output) for entry in entries)

    ordered = tuple(dataclasses.replace(nodes[old], inputs=moved(nodes[old].inputs)) for old in order)
    return Symbol(ordered, moved(heads), version)


def _reachable_order(nodes: Sequence[Node], heads: Iterable[NodeEntry]) -> list[int]:
    """Return what the heads need in depth-first post-order, having searched all nodes for cycles."""
    entered: set[int] = set()
    left: dict[int, None] = {}
    for head in heads:
        _visit(head.node, nodes, entered, left)
    reachable = list(left)
    for index in range(len(nodes)):
        _visit(index, nodes, entered, left)
    return reachable


def _visit(root: int, nodes: Sequence[Node], entered: set[int], left: dict[int, None]) -> None:
    if root in entered:
        return
    entered.add(root)
    stack: list[tuple[int, Iterator[NodeEntry]]] = [(root, iter(nodes[root].inputs))]
    while stack:
        index, inputs = stack[-1]
        entry = next(inputs, None)
        if entry is None:
            left[index] = None
            stack.pop()
        elif entry.node not in entered:
            entered.add(entry.node)
            stack.append((entry.node, iter(nodes[entry.node].inputs)))
        elif entry.node not in left:
            raise _SymbolDamageError(f"node {index} {quoted(nodes[index].name)} is in a cycle of inputs")


def _check_variable_names(symbol: Symbol) -> None:
    seen: set[str] = set()
    for name in symbol.arguments():
        if name in seen:
            raise _SymbolDamageError(f"two variables are named {quoted(name)}")
        seen.add(name)


def _auxiliary_entries(node: Node) -> Iterator[NodeEntry]:
    return (node.inputs[position] for position in _auxiliary_positions(node) if position < len(node.inputs))


def _auxiliary_positions(node: Node) -> Iterator[int]:
    yield from AUXILIARY_INPUTS.get(node.op, {})
    for subgraph in node.subgraphs:
        auxiliary = set(subgraph.aux_states())
        yield from (index for index, name in enumerate(subgraph.arguments()) if name in auxiliary)


def _entries(value: object, what: str) -> tuple[NodeEntry, ...]:
    return tuple(_entry(item, what) for item in _array(value, what))


def _entry(value: object, what: str) -> NodeEntry:
    numbers = _indices(value, what)
    if len(numbers) not in (2, 3):
        raise _SymbolDamageError(
            f"{what} has an entry of {len(numbers)} numbers, expected [node, output, version]"
        )
    return NodeEntry(numbers[0], numbers[1])


def _indices(value: object, what: str) -> list[int]:
    return [_index(item, what) for item in _array(value, what)]


def _index(value: object, what: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _SymbolDamageError(f"{what} holds {_kind(value)}, expected a whole number")
    if value < 0:
        raise _SymbolDamageError(f"{what} holds {value}, expected a number from 0 up")
    return value


def _array(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise _SymbolDamageError(f"{what} is {_kind(value)}, expected an array")
    return value


def _object(value: object, what: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _SymbolDamageError(f"{what} is {_kind(value)}, expected an object")
    return value


def _string_map(value: object, what: str) -> dict[str, str]:
    return {
        _text(key, what): _text(item, f"{what}: {quoted(key)}") for key, item in _object(value, what).items()
    }


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise _SymbolDamageError(f"{what} is {_kind(value)}, expected a string")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise _SymbolDamageError(f"{what} is not Unicode text")
    return value


def _kind(value: object) -> str:
    if value is None:
        return "missing or null"
    kinds = {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array"}
    return kinds.get(type(value), "an object")
