"""The page docs/zoo.md, written from the table and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.markdown_table import table
from benchmarks.zoo import ROOT
from benchmarks.zoo.records import PASSED, UNBUILDABLE

PAGE = ROOT / "docs" / "zoo.md"

HEADERS = (
    "name", "input", "operators", "nodes", "error ORT", "error OV", "rows",
    "MB", "export s", "memory", "MXNet ms", "ORT ms", "OV ms", "OV : MXNet",
)  # fmt: skip

INTRODUCTION = Path(__file__).with_name("introduction.md")


def format_page(document: dict[str, Any]) -> str:
    """Write the page."""
    return "\n".join([*introduce(document), *list_tasks(document["names"]), *list_rest(document["names"])])


def introduce(document: dict[str, Any]) -> Iterator[str]:
    """Give what stands above the tables."""
    rows, machine = document["names"], document["machine"]
    verdicts = [row["verdict"] for row in rows]
    yield INTRODUCTION.read_text().format(
        count=len(rows),
        passed=verdicts.count(PASSED),
        unbuildable=verdicts.count(UNBUILDABLE),
        threads=document["threads"],
        cpu=machine["cpu"],
        system=machine["system"],
        python=machine["python"],
        versions=", ".join(f"{name} {version}" for name, version in machine["versions"].items()),
        date=document["date"],
    )


def list_tasks(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Give a table for each task."""
    for task in dict.fromkeys(row["task"] for row in rows if "task" in row):
        chosen = [row for row in rows if row.get("task") == task]
        yield f"## {task.replace('_', ' ').capitalize()} ({len(chosen)})\n"
        yield from table(HEADERS, [list(cells(row)) for row in chosen], right=range(2, len(HEADERS)))
        notes = dict.fromkeys(row["note"] for row in chosen if row["note"])
        yield "".join(f"\n{', '.join(named(chosen, note))}: {note}.\n" for note in notes)


def named(rows: Sequence[dict[str, Any]], note: str) -> list[str]:
    """Names that a note is about."""
    return [f"`{row['name']}`" for row in rows if row["note"] == note]


def cells(row: dict[str, Any]) -> Iterator[str]:
    """Give the cells of a name's row."""
    milliseconds = row["milliseconds"]
    yield f"`{row['name']}`" if row["verdict"] == PASSED else f"`{row['name']}` ({row['verdict']})"
    yield ", ".join("x".join(map(str, shape[1:])) for shape in row["inputs"])
    yield f"{row['operators']} ({row['distinct']})"
    yield str(row["nodes"])
    yield from (f"{row['parity'][engine]:.1e}" for engine in ("onnxruntime", "openvino"))
    yield f"{row['rows']}" + f" ({row['ties']})" * (row["ties"] > 0) if row["rows"] else ""
    yield f"{row['bytes'] / 1e6:.1f}"
    yield f"{row['export_seconds']:.1f}"
    yield f"{row['peak_over_params']:.1f}x" if row["peak_over_params"] is not None else ""
    yield from (f"{milliseconds[name]:.4g}" if name in milliseconds else "" for name in ENGINE_ORDER)
    yield f"{milliseconds['mxnet'] / milliseconds['openvino']:.1f}x" if milliseconds else ""


ENGINE_ORDER = ("mxnet", "onnxruntime", "openvino")


def list_rest(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Give the names without figures, with the reason."""
    rest = [row for row in rows if "task" not in row]
    yield f"## Not exported ({len(rest)})\n"
    yield from (f"- `{row['name']}` ({row['verdict']}): {row['reason']}" for row in rest)
    yield ""
