"""Which of several heads of a network is the one for a task that is asked for."""

from __future__ import annotations

from gcv_edge.errors import GcvEdgeError
from gcv_edge.exporters.choosing import choose_head, describe_choice
from gcv_edge.exporters.heads import Head
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
    heads = {head.name: head for head in name_heads(network)}
    task = find_task(options.task or "")
    parts = {name: describe_head(converter, head) for name, head in heads.items()}
    chosen = choose_head(parts, task, options, network.name, usual)
    return with_heads(network, [heads[chosen]], [describe_choice(heads, chosen, task)])


def describe_head(converter: SymbolConverter, head: NamedHead) -> Head | None:
    """Describe a head; None where it cannot be converted."""
    symbol = converter.symbol
    try:
        return take_apart(converter, head.name, head.entry).head
    except GcvEdgeError:
        return None
    finally:
        converter.symbol = symbol
