"""From the results to benchmarks/results/families.json, and from that to the page docs/families.md."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import RESULTS, machine
from benchmarks.markdown_table import table
from benchmarks.zoo import ROOT
from benchmarks.zoo.records import PASSED, Record
from gcv_edge.files import replacing

PAGE = ROOT / "docs" / "families.md"
INTRODUCTION = Path(__file__).with_name("introduction.md")
HEADERS = ("network", "input", "heads", "task", "the runtime gives", "error ORT", "error OV", "s")
ENGINES = ("onnxruntime", "openvino")
LISTED = 4
"""Heads that are listed by name."""


def publish(records: Sequence[Record]) -> None:
    """Write the results and the page."""
    date = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    document = {"date": date, "machine": machine(), "networks": list(records)}
    with replacing(RESULTS / "families.json") as temporary:
        temporary.write_text(json.dumps(document, indent=1) + "\n")
    with replacing(PAGE) as temporary:
        temporary.write_text(format_page(document))


def format_page(document: dict[str, Any]) -> str:
    """Write the page."""
    rows, computer = document["networks"], document["machine"]
    passed = [row for row in rows if row["verdict"] == PASSED]
    versions = ", ".join(f"{name} {version}" for name, version in computer["versions"].items())
    introduction = INTRODUCTION.read_text().format(
        count=len(rows), passed=len(passed), cpu=computer["cpu"], python=computer["python"],
        versions=versions, date=document["date"],
    )  # fmt: skip
    lines = [introduction]
    for origin in dict.fromkeys(row.get("origin", "") for row in passed):
        lines += list_origin(origin, [row for row in passed if row["origin"] == origin])
    failed = [f"- `{row['name']}`: {row['reason']}" for row in rows if row not in passed]
    lines += [f"## Not passed ({len(failed)})\n", *failed, ""] if failed else []
    return "\n".join(lines)


def list_origin(origin: str, rows: Sequence[Record]) -> Iterator[str]:
    """Give a project's table, the commands and the notes."""
    yield f"## {origin}\n"
    yield from table(HEADERS, [list(cells(row)) for row in rows], right=(5, 6, 7))
    yield "\n```sh"
    yield from (row["command"] for row in rows)
    yield "```\n"
    for row in rows:
        yield from (f"- `{row['name']}` prints: {note}" for note in row["notes"])
        yield from (
            f"- `{row['name']}`: `{head}` of MXNet itself moves by {moved:.2g} when the picture changes by "
            "0.00001 of its deviation"
            for head, moved in row.get("unstable", {}).items()
        )
    yield ""


def cells(row: Record) -> Iterator[str]:
    """Give the cells of a network's row."""
    yield f"`{row['name']}`"
    yield ", ".join(f"{name} {'x'.join(map(str, shape))}" for name, shape in row["inputs"].items())
    yield list_heads(row["heads"])
    yield row["task"]
    yield row["gives"] if len(row["heads"]) <= LISTED else row["gives"].partition(":")[0]
    yield from (f"{max(row['errors'][engine].values()):.1e}" for engine in ENGINES)
    yield f"{row['seconds_of_export']:.1f}"


def list_heads(heads: Sequence[str]) -> str:
    """Name the first heads, and count the others."""
    named = ", ".join(f"`{name.removesuffix('_output')}`" for name in heads[:LISTED])
    return named + (f" and {len(heads) - LISTED} more" if len(heads) > LISTED else "")
