"""What ``calibrate`` and ``export --calibrate`` share: options, the run, and what is said of it."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gcv_edge.cli.console import echo_table, ignore, plural, show_path, show_size, stages
from gcv_edge.cli.guard import muted_libraries, naming
from gcv_edge.cli.options import Fraction, Word
from gcv_edge.errors import AccuracyError, UsageError
from gcv_edge.store import try_to_remember

if TYPE_CHECKING:
    from gcv_edge.calibration import CalibrationResult
    from gcv_edge.calibration.material import Material, Points

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MODES = ("auto", "none", "naive", "minmax", "percentile", "entropy", "mse")
TARGETS = ("x86", "arm", "portable")
SHOWN_LAYERS = 6
SHOWN_SKIPPED = 10
HASH_DIGITS = 12
FORMS = {
    "fp32": "the float file",
    "bf16": "the float file with --precision bf16",
    "int8": "the 8-bit file",
    "int8+bf16": "the 8-bit file with --precision bf16",
}


@dataclass(frozen=True)
class Wishes:
    """What the user asks of a calibration.

    Attributes:
        data: data set.
        target, mode: as the library takes them.
        samples: pictures to calibrate on.
        max_drop: points that may be lost.
        minutes: that the search for layers that must stay float may take.
        split, pictures, ignore_unknown: as ``open_dataset`` takes them.
        keep_float: names of layers.
        is_quick: neither the best bias correction nor layers that 8 bits make slower are looked for.
    """

    data: str
    target: str
    mode: str
    samples: int
    max_drop: float | None = None
    minutes: float | None = None
    split: str | None = None
    pictures: str | None = None
    ignore_unknown: bool = False
    keep_float: tuple[str, ...] = ()
    is_quick: bool = False


@dataclass(frozen=True)
class Outcome:
    """A calibration that is done.

    Attributes:
        source: the float file.
        result: what the library says.
        material: pictures.
        points: how files were measured; None where nothing could be.
    """

    source: Path
    result: CalibrationResult
    material: Material
    points: Points | None


def own_target() -> str:
    """Return the target that this machine is."""
    return "x86" if platform.machine().lower() in ("x86_64", "amd64") else "arm"


def calibration_options(command: Decorated) -> Decorated:
    """Give a command the options of a calibration that ``export`` has too."""
    options = (
        click.option(
            "--target",
            type=Word(TARGETS),
            default=own_target,
            show_default="this machine's",
            help="Processors: x86 with VNNI, arm, or portable (x86 without).",
        ),
        click.option(
            "--num-samples",
            type=click.IntRange(1),
            default=300,
            show_default=True,
            metavar="N",
            help="Pictures to calibrate on; half of the data at most, the others are measured on.",
        ),
        click.option(
            "--calib-mode",
            type=Word(MODES),
            default="auto",
            show_default=True,
            help="How ranges are chosen; auto tries all. none and naive are GluonCV's names of minmax.",
        ),
        click.option(
            "--max-drop",
            type=Fraction(0),
            metavar="POINTS",
            help="Points that may be lost: layers return to float until it is so; else exit code 3.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def int8_path(model: Path) -> Path:
    """Name the 8-bit file beside the float one."""
    return model.with_name(f"{model.stem}_int8{model.suffix}")


def run_calibration(source: Path, output: Path, wishes: Wishes, *, quiet: bool) -> Outcome:
    """Calibrate with progress on a terminal; pictures that could not be read are told at the end.

    Args:
        source: exported float file.
        output: 8-bit file to write.
        wishes: what is asked for.
        quiet: print nothing but errors.
    """
    told = ignore if quiet else click.echo
    with muted_libraries(), stages("reading") as progress, naming(output):
        outcome = calibrate_file(source, output, wishes, progress, told)
    warn_of_skipped(outcome.material)
    return outcome


def calibrate_file(
    source: Path, output: Path, wishes: Wishes, progress: Callable[[str], None], told: Callable[[str], None]
) -> Outcome:
    """Calibrate a file and measure what is lost.

    Args:
        source: exported float file.
        output: 8-bit file to write.
        wishes: what is asked for.
        progress: takes a phrase per stage.
        told: takes the lines that are said before the work begins.
    """
    from gcv_edge.calibration import CalibrationOptions, calibrate
    from gcv_edge.calibration.material import choose_points, open_material
    from gcv_edge.runtime.modelfile import read_metadata

    metadata = read_metadata(source)
    material = open_material(
        wishes.data,
        metadata.task,
        metadata.labels,
        count=wishes.samples,
        split=wishes.split,
        pictures=wishes.pictures,
        ignore_unknown=wishes.ignore_unknown,
    )
    points = choose_points(source, material, progress)
    fingerprint = material.calibrating.fingerprint()
    for line in opening_lines(material, points, fingerprint):
        told(line)
    if points is None and wishes.max_drop is not None:
        raise UsageError(f"--max-drop: the network finds nothing in {wishes.data} that could be compared")
    measured = f"; {points.title} ({points.kind})" if points is not None else ""
    with resumable(output):
        result = calibrate(
            source,
            (sample.frame for sample in material.calibrating),
            output,
            target=wishes.target,
            mode=wishes.mode,
            score=None if points is None else points.of,
            max_drop=wishes.max_drop,
            time_budget=None if wishes.minutes is None else 60 * wishes.minutes,
            options=CalibrationOptions(
                correction="fast" if wishes.is_quick else "auto",
                keep_float=wishes.keep_float,
                data=material.describe() + measured,
                data_hash=fingerprint,
                drop_slow=not wishes.is_quick,
            ),
            progress=progress,
        )
    try_to_remember(result.path, result.path.stem)
    return Outcome(source, result, material, points)


@contextlib.contextmanager
def resumable(output: Path) -> Iterator[None]:
    """Say what an interrupted calibration leaves."""
    try:
        yield
    except KeyboardInterrupt:
        notes = output.with_name(f".{output.name}.calibration")
        left = "the same command goes on from here" if notes.exists() else "nothing had been found out yet"
        click.echo(f"Interrupted: {show_path(output)} was not written; {left}", err=True)
        raise


def opening_lines(material: Material, points: Points | None, fingerprint: str) -> Iterator[str]:
    """Say which pictures are for what, and what is measured."""
    yield f"{show_path(material.describe())}; sha256 {fingerprint[:HASH_DIGITS]}..."
    if material.problem:
        yield f"Warning: labels are not used: {material.problem}"
    if points is None:
        yield "Measured: nothing, the network's results cannot be compared on these pictures"
    elif points.kind == "accuracy":
        yield f"Measured: {points.title} against the labels"
    else:
        yield f"Measured: {points.title} with the float file, since there are no labels to hold it against"


def warn_of_skipped(material: Material) -> None:
    """Tell which pictures could not be read."""
    skipped = material.skipped
    for one in skipped[:SHOWN_SKIPPED]:
        click.echo(f"Skipped {show_path(one.name)}: {one.reason}", err=True)
    if len(skipped) > SHOWN_SKIPPED:
        click.echo(f"Skipped {len(skipped) - SHOWN_SKIPPED} more (--json lists them)", err=True)


def print_outcome(outcome: Outcome) -> None:
    """Say what was written, what it lost and how fast it is."""
    result = outcome.result
    sizes = [show_size(path.stat().st_size) for path in (result.path, outcome.source)]
    click.echo(f"{show_path(result.path)}: 8 bits for {result.target}, {sizes[0]} instead of {sizes[1]}")
    click.echo(describe_layers(result))
    echo_forms(outcome)
    for line in (*verdict_lines(outcome), *(f"Warning: {warning}" for warning in result.warnings)):
        click.echo(line)


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
        yield f"Lost: {result.drop:.2f} points of {points.title} on {on} not calibrated on{allowed}"
    if result.fastest:
        yield describe_speed(result.milliseconds, result.fastest)
    if not result.engines_agree:
        yield "Warning: ONNX Runtime and OpenVINO differ by more than rounding on this file"


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
    if not result.passed and result.drop is not None and outcome.points is not None:
        raise AccuracyError(
            f"{show_path(result.path)}: lost {result.drop:.2f} points of {outcome.points.title}, "
            f"allowed are {result.max_drop:g}; kept under this name"
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
        "calibration": result.to_dict(),
    }
