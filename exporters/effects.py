"""Options that mean nothing for what a network turns out to be: each is refused, none is dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gcv_edge.errors import UsageError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.tasks import ACTION, CLASSIFICATION, DETECTION, IMAGE, INSTANCES, TASKS, TENSORS, Task

NOT_TENSORS = tuple(task for task in TASKS.values() if task is not TENSORS)


@dataclass(frozen=True)
class Effect:
    """What an option is for.

    Attributes:
        option: on the command line.
        is_given: whether the user gives it.
        kind: of networks that it is for, for people.
        tasks: of those.
    """

    option: str
    is_given: Callable[[ExportOptions], bool]
    kind: str
    tasks: tuple[Task, ...] = NOT_TENSORS


EFFECTS = (
    Effect("--mean", lambda options: options.mean is not None, "pictures and clips"),
    Effect("--scale", lambda options: options.scale is not None, "pictures and clips"),
    Effect("--bgr", lambda options: options.bgr, "pictures and clips"),
    Effect("--fit", lambda options: options.fit is not None, "pictures and clips"),
    Effect("--interpolation", lambda options: options.interpolation is not None, "pictures and clips"),
    Effect("--classes", lambda options: bool(options.labels), "networks with a task"),
    Effect(
        "--activation",
        lambda options: options.activation is not None,
        "classification and action",
        (CLASSIFICATION, ACTION),
    ),
    Effect("--image-range", lambda options: options.image_range is not None, IMAGE.name, (IMAGE,)),
    Effect("--nms graph", lambda options: options.nms == "graph", "detectors", (DETECTION, INSTANCES)),
)


def check_effects(options: ExportOptions, task: Task, source: str, reasons: Sequence[str] = ()) -> None:
    """Refuse what the user says where it changes nothing.

    Args:
        options: what the user says.
        task: what the network is for.
        source: its name, for messages.
        reasons: why it is for that; a line each.

    Raises:
        UsageError: an option is for networks of another kind.
    """
    for effect in EFFECTS:
        if effect.is_given(options) and task not in effect.tasks:
            raise UsageError(
                describe_effect(f"{source}: {effect.option} is for {effect.kind}", task, reasons)
            )


def check_colours(options: ExportOptions, channels: int, source: str) -> None:
    """Refuse an order of colours for a network that sees grey.

    Raises:
        UsageError: one is given.
    """
    if options.bgr and channels == 1:
        raise UsageError(f"{source}: --bgr is for networks of three channels, and this one sees grey")


def describe_effect(begin: str, task: Task, reasons: Sequence[str]) -> str:
    """Say what the network is exported as, and why."""
    return ": ".join([f"{begin}, and the network is exported for task {task.name}", *reasons])
