"""What an exporter is given and what it gives back, whatever the source framework."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.builder import Shape
from gcv_edge.metadata import ModelMetadata, Preprocessing
from gcv_edge.tasks import CLASSIFICATION, POSE, SEGMENTATION, Task

CROP_RATIO = 0.875
"""GluonCV's classification scripts crop this part of the short side (scripts/classification/imagenet)."""


@dataclass(frozen=True)
class ExportOptions:
    """What the user asks of an export; None and empty mean: find out.

    Attributes:
        input_shape: N, C, H, W of the network's input.
        labels: class (or keypoint) names in order.
        task: name of the task.
        nms: ``runtime`` or ``graph`` (detectors).
        dynamic_batch: leave the batch dimension open.
    """

    input_shape: tuple[int, int, int, int] | None = None
    labels: tuple[str, ...] = ()
    task: str | None = None
    nms: str = "runtime"
    dynamic_batch: bool = False


@dataclass(frozen=True)
class ExportedModel:
    """A converted network: the graph and what the file will say of it."""

    model: ir.Model
    metadata: ModelMetadata


class Reference(Protocol):
    """Something that computes the same network.

    Attributes:
        name: of the framework, with its version.
    """

    name: str

    def run(self, batch: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        """Compute ``batch [N, 3, H, W]``: canonical outputs by name, or the only one as ``output``."""


class Source(Protocol):
    """A loaded network, before it is converted."""

    @property
    def name(self) -> str:
        """What the exported file is called where nobody gives another name."""

    def convert(self, options: ExportOptions) -> ExportedModel:
        """Make the ONNX graph and what the file will say of it."""

    def reference(self) -> Reference | None:
        """Return the source framework, ready to compute the network; None where it cannot run here."""


def default_preprocessing(task: Task, size: Sequence[int]) -> Preprocessing:
    """ImageNet statistics and the task's way to fit a frame into an input of ``size`` (height, width)."""
    crop_short = math.ceil(min(size) / CROP_RATIO) if task.resize_type == "crop" else 0
    return Preprocessing(resize_type=task.resize_type, crop_short=crop_short)


def task_of_output(output: Shape, size: Sequence[int], name: str) -> Task:
    """Maps at the input's size are for segmentation, smaller ones for pose, vectors for classification.

    Raises:
        UnsupportedError: the output has another form.
    """
    if len(output) == 2:
        return CLASSIFICATION
    if len(output) == 4:
        return SEGMENTATION if tuple(output[2:]) == tuple(size) else POSE
    raise UnsupportedError(f"{name}: an output of shape {list(output)} belongs to no supported task")


def parse_input_shape(text: str) -> tuple[int, int, int, int]:
    """Read ``1,3,H,W``.

    Raises:
        UsageError: the text is anything else.
    """
    try:
        numbers = [int(part) for part in text.lower().replace("x", ",").split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 4 or min(numbers) < 1:
        raise UsageError(f"input shape '{text}': expected four numbers N,C,H,W such as 1,3,416,416")
    return numbers[0], numbers[1], numbers[2], numbers[3]


def check_labels(labels: Sequence[str], classes: int, source: str) -> None:
    """Refuse a list of names of another length than the network's output.

    Raises:
        UsageError: the numbers differ.
    """
    if labels and len(labels) != classes:
        raise UsageError(f"{source}: {len(labels)} class names given, but the network has {classes} classes")
