"""The accuracy that a model file carries: measured when it was made, with labels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

RECORDS = ("gcv_edge accuracy", "gcv_edge calibration", "gcv_edge pruning")
"""Keys of the metadata whose JSON may hold a figure, the surest first."""

AFTER = ("value", "score_after")
BEFORE = ("score_before",)


@dataclass(frozen=True)
class Accuracy:
    """A figure of merit.

    Attributes:
        value: 0 to 1; more is better.
        metric: what it is: ``top1``, ``voc07``; empty where the record does not tell.
        before: of the network that this one was made from, where the record tells.
    """

    value: float
    metric: str = ""
    before: float | None = None


def read_accuracy(entries: Mapping[str, str]) -> Accuracy | None:
    """Find a file's accuracy among its metadata; None where it carries none."""
    for key in RECORDS:
        record = read_record(entries.get(key, ""))
        value = find_number(record, AFTER)
        if value is not None:
            return Accuracy(value, str(record.get("metric", "")), find_number(record, BEFORE))
    return None


def read_record(text: str) -> Mapping[str, Any]:
    """Read a JSON object; an empty one where there is none."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def find_number(record: Mapping[str, Any], keys: tuple[str, ...]) -> float | None:
    """Return the first number between 0 and 1 under some keys."""
    for key in keys:
        value = record.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
    return None
