"""``gcv-edge calibrate``: an 8-bit network from a float file and pictures."""

from __future__ import annotations

from pathlib import Path

import click

from gcv_edge.cli.completion import MODEL, PATH
from gcv_edge.cli.console import echo_json
from gcv_edge.cli.guard import debug_option
from gcv_edge.cli.int8_text import int8_to_dict, print_int8, refuse_int8
from gcv_edge.cli.observing import TerminalObserver
from gcv_edge.cli.optimizing import calibration_options, dataset_options, int8_path, optimize_file
from gcv_edge.cli.options import Fraction, data_option, json_option, max_pixels_option
from gcv_edge.cli.outputs import check_output, check_report
from gcv_edge.errors import UsageError
from gcv_edge.optimize import OptimizeOptions
from gcv_edge.store import find_model


@click.command()
@click.argument("model", type=MODEL)
@data_option
@click.option(
    "-o", "--output", type=PATH, metavar="OUT.onnx", help="File to write; without it, MODEL_int8.onnx."
)
@calibration_options
@dataset_options
@click.option(
    "--time-budget",
    type=Fraction(0),
    metavar="MINUTES",
    help="Longest time to search for the layers to keep in float.",
)
@click.option("--keep-float", metavar="A,B", help="Names of layers to keep in float in any case.")
@max_pixels_option
@json_option("Print what was found as JSON.")
@debug_option
def calibrate(
    model: str,
    data: str,
    output: str | None,
    target: str,
    num_samples: int,
    calib_mode: str,
    max_drop: float | None,
    report: str | None,
    split: str | None,
    calibration_split: str | None,
    pictures: str | None,
    ignore_unknown: bool,
    time_budget: float | None,
    keep_float: str | None,
    as_json: bool,
) -> None:
    """Make an 8-bit network, measure what it loses, and time it beside the float one.

    MODEL is an exported file, or a name in the model store. DATA is a folder of pictures, a folder with a
    folder for each class, Pascal VOC, COCO, pictures with label maps, or a .rec, .lst, .csv or COCO .json
    file. The training split is for calibration, the test split for measuring; a data set with one split is
    divided at random, the same way every time.
    """
    layers = parse_layers(keep_float)
    source = find_model(model)
    target_file = Path(output) if output is not None else int8_path(source)
    check_output(str(target_file), str(source))
    check_report(report)
    options = OptimizeOptions(
        target=target,
        mode=calib_mode,
        samples=num_samples,
        max_drop=max_drop,
        time_budget=None if time_budget is None else 60 * time_budget,
        split=split,
        calibration_split=calibration_split,
        pictures=pictures,
        ignore_unknown=ignore_unknown,
        keep_float=layers,
        sensitivity=report is not None,
    )
    observer = TerminalObserver(data, options, quiet=as_json)
    result = optimize_file(source, data, options, observer, output=target_file, report=report)
    made = result.quantized
    assert made is not None
    if as_json:
        echo_json(int8_to_dict(result, made, report))
    else:
        print_int8(result, made, report)
    refuse_int8(result, made)


def parse_layers(text: str | None) -> tuple[str, ...]:
    """Read names with commas between.

    Raises:
        UsageError: a name is empty.
    """
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise UsageError(f"--keep-float {text}: found an empty name, expected names of layers")
    return names
