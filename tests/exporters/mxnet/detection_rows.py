"""Rows of the operators that detectors alone use (see operator_table)."""

from __future__ import annotations

from tests.exporters.mxnet.operator_rows import data, row

IMAGE = data("N", 3, 7, 8)

DETECTION = [
    row("_contrib_arange_like", "columns of maps", IMAGE, axis=3),
    row("_contrib_arange_like", "from a start, by steps", IMAGE, axis=-2, start=2, step=0.5),
]
