"""What a benchmark found: one row for each variant and batch, what was left out, notes and advice."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gcv_edge import __version__
from gcv_edge.benchmarking.advice import advise
from gcv_edge.benchmarking.notes import find_caveats, find_noise
from gcv_edge.benchmarking.rows import Measurement, Row, make_row
from gcv_edge.benchmarking.settings import Settings
from gcv_edge.benchmarking.variants import Variant
from gcv_edge.measure.isa import cap_notes
from gcv_edge.measure.machine import describe_machine


@dataclass(frozen=True)
class LeftOut:
    """A variant that could not be measured."""

    variant: Variant
    batch: int
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "family": self.variant.family,
            "variant": self.variant.title,
            "batch": self.batch,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Benchmark:
    """What a benchmark found.

    Attributes:
        rows: one for each variant and batch.
        settings: how it was measured.
        frames: what on.
        machine: where.
        date: when, UTC.
        left_out: what could not be measured.
        notes: what a reader should know.
    """

    rows: tuple[Row, ...]
    settings: Settings
    frames: str
    machine: Mapping[str, Any]
    date: str
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def advice(self) -> str:
        """Which variant to deploy here and why, in a sentence."""
        return advise(self.rows, self.settings)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "gcv_edge": __version__,
            "date": self.date,
            "machine": dict(self.machine),
            "settings": asdict(self.settings),
            "frames": self.frames,
            "rows": [row.to_dict() for row in self.rows],
            "left_out": [left.to_dict() for left in self.left_out],
            "notes": list(self.notes),
            "advice": self.advice,
        }

    def to_csv(self) -> str:
        """Return the rows as CSV with a line of headings."""
        records = [flatten(row.to_dict()) for row in self.rows]
        headings = list(dict.fromkeys(key for record in records for key in record))
        stream = io.StringIO()
        writer = csv.DictWriter(stream, headings, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
        return stream.getvalue()


def collect(
    measured: Sequence[tuple[Variant, Measurement]],
    settings: Settings,
    frames: str,
    left_out: Sequence[LeftOut] = (),
) -> Benchmark:
    """Make rows of what was measured, and notes."""
    rows = tuple(make_row(variant, found, measured) for variant, found in measured)
    engines = {row.variant.engine for row in rows}
    notes = [*cap_notes(settings.isa, engines), *find_noise(rows), *find_caveats(rows, settings)]
    date = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return Benchmark(rows, settings, frames, describe_machine(), date, tuple(left_out), tuple(notes))


def flatten(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give nested values names with dots; lists are left out."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            found |= flatten(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            found[prefix + key] = value
    return found
