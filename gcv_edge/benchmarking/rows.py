"""One row of a benchmark: what was measured of one variant with one batch, and ratios within each round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gcv_edge.benchmarking.variants import Variant
from gcv_edge.measure.calls import CallTimes
from gcv_edge.measure.statistics import Spread, ratios, relative_iqr, shorten, spread
from gcv_edge.points import to_points

STAGES = ("preprocess", "inference", "postprocess", "total")
SHARES = (50, 90, 99)
POST_IN_GRAPH = ("detection", "instance_segmentation")
"""Tasks whose suppression is part of GluonCV's graph, so that it counts as the network's time here too."""


@dataclass
class Measurement:
    """What a worker told of one variant and batch.

    Attributes:
        batch: frames per call.
        facts: of loading.
        rounds: from the picture to the result, one for each round.
        network_rounds: of the network alone; none where it was not measured.
        layers: kernels by their time, where they were asked for.
    """

    batch: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)
    rounds: list[CallTimes] = field(default_factory=list)
    network_rounds: list[CallTimes] = field(default_factory=list)
    layers: Sequence[Mapping[str, Any]] = ()

    def add(self, calls: CallTimes, network: CallTimes | None) -> None:
        """Take in a round."""
        self.rounds.append(calls)
        if network is not None:
            self.network_rounds.append(network)


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
        rounds: that were measured.
        relative_iqr: interquartile range of the rounds as a part of their median.
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
    relative_iqr: float
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
            "waver": shorten(self.relative_iqr),
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


def make_row(variant: Variant, found: Measurement, others: Iterable[tuple[Variant, Measurement]]) -> Row:
    """Summarise one variant, and hold it against its family's plain form and references."""
    facts = found.facts
    return Row(
        variant=variant,
        batch=found.batch,
        engine=facts["engine"],
        precision=facts["precision"],
        streams=facts["streams"],
        threads=facts["threads"],
        stages=summarise_stages(found.rounds),
        throughput=spread(speeds(found.rounds)),
        network_throughput=spread(speeds(found.network_rounds)) if found.network_rounds else None,
        network=spread(network_medians(variant, found)),
        rounds=len(found.rounds),
        relative_iqr=relative_iqr(total_medians(found)),
        startup={name: shorten(facts[f"{name}_seconds"]) for name in ("import", "load", "first")},
        memory=facts["memory"],
        ratios={
            other.title: Ratio(
                ratios(speeds(found.rounds), speeds(theirs.rounds)),
                ratios(network_medians(other, theirs), network_medians(variant, found)),
            )
            for other, theirs in others
            if is_comparable(variant, found, other, theirs)
        },
        layers=found.layers,
    )


def is_comparable(variant: Variant, found: Measurement, other: Variant, theirs: Measurement) -> bool:
    """Tell whether a variant is held against another: its family's plain form, or a reference."""
    is_base = other.is_reference or (other.is_baseline and not variant.is_reference)
    is_same_case = other.family == variant.family and theirs.batch == found.batch
    return is_base and is_same_case and other != variant and len(theirs.rounds) == len(found.rounds)


def speeds(rounds: Sequence[CallTimes]) -> list[float]:
    """Frames per second of each round."""
    return [calls.frames / calls.wall for calls in rounds]


def total_medians(found: Measurement) -> list[float]:
    """Median of a call's milliseconds, of each round."""
    return [float(np.median(calls.stages["total"])) for calls in found.rounds]


def network_medians(variant: Variant, found: Measurement) -> list[float]:
    """Median of the milliseconds that a call spends in the network, of each round.

    GluonCV's detectors end with their suppression, so that ours counts too.
    """
    names = ["inference", *(["postprocess"] if counts_post(variant) else [])]
    sums = [np.sum([calls.stages[name] for name in names], axis=0) for calls in found.rounds]
    return [float(np.median(milliseconds)) for milliseconds in sums]


def counts_post(variant: Variant) -> bool:
    """Whether the post-processing is what the reference has in its graph."""
    return variant.task in POST_IN_GRAPH and variant.engine != "mxnet"


def summarise_stages(rounds: Sequence[CallTimes]) -> dict[str, dict[str, float]]:
    """Percentiles of all calls, by stage."""
    return {stage: summarise([time for calls in rounds for time in calls.stages[stage]]) for stage in STAGES}


def summarise(times: Sequence[float]) -> dict[str, float]:
    """Percentiles of milliseconds by name."""
    return {f"p{share}": shorten(float(np.percentile(times, share))) for share in SHARES}


def as_points(value: float | None) -> float | None:
    """Turn a part of one into points of 100."""
    return None if value is None else to_points(value)
