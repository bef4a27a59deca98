"""What an exporter is given and what it gives back, whatever the source framework."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx_ir as ir

from gcv_edge.errors import UsageError
from gcv_edge.metadata import ModelMetadata


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
