"""Which of several heads of a network is the one for a task that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gcv_edge.errors import GcvEdgeError, UnsupportedError, UsageError
from gcv_edge.exporters.heads import Head, check_form, find_purpose
from gcv_edge.exporters.mxnet.convert import SymbolConverter
from gcv_edge.exporters.mxnet.ends import take_apart
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.outputs import name_heads, with_heads
from gcv_edge.exporters.mxnet.training_heads import NamedHead
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.tasks import Task, find_task


def keep_task_head(
    network: Network, converter: SymbolConverter, options: ExportOptions, usual: Task | None
) -> Network:
    """Return the network with the only head that is for the task, or else the only one of its form.

    Raises:
        UsageError: several are.
        UnsupportedError: none is.
    """
    heads = name_heads(network)
    task = find_task(options.task or "")
    parts = [(head, part) for head in heads if (part := describe_head(converter, head)) is not None]
    certain = [head for head, part in parts if is_for(part, task, options, network.name, usual)]
    fitting = certain or [head for head, part in parts if has_form(part, task, network.name)]
    listed = ", ".join(f"'{head.name}'" for head in fitting or heads)
    if len(fitting) > 1:
        raise UsageError(
            f"{network.name}: --task {task.name} takes one output, and any of {listed} may be it: "
            "--outputs chooses, --task tensors exports all"
        )
    if not fitting:
        raise UnsupportedError(
            f"{network.name}: found no known head for {task.name} among its outputs {listed}: "
            "--outputs chooses, --task tensors exports all"
        )
    return with_heads(network, fitting, [describe_choice(heads, fitting[0], task)])


def describe_choice(heads: Sequence[NamedHead], chosen: NamedHead, task: Task) -> str:
    """Say which heads are left out, and why."""
    spare = ", ".join(f"'{head.name}'" for head in heads if head is not chosen)
    return f"left out: {spare}: --task {task.name} takes one output, '{chosen.name}' (--outputs chooses)"


def describe_head(converter: SymbolConverter, head: NamedHead) -> Head | None:
    """Describe a head; None where it cannot be converted."""
    symbol = converter.symbol
    try:
        return take_apart(converter, head.name, head.entry).head
    except GcvEdgeError:
        return None
    finally:
        converter.symbol = symbol


def is_for(head: Head, task: Task, options: ExportOptions, source: str, usual: Task | None) -> bool:
    """Tell a head that would be taken for a task without being asked."""
    try:
        return find_purpose(head, replace(options, task=None), source, usual).task is task
    except GcvEdgeError:
        return False


def has_form(head: Head, task: Task, source: str) -> bool:
    """Tell a head of a task's form."""
    try:
        check_form(head, task, source)
    except UnsupportedError:
        return False
    return True
