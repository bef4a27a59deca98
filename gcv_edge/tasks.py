"""The tasks a network can be for, and the graph outputs each promises."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from gcv_edge.errors import UnsupportedError


@dataclass(frozen=True)
class Task:
    """What a network is for.

    Attributes:
        name: how the metadata and the command line call it.
        outputs: names of the graph's outputs, in order (shapes: docs/model-file.md).
        resize_type: how a frame is fitted into the network's input when nothing else is asked for.
        takes: ``picture`` ``[N, C, H, W]``, ``clip`` (``[N, C, T, H, W]``, or the pictures of clips along
            the batch), C 3 or 1 for grey, or ``tensors`` of any number and shape.
    """

    name: str
    outputs: tuple[str, ...]
    resize_type: str
    takes: str = "picture"


CLASSIFICATION = Task("classification", ("logits",), "crop")
DETECTION = Task("detection", ("boxes", "scores"), "standard")
SEGMENTATION = Task("segmentation", ("logits",), "fit_to_window")
POSE = Task("pose", ("heatmaps",), "standard")
INSTANCES = Task("instance_segmentation", ("ids", "scores", "boxes", "masks"), "fit_to_window")

ACTION = Task("action", ("logits",), "crop", "clip")
EMBEDDING = Task("embedding", ("logits",), "standard")
REGRESSION = Task("regression", ("values",), "standard")
"""Numbers that are measured, not chosen among: an age, an angle, a quality."""
DEPTH = Task("depth", ("image",), "standard")
IMAGE = Task("image_to_image", ("image",), "standard")
TENSORS = Task("tensors", (), "standard", "tensors")
"""A network or a part of one, computed as it is: the caller makes the inputs and reads the outputs."""

VECTORS = (CLASSIFICATION, ACTION, EMBEDDING, REGRESSION)
"""Tasks whose output is one vector per picture or clip."""

TASKS = {
    task.name: task
    for task in (
        CLASSIFICATION,
        DETECTION,
        SEGMENTATION,
        POSE,
        INSTANCES,
        ACTION,
        EMBEDDING,
        REGRESSION,
        DEPTH,
        IMAGE,
        TENSORS,
    )
}

GRAPH_NMS_OUTPUTS = ("ids", "scores", "boxes")
"""Outputs of a detector that keeps its NMS inside the graph."""


SHOWN = 60
"""Characters of an unknown name that an error shows."""


def find_task(name: str) -> Task:
    """Look a task up by name.

    Raises:
        UnsupportedError: there is no such task; the message says which exist.
    """
    if name in TASKS:
        return TASKS[name]
    close = difflib.get_close_matches(name, TASKS, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"expected one of {', '.join(TASKS)}"
    raise UnsupportedError(f"task {name[:SHOWN]!r} is not supported: {hint}")
