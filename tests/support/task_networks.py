"""Small networks of convolutions for tasks other than choosing one class of a coloured picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import onnx_ir as ir

from gcv_edge.graph.cleaning import clean
from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import ModelMetadata, Preprocessing, format_metadata
from gcv_edge.tasks import CLASSIFICATION, REGRESSION, SEGMENTATION, Task
from tests.support.small_graphs import Graph, residual

LABELS = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Kind:
    """A kind of network: its task, channels of its input, and what follows its features."""

    task: Task
    labels: tuple[str, ...]
    end: Callable[[Graph, ir.Value], ir.Value]
    channels: int = 3
    activation: str = "softmax"


KINDS = {
    "grey": Kind(CLASSIFICATION, LABELS, lambda g, x: g.vector(x, 4), channels=1),
    "multi-label": Kind(CLASSIFICATION, LABELS, lambda g, x: g.vector(x, 4), activation="sigmoid"),
    "bare": Kind(CLASSIFICATION, LABELS, lambda g, x: g.vector(x, 4), activation="none"),
    "regression": Kind(REGRESSION, (), lambda g, x: g.vector(x, 1)),
    "mask": Kind(SEGMENTATION, LABELS[:2], lambda g, x: g.conv(x, 2)),
}


def write_network(path: Path, kind: Kind, size: int = 16) -> Path:
    """Write a file of random weights."""
    graph = Graph(size, channels=kind.channels)
    (output,) = kind.task.outputs
    model = clean(graph.builder.model({output: kind.end(graph, residual(graph))}))
    levels = {"mean": (127.0,) * kind.channels, "scale": (64.0,) * kind.channels}
    preprocessing = Preprocessing(**levels, resize_type="standard")
    metadata = ModelMetadata(kind.task, kind.labels, preprocessing, activation=kind.activation)
    model.metadata_props.update(format_metadata(metadata))
    write_model(model, path)
    return path
