"""What a reader of a benchmark should know: noise, and what may be misunderstood."""

from __future__ import annotations

from collections.abc import Sequence

from gcv_edge.benchmarking.rows import Row
from gcv_edge.benchmarking.settings import Settings
from gcv_edge.measure.isa import is_beyond
from gcv_edge.measure.statistics import NOISY


def find_noise(rows: Sequence[Row]) -> list[str]:
    """Warn of a machine that does something else meanwhile."""
    if not rows:
        return []
    worst = max(rows, key=lambda row: row.relative_iqr)
    if worst.relative_iqr <= NOISY:
        return []
    title, percent = worst.variant.title, 100 * worst.relative_iqr
    return [
        f"the machine is noisy: rounds of {title} differ by {percent:.0f} % between quartiles; "
        "ratios within rounds still mean something, single milliseconds little"
    ]


def find_caveats(rows: Sequence[Row], settings: Settings) -> list[str]:
    """Say what a reader may misunderstand."""
    notes = describe_stages(rows)
    if settings.hint == "throughput" and any(row.variant.engine == "mxnet" for row in rows):
        notes.append("MXNet has no streams: with --hint throughput it still runs one call after the other")
    notes += describe_missing(rows)
    if any(row.variant.seed is not None for row in rows):
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
