"""From a sweep's records to the table that ships with the package and the page docs/zoo.md."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from benchmarks.pages import ZOO_PAGE, ZOO_TABLE, write_page
from benchmarks.records import Record, machine, now
from gcv_edge.files import replacing

NOTES = (
    (r"siamrpn_", "two files: the template's, computed once, and the search's, computed for each frame"),
    (r"monodepth2_.*posenet", "a part: motion between two frames, side by side as six channels"),
    (r"monodepth2_", "the depth network; the motion between frames is *_posenet_*"),
    (r".*_int8", "8-bit, with MXNet's own ranges; errors are root mean squares, speeds those of 8 bits"),
)
"""What must be known of a name before it is exported."""

TIMED = ("export_seconds", "peak_over_params", "milliseconds")
"""Figures that depend on the machine, and on what else it does."""


def publish(records: Iterable[Record], threads: int) -> None:
    """Write the table and the page.

    Args:
        records: of all names.
        threads: with which they were timed; 0 where they were only compared, and the times of the table that
            is there stay.
    """
    document = make_document(records, threads)
    if not threads:
        keep_times(document, json.loads(ZOO_TABLE.read_text()))
    rows = ",\n".join(f"  {json.dumps(row)}" for row in document["names"])
    head = json.dumps({key: value for key, value in document.items() if key != "names"}, indent=1)
    with replacing(ZOO_TABLE) as temporary:
        temporary.write_text(f'{head[:-2]},\n "names": [\n{rows}\n ]\n}}\n')
    write_page(ZOO_PAGE)


def make_document(records: Iterable[Record], threads: int) -> dict[str, Any]:
    """Collect what is published."""
    circumstances = {"date": now()[:10], "machine": machine()}
    return {
        **circumstances,
        "times": {**circumstances, "threads": threads},
        "names": [dict(describe(record)) for record in records],
    }


def keep_times(document: dict[str, Any], earlier: Mapping[str, Any]) -> None:
    """Take the times of an earlier table, and where they were measured."""
    rows = {row["name"]: row for row in earlier["names"]}
    document["times"] = earlier["times"]
    for row in document["names"]:
        row |= {key: rows[row["name"]][key] for key in TIMED if key in row}


def describe(record: Record) -> Iterator[tuple[str, Any]]:
    """Give the published facts of a name."""
    yield from ((key, record[key]) for key in ("name", "verdict"))
    yield "note", next((note for pattern, note in NOTES if re.match(pattern, record["name"])), "")
    if "parity" not in record:
        yield "reason", record["reason"]
        return
    parts = record.get("parts", [record])
    yield "task", record["task"]
    yield "inputs", [shape for part in parts for shape in part["inputs"]]
    yield "files", len(parts)
    for key in ("operators", "nodes", "bytes"):
        yield key, sum(part[key] for part in parts)
    yield "distinct", max(part["distinct"] for part in parts)
    yield "export_seconds", round(sum(part["export"]["seconds"] for part in parts), 2)
    peaks = [part["export"]["peak_over_params"] for part in parts]
    yield "peak_over_params", None if None in peaks else max(peaks)
    engines = parts[0]["parity"]
    yield "parity", {engine: max(part["parity"][engine]["worst"] for part in parts) for engine in engines}
    yield "rows", parts[0]["parity"]["openvino"].get("rows", 0)
    yield "ties", max(found.get("ties", 0) for found in parts[0]["parity"].values())
    times = {engine: sum(part["speed"][engine] for part in parts) for engine in record.get("speed", ())}
    yield "milliseconds", {engine: float(f"{time:.4g}") for engine, time in times.items()}
