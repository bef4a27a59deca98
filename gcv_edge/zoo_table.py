"""What became of every name of GluonCV's zoo, and what GluonCV published of it.

``zoo.json`` is what ``python -m benchmarks.zoo`` writes, ``zoo_speeds.json`` what
``python -m benchmarks.pages`` takes from ``python -m benchmarks.table_zoo``; ``published_accuracy.json``
holds figures as GluonCV printed them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

SPOKEN = {
    "Classifications": "ImageNet",
    "CIFAR10": "CIFAR-10",
    "MSCOCO": "COCO",
    "Pascal": "Pascal VOC",
    "SS_MS-COCO": "COCO",
    "IS_MS-COCO": "COCO",
    "SS_Pascal-VOC": "Pascal VOC",
    "SS_MHP-V1": "MHP",
}
"""Data sets of GluonCV's tables by other names than these have there."""

METRICS = {
    "Top-1": "top-1",
    "Acc (Vanilla/Mix-Up)": "top-1",
    "Segm AP": "mask AP",
    "Box AP": "box AP",
    "mAP(Orig/F)": "box AP",
    "mAP": "VOC07 mAP",
    "mIoU": "mIoU",
    "OKS AP": "OKS AP",
    "delta < 1.25": "delta < 1.25",
}
"""The figure of a table's row that networks are compared by; the first that the row has."""


@dataclass(frozen=True)
class PublishedAccuracy:
    """What GluonCV's tables say of a name.

    Attributes:
        data_set: that it was measured on.
        metric: that networks are compared by; higher is better.
        value: of the metric; the first where a cell has several.
        printed: all figures, as they were printed.
    """

    data_set: str
    metric: str
    value: float
    printed: dict[str, str]


@dataclass(frozen=True)
class ZooEntry:
    """One name.

    Attributes:
        name: in GluonCV's model zoo.
        task: what the network is for; empty where GluonCV itself cannot build it.
        inputs: shapes of the inputs, each with its batch of one.
        bytes: size of the exported file, of both where there are two; 0 where there is none.
        error: largest difference from MXNet in either engine, in units of the output's own deviation;
            None where nothing could be compared.
        milliseconds: of one inference, by ``mxnet``, ``onnxruntime`` and ``openvino`` in float32, and by
            ``bf16`` and ``int8`` in OpenVINO; without what was not measured.
        note: what must be known before it is exported.
        accuracy: that GluonCV published; None where it published none.
    """

    name: str
    task: str
    inputs: tuple[tuple[int, ...], ...]
    bytes: int
    error: float | None
    milliseconds: dict[str, float]
    note: str
    accuracy: PublishedAccuracy | None = None


@dataclass(frozen=True)
class ZooTable:
    """All names.

    Attributes:
        entries: in alphabetical order.
        cpu: on which the times in float32 were measured.
        threads: of each inference.
        date: of these times.
        forms_cpu, forms_date: of the times in bfloat16 and 8 bits.
        source: of the published accuracies.
    """

    entries: tuple[ZooEntry, ...]
    cpu: str
    threads: int
    date: str
    forms_cpu: str
    forms_date: str
    source: str


def read_table() -> ZooTable:
    """Read the table that the package ships."""
    document, forms, accuracy = map(read_document, ("zoo.json", "zoo_speeds.json", "published_accuracy.json"))
    times = document["times"]
    entries = tuple(
        read_entry(row, forms["names"].get(row["name"], {}), accuracy["names"].get(row["name"]))
        for row in document["names"]
    )
    return ZooTable(
        entries,
        times["machine"]["cpu"],
        times["threads"],
        times["date"],
        forms["cpu"],
        forms["date"],
        accuracy["source"],
    )


def read_document(name: str) -> dict[str, Any]:
    """Read a file of the package."""
    found: dict[str, Any] = json.loads((resources.files("gcv_edge") / name).read_text(encoding="utf-8"))
    return found


def read_entry(
    row: Mapping[str, Any], forms: Mapping[str, float], accuracy: Mapping[str, Any] | None
) -> ZooEntry:
    """Read one name's facts."""
    parity = row.get("parity", {})
    return ZooEntry(
        name=row["name"],
        task=row.get("task", ""),
        inputs=tuple(tuple(shape) for shape in row.get("inputs", ())),
        bytes=row.get("bytes", 0),
        error=max(parity.values(), default=None),
        milliseconds={**row.get("milliseconds", {}), **forms},
        note=row["note"] or row.get("reason", ""),
        accuracy=None if accuracy is None else read_accuracy(accuracy),
    )


def read_accuracy(row: Mapping[str, Any]) -> PublishedAccuracy:
    """Read what GluonCV's tables say of a name."""
    group, _, table = row["table"].partition("/")
    printed = row["published"]
    key = next(key for key in METRICS if key in printed)
    value = float(printed[key].split("/")[0])
    first = table.rpartition("_")[0] if group in ("Detections", "Poses") else table
    known = SPOKEN.get(first, first.removeprefix("SS_"))
    data_set = SPOKEN[group] if group in SPOKEN and table != "CIFAR10" else known
    metric = "VOC07 mAP" if table.startswith("Pascal_") else METRICS[key]
    return PublishedAccuracy(data_set, metric, value, dict(printed))
