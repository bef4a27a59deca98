"""What a calibration came to, in words, tables and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcv_edge.cli.console import echo_table, plural, show_path, show_size, tell_skipped
from gcv_edge.cli.text import echo
from gcv_edge.errors import AccuracyError
from gcv_edge.points import describe_bound

if TYPE_CHECKING:
    from gcv_edge.calibration import CalibrationResult
    from gcv_edge.calibration.material import Material, Points

SHOWN_LAYERS = 6
SHOWN_CLASSES = 5
FORMS = {
    "fp32": "the float file",
    "bf16": "the float file with --precision bf16",
    "int8": "the 8-bit file",
    "int8+bf16": "the 8-bit file with --precision bf16",
}


@dataclass(frozen=True)
class Outcome:
    """A calibration that is done.

    Attributes:
        source: the float file.
        result: what the library says.
        material: pictures.
        points: how files were measured; None where nothing could be.
        report: page that shows it all; None for none.
    """

    source: Path
    result: CalibrationResult
    material: Material
    points: Points | None
    report: str | None = None


def warn_of_skipped(material: Material) -> None:
    """Tell which pictures could not be read, and which labels were left out."""
    tell_skipped("Skipped", material.skipped)
    tell_skipped("Left out of", material.measuring.damaged_labels)


def print_outcome(outcome: Outcome) -> None:
    """Say what was written, what it lost and how fast it is."""
    result = outcome.result
    sizes = [show_size(path.stat().st_size) for path in (result.path, outcome.source)]
    echo(f"{show_path(result.path)}: 8 bits for {result.target}, {sizes[0]} instead of {sizes[1]}")
    echo(describe_layers(result))
    echo_forms(outcome)
    for line in (*verdict_lines(outcome), *(f"Warning: {warning}" for warning in result.warnings)):
        echo(line)
    if outcome.report is not None:
        echo(f"The report is in {show_path(outcome.report)}")


def describe_layers(result: CalibrationResult) -> str:
    """Count layers in 8 bits, and name those that stay float with the reason."""
    names = [f"{name} ({reason})" for name, reason in result.kept_float.items()]
    more = f" and {len(names) - SHOWN_LAYERS} more" if len(names) > SHOWN_LAYERS else ""
    kept = f"; float: {', '.join(names[:SHOWN_LAYERS])}{more}" if names else ""
    recipe = f"ranges {result.mode}, bias correction {result.correction}"
    return f"{plural(result.layers, 'layer')} in 8 bits{kept}; {recipe}, {result.agreement:.1f} dB"


def echo_forms(outcome: Outcome) -> None:
    """Print a row for each form: points and milliseconds."""
    result, points = outcome.result, outcome.points
    scores = {"fp32": result.score_before, "int8": result.score_after}
    times = result.milliseconds
    names = [name for name in FORMS if name in times or scores.get(name) is not None]
    columns = {"form": names}
    if points is not None:
        columns[points.title] = [show_points(scores.get(name)) for name in names]
    if times:
        columns["ms"] = [f"{times[name]:.2f}" if name in times else "-" for name in names]
        columns["is"] = [FORMS[name] for name in names]
    if len(columns) > 1:
        echo_table(list(columns), list(zip(*columns.values(), strict=True)), right=list(columns)[1:3])


def show_points(value: float | None) -> str:
    """Return points for people; a dash where they were not measured."""
    return "-" if value is None else f"{value:.2f}"


def verdict_lines(outcome: Outcome) -> Iterator[str]:
    """Say what was lost and which form wins."""
    result, points = outcome.result, outcome.points
    if points is not None and result.drop is not None:
        allowed = f", allowed are {result.max_drop:g}" if result.max_drop is not None else ""
        on = plural(len(outcome.material.measuring), "picture")
        at_most = in_brackets(result)
        yield f"Lost: {result.drop:.2f} points of {points.title} on {on} not calibrated on{at_most}{allowed}"
        if result.collapses:
            named = ", ".join(result.collapses[:SHOWN_CLASSES])
            yield f"Warning: classes that lose more than 5 points: {named}"
    if result.fastest:
        yield describe_speed(result.milliseconds, result.fastest)
    if not result.engines_agree:
        yield "Warning: ONNX Runtime and OpenVINO differ by more than rounding on this file"


def in_brackets(result: CalibrationResult) -> str:
    """Say how much is lost at most, behind what is lost."""
    if result.drop is None or result.drop_at_most is None:
        return ""
    bound = describe_bound(result.drop, result.drop_at_most)
    return f" ({bound})" if bound else ""


def describe_speed(times: Mapping[str, float], fastest: str) -> str:
    """Say which form wins on this machine, and by how much over the others."""
    others = [
        f"{times[name] / times[fastest]:.2f}x as fast as {name}"
        for name in FORMS
        if name in times and name.startswith("int8") != fastest.startswith("int8")
    ]
    return f"Fastest on this machine: {FORMS[fastest]} ({fastest}), {', '.join(others)}"


def refuse_drop(outcome: Outcome) -> None:
    """Raise AccuracyError where more was lost than is allowed."""
    result = outcome.result
    if result.passed or result.drop is None or outcome.points is None:
        return
    lost = f"lost {result.drop:.2f} points of {outcome.points.title}{in_brackets(result)}"
    path, allowed = show_path(result.path), f"allowed are {result.max_drop:g}"
    if result.pictures_needed is None:
        raise AccuracyError(f"{path}: {lost}, {allowed}; kept under this name")
    raise AccuracyError(
        f"{path}: not enough pictures to tell: {lost}, {allowed}; measuring needs about "
        f"{result.pictures_needed} pictures, found {len(outcome.material.measuring)}; kept under this name"
    )


def outcome_to_dict(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome for JSON."""
    result, points = outcome.result, outcome.points
    return {
        "path": str(result.path),
        "bytes": result.path.stat().st_size,
        "float_path": str(outcome.source),
        "float_bytes": outcome.source.stat().st_size,
        "metric": points.title if points else None,
        "measured": points.kind if points else None,
        "dataset": outcome.material.to_dict(),
        "calibration": {**result.to_dict(), "resumed": result.resumed},
        "report": outcome.report,
    }
