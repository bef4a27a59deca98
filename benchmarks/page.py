"""Write docs/benchmarks.md from benchmarks/results alone: python benchmarks/page.py [--check]"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from explaining import (
    FLOAT,
    FUSED,
    INT8,
    PLAIN,
    QUANTIZED,
    VNNI_GAIN,
    best_int8,
    explain_int8,
    explain_pruned,
    has_profile,
    list_kinds,
    percent,
    share_of,
    speed_up,
    vnni_limit,
)
from harness import RESULTS, ROOT, read_results
from markdown_table import table

from gcv_edge.measure.statistics import NOISY

PAGE = ROOT / "docs" / "benchmarks.md"
Record = Mapping[str, Any]

CAPS = {"native": "uncapped", "vnni": "capped to VNNI", "avx512": "capped to AVX-512 without VNNI"}
GOAL = 0.95
STAGE_HEADS = ("pre ms", "network ms", "post ms")
OURS = ("FP32", "BF16", "INT8", "INT8 + BF16")

INTRODUCTION = """# Benchmarks

Every number on this page comes from `benchmarks/results`, and this page from `python benchmarks/page.py`;
none was typed. Each table has the command that measures it again, wholly or, with `--names`, row by row.
What is compared was measured in turn (A B A B ...), each in a process of its own, and a ratio is the median
of the rounds' ratios, with the smallest and the largest. [Benchmark your own model](benchmark.md) does the
same for any file.

Weights are random, which does not change speed. "Capped to VNNI" is an AWS C5's instruction set (Cascade
Lake: no AMX, no BF16), emulated on this machine; clock rates, caches and memory are this machine's.
"""

INT8_TEXT = """## INT8 against MXNet

{how}

GluonCV 0.5 published INT8, fused, over plain MXNet FP32 on 24 cores of a C5 with VNNI (Cascade Lake). So
part of its ratio is fusion, which the column "MXNet fused" shows by itself. "MXNet INT8" is the published
form itself: where it is less ahead here than published, the machines differ. GluonCV 0.4's figures are of a
C5.18xlarge (Skylake), which has no VNNI: `--isa avx512` measures under such a cap. All columns are times as
fast as plain MXNet FP32 in the same rounds: the network on batches of the size given, a detector's
suppression included. A batch below the published one was halved until all forms fitted into memory and a
row into its time. Files of 8 bits were calibrated under the cap that they are measured with. Goal: our INT8
at least as far ahead as GluonCV 0.5's.
"""

PRUNED_TEXT = """## Pruned networks

{how}

Times as fast as the unpruned network in FP32, in the same rounds. GluonCV 0.4 published FP32 over FP32;
top-1 is GluonCV's, after its training. GluonCV's widths are multiples of 8. Kernels compute 16 results at
once, and 64 inputs in 8 bits with AMX; what does not fill these is lost: time shrinks less than the work, and
least where arithmetic is cheapest.
"""

LAYERS_TEXT = """Where the time goes, {cap}, in ms a picture and shares: plain MXNet, which the published
ratio is over, and our fastest 8-bit form. OpenVINO's arithmetic is what it does element by element outside
convolutions.
"""

THROUGHPUT_TEXT = """## Detector against benchmark_app

{how}

Frames per second from the frame to the result in Python, hint `throughput`, over what OpenVINO's own
benchmark_app says of the network alone. Goal: 0.95.
"""

NOTHING = "No table has been measured yet: `python benchmarks/table_int8.py` starts with the first."

ZOO_TEXT = """## The zoo

{how}

Frames per second, frame to result, batch 1: {count} names, the smallest first. 8 bits were made quickly,
without looking for layers that have no 8-bit kernel.
"""


def describe_run(document: Record) -> str:
    """Say with what commands, when and where a table was measured."""
    runs = [run for row in document["rows"].values() for run in row.get("runs", {}).values()]
    commands = dict.fromkeys(run["command"] for run in runs)
    days = sorted({run["date"][:10] for run in runs})
    when = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else document["date"][:10]
    machine = document["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    told = ", ".join(f"`{command}`" for command in commands or [document["command"]])
    flags = ", ".join(machine["cpu_flags"])
    return f"{told}; {when}; {machine['cpu']} ({flags}), {machine['cores']} CPUs; {versions}"


def page(folder: Path = RESULTS) -> str:
    """Format all tables that there are results of."""
    sections = [INTRODUCTION]
    for name, format_table in TABLES.items():
        document = read_results(name, folder)
        if document:
            sections.append("\n".join(format_table(document)))
    return "\n".join(sections if len(sections) > 1 else [*sections, NOTHING])


def runs_of(document: Record, isa: str) -> dict[str, tuple[Record, Record]]:
    """Return rows that were measured under a cap: the row, and the run's forms."""
    return {
        name: (row, row["runs"][isa]["rows"])
        for name, row in document["rows"].items()
        if isa in row.get("runs", {})
    }


def format_int8(document: Record) -> Iterator[str]:
    yield INT8_TEXT.format(how=describe_run(document))
    heads = (
        "network",
        "batch",
        "published",
        "GluonCV 0.5",
        "0.4",
        "MXNet fused",
        "MXNet INT8",
        *OURS,
        "goal",
    )
    for isa in CAPS:
        shown = runs_of(document, isa)
        if shown:
            yield f"### {CAPS[isa][0].upper()}{CAPS[isa][1:]}\n"
            yield from table(heads, [list(int8_cells(name, *row)) for name, row in shown.items()])
            yield ""
            yield from describe_goal(shown, isa)
            yield from list_remarks(document, isa)
            yield from layers(shown, isa)
            yield from (f"- `{name}`: {explain_int8(*row, isa)}" for name, row in shown.items())
            yield ""
    yield from list_refused(document)
    yield from detectors(document)


def int8_cells(name: str, row: Record, found: Record) -> Iterator[str]:
    published = row["published"]
    yield f"`{name}`"
    yield ", ".join(dict.fromkeys(str(form["batch"]) for form in found.values()))
    yield str(published["batch"])
    yield f"{published['gluoncv_05']:.2f}"
    yield f"{published['gluoncv_04']:.2f}" if published["gluoncv_04"] else ""
    for title in (FUSED, QUANTIZED, *(f"openvino {form}" for form in OURS)):
        yield ratio(found.get(title), PLAIN)
    yield {None: "", True: "yes", False: "**no**"}[reaches(row, found)]


def reaches(row: Record, found: Record) -> bool | None:
    """Whether our faster 8-bit form is as far ahead as the published one; None where it was not measured."""
    best = best_int8(found)
    ours = speed_up(found, best, PLAIN) if best is not None else None
    return None if ours is None else ours >= row["published"]["gluoncv_05"]


def describe_goal(shown: Mapping[str, tuple[Record, Record]], isa: str) -> Iterator[str]:
    """Count the rows that reach the goal, and those that VNNI's arithmetic keeps from it."""
    verdicts = [reaches(*row) for row in shown.values()]
    beyond = sum(reaches(*row) is False and is_beyond(*row, isa) for row in shown.values())
    told = f"; {beyond} of the others could not, were 8 bits {VNNI_GAIN} times as fast as our FP32"
    yield f"Goal reached by {verdicts.count(True)} of {len(verdicts)} networks{told if beyond else ''}.\n"


def is_beyond(row: Record, found: Record, isa: str) -> bool:
    """Whether VNNI's arithmetic keeps a row from the published ratio."""
    limit = vnni_limit(found, isa)
    return limit is not None and limit < row["published"]["gluoncv_05"]


def ratio(row: Record | None, base: str) -> str:
    """Spell a ratio with its range; nothing where it was not measured."""
    if row is None or base not in row["ratios"]:
        return ""
    found = row["ratios"][base]
    return f"{found['median']:.2f} ({found['low']:.2f}-{found['high']:.2f})"


def list_remarks(document: Record, isa: str) -> Iterator[str]:
    """Say what was left out, which figures wavered, and which caps were not obeyed."""
    lines = []
    for name, row in document["rows"].items():
        run = row.get("runs", {}).get(isa, {"rows": {}, "left_out": [], "notes": []})
        lines += [f"- `{name}`, {left['variant']}: left out, {left['reason']}" for left in run["left_out"]
                  if "has no bf16" not in left["reason"]]  # fmt: skip
        waver = max((form["waver"] for form in run["rows"].values()), default=0.0)
        if waver > NOISY:
            lines.append(f"- `{name}`: rounds of one form differ by {percent(waver)} between quartiles")
        lines += [f"- `{name}`: {note}" for note in run["notes"] if "not obeyed" in note]
    yield from [*lines, ""] if lines else []


def list_refused(document: Record) -> Iterator[str]:
    """Say which rows could not be measured, and why."""
    lines = [f"- `{name}`: {row['reason']}" for name, row in document["rows"].items() if "reason" in row]
    yield from ["Not measured:\n", *lines, ""] if lines else []


def layers(shown: Mapping[str, tuple[Record, Record]], isa: str) -> Iterator[str]:
    """Show the parts of the time by kinds of layers, before and after."""
    forms = [(name, title, found[title]) for name, (_, found) in shown.items()
             for title in (PLAIN, best_int8(found)) if title and has_profile(found.get(title))]  # fmt: skip
    if not forms:
        return
    kinds = list_kinds([form for _, _, form in forms])
    yield LAYERS_TEXT.format(cap=CAPS[isa])
    yield from table(
        ("network", "form", "ms", *kinds, "8-bit kernels"),
        [
            [f"`{name}`", title, f"{sum(form['kinds_ms'].values()) / form['batch']:.2f}",
             *(percent(share_of(form, kind)) if kind in form["kinds_ms"] else "" for kind in kinds),
             percent(form["int8_share"]) if title != PLAIN else ""]
            for name, title, form in forms
        ],
    )  # fmt: skip
    yield ""


def detectors(document: Record) -> Iterator[str]:
    """Show frame to result beside benchmark_app, from the same runs."""
    rows = {
        name: {isa: run["detector"] for isa, run in row.get("runs", {}).items() if "detector" in run}
        for name, row in document["rows"].items()
    }
    if any(rows.values()):
        yield "### Detectors, frame to result\n"
        yield f"Frames per second of `Detector`, hint `throughput`, over benchmark_app's. Goal: {GOAL}.\n"
        yield from rate_table(rows)


def rate_table(rows: Mapping[str, Mapping[str, Record]]) -> Iterator[str]:
    """Show rates by network, cap and form."""
    lines = [[f"`{name}`", CAPS[isa], form, f"{found['benchmark_app']['median']:.1f}",
              f"{found['frames_per_second']['median']:.1f}", span(found["ratio"]), *stage_cells(found),
              "yes" if found["ratio"]["median"] >= GOAL else "**no**"]
             for name, row in rows.items() for isa, forms in row.items()
             for form, found in forms.items()]  # fmt: skip
    heads = ("network", "", "form", "benchmark_app, 1/s", "Detector, 1/s", "ratio", *STAGE_HEADS, "goal")
    yield from table(heads, lines, right=range(3, 9))
    yield ""


def stage_cells(found: Record) -> Iterator[str]:
    """Give the milliseconds of the stages of a frame, which say what is between the two rates."""
    (row,) = found["last"]["rows"].values()
    yield from (f"{row['stages_ms'][stage]:.2f}" for stage in ("preprocess", "inference", "postprocess"))


def format_pruned(document: Record) -> Iterator[str]:
    yield PRUNED_TEXT.format(how=describe_run(document))
    heads = ("network", "top-1 %", "published", "FP32", "BF16", "INT8", "INT8 over unpruned INT8")
    for isa in CAPS:
        shown = runs_of(document, isa)
        if shown:
            yield f"### {CAPS[isa][0].upper()}{CAPS[isa][1:]}\n"
            yield from table(heads, [list(pruned_cells(name, *row)) for name, row in shown.items()])
            yield ""
            yield from list_remarks(document, isa)
            yield from (f"- `{name}`: {explain_pruned(*row)}" for name, row in shown.items())
            yield ""
    yield from list_refused(document)


def pruned_cells(name: str, row: Record, found: Record) -> Iterator[str]:
    published = row["published"]
    yield f"`{name}`"
    yield f"{published['top1']:.2f}"
    yield f"{published['speedup']:.2f}"
    for form in ("FP32", "BF16", "INT8"):
        yield ratio(found.get(f"openvino pruned {form}"), FLOAT)
    yield ratio(found.get("openvino pruned INT8"), INT8)


def format_throughput(document: Record) -> Iterator[str]:
    yield THROUGHPUT_TEXT.format(how=describe_run(document))
    rows = {
        name: {isa: run["forms"] for isa, run in row.get("runs", {}).items()}
        for name, row in document["rows"].items()
    }
    yield from rate_table(rows)
    yield from list_refused(document)


def span(found: Record) -> str:
    return f"{found['median']:.3f} ({found['low']:.3f}-{found['high']:.3f})"


def format_zoo(document: Record) -> Iterator[str]:
    measured = {name: row for name, row in document["rows"].items() if row.get("runs")}
    yield ZOO_TEXT.format(how=describe_run(document), count=len(measured))
    columns = [(isa, form) for isa in CAPS for form in OURS
               if any(zoo_cell(row, isa, form) for row in measured.values())]  # fmt: skip
    for task in sorted({row["task"] for row in measured.values()}):
        yield f"### {task.replace('_', ' ').capitalize()}\n"
        shown = {name: row for name, row in measured.items() if row["task"] == task}
        heads = ("network", *(f"{form}, {CAPS[isa]}" for isa, form in columns))
        yield from table(
            heads,
            [[f"`{name}`", *(zoo_cell(row, *column) for column in columns)] for name, row in shown.items()],
        )
        yield ""
    yield from list_refused(document)


def zoo_cell(row: Record, isa: str, form: str) -> str:
    """Spell the frames per second of a form; nothing where it was not measured."""
    found = row["runs"].get(isa, {"rows": {}})["rows"].get(f"openvino {form}")
    return f"{found['throughput']['median']:.1f}" if found else ""


TABLES = {
    "table_int8": format_int8,
    "table_pruned": format_pruned,
    "table_throughput": format_throughput,
    "table_zoo": format_zoo,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail unless the page is up to date")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder")
    parser.add_argument("--output", type=Path, default=PAGE)
    arguments = parser.parse_args()
    text = page(arguments.results).rstrip() + "\n"
    if not arguments.check:
        arguments.output.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        sys.exit("docs/benchmarks.md: is not what benchmarks/results give: python benchmarks/page.py")


if __name__ == "__main__":
    main()
