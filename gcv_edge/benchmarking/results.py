"""What a benchmark found: one row for each variant and batch, ratios within each round, and notes."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gcv_edge import __version__
from gcv_edge.benchmarking.isa import is_beyond, uncapped
from gcv_edge.benchmarking.machine import describe_machine
from gcv_edge.benchmarking.settings import Settings
from gcv_edge.benchmarking.statistics import (
    NOISY,
    Spread,
    median,
    percentile,
    ratios,
    shorten,
    spread,
    waver,
)
from gcv_edge.benchmarking.turns import Turn
from gcv_edge.benchmarking.variants import Variant
from gcv_edge.points import to_points

STAGES = ("preprocess", "inference", "postprocess", "total")
SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
POST_IN_GRAPH = ("detection", "instance_segmentation")
"""Tasks whose suppression is part of GluonCV's graph, so that it counts as the network's time here too."""


@dataclass
class Recorded:
    """What a worker said of one variant and batch.

    Attributes:
        batch: frames per call.
        facts: of loading.
        turns: one per round.
        networks: one per round, of the network alone; none where it was not measured.
        layers: kernels by their time, where they were asked for.
    """

    batch: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    networks: list[Turn] = field(default_factory=list)
    layers: Sequence[Mapping[str, Any]] = ()

    def add(self, turn: Turn, network: Turn | None) -> None:
        """Take in a round."""
        self.turns.append(turn)
        if network is not None:
            self.networks.append(network)


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
class Ratio:
    """How many times as fast as something else, from the rounds that both took part in.

    Attributes:
        total: from the frame to the result.
        network: the network with a detector's suppression.
    """

    total: Spread
    network: Spread


@dataclass(frozen=True)
class Row:
    """One variant with one batch.

    Attributes:
        variant: what was measured.
        batch: frames per call.
        engine: name and version.
        precision: what float operations were computed in.
        streams: calls side by side.
        threads: that the engine computes with.
        stages: p50, p90 and p99 of a call by stage, milliseconds.
        throughput: frames per second from frame to result, by rounds.
        network_throughput: frames per second of the network alone, by rounds; None where not measured.
        network: milliseconds of a call in the network with a detector's suppression, by rounds.
        rounds: turns that were taken.
        waver: distance of the rounds' quartiles as a part of their middle.
        startup: seconds of ``import``, ``load`` and ``first`` run.
        memory: bytes by which the process grew.
        ratios: by the title of what it is held against.
        layers: kernels by their time, where they were asked for.
    """

    variant: Variant
    batch: int
    engine: str
    precision: str
    streams: int
    threads: int
    stages: dict[str, dict[str, float]]
    throughput: Spread
    network_throughput: Spread | None
    network: Spread
    rounds: int
    waver: float
    startup: dict[str, float]
    memory: int | None
    ratios: dict[str, Ratio] = field(default_factory=dict)
    layers: Sequence[Mapping[str, Any]] = ()

    @property
    def startup_seconds(self) -> float:
        """Seconds from nothing to the first result."""
        return sum(self.startup.values())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        variant = self.variant
        network = self.network_throughput
        return {
            "family": variant.family,
            "variant": variant.name,
            "title": variant.title,
            "task": variant.task,
            "file": variant.model.name if variant.engine != "mxnet" else None,
            "is_reference": variant.is_reference,
            "engine": self.engine,
            "precision": self.precision,
            "streams": self.streams,
            "threads": self.threads,
            "batch": self.batch,
            "stages_ms": self.stages,
            "network_ms": self.network.to_dict(),
            "throughput": self.throughput.to_dict(),
            "network_throughput": network.to_dict() if network is not None else None,
            "rounds": self.rounds,
            "waver": shorten(self.waver),
            "startup_s": self.startup,
            "memory_bytes": self.memory,
            "size_bytes": variant.size,
            "accuracy": as_points(variant.accuracy),
            "metric": variant.metric,
            "agreement": as_points(variant.agreement),
            "measured": [one.to_dict() for one in variant.measured],
            "ratios": {
                title: {"total": ratio.total.to_dict(), "network": ratio.network.to_dict()}
                for title, ratio in self.ratios.items()
            },
            "layers": list(self.layers),
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
        from gcv_edge.benchmarking.advice import advise

        return advise(self)

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
    recorded: Sequence[tuple[Variant, Recorded]],
    settings: Settings,
    frames: str,
    left_out: Sequence[LeftOut] = (),
) -> Benchmark:
    """Make rows of what was recorded, and notes."""
    rows = tuple(make_row(variant, found, recorded) for variant, found in recorded)
    engines = {row.variant.engine for row in rows}
    notes = [*uncapped(settings.isa, engines), *find_noise(rows), *find_reservations(rows, settings)]
    date = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return Benchmark(rows, settings, frames, describe_machine(), date, tuple(left_out), tuple(notes))


def make_row(variant: Variant, found: Recorded, others: Iterable[tuple[Variant, Recorded]]) -> Row:
    """Summarise one variant, and hold it against its family's plain form and references."""
    facts = found.facts
    walls = [turn.frames / turn.wall for turn in found.turns]
    alone = [turn.frames / turn.wall for turn in found.networks]
    return Row(
        variant=variant,
        batch=found.batch,
        engine=facts["engine"],
        precision=facts["precision"],
        streams=facts["streams"],
        threads=facts["threads"],
        stages=summarise_stages(found.turns),
        throughput=spread(walls),
        network_throughput=spread(alone) if alone else None,
        network=spread(network_rounds(variant, found)),
        rounds=len(found.turns),
        waver=waver(total_rounds(found)),
        startup={name: shorten(facts[f"{name}_seconds"]) for name in ("import", "load", "first")},
        memory=facts["memory"],
        ratios={
            other.title: Ratio(
                ratios(speeds_total(found), speeds_total(theirs)),
                ratios(network_rounds(other, theirs), network_rounds(variant, found)),
            )
            for other, theirs in others
            if is_comparable(variant, found, other, theirs)
        },
        layers=found.layers,
    )


def is_comparable(variant: Variant, found: Recorded, other: Variant, theirs: Recorded) -> bool:
    """Tell whether a variant is held against another: its family's plain form, or a reference."""
    is_base = other.is_reference or (other.name == "FP32" and not variant.is_reference)
    is_same_case = other.family == variant.family and theirs.batch == found.batch
    return is_base and is_same_case and other != variant and len(theirs.turns) == len(found.turns)


def speeds_total(found: Recorded) -> list[float]:
    """Frames per second of each round."""
    return [turn.frames / turn.wall for turn in found.turns]


def total_rounds(found: Recorded) -> list[float]:
    """Middle of a call's milliseconds, of each round."""
    return [median(turn.stages["total"]) for turn in found.turns]


def network_rounds(variant: Variant, found: Recorded) -> list[float]:
    """Middle of the milliseconds that a call spends in the network, of each round.

    GluonCV's detectors end with their suppression, so that ours counts too.
    """
    names = ["inference", *(["postprocess"] if counts_post(variant) else [])]
    return [median([sum(times) for times in zip(*(turn.stages[name] for name in names), strict=True)])
            for turn in found.turns]  # fmt: skip


def counts_post(variant: Variant) -> bool:
    """Whether the post-processing is what the reference has in its graph."""
    return variant.task in POST_IN_GRAPH and variant.engine != "mxnet"


def summarise_stages(turns: Sequence[Turn]) -> dict[str, dict[str, float]]:
    """Percentiles of all calls, by stage."""
    return {
        stage: {
            name: shorten(percentile([time for turn in turns for time in turn.stages[stage]], share))
            for name, share in SHARES.items()
        }
        for stage in STAGES
    }


def find_noise(rows: Sequence[Row]) -> list[str]:
    """Warn of a machine that does something else meanwhile."""
    if not rows:
        return []
    worst = max(rows, key=lambda row: row.waver)
    if worst.waver <= NOISY:
        return []
    return [
        f"the machine is noisy: rounds of {worst.variant.title} differ by {100 * worst.waver:.0f} % between "
        "quartiles; ratios within rounds still mean something, single milliseconds little"
    ]


def find_reservations(rows: Sequence[Row], settings: Settings) -> list[str]:
    """Say what a reader may misunderstand."""
    notes = describe_stages(rows)
    if settings.hint == "throughput" and any(row.variant.engine == "mxnet" for row in rows):
        notes.append("MXNet has no streams: with --hint throughput it still runs one call after the other")
    notes += describe_missing(rows)
    if any("random weights" in row.variant.family for row in rows):
        notes.append("the weights are random: speed is real, results and accuracy mean nothing")
    notes += find_unequal_threads(rows)
    beyond = [row.variant.title for row in rows if runs_beyond(row, settings.isa)]
    if beyond:
        notes.append(f"--isa {settings.isa} was not obeyed: {', '.join(beyond)} ran kernels beyond it")
    if any(row.stages["preprocess"]["p50"] == 0 for row in rows):
        notes.append("where preprocessing is 0, the network was run on noise: no frames are made for it here")
    return notes


def describe_missing(rows: Sequence[Row]) -> list[str]:
    """Say why an accuracy that a file tells is not in the table, each variant once."""
    reasons = {row.variant.title: row.variant.without for row in rows if row.variant.without}
    return [
        f"accuracy of {title} is left empty: {reason} (gcv-edge val measures any file on the same pictures)"
        for title, reason in reasons.items()
    ]


def as_points(value: float | None) -> float | None:
    """Turn a part of one into points of 100."""
    return None if value is None else to_points(value)


def describe_stages(rows: Sequence[Row]) -> list[str]:
    """Say what files tell of the stages that made them, each file once."""
    told = {row.variant.model.name: row.variant.measured for row in rows if row.variant.measured}
    return [f"{name} says: {'; '.join(one.describe() for one in each)}" for name, each in told.items()]


def runs_beyond(row: Row, isa: str) -> bool:
    """Whether a row's profile, where there is one, has kernels that a cap rules out."""
    return any(is_beyond(isa, kernel["kernel"]) for kernel in row.layers)


def find_unequal_threads(rows: Sequence[Row]) -> list[str]:
    """Say when engines chose different numbers of threads for themselves."""
    numbers = {row.variant.engine: row.threads for row in rows}
    if len(set(numbers.values())) <= 1:
        return []
    chosen = ", ".join(f"{engine} {number}" for engine, number in numbers.items())
    return [f"engines took different numbers of threads ({chosen}): --threads makes them equal"]


def flatten(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Give nested values names with dots; lists are left out."""
    found: dict[str, Any] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            found |= flatten(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            found[prefix + key] = value
    return found
