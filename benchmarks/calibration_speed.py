"""Calibrating a network beside NNCF's ``quantize`` with its defaults: time, processor time and agreement.

Both take generated pictures by turns, each in a process of its own. NNCF gets them prepared; ``calibrate``
prepares them itself, and times the forms at the end, which is left out here. Agreement with the float network
is measured on other pictures. NNCF is no dependency of this project: its environment has nncf and openvino.
Run: python -m benchmarks.calibration_speed --nncf-python PYTHON [NAME]; needs the extra [mxnet].
"""

from __future__ import annotations

import itertools
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.children import call
from benchmarks.command_line import make_parser
from benchmarks.nncf_evaluator import prepare, quantize_with_nncf
from benchmarks.records import Record, write_results
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.pipeline import export
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions
from gcv_edge.verification.sqnr import sqnr

NAME = "resnet50_v1"
OTHERS = 64
GRAIN = 16
"""Sides of the noise that pictures are enlarged from."""


def picture(seed: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw smooth noise."""
    grains = np.random.default_rng(seed).integers(0, 256, (GRAIN, GRAIN, 3), np.uint8)
    return np.asarray(cv2.resize(grains, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def calibrate_here(floating: str, output: str, count: int) -> Record:
    """Calibrate in this process."""
    from gcv_edge.calibration import calibrate
    from gcv_edge.calibration.job import CalibrationOptions

    height, width = open_session(Path(floating)).input_shape[2:]
    frames = [picture(seed, (width, height)) for seed in range(count)]
    start, used = time.perf_counter(), time.process_time()
    found = calibrate(floating, frames, output, options=CalibrationOptions(time_forms=False))
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": time.process_time() - used,
        "stages": {stage: round(value, 2) for stage, value in found.seconds.items()},
    }


def outputs_of(model: Path, others: Path) -> list[dict[str, NDArray[np.float32]]]:
    """Run a file on prepared pictures."""
    session = open_session(model, SessionOptions(precision="f32"))
    name = next(iter(session.inputs))
    return [dict(session.run({name: one[None]})) for one in np.load(others)]


def agreement(model: Path, others: Path, networks: dict[str, Path]) -> dict[str, float]:
    """Return the decibels in which 8-bit networks agree with the float one."""
    expected = outputs_of(model, others)
    return {name: sqnr(outputs_of(path, others), expected) for name, path in networks.items()}


def best_of(runs: list[Record]) -> Record:
    """Return the quickest run."""
    return min(runs, key=lambda run: run["seconds"])


@ending_tidily()
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("name", nargs="?", default=NAME)
    parser.add_argument("--nncf-python", type=Path, required=True, metavar="PYTHON")
    parser.add_argument("--pictures", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    count = arguments.pictures
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model = export(arguments.name, folder / "float.onnx", random_weights=1, verify=False).path
        height, width = open_session(model).input_shape[2:]
        pictures = (picture(seed, (width, height)) for seed in range(count + OTHERS))
        inputs = prepare(model, itertools.islice(pictures, count), count, folder / "inputs.npy")
        others = prepare(model, pictures, OTHERS, folder / "others.npy")
        int8, theirs = folder / "int8.onnx", folder / "nncf.xml"
        runs: dict[str, list[Record]] = {"gcv-edge": [], "nncf": []}
        for _ in range(arguments.rounds):
            runs["gcv-edge"].append(call(calibrate_here, str(model), str(int8), count))
            runs["nncf"].append(quantize_with_nncf(arguments.nncf_python, model, inputs, theirs, {}))
        decibels = agreement(model, others, {"gcv-edge": int8, "nncf": theirs})
    rows = {name: {**best_of(found), "decibels": round(decibels[name], 2)} for name, found in runs.items()}
    for name, row in rows.items():
        print(
            f"{name:8} {row['seconds']:.1f} s, {row['processor_seconds']:.1f} s of the processor, "
            f"agrees to {row['decibels']:.1f} dB"
        )
    ratio = round(rows["gcv-edge"]["seconds"] / rows["nncf"]["seconds"], 2)
    write_results("calibration_speed", rows, network=arguments.name, pictures=count, ratio=ratio)


if __name__ == "__main__":
    main()
