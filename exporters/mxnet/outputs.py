"""Which outputs of a symbol are exported, under which names, and which are left out and why."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

from gcv_edge.errors import UsageError
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.detection import find_detection_head
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.symbol import NodeEntry, Symbol
from gcv_edge.exporters.mxnet.training_heads import NamedHead, check_labels, drop_training
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.tasks import DEPTH, DETECTION, INSTANCES, SEGMENTATION, TENSORS, Task, find_task

WRAPPERS = ("MakeLoss", "make_loss", "BlockGrad", "stop_gradient", "identity", "_copy", "amp_cast")
"""Operators that give their input back at inference."""

MADE_UP = re.compile(r"(blockgrad|make_?loss|identity|_copy|stop_gradient|amp_cast)\d+", re.IGNORECASE)
"""Names that MXNet gives to operators that nobody named."""

RESIZING = "_contrib_BilinearResize2D"


def choose_outputs(network: Network, options: ExportOptions) -> Network:
    """Return a network whose heads are those to export, with their names.

    Heads that need labels are left out, and so are auxiliary heads where one head makes up the task.

    Raises:
        UsageError: an output that is asked for does not exist or needs a label, or every output does.
    """
    named = name_heads(network)
    if options.outputs:
        named = [find_output(network, named, name) for name in options.outputs]
        check_labels(network, named)
        return with_heads(network, named)
    kept, notes = drop_training(network, named, options)
    position = main_position(network, kept, options)
    if position is not None and len(kept) > 1:
        main = kept[position]
        spare = ", ".join(f"'{head.name}'" for head in kept if head is not main)
        reason = f"taken for auxiliary heads of training beside '{main.name}' (--outputs exports them)"
        notes = [*notes, f"left out: {spare}: {reason}"]
        kept = [main]
    return with_heads(network, kept, notes)


def with_heads(network: Network, heads: Sequence[NamedHead], notes: Sequence[str] = ()) -> Network:
    """Return a network with other heads."""
    symbol = replace(network.symbol, heads=tuple(head.entry for head in heads))
    names = tuple(head.name for head in heads)
    return replace(network, symbol=symbol, head_names=names, notes=(*network.notes, *notes))


def name_heads(network: Network) -> list[NamedHead]:
    """Name a symbol's heads: as the source does, else ``output``, or ``output0``, ``output1``, ..."""
    heads = network.symbol.heads
    count = len(heads)
    positions = ("output",) if count == 1 else tuple(f"output{index}" for index in range(count))
    return [NamedHead(*pair) for pair in zip(network.head_names or positions, heads, strict=True)]


def name_by_node(symbol: Symbol) -> tuple[str, ...]:
    """Name several heads after the operators that give them; a single one needs no name.

    ``BlockGrad`` and the like are looked through unless their author named them; of an operator's several
    outputs each has its number; what two heads or an input would share is made different.
    """
    if len(symbol.heads) == 1:
        return ()
    taken = {node.name for node in symbol.nodes if node.is_variable}
    names = []
    for head in symbol.heads:
        entry = named_entry(symbol, head)
        same = [other for other in symbol.heads if named_entry(symbol, other).node == entry.node]
        name = symbol.nodes[entry.node].name + (f"_{entry.output}" if len(same) > 1 else "")
        while name in taken:
            name += "_output"
        taken.add(name)
        names.append(name)
    return tuple(names)


def named_entry(symbol: Symbol, entry: NodeEntry) -> NodeEntry:
    """Look through operators that give their input back and whose names MXNet made up: ``blockgrad0``."""
    node = symbol.nodes[entry.node]
    while node.op in WRAPPERS and MADE_UP.search(node.name):
        entry = node.inputs[0]
        node = symbol.nodes[entry.node]
    return entry


def behind_wrappers(symbol: Symbol, entry: NodeEntry) -> NodeEntry:
    """Look through operators that give their input back."""
    node = symbol.nodes[entry.node]
    while node.op in WRAPPERS:
        entry = node.inputs[0]
        node = symbol.nodes[entry.node]
    return entry


def find_output(network: Network, heads: Sequence[NamedHead], name: str) -> NamedHead:
    """Find an output by its own name or by an operator's, spelt with or without MXNet's ``_output``.

    Raises:
        UsageError: there is none; the message says what is close.
    """
    by_name = {head.name: head.entry for head in heads}
    for index, node in enumerate(network.symbol.nodes):
        if not node.is_variable:
            by_name.setdefault(node.name, NodeEntry(index, 0))
    plain = name.removesuffix("_output")
    if name in by_name or plain in by_name:
        return NamedHead(plain if name not in by_name else name, by_name.get(name) or by_name[plain])
    close = difflib.get_close_matches(name, by_name, n=3) or [head.name for head in heads]
    raise UsageError(f"{network.name}: --outputs {name}: no such layer; near are {', '.join(close)}")


def main_position(network: Network, heads: Sequence[NamedHead], options: ExportOptions) -> int | None:
    """Position of the only head that training does not need beside others; None where all are kept.

    Of monodepth2's scales the last is the finest; of all others the first counts, as GluonCV's loss has it.
    """
    task = find_task(options.task) if options.task is not None else None
    is_detector = task not in (None, TENSORS) and find_detection_head(network.symbol) is not None
    if is_detector or task in (DETECTION, INSTANCES, TENSORS):
        return None
    facts = zoo.describe(network.name)
    if facts is not None and zoo.has_auxiliary_heads(network.name):
        return position_of(task or facts.task)
    if task is DEPTH:
        return position_of(DEPTH)
    return position_of(SEGMENTATION) if task in (None, SEGMENTATION) and are_of_fcn(network, heads) else None


def are_of_fcn(network: Network, heads: Sequence[NamedHead]) -> bool:
    """Tell the heads of GluonCV's segmentation networks: maps of as many classes each, enlarged."""
    nodes = [network.symbol.nodes[behind_wrappers(network.symbol, head.entry).node] for head in heads]
    if {node.op for node in nodes} != {RESIZING}:
        return False
    layers = [network.symbol.nodes[node.inputs[0].node] for node in nodes]
    counts = {layer.attrs.get("num_filter") for layer in layers if layer.op == "Convolution"}
    return len(counts) == 1 and all(layer.op == "Convolution" for layer in layers)


def position_of(task: Task) -> int:
    """Position of a task's main head among several."""
    return -1 if task is DEPTH else 0
