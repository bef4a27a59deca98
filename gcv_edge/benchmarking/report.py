"""One page that shows a benchmark: nothing is fetched when it is opened. Needs the extra [report]."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from gcv_edge.errors import MissingExtraError
from gcv_edge.files import replacing

PARTS = {"/*STYLE*/": "report.css", "/*SCRIPT*/": "report.js"}


def write_report(document: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write the page of a benchmark.

    Args:
        document: of ``Benchmark.to_dict``, or several results' rows in one such document.
        path: where to; it is replaced as a whole.

    Raises:
        MissingExtraError: Plotly is not installed.
        OSError: it cannot be written.
    """
    text = format_report(document)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def format_report(document: Mapping[str, Any]) -> str:
    """Return the page as text: page, style, script, library and data in one."""
    page = read_part("report.html")
    for mark, name in PARTS.items():
        page = page.replace(mark, read_part(name))
    page = page.replace("/*DATA*/", escape(json.dumps(document, allow_nan=False)))
    return page.replace("/*PLOTLY*/", read_bundle())


def read_bundle() -> str:
    """Return Plotly's own bundle, which needs no network.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise MissingExtraError("a report", "report") from error
    return str(get_plotlyjs())


def read_part(name: str) -> str:
    """Read a part of the page that lies beside this module."""
    return (resources.files("gcv_edge.benchmarking") / name).read_text(encoding="utf-8")


def escape(data: str) -> str:
    """Let no text among the data end the element that holds them."""
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
