"""What is known of each name, one JSON file per name, so that an interrupted sweep goes on where it was."""

from __future__ import annotations

import contextlib
import fcntl
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gcv_edge.errors import GcvEdgeError
from gcv_edge.files import replacing

Record = dict[str, Any]

PHASES = (PARITY := "parity", SPEED := "speed")
"""What is done with each name, in this order: the first begins its record, the second adds to it."""

PASSED, FAILED, UNBUILDABLE = "passed", "failed", "not in GluonCV"
"""Verdicts: it agrees with MXNet; it does not, or does not export; GluonCV itself cannot make it."""

UNBUILDABLE_NAMES = ("custom_faster_rcnn_fpn", "resnet101_v1b_gn", "resnet50_v1b_gn")
"""Names that no installation of GluonCV 0.10.5 can build or trace; any other name must pass."""


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


def is_expected(record: Record) -> bool:
    """Tell whether a name's verdict is as it must be."""
    return bool(record["verdict"] == (UNBUILDABLE if record["name"] in UNBUILDABLE_NAMES else PASSED))


def merge(earlier: Record, later: Record) -> Record:
    """Add a later phase's record to an earlier one's, part by part where there are several."""
    parts = [
        {**one, **other} for one, other in zip(earlier.get("parts", ()), later.get("parts", ()), strict=False)
    ]
    return {**earlier, **later, **({"parts": parts} if parts else {})}
