"""What must become of each name of the zoo."""

from __future__ import annotations

from benchmarks.records import Record
from benchmarks.workers import PASSED

UNBUILDABLE = "not in GluonCV"
"""Verdict: GluonCV itself cannot make it."""

UNBUILDABLE_NAMES = ("custom_faster_rcnn_fpn", "resnet101_v1b_gn", "resnet50_v1b_gn")
"""Names that no installation of GluonCV 0.10.5 can build or trace; any other name must pass."""


def is_expected(record: Record) -> bool:
    """Tell whether a name's verdict is as it must be."""
    return bool(record["verdict"] == (UNBUILDABLE if record["name"] in UNBUILDABLE_NAMES else PASSED))
