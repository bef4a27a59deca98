"""Which of several outputs of a network is the one for a task that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gcv_edge.errors import GcvEdgeError, UnsupportedError, UsageError
from gcv_edge.exporters.heads import Head, check_form, find_purpose
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.tasks import SEGMENTATION, Task


def choose_head(
    heads: Mapping[str, Head | None],
    task: Task,
    options: ExportOptions,
    source: str,
    usual: Task | None = None,
) -> str:
    """Return the name of the only head that is for a task, or else of the only one of its form.

    Args:
        heads: by name; None for what could not be read.
        task: that is asked for.
        options: what else the user says.
        source: for messages.
        usual: the task of networks of that name.

    Raises:
        UsageError: several are.
        UnsupportedError: none is.
    """
    known = {name: head for name, head in heads.items() if head is not None}
    certain = [name for name, head in known.items() if is_for(head, task, options, source, usual)]
    fitting = certain or [name for name, head in known.items() if has_form(head, task, source)]
    listed = ", ".join(f"'{name}'" for name in fitting or heads)
    if not fitting:
        raise UnsupportedError(
            f"{source}: found no known head for {task.name} among its outputs {listed}: "
            "--outputs chooses, --task tensors exports all"
        )
    if len(fitting) > 1 and not (task is SEGMENTATION and are_alike([known[name] for name in fitting])):
        raise UsageError(
            f"{source}: --task {task.name} takes one output, and any of {listed} may be it: "
            "--outputs chooses, --task tensors exports all"
        )
    return fitting[0]


def describe_choice(names: Iterable[str], chosen: str, task: Task) -> str:
    """Say which heads are left out, and why."""
    spare = ", ".join(f"'{name}'" for name in names if name != chosen)
    return f"left out: {spare}: --task {task.name} takes one output, '{chosen}' (--outputs chooses)"


def are_alike(heads: Sequence[Head]) -> bool:
    """Tell a head and those beside it for training alone: maps of the same form, without an activation."""
    return len({(head.core, head.ends, head.maker) for head in heads}) == 1 and not heads[0].ends


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
