"""What pages say of stored rows in numbers; their words are in ``benchmarks/templates``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gcv_edge.benchmarking.kinds import ACTIVATION, ADDITION, CONVOLUTION, NORMALISATION, QUANTISATION
from gcv_edge.measure.statistics import NOISY

Record = Mapping[str, Any]

PLAIN, FUSED, QUANTIZED = "mxnet FP32", "mxnet FP32 fused", "mxnet INT8"
FLOAT, INT8, MIXED = "openvino FP32", "openvino INT8", "openvino INT8 + BF16"
FUSIBLE = (NORMALISATION, ACTIVATION, ADDITION)
"""Layers that can be computed while a convolution's results are still in registers."""

VNNI_GAIN = 4
"""Multiply-accumulates of 8 bits that VNNI does in the time of one of FP32."""

WORTH_TELLING = 0.03
"""Smaller parts of the time are left out."""

LEAST_SHARE = 0.02
"""Of the kernels that a page names."""

DEFAULT_METHOD = "obs, default"
"""Order of the channels and fit that ``gcv-edge prune`` takes."""

ALMOST = 0.99
"""Of a speed asked for: two measurements of one network differ by as much."""


def best(timings: Record, name: str) -> float:
    """Best milliseconds of what a name begins with."""
    return float(min(row["best_ms"] for key, row in timings.items() if key.startswith(name)))


def forms_of(document: Record, maker: str) -> list[str]:
    """List the 8-bit forms that one maker's names begin."""
    rows = document["rows"].values()
    return list(dict.fromkeys(form for row in rows for form in row["forms"] if form.startswith(maker)))


def least_lost(forms: Record, maker: str) -> Record:
    """Return what a maker's best 8-bit form loses."""
    found = [loss for form, loss in forms.items() if form.startswith(maker)]
    return min(found, key=lambda loss: float(loss.get("drop", "inf")))


def lost(loss: Record) -> str:
    """Spell the mean and the range of points lost."""
    if "failed" in loss:
        return "it fails"
    return f"{loss['drop']:.2f} ({loss['least']:.2f} to {loss['most']:.2f})"


def runs_of(document: Record, isa: str) -> dict[str, tuple[Record, Record]]:
    """Return rows that were measured under a cap: the row, and the run's forms."""
    return {
        name: (row, row["runs"][isa]["rows"])
        for name, row in document["rows"].items()
        if isa in row.get("runs", {})
    }


def best_int8(rows: Record) -> str | None:
    """Return the title of our faster 8-bit form."""
    found = {title: ratio for title in (INT8, MIXED) if (ratio := speed_up(rows, title, PLAIN))}
    return max(found, key=lambda title: found[title], default=None)


def speed_up(rows: Record, title: str | None, base: str) -> float | None:
    """Return how many times as fast as another a form is; None where it was not measured."""
    ratio = rows.get(title, {}).get("ratios", {}).get(base) if title is not None else None
    return None if ratio is None else float(ratio["median"])


def reaches(row: Record, rows: Record) -> bool | None:
    """Whether our faster 8-bit form is as far ahead as the published one; None where it was not measured."""
    ours = speed_up(rows, best_int8(rows), PLAIN)
    return None if ours is None else ours >= row["published"]["gluoncv_05"]


def vnni_limit(rows: Record, isa: str) -> float | None:
    """Return the ratio over plain MXNet if all of our FP32's time were VNNI's arithmetic.

    None under another cap, and where it was not measured.
    """
    whole = speed_up(rows, FLOAT, PLAIN)
    return VNNI_GAIN * whole if isa == "vnni" and whole is not None else None


def is_beyond(row: Record, rows: Record, isa: str) -> bool:
    """Whether VNNI's arithmetic keeps a row from the published ratio."""
    limit = vnni_limit(rows, isa)
    return limit is not None and reaches(row, rows) is False and limit < row["published"]["gluoncv_05"]


def has_profile(row: Record | None) -> bool:
    """Whether a form was profiled."""
    return bool(row and row.get("kinds_ms"))


def share_of(row: Record, kind: str) -> float:
    """Return the part of the time that a kind of layers takes."""
    return float(row["kinds_ms"].get(kind, 0.0) / (sum(row["kinds_ms"].values()) or 1.0))


def list_shares(row: Record, kinds: Iterable[str], least: float = 0.0) -> list[tuple[str, float]]:
    """Return kinds of layers that take some part of the time, with their parts."""
    shares = [(kind, share_of(row, kind)) for kind in kinds]
    return [(kind, share) for kind, share in shares if share and share >= least]


def list_others(row: Record, without: Sequence[str]) -> list[tuple[str, float]]:
    """Return the other kinds of layers that take a part of the time worth telling, with their parts."""
    return list_shares(row, [kind for kind in row["kinds_ms"] if kind not in without], WORTH_TELLING)


def kind_ratio(before: Record | None, after: Record | None, kind: str) -> float | None:
    """Return how many times as fast a kind of layers is, for a picture; None where it was not profiled."""
    if before is None or after is None or not (has_profile(before) and has_profile(after)):
        return None
    times = [spent(row, kind) for row in (before, after)]
    return times[0] / times[1] if times[1] else None


def spent(row: Record, kind: str) -> float:
    """Return a picture's milliseconds in a kind of layers."""
    return float(row["kinds_ms"].get(kind, 0.0) / row["batch"])


def rest_of(row: Record) -> float:
    """Return milliseconds outside convolutions."""
    return float(sum(time for kind, time in row["kinds_ms"].items() if kind != CONVOLUTION))


def list_kinds(rows: Sequence[Record]) -> list[str]:
    """Return the kinds that any of some profiled forms spends a part worth telling on, convolutions first."""
    kinds = dict.fromkeys(kind for row in rows for kind in row["kinds_ms"])
    order = (CONVOLUTION, *FUSIBLE, QUANTISATION)
    ordered = sorted(kinds, key=lambda kind: order.index(kind) if kind in order else len(order))
    return [kind for kind in ordered if any(share_of(row, kind) >= WORTH_TELLING for row in rows)]


def profiled_forms(shown: Mapping[str, tuple[Record, Record]]) -> list[tuple[str, str, Record]]:
    """Return name, title and row of plain MXNet and of our faster 8-bit form, where they were profiled."""
    return [
        (name, title, rows[title])
        for name, (_, rows) in shown.items()
        for title in (PLAIN, best_int8(rows))
        if title is not None and has_profile(rows.get(title))
    ]


def list_kernels(kernels: Mapping[str, Mapping[str, float]]) -> Iterator[tuple[float, str, float]]:
    """Give number, name and part of the time of the kernels that take most of it."""
    whole = sum(kernel["microseconds"] for kernel in kernels.values())
    for name, kernel in kernels.items():
        share = kernel["microseconds"] / whole
        if share >= LEAST_SHARE:
            yield kernel["nodes"], name, share


def noise_of(run: Record) -> float | None:
    """Return by how much the rounds of a form differ at most; None where that is usual."""
    largest = max((form["waver"] for form in run["rows"].values()), default=0.0)
    return largest if largest > NOISY else None


def rates_of(document: Record, key: str) -> list[tuple[str, str, str, Record]]:
    """Return name, cap, form and figures of what was held against benchmark_app."""
    return [
        (name, isa, form, found)
        for name, row in document["rows"].items()
        for isa, run in row.get("runs", {}).items()
        for form, found in run.get(key, {}).items()
    ]


def rate_of(row: Record, isa: str, form: str) -> float | None:
    """Return the frames per second of a form; None where it was not measured."""
    found = row["runs"].get(isa, {"rows": {}})["rows"].get(f"openvino {form}")
    return float(found["throughput"]["median"]) if found else None
