"""What became of every name of GluonCV's zoo: ``zoo.json``, which ``python -m benchmarks.zoo`` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any


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
        milliseconds: of one inference, by ``mxnet``, ``onnxruntime`` and ``openvino``; empty where unknown.
        note: what must be known before it is exported.
    """

    name: str
    task: str
    inputs: tuple[tuple[int, ...], ...]
    bytes: int
    error: float | None
    milliseconds: dict[str, float]
    note: str


@dataclass(frozen=True)
class ZooTable:
    """All names.

    Attributes:
        entries: in alphabetical order.
        cpu: on which the times were measured.
        threads: of each inference.
    """

    entries: tuple[ZooEntry, ...]
    cpu: str
    threads: int


def read_table() -> ZooTable:
    """Read the table that the package ships."""
    document = json.loads((resources.files("gcv_edge") / "zoo.json").read_text(encoding="utf-8"))
    times = document["times"]
    entries = tuple(read_entry(row) for row in document["names"])
    return ZooTable(entries, times["machine"]["cpu"], times["threads"])


def read_entry(row: dict[str, Any]) -> ZooEntry:
    """Read one name's facts."""
    parity = row.get("parity", {})
    return ZooEntry(
        name=row["name"],
        task=row.get("task", ""),
        inputs=tuple(tuple(shape) for shape in row.get("inputs", ())),
        bytes=row.get("bytes", 0),
        error=max(parity.values(), default=None),
        milliseconds=row.get("milliseconds", {}),
        note=row["note"] or row.get("reason", ""),
    )
