"""The zoo as one page to look through: every name, its published accuracy and its measured speeds.

Nothing is fetched when it is opened. Needs the extra [report].
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from gcv_edge.reporting import format_page, write_page
from gcv_edge.zoo_table import PublishedAccuracy, ZooEntry, ZooTable, read_table

FORMS = ("mxnet", "openvino", "bf16", "int8")
"""Whose speeds the page shows."""


def write_zoo_page(path: str | os.PathLike[str], task: str | None = None) -> Path:
    """Write the page, which replaces an older one as a whole.

    Args:
        path: where to.
        task: of the names that are shown; None: all.

    Raises:
        MissingExtraError: Plotly is not installed.
        OSError: it cannot be written.
    """
    return write_page(__name__, page_document(read_table(), task), path)


def format_zoo_page(task: str | None = None) -> str:
    """Return the same page as text.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    return format_page(__name__, page_document(read_table(), task))


def page_document(table: ZooTable, task: str | None) -> dict[str, Any]:
    """Return what the page shows, as values that JSON can spell."""
    entries = [entry for entry in table.entries if entry.task and task in (None, entry.task)]
    published = sum(entry.accuracy is not None for entry in entries)
    document = {
        "verdict": [f"{len(entries)} networks; GluonCV published the accuracy of {published} of them"],
        "warnings": [],
        "names": [describe_entry(entry) for entry in entries],
        "facts": describe_sources(table, entries),
    }
    if table.cpu != table.forms_cpu:
        document["warnings"] = ["BF16 and INT8 were measured on another processor than the rest"]
    return document


def describe_entry(entry: ZooEntry) -> dict[str, Any]:
    """Return what the page shows of a name; None for what was not measured or published."""
    speeds = {form: per_second(entry.milliseconds.get(form)) for form in FORMS}
    return {
        "name": entry.name,
        "task": entry.task,
        "input": ", ".join("x".join(map(str, shape[1:])) for shape in entry.inputs),
        "megabytes": round(entry.bytes / 1e6, 1),
        "error": entry.error,
        "note": entry.note,
        "speeds": speeds,
        "accuracy": None if entry.accuracy is None else describe_accuracy(entry.accuracy),
    }


def per_second(milliseconds: float | None) -> float | None:
    """Return how many inferences, one after the other, fit into a second."""
    return None if milliseconds is None else float(f"{1e3 / milliseconds:.4g}")


def describe_accuracy(accuracy: PublishedAccuracy) -> dict[str, Any]:
    """Return what the page shows of a published accuracy."""
    return {
        "group": f"{accuracy.data_set}, {accuracy.metric}",
        "value": accuracy.value,
        "printed": "; ".join(f"{key} {figure}" for key, figure in accuracy.printed.items()),
    }


def describe_sources(table: ZooTable, entries: list[ZooEntry]) -> dict[str, str]:
    """Say where the figures come from, by heading."""
    measured = sum("int8" in entry.milliseconds for entry in entries)
    return {
        "Accuracy": f"{table.source}, of GluonCV's own weights in MXNet. An exported network gives the same "
        "results; 8 bits cost accuracy, which gcv-edge calibrate measures with your pictures.",
        "MXNet and FP32": f"one inference of a batch of one, {table.threads} threads, {table.cpu}, "
        f"{table.date}; FP32 is OpenVINO's. Weights are random: speed does not depend on them.",
        "BF16 and INT8": f"the same with OpenVINO, {table.forms_cpu}, {table.forms_date}: {measured} of "
        f"{len(entries)} names were measured.",
        "Error": "largest difference of the exported file from MXNet in either engine, in units of the "
        "output's own deviation.",
    }
