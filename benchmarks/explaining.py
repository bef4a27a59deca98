"""Sentences about what is behind a ratio, made of profiles that were measured with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gcv_edge.benchmarking.kinds import ACTIVATION, ADDITION, BOXES, CONVOLUTION, NORMALISATION, QUANTISATION

Record = Mapping[str, Any]

PLAIN, FUSED, QUANTIZED = "mxnet FP32", "mxnet FP32 fused", "mxnet INT8"
FLOAT, INT8, MIXED = "openvino FP32", "openvino INT8", "openvino INT8 + BF16"
FUSIBLE = (NORMALISATION, ACTIVATION, ADDITION)
"""Layers that can be computed while a convolution's results are still in registers."""

VNNI_GAIN = 4
"""Multiply-accumulates of 8 bits that VNNI does in the time of one of FP32."""

WORTH_TELLING = 0.03
"""Smaller parts of the time are left out."""


def explain_int8(row: Record, rows: Record, isa: str) -> str:
    """Say what the published ratio of a row consists of, and what ours does.

    Args:
        row: of table_int8: ``published`` is asked.
        rows: of one of its runs, by title.
        isa: cap of that run.
    """
    published = row["published"]["gluoncv_05"]
    sentences = [
        *describe_plain(rows.get(PLAIN)),
        *describe_published(published, rows),
        *describe_ours(rows),
        *describe_limit(published, rows, isa),
        *describe_boxes(rows),
    ]
    return " ".join(sentences)


def describe_plain(plain: Record | None) -> Iterator[str]:
    """Say where plain MXNet's time goes."""
    if not has_profile(plain):
        return
    fusible = [f"{kind} {percent(share_of(plain, kind))}" for kind in FUSIBLE if share_of(plain, kind) > 0]
    yield f"Plain MXNet spends {percent(share_of(plain, CONVOLUTION))} of its time in convolutions"
    told = name_shares(plain, (CONVOLUTION, *FUSIBLE))
    yield (
        f"and {percent(sum(share_of(plain, kind) for kind in FUSIBLE))} in what fusion takes into them"
        + (f" ({', '.join(fusible)})" if fusible else "")
        + (f"; the rest is {told}." if told else ".")
    )


def describe_published(published: float, rows: Record) -> Iterator[str]:
    """Divide the published ratio into fusion and 8 bits, by what MXNet's own forms show here."""
    fused, quantized = speed_up(rows, FUSED, PLAIN), speed_up(rows, QUANTIZED, PLAIN)
    if fused is None:
        return
    yield f"Fusion alone makes MXNet {fused:.2f} times as fast here:"
    yield f"of the published {published:.2f}, {published / fused:.2f} are left for 8 bits"
    if quantized is None:
        yield "(MXNet's INT8 did not run here)."
    else:
        yield f"(MXNet's INT8 here: {quantized:.2f} over plain, {quantized / fused:.2f} over fused)."


def describe_ours(rows: Record) -> Iterator[str]:
    """Divide our ratio into convolutions and fusion, and 8 bits."""
    whole, best = speed_up(rows, FLOAT, PLAIN), best_int8(rows)
    if whole is None:
        return
    convolutions = kind_ratio(rows.get(PLAIN), rows.get(FLOAT), CONVOLUTION)
    told = f" (convolutions {convolutions:.2f} times, with what is fused into them)" if convolutions else ""
    yield f"Ours in FP32 is {whole:.2f} times as fast as plain MXNet{told}"
    if best is None:
        yield "and has no INT8."
        return
    ratio = speed_up(rows, best, PLAIN) or 0.0
    yield f"and {best.removeprefix('openvino ')} {ratio:.2f} times, {ratio / whole:.2f} over our FP32."
    if has_profile(rows[best]):
        told = name_shares(rows[best], (CONVOLUTION,)) or f"under {percent(WORTH_TELLING)} each"
        yield f"It spends {percent(rows[best]['int8_share'])} of its time in 8-bit kernels;"
        yield f"beside convolutions: {told}."


def describe_limit(published: float, rows: Record, isa: str) -> Iterator[str]:
    """Say what 8 bits could reach if all of FP32's time were VNNI's arithmetic."""
    limit = vnni_limit(rows, isa)
    if limit is not None:
        yield f"{VNNI_GAIN} times our FP32, which is VNNI's arithmetic, would be {limit:.2f}:"
        yield "less than published." if limit < published else "more than published."


def vnni_limit(rows: Record, isa: str) -> float | None:
    """Return the ratio over plain MXNet if all of our FP32's time were VNNI's arithmetic.

    None under another cap, and where it was not measured.
    """
    whole = speed_up(rows, FLOAT, PLAIN)
    return VNNI_GAIN * whole if isa == "vnni" and whole is not None else None


def describe_boxes(rows: Record) -> Iterator[str]:
    """Say what a detector's boxes cost, in MXNet's graph and outside ours."""
    plain, ours = rows.get(PLAIN), rows.get(FLOAT)
    if not has_profile(plain) or ours is None or share_of(plain, BOXES) == 0:
        return
    per_frame = ours["stages_ms"]["postprocess"] / ours["batch"]
    theirs = plain["kinds_ms"][BOXES] / plain["batch"]
    yield f"Sorting out boxes takes MXNet {theirs:.2f} ms a picture and ours {per_frame:.2f}."


def explain_pruned(row: Record, rows: Record) -> str:
    """Say what work was taken out and how much of the time went with it."""
    left = row["macs"] / row["whole"]["macs"]
    sentences = [
        f"{percent(left)} of the multiply-accumulates and "
        f"{percent(row['parameters'] / row['whole']['parameters'])} of the parameters are left: "
        f"if time followed them, {1 / left:.2f} times as fast.",
        *(describe_parts(form, rows) for form in ("FP32", "INT8")),
    ]
    return " ".join(filter(None, sentences))


def describe_parts(form: str, rows: Record) -> str:
    """Say how much faster convolutions and all else became; nothing where they were not profiled."""
    before, after = rows.get(f"openvino {form}"), rows.get(f"openvino pruned {form}")
    convolutions = kind_ratio(before, after, CONVOLUTION)
    if before is None or after is None or convolutions is None:
        return ""
    others = f"{rest(before) / rest(after):.2f} times" if rest(after) else "nothing is left"
    return (
        f"In {form}, convolutions are {convolutions:.2f} times as fast ({spent(before)} -> {spent(after)}) "
        f"and all else {others}."
    )


def best_int8(rows: Record) -> str | None:
    """Return the title of our faster 8-bit form."""
    found = {title: speed_up(rows, title, PLAIN) for title in (INT8, MIXED)}
    return max(
        (title for title, ratio in found.items() if ratio), key=lambda title: found[title] or 0, default=None
    )


def speed_up(rows: Record, title: str, base: str) -> float | None:
    """Return how many times as fast as another a form is; None where it was not measured."""
    ratio = rows.get(title, {}).get("ratios", {}).get(base)
    return None if ratio is None else float(ratio["median"])


def has_profile(row: Record | None) -> bool:
    """Whether a form was profiled."""
    return bool(row and row.get("kinds_ms"))


def share_of(row: Record, kind: str) -> float:
    """Return the part of the time that a kind of layers takes."""
    return float(row["kinds_ms"].get(kind, 0.0) / (sum(row["kinds_ms"].values()) or 1.0))


def kind_ratio(before: Record | None, after: Record | None, kind: str) -> float | None:
    """Return how many times as fast a kind of layers is, for a picture."""
    if not (has_profile(before) and has_profile(after)):
        return None
    assert before is not None
    assert after is not None
    times = [row["kinds_ms"].get(kind, 0.0) / row["batch"] for row in (before, after)]
    return times[0] / times[1] if times[1] else None


def rest(row: Record) -> float:
    """Return milliseconds outside convolutions."""
    return float(sum(time for kind, time in row["kinds_ms"].items() if kind != CONVOLUTION))


def spent(row: Record) -> str:
    """Spell a picture's milliseconds in convolutions."""
    return f"{row['kinds_ms'].get(CONVOLUTION, 0.0) / row['batch']:.2f} ms"


def name_shares(row: Record, without: Sequence[str] = ()) -> str:
    """List the kinds of layers that take a part of the time worth telling."""
    shares = {kind: share_of(row, kind) for kind in row.get("kinds_ms", {}) if kind not in without}
    return ", ".join(f"{kind} {percent(share)}" for kind, share in shares.items() if share >= WORTH_TELLING)


def percent(share: float) -> str:
    """Spell a part of one."""
    return f"{100 * share:.0f} %"


def list_kinds(rows: Sequence[Record]) -> list[str]:
    """Return the kinds that any of some forms spends a part worth telling on, convolutions first."""
    kinds = dict.fromkeys(kind for row in rows for kind in row.get("kinds_ms", {}))
    order = (CONVOLUTION, *FUSIBLE, QUANTISATION)
    ordered = sorted(kinds, key=lambda kind: order.index(kind) if kind in order else len(order))
    return [
        kind
        for kind in ordered
        if any(has_profile(row) and share_of(row, kind) >= WORTH_TELLING for row in rows)
    ]
