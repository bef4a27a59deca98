"""A row a picture: what every table of results has, and its schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import gcv_edge
from gcv_edge.batch.sources.entries import show_name
from gcv_edge.batch.storage import import_pyarrow
from gcv_edge.batch.work import Outcome
from gcv_edge.engines import choose_engine
from gcv_edge.errors import UnsupportedError
from gcv_edge.runtime.model import LoadedNetwork
from gcv_edge.runtime.results import Classification, Detections
from gcv_edge.runtime.rows import Row
from gcv_edge.tasks import (
    CLASSIFICATION,
    DEPTH,
    DETECTION,
    EMBEDDING,
    IMAGE,
    INSTANCES,
    POSE,
    REGRESSION,
    SEGMENTATION,
)

SCHEMA_VERSION = 1
METADATA_KEY = b"gcv_edge"
HEAD_COLUMNS = ("path", "width", "height", "error", "milliseconds")
TASK_COLUMNS = {
    DETECTION.name: ("boxes", "scores", "class_ids", "labels"),
    INSTANCES.name: ("boxes", "scores", "class_ids", "labels", "masks"),
    CLASSIFICATION.name: ("class_ids", "labels", "scores"),
    POSE.name: ("boxes", "keypoints"),
    SEGMENTATION.name: ("label_map",),
    EMBEDDING.name: ("embedding",),
    REGRESSION.name: ("values",),
    DEPTH.name: ("disparity_map",),
    IMAGE.name: ("picture",),
}
"""What ``to_row`` of each task's result gives."""
VECTORS = {"embedding": "logits", "values": "values"}
"""Columns of as many numbers as an output of the network has."""


@dataclass(frozen=True)
class TableOptions:
    """What changes the rows.

    Attributes:
        threshold: detections must score more.
        top_k: classes of a classifier.
        engine: that computes.
        precision: of float operations.
    """

    threshold: float = 0.5
    top_k: int = 5
    engine: str = field(default_factory=choose_engine)
    precision: str = "f32"


@dataclass(frozen=True)
class TableSource:
    """What a table was computed with; it stands in the table's metadata.

    Attributes:
        model: the file's name.
        model_sha256: of its content.
        task: the model's.
        labels: of its classes or keypoints.
        vector: numbers of an embedding or a regression; 0 elsewhere.
        options: what else changes the rows.
        gcv_edge: version of this package.
        schema: version of the columns.
    """

    model: str
    model_sha256: str
    task: str
    labels: tuple[str, ...]
    vector: int
    options: TableOptions
    gcv_edge: str = field(default_factory=lambda: gcv_edge.__version__)
    schema: int = SCHEMA_VERSION

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return (*HEAD_COLUMNS, *TASK_COLUMNS[self.task])

    def to_json(self) -> str:
        """Return the same, with the columns, for a file's metadata."""
        return json.dumps({**asdict(self), "columns": self.columns}, ensure_ascii=False)


def describe_source(network: LoadedNetwork, model_sha256: str, options: TableOptions) -> TableSource:
    """Describe what a network's tables are computed with.

    Raises:
        UnsupportedError: it takes no single pictures.
    """
    task = network.metadata.task.name
    if task not in TASK_COLUMNS:
        raise UnsupportedError(
            f"{network.path}: found a network for {task}, expected one that takes single pictures"
        )
    lengths = [network.session.outputs[VECTORS[one]][-1] for one in TASK_COLUMNS[task] if one in VECTORS]
    vector = int(lengths[0] or 0) if lengths else 0
    return TableSource(network.path.name, model_sha256, task, network.labels, vector, options)


def make_row(outcome: Outcome, source: TableSource) -> Row:
    """Make a picture's row; what is not known is None."""
    width, height = outcome.size or (None, None)
    row: Row = dict.fromkeys(source.columns)
    row |= {
        "path": show_name(outcome.entry.name),
        "width": width,
        "height": height,
        "error": None if outcome.error is None else show_name(str(outcome.error)),
        "milliseconds": round(outcome.milliseconds, 3),
    }
    if outcome.result is not None:
        row |= task_columns(outcome.result, source.options)
    return row


def task_columns(result: Any, options: TableOptions) -> Mapping[str, Any]:
    """Return a result's own columns."""
    if isinstance(result, Detections):
        return result.over(options.threshold).to_row()
    if isinstance(result, Classification):
        return result.to_row(options.top_k)
    columns: Mapping[str, Any] = result.to_row()
    return columns


def make_schema(source: TableSource) -> Any:
    """Make the Arrow schema of a table, with its source as metadata."""
    arrow = import_pyarrow("a Parquet table")
    number, text, blob = arrow.float32(), arrow.string(), arrow.binary()
    vector = arrow.list_(number, source.vector) if source.vector else arrow.list_(number)
    kinds = {
        "path": text,
        "width": arrow.int32(),
        "height": arrow.int32(),
        "error": text,
        "milliseconds": number,
        "boxes": arrow.list_(arrow.list_(number, 4)),
        "scores": arrow.list_(number),
        "class_ids": arrow.list_(arrow.int32()),
        "labels": arrow.list_(text),
        "masks": arrow.list_(arrow.struct([("size", arrow.list_(arrow.int32(), 2)), ("counts", text)])),
        "keypoints": arrow.list_(arrow.list_(arrow.list_(number, 3))),
        "label_map": blob,
        "disparity_map": blob,
        "picture": blob,
        "embedding": vector,
        "values": vector,
    }
    metadata = {METADATA_KEY: source.to_json().encode()}
    return arrow.schema([(name, kinds[name]) for name in source.columns], metadata=metadata)
