"""One sentence: which variant to deploy on this machine, and why."""

from __future__ import annotations

from collections.abc import Sequence

from gcv_edge.benchmarking.rows import Row
from gcv_edge.benchmarking.settings import Settings

MOST_LOST = 0.01
"""Accuracy that may be given up for speed: one point."""

TIE = 1.05
"""What is not this much faster is not worth another form."""

PLAIN = ((False, "f32"), (False, "bf16"), (True, "bf16"), (True, "f32"))
"""Forms from the one that changes least: whether it is of 8 bits, and the precision of its float operations.
Among equally fast ones the first wins; pruned ones come last."""


def advise(everything: Sequence[Row], settings: Settings) -> str:
    """Name the variant to deploy of every network, with its figures."""
    batches = settings.batches if settings.hint == "throughput" else (min(settings.batches),)
    rows = [row for row in everything if row.batch in batches and not row.variant.is_reference]
    families = list(dict.fromkeys(row.variant.family for row in rows))
    clauses = [
        describe_choice([row for row in rows if row.variant.family == family], settings.hint, everything)
        for family in families
    ]
    return f"Deploy {'; '.join(clauses)}." if clauses else "There is nothing to deploy: no variant ran."


def describe_choice(rows: Sequence[Row], hint: str, everything: Sequence[Row]) -> str:
    """Say which row it is and why."""
    chosen = choose(rows, hint)
    describe = describe_best if hint == "throughput" else describe_ratios
    reasons = [describe_speed(chosen, hint), *describe(chosen, everything)]
    where = f"{chosen.variant.model.name} in {chosen.engine}, precision {chosen.variant.precision}"
    return f"{chosen.variant.name} ({where}): {', '.join(reasons)}; {describe_accuracy(chosen, rows)}"


def choose(rows: Sequence[Row], hint: str) -> Row:
    """Take the fastest that loses little accuracy; among equally fast ones the plainest."""
    allowed = [row for row in rows if is_accurate(row, rows)]
    fastest = max(speed(row, hint) for row in allowed)
    return min((row for row in allowed if speed(row, hint) * TIE >= fastest), key=rank_by_change)


def speed(row: Row, hint: str) -> float:
    """What counts: frames per second, or how quickly one is done."""
    return row.throughput.median if hint == "throughput" else 1e3 / row.stages["total"]["p50"]


def rank_by_change(row: Row) -> tuple[int, float]:
    """Order rows by how little was changed; INT8 files of a kind by how fast they are."""
    variant = row.variant
    form = variant.is_int8, variant.precision
    is_known = not variant.is_pruned and form in PLAIN
    return PLAIN.index(form) if is_known else len(PLAIN), row.stages["total"]["p50"]


def is_accurate(row: Row, rows: Sequence[Row]) -> bool:
    """Whether a row loses at most MOST_LOST against the best known accuracy of the same metric."""
    own = row.variant.accuracy
    return own is None or own >= max(known_accuracies(row, rows)) - MOST_LOST


def known_accuracies(row: Row, rows: Sequence[Row]) -> list[float]:
    """Return the accuracies that a row's may be compared with, its own among them."""
    return [
        other.variant.accuracy
        for other in rows
        if other.variant.accuracy is not None and other.variant.metric == row.variant.metric
    ]


def describe_speed(row: Row, hint: str) -> str:
    """Give the figure that the choice was made by."""
    if hint == "throughput":
        side = f", {row.streams} streams" if row.streams > 1 else ""
        return f"{row.throughput.median:,.1f} frames a second with batch {row.batch}{side}"
    total = row.stages["total"]
    return f"{total['p50']:.2f} ms from frame to result (99 % within {total['p99']:.2f})"


def describe_ratios(row: Row, everything: Sequence[Row]) -> list[str]:
    """Say how many times as fast as the others it is, where it differs."""
    known = {other.variant.title for other in everything}
    return [
        f"{times(ratio.total.median)} {title}"
        for title, ratio in row.ratios.items()
        if title in known and abs(ratio.total.median - 1) > TIE - 1
    ]


def describe_best(row: Row, everything: Sequence[Row]) -> list[str]:
    """Say how many times as many frames a second those are as what others reach with their best batch."""
    best: dict[str, Row] = {}
    for other in everything:
        known = best.get(other.variant.title)
        is_other = other.variant.family == row.variant.family and other.variant != row.variant
        if is_other and (known is None or other.throughput.median > known.throughput.median):
            best[other.variant.title] = other
    ratios = {title: row.throughput.median / other.throughput.median for title, other in best.items()}
    return [
        f"{times(ratio)} {title} with batch {best[title].batch}"
        for title, ratio in ratios.items()
        if abs(ratio - 1) > TIE - 1
    ]


def times(ratio: float) -> str:
    """Spell a ratio: 3.4x."""
    return f"{ratio:.1f}x" if ratio >= 1.95 else f"{ratio:.2f}x"


def describe_accuracy(row: Row, rows: Sequence[Row]) -> str:
    """Say what is known of its accuracy."""
    own, metric = row.variant.accuracy, row.variant.metric or "accuracy"
    if own is not None:
        lost = 100 * (max(known_accuracies(row, rows)) - own)
        return f"{metric} {100 * own:.2f} %" + (f", {lost:.2f} points under the best" if lost > 0.005 else "")
    if row.variant.is_baseline:
        return "it computes what was exported"
    if row.variant.agreement is not None:
        return f"{100 * row.variant.agreement:.2f} % as the network before it, {measure_unknown(row)}"
    return measure_unknown(row)


def measure_unknown(row: Row) -> str:
    """Say how to find out what is not known."""
    return f"its accuracy is not in the file: gcv-edge val {row.variant.model.name} DATA measures it"
