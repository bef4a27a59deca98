"""What ``calibrate``, ``prune`` and ``export`` share: their options, and the one call that does the work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gcv_edge.cli.console import stages, tell_notes, tell_skipped
from gcv_edge.cli.guard import muted_libraries
from gcv_edge.cli.int8_page import write_int8_page
from gcv_edge.cli.observing import TerminalObserver
from gcv_edge.cli.options import (
    Fraction,
    Word,
    apply_options,
    ignore_unknown_option,
    pictures_option,
    report_option,
)
from gcv_edge.cpus import own_target
from gcv_edge.store import take_name

if TYPE_CHECKING:
    from gcv_edge.optimize import OptimizeOptions, OptimizeResult
    from gcv_edge.optimize.dataset_split import DatasetSplit

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MODES = ("auto", "none", "naive", "minmax", "percentile", "entropy", "mse")
TARGETS = ("x86", "arm", "portable")


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
            help="Most pictures to calibrate on, from the training split.",
        ),
        click.option(
            "--calib-mode",
            type=Word(MODES),
            default="auto",
            show_default=True,
            help="How ranges are chosen; auto tries all. none and naive are GluonCV's names for minmax.",
        ),
        click.option(
            "--max-drop",
            type=Fraction(0),
            metavar="POINTS",
            help="Points that may be lost, at 90 % confidence; layers are kept in float as needed. Exit code "
            "3 if more is lost.",
        ),
        report_option,
    )
    return apply_options(command, options)


def dataset_options(command: Decorated) -> Decorated:
    """Give a command the options that say how a data set is read, and which of its parts are for what."""
    options = (
        click.option(
            "--split",
            metavar="NAME",
            help="Split of DATA to measure on, such as val; without it, the test split.",
        ),
        click.option(
            "--calibration-split",
            metavar="NAME",
            help="Split of DATA to calibrate on; without it, train if there is one.",
        ),
        pictures_option,
        ignore_unknown_option,
    )
    return apply_options(command, options)


def int8_path(model: Path) -> Path:
    """Name the 8-bit file beside the float one."""
    return model.with_name(f"{model.stem}_int8{model.suffix}")


def optimize_file(
    source: Path,
    data: str | None,
    options: OptimizeOptions,
    observer: TerminalObserver,
    *,
    output: Path | None = None,
    report: str | None = None,
) -> OptimizeResult:
    """Optimize a file; write the page of an 8-bit one, and tell pictures that could not be read.

    Args:
        source: exported float file.
        data: data set; None for noise.
        options: what is asked for.
        observer: says what is going on.
        output: file to write; None: beside the source.
        report: page to write of an 8-bit file; None for none.
    """
    from gcv_edge.optimize import optimize

    result = optimize(source, data, options, output=output, observer=observer)
    if result.quantized is not None:
        path = result.quantized.path
        tell_notes(take_name(path, path.stem), err=observer.quiet)
        if report is not None:
            with muted_libraries(), stages("drawing sample pictures"):
                write_int8_page(result, result.quantized, report)
    if result.quantized is not None or not options.int8:
        tell_left_out(result.baseline.split)
    return result


def tell_left_out(split: DatasetSplit | None) -> None:
    """Name pictures that could not be read, and labels that are damaged."""
    if split is not None:
        tell_skipped("Skipped", split.skipped)
        tell_skipped("Left out of", split.evaluation.damaged_labels)
