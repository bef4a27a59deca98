"""Pages that show results: one file each, and nothing is fetched when it is opened. Needs the extra [report].

A page is made of ``report.html`` (what comes after its header), ``report.css`` and ``report.js`` of the
package whose results it shows, and of what all pages share, which lies here: the frame, the header, the
style, and what tables and charts have in common.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from gcv_edge.errors import MissingExtraError
from gcv_edge.files import replacing

MARK = re.compile(r"/\*(BODY|STYLE|SCRIPT|DATA|PLOTLY)\*/")


def write_page(package: str, document: Mapping[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write a page, which replaces an older one as a whole.

    Args:
        package: whose page it is, such as ``gcv_edge.benchmarking``.
        document: what it shows, as values that JSON can spell.
        path: where to.

    Raises:
        MissingExtraError: Plotly is not installed.
        OSError: it cannot be written.
    """
    text = format_page(package, document)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)


def format_page(package: str, document: Mapping[str, Any]) -> str:
    """Return the page as text: page, style, script, library and data in one.

    Args:
        package: as ``write_page`` takes it.
        document: likewise.

    Raises:
        MissingExtraError: Plotly is not installed.
        ValueError: JSON cannot spell a value.
    """
    parts = {
        "BODY": read_part(package, "report.html"),
        "STYLE": read_part(__name__, "common.css") + read_part(package, "report.css"),
        "SCRIPT": read_part(__name__, "common.js") + read_part(package, "report.js"),
        "DATA": escape(json.dumps(document, allow_nan=False)),
        "PLOTLY": read_bundle(),
    }
    return MARK.sub(lambda mark: parts[mark[1]], read_part(__name__, "common.html"))


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


def read_part(package: str, name: str) -> str:
    """Read a part of a page that lies in a package."""
    return (resources.files(package) / name).read_text(encoding="utf-8")


def escape(data: str) -> str:
    """Let no text among the data end the element that holds them."""
    return data.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
