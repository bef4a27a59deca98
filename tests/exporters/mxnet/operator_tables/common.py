"""Inputs that many rows have."""

from __future__ import annotations

from tests.exporters.mxnet.operator_rows import data, weight

IMAGE = data("N", 3, 7, 8)
PLAIN = data("N", 3, 4)
STATISTICS = (weight(3, values="positive"), weight(3), weight(3), weight(3, values="positive"))
DELTAS = data("N", 5, 4)
ANCHORS = weight(1, 5, 4, values="boxes")
