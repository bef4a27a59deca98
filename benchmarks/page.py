"""Write docs/benchmarks.md from benchmarks/results alone: python benchmarks/page.py [--check]"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness import ROOT
from tables import ISAS, read_results

PAGE = ROOT / "docs" / "benchmarks.md"
Record = Mapping[str, Any]

CAPS = {"native": "uncapped", "vnni": "capped to VNNI"}
HEADINGS = {"native": "Uncapped", "vnni": "Capped to VNNI"}
PLAIN, FUSED, QUANTIZED = "mxnet FP32", "mxnet FP32 fused", "mxnet INT8"
OURS = ("FP32", "BF16", "INT8", "INT8 + BF16")

INTRODUCTION = """# Benchmarks

Every number on this page comes from `benchmarks/results`, and this page from `python benchmarks/page.py`;
none was typed. Each table has the command that measures it again, wholly or, with `--names`, row by row.
What is compared was measured in turn (A B A B ...), each in a process of its own, and a ratio is the median
of the rounds' ratios. [Benchmark your own model](benchmark.md) does the same for any file.

Weights are random, which does not change speed. "Capped to VNNI" is an AWS C5's instruction set (Cascade
Lake: no AMX, no BF16), emulated on this machine; clock rates, caches and memory are this machine's.
"""

INT8 = """## INT8 against MXNet

`{command}`; {where}

GluonCV 0.5 published INT8, fused, over plain MXNet FP32 on a C5.12xlarge. So part of its ratio is fusion,
which the column "MXNet fused" shows by itself. All columns are times as fast as plain MXNet FP32 in the
same rounds: the network on batches of the size given, a detector's suppression included. A batch below the
published one was halved until all variants fit into memory and a call took seconds only. Goal: our INT8 at
least as far ahead as GluonCV's.
"""

PRUNED = """## Pruned networks

`{command}`; {where}

Times as fast as the unpruned network in FP32, in the same rounds. GluonCV 0.4 published FP32 over FP32;
top-1 is GluonCV's, after its training.
"""

THROUGHPUT = """## Detector against benchmark_app

`{command}`; {where}

Frames per second from the frame to the result in Python, hint `throughput`, over what OpenVINO's own
benchmark_app says of the network alone. Goal: 0.95.
"""

NOTHING = "No table has been measured yet: `python benchmarks/table_int8.py` starts with the first."

ZOO = """## The zoo

`{command}`; {where}

Frames per second, frame to result, batch 1.
"""


def where(document: Record) -> str:
    """Name processor, system and versions."""
    machine = document["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return f"{machine['cpu']} ({', '.join(machine['cpu_flags'])}), {machine['cores']} CPUs; {versions}"


def page() -> str:
    """Format all tables that there are results of."""
    sections = [INTRODUCTION]
    for name, format_table in TABLES.items():
        document = read_results(name)
        if document:
            sections.append("\n".join(format_table(document)))
    return "\n".join(sections if len(sections) > 1 else [*sections, NOTHING])


def format_int8(document: Record) -> Iterator[str]:
    yield INT8.format(command=document["command"], where=where(document))
    rows = document["rows"]
    for isa in ISAS:
        shown = {name: row for name, row in rows.items() if isa in row["runs"]}
        if shown:
            yield f"### {HEADINGS[isa]}\n"
            heads = (
                "network",
                "batch",
                "published",
                "GluonCV 0.5",
                "0.4",
                "MXNet fused",
                "MXNet INT8",
                *OURS,
            )
            yield from table(
                (*heads, "goal"), [list(int8_cells(name, row, isa)) for name, row in shown.items()]
            )
            yield ""
            yield from kernels(shown, isa)


def int8_cells(name: str, row: Record, isa: str) -> Iterator[str]:
    published, found = row["published"], row["runs"][isa]["rows"]
    yield f"`{name}`"
    yield str(row["batch"])
    yield str(published["batch"])
    yield f"{published['gluoncv_05']:.2f}"
    yield f"{published['gluoncv_04']:.2f}" if published["gluoncv_04"] else ""
    for title in (FUSED, QUANTIZED, *(f"openvino {form}" for form in OURS)):
        yield ratio(found.get(title), PLAIN)
    ours = best_int8(found)
    yield "" if ours is None else ("yes" if ours >= published["gluoncv_05"] else "**no**")


def best_int8(found: Record) -> float | None:
    """The larger ratio of our INT8 forms; None where there is none."""
    ratios = [found[title]["ratios"][PLAIN]["median"] for title in ("openvino INT8", "openvino INT8 + BF16")
              if title in found and PLAIN in found[title]["ratios"]]  # fmt: skip
    return max(ratios, default=None)


def ratio(row: Record | None, base: str) -> str:
    """Spell a ratio with its range; nothing where it was not measured."""
    if row is None or base not in row["ratios"]:
        return ""
    found = row["ratios"][base]
    return f"{found['median']:.2f} ({found['low']:.2f}-{found['high']:.2f})"


def kernels(rows: Record, isa: str) -> Iterator[str]:
    """Say which kernels our time goes to, by network and form."""
    lines = []
    for name, row in rows.items():
        for form in ("FP32", "INT8"):
            found = row["runs"][isa]["rows"].get(f"openvino {form}")
            if found and found["kernels"]:
                shown = ", ".join(f"{100 * kernel['share']:.0f} % {kernel['count']} {kernel['layer']} in "
                                  f"`{kernel['kernel']}`" for kernel in found["kernels"][:3])  # fmt: skip
                lines.append([f"`{name}`", form, f"{100 * found['int8_share']:.0f} %", shown])
    if lines:
        yield f"Where the time goes, {CAPS[isa]}, by OpenVINO's counters:\n"
        yield from table(("network", "form", "in 8-bit kernels", "most of it"), lines, right=(2,))
        yield ""


def format_pruned(document: Record) -> Iterator[str]:
    yield PRUNED.format(command=document["command"], where=where(document))
    for isa in ISAS:
        shown = {name: row for name, row in document["rows"].items() if isa in row["runs"]}
        if shown:
            yield f"### {HEADINGS[isa]}\n"
            heads = ("network", "top-1 %", "published", "FP32", "BF16", "INT8", "INT8 over unpruned INT8")
            yield from table(heads, [list(pruned_cells(name, row, isa)) for name, row in shown.items()])
            yield ""


def pruned_cells(name: str, row: Record, isa: str) -> Iterator[str]:
    published, found = row["published"], row["runs"][isa]["rows"]
    yield f"`{name}`"
    yield f"{published['top1']:.2f}"
    yield f"{published['speedup']:.2f}"
    for form in ("FP32", "BF16", "INT8"):
        yield ratio(found.get(f"openvino pruned {form}"), "openvino FP32")
    yield ratio(found.get("openvino pruned INT8"), "openvino INT8")


def format_throughput(document: Record) -> Iterator[str]:
    yield THROUGHPUT.format(command=document["command"], where=where(document))
    lines = [[f"`{name}`", form, f"{found['benchmark_app']['median']:.1f}",
              f"{found['frames_per_second']['median']:.1f}", span(found["ratio"])]
             for name, row in document["rows"].items() for form, found in row["forms"].items()]  # fmt: skip
    yield from table(
        ("network", "form", "benchmark_app, 1/s", "Detector, 1/s", "ratio"), lines, right=(2, 3, 4)
    )
    yield ""


def span(found: Record) -> str:
    return f"{found['median']:.3f} ({found['low']:.3f}-{found['high']:.3f})"


def format_zoo(document: Record) -> Iterator[str]:
    yield ZOO.format(command=document["command"], where=where(document))
    measured = {name: row for name, row in document["rows"].items() if "runs" in row}
    for task in sorted({row["task"] for row in measured.values()}):
        yield f"### {task.replace('_', ' ').capitalize()}\n"
        shown = {name: row for name, row in measured.items() if row["task"] == task}
        heads = ("network", *(f"{form}, {CAPS[isa]}" for isa in ISAS for form in OURS))
        yield from table(heads, [list(zoo_cells(name, row)) for name, row in shown.items()])
        yield ""
    yield from (f"- `{name}`: {row['reason']}" for name, row in document["rows"].items() if "reason" in row)


def zoo_cells(name: str, row: Record) -> Iterator[str]:
    yield f"`{name}`"
    for isa in ISAS:
        found = row["runs"].get(isa, {"rows": {}})["rows"]
        for form in OURS:
            title = f"openvino {form}"
            yield f"{found[title]['throughput']['median']:.1f}" if title in found else ""


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] | None = None
) -> Iterator[str]:
    """Give the lines of a table; all columns but the first are aligned to the right unless told otherwise."""
    chosen = range(1, len(heads)) if right is None else right
    yield f"| {' | '.join(heads)} |"
    yield "|" + "".join("---:|" if place in chosen else "---|" for place in range(len(heads)))
    yield from (f"| {' | '.join(row)} |" for row in rows)


TABLES = {
    "table_int8": format_int8,
    "table_pruned": format_pruned,
    "table_throughput": format_throughput,
    "table_zoo": format_zoo,
}


def main() -> None:
    text = page().rstrip() + "\n"
    if "--check" in sys.argv:
        is_same = PAGE.exists() and PAGE.read_text() == text
        sys.exit(
            0
            if is_same
            else "docs/benchmarks.md: is not what benchmarks/results give: python benchmarks/page.py"
        )
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
