"""``gcv-edge demo``: the main jobs, on what the package ships."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gcv_edge.cli.completion import PATH
from gcv_edge.cli.console import echo_table, plural, show_path, show_size, stages
from gcv_edge.cli.guard import debug_option, make_folder, naming
from gcv_edge.cli.summaries import DETECTION_THRESHOLD, describe_detections, draw
from gcv_edge.cli.text import echo
from gcv_edge.cli.verdicts import describe_verdict

if TYPE_CHECKING:
    from gcv_edge.pipeline import ExportResult
    from gcv_edge.runtime.detector import Detector
    from gcv_edge.runtime.results import Detections

NAME = "traffic_signs"
ROUNDS = 10


@click.command()
@click.option(
    "-o",
    "--output",
    type=PATH,
    metavar="DIR",
    default="gcv-edge-demo",
    show_default=True,
    help="Folder to write to.",
)
@debug_option
def demo(output: str) -> None:
    """Export the network that the package ships, verify it, run it on pictures, and make it 8-bit.

    It is GluonCV's YOLOv3, trained on drawn traffic signs, as MXNet's two files. MXNet is not needed.
    """
    from gcv_edge import pipeline  # noqa: F401  (before a folder is made: it says what is not installed)

    folder = make_folder(output)
    with resources.as_file(resources.files("gcv_edge") / "demo") as shipped:
        result = export_network(shipped, folder)
        detector = load_detector(result)
        for picture in sorted(shipped.glob("*.jpg")):
            show(detector, picture, folder)
        echo_timings(detector, folder)
        show_int8(result.path, shipped)
    model = show_path(result.path)
    echo(f"\nThe annotated pictures are in {show_path(folder)}. Next:")
    echo(f"  gcv-edge info {model}")
    echo(f"  gcv-edge predict {model} PICTURE --save out")
    echo(f"  gcv-edge calibrate {model} --data PICTURES")
    echo(f"  python -c 'from gcv_edge import Detector; print(Detector(\"{model}\").labels)'")


def export_network(shipped: Path, folder: Path) -> ExportResult:
    """Export and verify, as ``gcv-edge export`` does."""
    from gcv_edge.exporters.source import ExportOptions
    from gcv_edge.pipeline import export

    facts = read_facts(shipped)
    batch, channels, height, width = facts["input_shape"]
    labels = tuple((shipped / "classes.txt").read_text(encoding="utf-8").split())
    options = ExportOptions(input_shape=(batch, channels, height, width), labels=labels)
    symbol, model = shipped / f"{NAME}-symbol.json", folder / f"{NAME}.onnx"
    echo(f"Exporting {symbol.name} and {NAME}-0000.params to {show_path(model)}")
    with stages("exporting") as progress, naming(model):
        result = export(str(symbol), model, options=options, progress=progress)
    size = show_size(result.path.stat().st_size)
    seconds = result.seconds["read"] + result.seconds["convert"] + result.seconds["write"]
    echo(f"  {result.metadata.task.name}, {plural(len(labels), 'label')}, {size}, in {seconds:.1f} s")
    if result.verification is not None:
        echo(f"  {describe_verdict(result.verification.to_dict())}")
    mean = facts["average_precision"]["mAP"]
    echo(f"  trained to a mean average precision of {mean:.2f} on drawn pictures\n")
    return result


def read_facts(shipped: Path) -> dict[str, Any]:
    """Read what the training script noted."""
    facts: dict[str, Any] = json.loads((shipped / "demo.json").read_text(encoding="utf-8"))
    return facts


def load_detector(result: ExportResult) -> Detector:
    """Load the file as any program would."""
    from gcv_edge import Detector

    detector = Detector(result.path)
    detector.warmup()
    return detector


def show(detector: Detector, picture: Path, folder: Path) -> None:
    """Print what a picture shows and write its annotated copy as PNG."""
    from gcv_edge.cli.saving import write_picture
    from gcv_edge.runtime.sources import read_picture

    frame = read_picture(picture)
    found: Detections = detector.run(frame)
    write_picture(folder / f"{picture.stem}.png", draw(found, frame, None))
    echo(f"{picture.name}: {describe_detections(found, DETECTION_THRESHOLD)}")


def show_int8(model: Path, shipped: Path) -> None:
    """Calibrate on half of the shipped pictures and compare on the others."""
    from gcv_edge.cli.int8_text import print_int8
    from gcv_edge.cli.observing import TerminalObserver
    from gcv_edge.cli.optimizing import optimize_file
    from gcv_edge.optimize import OptimizeOptions

    options = OptimizeOptions(mode="mse", samples=100, is_quick=True)
    observer = TerminalObserver(str(shipped), options, quiet=True)
    echo("\nThe same in 8 bits, calibrated on half of these pictures and compared with the float file on")
    echo("the others. They are far too few to rely on; they only show how it works.")
    result = optimize_file(model, str(shipped), options, observer)
    assert result.quantized is not None
    print_int8(result, result.quantized)


def echo_timings(detector: Detector, folder: Path) -> None:
    """Print the best of several runs, stage by stage."""
    from gcv_edge.runtime.sources import read_picture

    frame = read_picture(sorted(folder.glob("*.png"))[0])
    speeds = [detector.run(frame).speed for _ in range(ROUNDS)]
    best = min(speeds, key=lambda speed: speed.total_ms)
    height, width = frame.shape[:2]
    echo(f"\nBest of {ROUNDS} on a {width}x{height} picture, {detector.session.engine}:")
    stages_ms = (best.preprocess_ms, best.inference_ms, best.postprocess_ms, best.total_ms)
    echo_table(
        ("preprocess ms", "inference ms", "postprocess ms", "total ms"),
        [[f"{value:.2f}" for value in stages_ms]],
        right=("preprocess ms", "inference ms", "postprocess ms", "total ms"),
    )
