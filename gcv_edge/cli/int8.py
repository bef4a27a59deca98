"""What ``calibrate`` and ``export --calibrate`` share: options and the run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gcv_edge.cli.console import ignore, show_path, stages, tell_notes
from gcv_edge.cli.guard import muted_libraries, naming
from gcv_edge.cli.int8_outcome import Outcome, warn_of_skipped
from gcv_edge.cli.int8_page import write_outcome_page
from gcv_edge.cli.options import Fraction, Word
from gcv_edge.cli.text import echo
from gcv_edge.cpus import is_x86
from gcv_edge.errors import UsageError
from gcv_edge.store import take_name

if TYPE_CHECKING:
    from gcv_edge.calibration.material import Material, Points

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MODES = ("auto", "none", "naive", "minmax", "percentile", "entropy", "mse")
TARGETS = ("x86", "arm", "portable")
HASH_DIGITS = 12


@dataclass(frozen=True)
class Wishes:
    """What the user asks of a calibration.

    Attributes:
        data: data set.
        target, mode: as the library takes them.
        samples: pictures to calibrate on.
        max_drop: points that may be lost.
        minutes: that the search for layers that must stay float may take.
        split, calibration_split, pictures, ignore_unknown: as ``Division`` takes them.
        keep_float: names of layers.
        report: page to write.
        is_quick: neither the best bias correction nor layers without an 8-bit kernel are looked for.
    """

    data: str
    target: str
    mode: str
    samples: int
    max_drop: float | None = None
    minutes: float | None = None
    split: str | None = None
    calibration_split: str | None = None
    pictures: str | None = None
    ignore_unknown: bool = False
    keep_float: tuple[str, ...] = ()
    report: str | None = None
    is_quick: bool = False


@dataclass(frozen=True)
class Prior:
    """What came before a calibration that is one stage of several.

    Attributes:
        whole: the float file that counts; the one to calibrate was made from it.
        material: pictures, divided already.
        points: how files are measured.
        engine: that runs them for that.
    """

    whole: Path
    material: Material
    points: Points | None
    engine: str

    @property
    def score_hash(self) -> str:
        """Hash of what points depend on beside the file that has them."""
        from gcv_edge.measure.findings import hash_file, key_of
        from gcv_edge.runtime.pixel_limit import LIMIT

        if self.points is None:
            return ""
        measured = self.points.title, self.points.kind, self.engine, LIMIT.pixels
        return key_of(measured, self.material.measuring.fingerprint(), hash_file(self.whole))


def own_target() -> str:
    """Return the target that this machine is."""
    return "x86" if is_x86() else "arm"


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
            help="Pictures to calibrate on: of the part for training, else half of the data at most.",
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
            help="Points that may be lost, at 90 % confidence: layers return to float; else exit code 3.",
        ),
        click.option("--report", metavar="FILE.html", help="Write a page to look at."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def split_options(command: Decorated) -> Decorated:
    """Give a command the options that say which parts of a data set are for what."""
    options = (
        click.option(
            "--split", metavar="NAME", help="Part of DATA to measure on, such as val; else the one for that."
        ),
        click.option(
            "--calibration-split",
            metavar="NAME",
            help="Part of DATA to calibrate on; else train, where there is one.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def int8_path(model: Path) -> Path:
    """Name the 8-bit file beside the float one."""
    return model.with_name(f"{model.stem}_int8{model.suffix}")


def run_calibration(
    source: Path, output: Path, wishes: Wishes, *, quiet: bool, prior: Prior | None = None
) -> Outcome:
    """Calibrate with progress on a terminal; pictures that could not be read are told at the end.

    Args:
        source: exported float file.
        output: 8-bit file to write.
        wishes: what is asked for.
        quiet: print nothing but errors.
        prior: what came before.
    """
    told = ignore if quiet else echo
    with muted_libraries(), stages("reading") as progress, naming(output):
        outcome = calibrate_file(source, output, wishes, progress, told, prior)
        if wishes.report is not None:
            write_outcome_page(outcome, wishes.report, progress)
    warn_of_skipped(outcome.material)
    return outcome


def calibrate_file(
    source: Path,
    output: Path,
    wishes: Wishes,
    progress: Callable[[str], None],
    told: Callable[[str], None],
    prior: Prior | None = None,
) -> Outcome:
    """Calibrate a file and measure what is lost.

    Args:
        source: exported float file.
        output: 8-bit file to write.
        wishes: what is asked for.
        progress: takes a phrase per stage.
        told: takes the lines that are said before the work begins.
        prior: what came before.
    """
    from gcv_edge.calibration import CalibrationOptions, calibrate

    prior = prior or open_prior(source, wishes, progress)
    material, points = prior.material, prior.points
    for line in opening_lines(prior):
        told(line)
    if points is None and wishes.max_drop is not None:
        raise UsageError(f"--max-drop: the network finds nothing in {wishes.data} that could be compared")
    measured = f"; {points.title} ({points.kind})" if points is not None else ""
    with resumable(output):
        result = calibrate(
            source,
            material.calibrating.frames,
            output,
            target=wishes.target,
            mode=wishes.mode,
            score=None if points is None else lambda path: points.of(prior.whole if path == source else path),
            max_drop=wishes.max_drop,
            time_budget=None if wishes.minutes is None else 60 * wishes.minutes,
            options=CalibrationOptions(
                correction="fast" if wishes.is_quick else "auto",
                keep_float=wishes.keep_float,
                data=material.describe() + measured,
                data_hash=material.calibrating.fingerprint(),
                measured_hash=material.measuring.fingerprint() if points is not None else "",
                score_hash=prior.score_hash,
                metric=points.title if points is not None else "",
                measured=points.kind if points is not None else "",
                float_kernels=not wishes.is_quick,
                sensitivity=wishes.report is not None,
            ),
            progress=progress,
        )
    tell_notes(take_name(result.path, result.path.stem), err=told is ignore)
    return Outcome(source, result, material, points, wishes.report)


def open_prior(source: Path, wishes: Wishes, progress: Callable[[str], None]) -> Prior:
    """Divide the pictures, and decide how files are measured against the float file."""
    from gcv_edge.calibration.material import Division, choose_points, open_material, without_misfit
    from gcv_edge.calibration.targets import find_target, judging_engine
    from gcv_edge.runtime.loading import open_network
    from gcv_edge.runtime.modelfile import read_metadata

    metadata = read_metadata(source)
    material = open_material(
        wishes.data,
        metadata.task,
        metadata.labels,
        Division(
            count=wishes.samples,
            split=wishes.split,
            calibration_split=wishes.calibration_split,
            has_limit=wishes.max_drop is not None,
            pictures=wishes.pictures,
            ignore_unknown=wishes.ignore_unknown,
        ),
    )
    engine = judging_engine(find_target(wishes.target))
    network = open_network(source, engine=engine)
    material = without_misfit(material, network)
    return Prior(source, material, choose_points(network, material, engine, progress), engine)


@contextlib.contextmanager
def resumable(output: Path) -> Iterator[None]:
    """Say what an interrupted calibration leaves."""
    try:
        yield
    except KeyboardInterrupt:
        findings = output.with_name(f".{output.name}.calibration")
        left = "the same command goes on from here" if findings.exists() else "nothing had been found out yet"
        echo(f"Interrupted: {show_path(output)} was not written; {left}", err=True)
        raise


def opening_lines(prior: Prior) -> Iterator[str]:
    """Say which pictures are for what, and what is measured."""
    material, points = prior.material, prior.points
    fingerprint = material.calibrating.fingerprint()
    yield f"{show_path(material.describe())}; sha256 {fingerprint[:HASH_DIGITS]}..."
    yield from (f"Warning: {note}" for note in material.calibrating.notes)
    if material.problem:
        yield f"Warning: labels are not used: {material.problem}"
    if material.warning:
        yield f"Warning: {material.warning}"
    if points is None:
        yield "Measured: nothing, the network's results cannot be compared on these pictures"
    elif points.kind == "accuracy":
        yield f"Measured: {points.title} against the labels"
    else:
        yield f"Measured: {points.title} with the float file, since there are no labels to hold it against"
