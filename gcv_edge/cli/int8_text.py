"""What a calibration made, in words, tables and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gcv_edge.cli.console import echo_table, plural, show_path, show_size
from gcv_edge.cli.text import echo
from gcv_edge.cpus import adds_8_bit_exactly
from gcv_edge.errors import AccuracyError
from gcv_edge.points import in_brackets

if TYPE_CHECKING:
    from gcv_edge.calibration import CalibrationResult
    from gcv_edge.optimize import OptimizeResult

SHOWN_LAYERS = 6
SHOWN_CLASSES = 5
FORMS = {
    "fp32": "the float file",
    "bf16": "the float file with --precision bf16",
    "int8": "the 8-bit file",
    "int8+bf16": "the 8-bit file with --precision bf16",
}


def print_int8(result: OptimizeResult, made: CalibrationResult, report: str | None = None) -> None:
    """Say what was written, what it lost and how fast it is.

    Args:
        result: what was asked for and measured.
        made: the 8-bit file.
        report: page that shows it all; None for none.
    """
    sizes = [show_size(path.stat().st_size) for path in (made.path, result.float_path)]
    echo(f"{show_path(made.path)}: 8 bits for {made.target}, {sizes[0]} instead of {sizes[1]}")
    echo(describe_layers(made))
    echo_forms(result, made)
    for line in (*verdict_lines(result, made), *(f"Warning: {warning}" for warning in made.warnings)):
        echo(line)
    if report is not None:
        echo(f"The report is in {show_path(report)}")


def describe_layers(made: CalibrationResult) -> str:
    """Count layers in 8 bits, and name those that stay float with the reason."""
    names = [f"{name} ({reason})" for name, reason in made.kept_float.items()]
    more = f" and {len(names) - SHOWN_LAYERS} more" if len(names) > SHOWN_LAYERS else ""
    kept = f"; float: {', '.join(names[:SHOWN_LAYERS])}{more}" if names else ""
    recipe = f"ranges {made.mode}, bias correction {made.correction}"
    return f"{plural(made.layers, 'layer')} in 8 bits{kept}; {recipe}, {made.agreement:.1f} dB"


def echo_forms(result: OptimizeResult, made: CalibrationResult) -> None:
    """Print a row for each form: points and milliseconds."""
    scores = {"fp32": made.score_before, "int8": made.score_after}
    times, evaluator = made.milliseconds, result.baseline.evaluator
    names = [name for name in FORMS if name in times or scores.get(name) is not None]
    columns = {"form": names}
    if evaluator is not None:
        columns[evaluator.title] = [show_points(scores.get(name)) for name in names]
    if times:
        columns["ms"] = [f"{times[name]:.2f}" if name in times else "-" for name in names]
        columns["is"] = [FORMS[name] for name in names]
    if len(columns) > 1:
        echo_table(list(columns), list(zip(*columns.values(), strict=True)), right=list(columns)[1:3])


def show_points(value: float | None) -> str:
    """Return points for people; a dash where they were not measured."""
    return "-" if value is None else f"{value:.2f}"


def verdict_lines(result: OptimizeResult, made: CalibrationResult) -> Iterator[str]:
    """Say what was lost and which form wins."""
    if made.drop is not None:
        allowed = f", allowed are {made.max_drop:g}" if made.max_drop is not None else ""
        on, at_most = plural(measured_on(result), "picture"), in_brackets(made.drop, made.drop_at_most)
        title = result.baseline.title
        yield f"Lost: {made.drop:.2f} points of {title} on {on} not calibrated on{at_most}{allowed}"
        if made.collapses:
            named = ", ".join(made.collapses[:SHOWN_CLASSES])
            yield f"Warning: classes that lose more than 5 points: {named}"
    if made.fastest:
        yield describe_speed(made.milliseconds, made.fastest)
    if not made.engines_agree:
        yield "Warning: ONNX Runtime and OpenVINO differ by more than rounding on this file"
    if made.target != "portable" and not adds_8_bit_exactly():
        yield (
            "Warning: this processor has no VNNI, so sums of 8-bit products may overflow in OpenVINO here; "
            "--target portable makes a file without that"
        )


def measured_on(result: OptimizeResult) -> int:
    """Count the pictures that files were measured on."""
    split = result.baseline.split
    return 0 if split is None else len(split.evaluation)


def describe_speed(times: Mapping[str, float], fastest: str) -> str:
    """Say which form wins on this machine, and by how much over the others."""
    others = [
        f"{times[name] / times[fastest]:.2f}x as fast as {name}"
        for name in FORMS
        if name in times and name.startswith("int8") != fastest.startswith("int8")
    ]
    return f"Fastest on this machine: {FORMS[fastest]} ({fastest}), {', '.join(others)}"


def refuse_int8(result: OptimizeResult, made: CalibrationResult) -> None:
    """Raise AccuracyError where more was lost than is allowed."""
    if made.passed or made.drop is None:
        return
    lost = (
        f"lost {made.drop:.2f} points of {result.baseline.title}{in_brackets(made.drop, made.drop_at_most)}"
    )
    path, allowed = show_path(made.path), f"allowed are {made.max_drop:g}"
    if made.pictures_needed is None:
        raise AccuracyError(f"{path}: {lost}, {allowed}; kept under this name")
    raise AccuracyError(
        f"{path}: not enough pictures to tell: {lost}, {allowed}; measuring needs about "
        f"{made.pictures_needed} pictures, found {measured_on(result)}; kept under this name"
    )


def int8_to_dict(result: OptimizeResult, made: CalibrationResult, report: str | None) -> dict[str, Any]:
    """Return an 8-bit file, and what it was measured by, for JSON."""
    split, evaluator = result.baseline.split, result.baseline.evaluator
    return {
        "path": str(made.path),
        "bytes": made.path.stat().st_size,
        "float_path": str(result.float_path),
        "float_bytes": result.float_path.stat().st_size,
        "metric": evaluator.title if evaluator else None,
        "measured": evaluator.kind if evaluator else None,
        "dataset": split.to_dict() if split else None,
        "calibration": made.to_dict(),
        "report": report,
    }
