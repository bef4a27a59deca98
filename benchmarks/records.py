"""What is known, as JSON under keys, so that an interrupted program continues.

A record is a file ``NAME.json``. A sweep whose children work side by side has one for each name; the results
of a benchmark are one record, whose ``rows`` are by key, with the machine of the last run:

    {"name": "int8", "command": "python -m benchmarks.int8", "date": "2026-11-22T08:37:57+00:00",
     "machine": {"cpu": ...}, "threads": 2, "rows": {"resnet50_v1": {...}, ...}}
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.command_line import command
from gcv_edge.errors import GcvEdgeError
from gcv_edge.files import replacing
from gcv_edge.measure.machine import describe_machine, find_version

Record = dict[str, Any]

PROCESSOR = ("cpu", "cpu_flags", "cores")
"""What a machine's description says of its processor; models that differ in what they can do share a name."""
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = (
    "numpy", "opencv-python-headless", "opencv-python", "openvino", "onnxruntime", "onnx", "mxnet", "gluoncv",
)  # fmt: skip


class Records:
    """The records in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other sweeps out of the folder.

        Raises:
            GcvEdgeError: another one is at work there.
        """
        with (self.folder / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise GcvEdgeError(f"{self.folder}: another sweep is at work here") from error
            yield

    def path(self, name: str) -> Path:
        """File of a name."""
        return self.folder / f"{name}.json"

    def read(self, name: str) -> Record | None:
        """Return a name's record, None where there is none yet."""
        path = self.path(name)
        return json.loads(path.read_text()) if path.exists() else None

    def write(self, record: Record) -> None:
        """Keep a record, whole or not at all."""
        with replacing(self.path(record["name"])) as temporary:
            temporary.write_text(json.dumps(record, indent=1) + "\n")

    def read_all(self, names: Iterable[str]) -> list[Record]:
        """Return the records that exist, in the order of the names."""
        found = (self.read(name) for name in names)
        return [record for record in found if record is not None]


class Results:
    """The rows of one benchmark, kept after each.

    Rows of other versions or under other facts are not taken over, nor those of another processor where rows
    are compared.

    Args:
        name: of the benchmark.
        folder: of the results.
        again: keys of rows that are measured anew; they are kept until then.
        order: of the rows; others come last.
        one_processor: rows are compared. False: each stands for itself, and names its ``processor``.
        facts: that hold for all rows.
    """

    def __init__(
        self,
        name: str,
        folder: Path = RESULTS,
        again: Collection[str] = (),
        order: Sequence[str] = (),
        one_processor: bool = True,
        **facts: Any,
    ) -> None:
        self._name, self._folder, self._facts = name, folder, facts
        self._one_processor = one_processor
        stored = Records(folder).read(name) or {}
        wanted = {"machine": machine(), **facts}
        alike = (*(PROCESSOR if one_processor else ()), "versions")
        is_alike = identity(stored, alike, facts) == identity(wanted, alike, facts)
        self._rows: dict[str, Record] = dict(stored["rows"]) if is_alike else {}
        self._outdated = set(again)
        self._places = {key: place for place, key in enumerate(order)}

    def __contains__(self, key: str) -> bool:
        return key in self._rows and key not in self._outdated

    def row(self, key: str) -> Record:
        """Return what is known of a row."""
        return self._rows[key] if key in self else {}

    def put(self, key: str, row: Record) -> None:
        """Keep a row."""
        self._rows[key] = row
        self._outdated.discard(key)
        ordered = sorted(self._rows, key=lambda name: self._places.get(name, len(self._places)))
        rows = {name: self._rows[name] for name in ordered}
        write_results(self._name, rows, self._folder, **self._facts)

    def fill(self, keys: Iterable[str], measure: Callable[[str], Record]) -> None:
        """Measure the rows that are not there yet."""
        for key in keys:
            if key in self:
                print(f"{key}: is there already (--again measures it anew)", flush=True)
            else:
                processor = {} if self._one_processor else {"processor": spell_processor()}
                self.put(key, {**measure(key), **circumstances(), **processor})


def identity(document: Mapping[str, Any], alike: Iterable[str], facts: Iterable[str]) -> Record:
    """Return what must be the same for rows to stand side by side: facts of the machine, and others."""
    described = document.get("machine", {})
    return {key: described.get(key) for key in alike} | {key: document.get(key) for key in facts}


def spell_processor() -> str:
    """Name the processor, its cores, and what it has for 8 bits."""
    described = machine()
    flags = " ".join(described["cpu_flags"])
    has = next((name for name in ("AMX", "VNNI") if name.lower() in flags), "no VNNI")
    return f"{described['cpu']}, {described['cores']} cores, {has}"


def write_results(name: str, rows: Mapping[str, Any], folder: Path = RESULTS, **facts: Any) -> Path:
    """Keep a benchmark's rows with machine, date and command; return their file."""
    head = {"name": name, "command": command(), "date": now(), "machine": machine()}
    Records(folder).write({**head, **facts, "rows": dict(rows)})
    return Records(folder).path(name)


def machine() -> Record:
    """Describe processor, system and the versions of what is measured."""
    found = describe_machine()
    found["cores"] = found.pop("usable_cpus")
    found["versions"] = {name: version for name in PACKAGES if (version := find_version(name))}
    return found


def circumstances() -> Record:
    """Return when and how something was measured."""
    return {"command": command(), "date": now(), "load_average": round(os.getloadavg()[0], 2)}


def now() -> str:
    """Return the time, to the second."""
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
