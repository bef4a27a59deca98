"""What a network's output is for, whichever framework the network comes from.

An output says what it is by how it ends: a softmax ends a classifier, an argmax over channels a
segmentation network, a regression layer a measurement. Whoever reads a framework's graph takes these ends
off and describes what is left as a ``Head``; ``find_purpose`` decides. What is not certain is asked for,
never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.builder import Dim, GraphBuilder, Shape
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.tasks import (
    ACTION,
    CLASSIFICATION,
    DETECTION,
    EMBEDDING,
    IMAGE,
    INSTANCES,
    REGRESSION,
    SEGMENTATION,
    TENSORS,
    VECTORS,
    Task,
    find_task,
)

ARGMAX, SOFTMAX, SIGMOID = "argmax", "softmax", "sigmoid"
"""Ends that are taken off an output, when they go over the classes: they are what a runtime does itself."""

LINEAR, NORMALIZATION, REGRESSOR, MARGIN, RESIZE, TANH, OTHER = (
    "linear", "normalization", "regressor", "margin", "resize", "tanh", "other",
)  # fmt: skip
"""Kinds of operator that give what is left: a dense layer, convolution or an average of such; a normalised
vector; a regression layer; a support vector machine's margins; an upsampled map; the others."""

DETECTORS = (DETECTION, INSTANCES)
"""Tasks whose outputs are recognised together, before any single one is looked at."""

CERTAIN_VECTORS = {LINEAR: CLASSIFICATION, MARGIN: CLASSIFICATION, NORMALIZATION: EMBEDDING}
"""What a vector of two numbers or more is for, by the operator that gives it."""

GUESSED = {
    LINEAR: (CLASSIFICATION, "of a dense layer or convolution without an activation"),
    RESIZE: (SEGMENTATION, "maps enlarged to the input's size without an activation"),
}
"""What an output without an end is taken for, by the operator that gives it, and how that is said."""

WITHOUT_ENDS = (CLASSIFICATION, ACTION, SEGMENTATION)
"""Tasks whose canonical output lies before the ends; for the others the output is taken as it is."""


@dataclass(frozen=True)
class Head:
    """One output of a network.

    Attributes:
        name: what the source calls it.
        whole: shape of the output as it is.
        core: shape of what is left of it without its ends.
        ends: what was taken off, the last first: ``argmax``, ``softmax``, ``sigmoid``.
        maker: kind of the operator that gives the core.
        batch: length of the input's first axis.
        size: height and width of the input.
        middle: number over which a pixel of one channel is the thing; None where the graph does not tell.
    """

    name: str
    whole: Shape
    core: Shape
    ends: tuple[str, ...]
    maker: str
    batch: Dim
    size: tuple[Dim, ...]
    middle: float | None = None

    @property
    def is_vector(self) -> bool:
        """Whether there is one row of numbers for each picture, be it as maps of one cell."""
        return len(self.core) == 2 or (len(self.core) > 2 and all(dim == 1 for dim in self.core[2:]))

    @property
    def has_rows(self) -> bool:
        """Whether the first axis is the batch's."""
        return bool(self.core) and self.core[0] == self.batch

    @property
    def is_at_input_size(self) -> bool:
        """Whether this is a map with a cell for every pixel."""
        return len(self.core) == 4 and tuple(self.core[2:]) == tuple(self.size)

    @property
    def width(self) -> Dim:
        """How many numbers there are for each picture, or for each cell of a map."""
        return self.core[1]


@dataclass(frozen=True)
class Purpose:
    """What an output is for, and how it becomes the task's own.

    Attributes:
        task: what the network is for.
        activation: what makes class scores of it (``metadata.ACTIVATIONS``).
        takes_core: the canonical output is the head without its ends.
        is_mask: one channel says what is the thing and what is not: the file gets a channel for either.
        middle: number over which that channel's pixels are the thing.
        is_assumed: that was not read off the graph; see ``masks.judge_mask``.
        notes: what was assumed; a line each.
    """

    task: Task
    activation: str = "softmax"
    takes_core: bool = False
    is_mask: bool = False
    middle: float = 0.0
    is_assumed: bool = False
    notes: tuple[str, ...] = ()


def find_purpose(head: Head, options: ExportOptions, source: str, usual: Task | None = None) -> Purpose:
    """Decide what an output is for.

    Args:
        head: the output.
        options: task and activation that the user asks for.
        source: name of the network, for messages.
        usual: the task of networks of that name; it decides where the head itself is not certain.

    Raises:
        UsageError: nothing is certain: the message says what may be asked for.
        UnsupportedError: the output has another form than the task asked for.
    """
    if options.task is not None:
        asked = find_task(options.task)
        if asked in DETECTORS:
            raise refuse_detection(head, asked, source, usual)
        check_form(head, asked, source)
        return describe_purpose(head, asked, options)
    if len(head.core) not in (2, 4) and not head.is_vector:
        return as_tensors(head, f"has the shape {list(head.whole)}, which is no task's")
    if not head.has_rows:
        reason = f"has {head.core[0]} rows for a batch of {head.batch}"
        return as_tensors(head, f"{reason}: they are not one for each picture")
    task = vector_task(head, usual) if head.is_vector else map_task(head, usual)
    if task is None:
        raise ask_for_task(head, source)
    purpose = describe_purpose(head, task, options)
    return replace(purpose, notes=(*purpose.notes, *describe_guess(head, task))) if usual is None else purpose


def describe_guess(head: Head, task: Task) -> tuple[str, ...]:
    """Say that a task was read off the last layer alone: nothing says that its numbers are class scores."""
    if head.ends or head.maker not in GUESSED or task is not GUESSED[head.maker][0]:
        return ()
    return (f"assumed: {task.name}, since output '{head.name}' is {GUESSED[head.maker][1]} (--task)",)


def vector_task(head: Head, usual: Task | None) -> Task | None:
    """Say what one row of numbers for each picture is for; None where that is not certain."""
    if head.maker == REGRESSOR and not head.ends:
        return REGRESSION
    scores = usual if usual in (CLASSIFICATION, ACTION) else CLASSIFICATION
    if head.ends and (head.width != 1 or SIGMOID in head.ends):
        return scores
    if head.width == 1:
        return None
    certain = CERTAIN_VECTORS.get(head.maker)
    return usual if usual in VECTORS and certain is not EMBEDDING else certain


def map_task(head: Head, usual: Task | None) -> Task | None:
    """Say what maps are for; None where that is not certain."""
    if usual is not None and usual not in VECTORS:
        return usual
    if head.maker == TANH and head.width == 3 and not head.ends:
        return IMAGE
    if not head.is_at_input_size:
        return None
    chooses = ARGMAX in head.ends or SOFTMAX in head.ends or (SIGMOID in head.ends and head.width == 1)
    return SEGMENTATION if chooses or (head.maker == RESIZE and head.width != 1) else None


def as_tensors(head: Head, reason: str) -> Purpose:
    """Export an output as it is, and say why."""
    return Purpose(TENSORS, notes=(f"output '{head.name}' {reason}: exported as it is (task tensors)",))


def ask_for_task(head: Head, source: str) -> UsageError:
    """Say which tasks an output might be for."""
    if head.is_vector and head.width == 1:
        choices = "--task regression (a measurement), classification (the logit of yes or no) or tensors"
    elif head.is_vector:
        choices = "--task classification, embedding, regression or tensors"
    else:
        choices = "--task segmentation, pose, depth, image_to_image or tensors"
    return UsageError(
        f"{source}: what its output '{head.name}' {list(head.whole)} is for is not certain: give {choices}"
    )


def refuse_detection(head: Head, asked: Task, source: str, usual: Task | None) -> UnsupportedError:
    """Say that an output is no detector's, and whose it is where that is certain."""
    found = vector_task(head, usual) if head.is_vector else map_task(head, usual)
    kind = found.name if found is not None else "something else"
    return UnsupportedError(
        f"{source}: output '{head.name}' {list(head.whole)}: its head is for {kind}, not for {asked.name}"
    )


def check_form(head: Head, task: Task, source: str) -> None:
    """Refuse an output of another form than the task's.

    Raises:
        UnsupportedError: it is not one vector for each picture, or no map.
    """
    if task in VECTORS:
        form, fits = "[N, C]", head.is_vector and head.has_rows
    else:
        form, fits = "[N, C, H, W]", len(head.core) == 4 and head.has_rows
    if not fits:
        raise UnsupportedError(
            f"{source}: output '{head.name}' has the shape {list(head.whole)} for a batch of {head.batch}, "
            f"expected {form} for {task.name}; --task tensors exports it as it is"
        )


def describe_purpose(head: Head, task: Task, options: ExportOptions) -> Purpose:
    """Say how a head becomes a task's output.

    Raises:
        UsageError: an activation is asked for that the task does not have, or that the head contradicts.
    """
    if task in (CLASSIFICATION, ACTION):
        activation, notes = choose_activation(head, options)
        return Purpose(task, activation, takes_core=True, notes=notes)
    if task is SEGMENTATION and head.width == 1:
        return describe_mask(head)
    return Purpose(task, takes_core=task in WITHOUT_ENDS)


def describe_mask(head: Head) -> Purpose:
    """Say where a single channel divides the thing from the rest."""
    if head.ends:
        return Purpose(SEGMENTATION, takes_core=True, is_mask=True)
    middle = head.middle or 0.0
    over = f"{middle:.6g}" if middle else "0 (a logit)"
    note = f"output '{head.name}' has one channel: its pixels are the thing where it is over {over}"
    return Purpose(
        SEGMENTATION,
        takes_core=True,
        is_mask=True,
        middle=middle,
        is_assumed=head.middle is None,
        notes=(note,),
    )


def choose_activation(head: Head, options: ExportOptions) -> tuple[str, tuple[str, ...]]:
    """Choose what makes scores of a classifier's core: what was taken off, else what is usual.

    Raises:
        UsageError: the user asks for another than was taken off.
    """
    found = next((end for end in head.ends if end in (SOFTMAX, SIGMOID)), None)
    if options.activation is not None:
        if found not in (None, options.activation):
            raise UsageError(
                f"--activation {options.activation}: output '{head.name}' ends in a {found} itself"
            )
        return options.activation, ()
    if found is not None:
        return found, ()
    if head.maker in (MARGIN, REGRESSOR):
        return "none", ()
    if head.width == 1:
        return SIGMOID, (f"output '{head.name}' is taken for the logit of one class (--activation)",)
    if head.maker in (LINEAR, RESIZE) or ARGMAX in head.ends:
        return SOFTMAX, ()
    return SOFTMAX, (f"output '{head.name}' is taken for logits of a softmax (--activation)",)


def emit_canonical(graph: GraphBuilder, purpose: Purpose, value: ir.Value) -> ir.Value:
    """Bring a head, with or without its ends, into its task's form; see ``canonical_array``."""
    shape = graph.shape(value)
    if purpose.task in VECTORS and len(shape) != 2:
        return graph.op("Flatten", [value], "vector", axis=1)
    if purpose.is_mask:
        if purpose.middle:
            value = graph.op("Sub", [value, graph.constant(purpose.middle)], "over_middle")
        background = graph.op("Mul", [value, graph.constant(0.0)], "background")
        return graph.op("Concat", [background, value], "mask", axis=1)
    return value


def canonical_array(purpose: Purpose, array: NDArray[Any]) -> NDArray[Any]:
    """Do to a reference's numbers what ``emit_canonical`` does in the graph.

    Vectors lose axes of length 1. A mask's logit becomes two channels, 0 and itself, so that the larger wins
    where the logit's sign says so, and a softmax over both is the logit's sigmoid. Of a probability it is
    what is over a half.
    """
    if purpose.task in VECTORS:
        return array.reshape(len(array), -1)
    if not purpose.is_mask:
        return array
    over = array - np.float32(purpose.middle)
    return np.concatenate([np.zeros_like(over), over], axis=1)
