"""One page that shows a benchmark: nothing is fetched when it is opened. Needs the extra [report]."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gcv_edge.reporting import format_page, write_page

PACKAGE = "gcv_edge.benchmarking"


def write_report(document: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write the page of a benchmark.

    Args:
        document: of ``Benchmark.to_dict``, or several results' rows in one such document.
        path: where to; it is replaced as a whole.

    Raises:
        MissingExtraError: Plotly is not installed.
        OSError: it cannot be written.
    """
    return write_page(PACKAGE, document, path)


def format_report(document: Mapping[str, Any]) -> str:
    """Return the page as text: page, style, script, library and data in one."""
    return format_page(PACKAGE, document)
