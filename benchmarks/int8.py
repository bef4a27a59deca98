"""What 8 bits gain: MXNet float32 (unfused, fused) and INT8 against OpenVINO float32, bfloat16 and our INT8.

All forms of a network run in turn, the network alone on one picture, once with all that the CPU has and once
capped to AVX512-VNNI, as on an AWS C5. Weights are random, the same in every form but MXNet's INT8, which is
the zoo's own *_int8 network; YOLOv3 has none, and is quantised by MXNet. MXNet's detectors end in NMS inside
the graph; ours and OpenVINO's end before it. An interrupted command continues. Needs the extra
[mxnet]: python -m benchmarks.int8 [NETWORK...]
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.command_line import make_parser
from benchmarks.network_files import SEED, NetworkFiles, make_network
from benchmarks.records import Record, Results
from benchmarks.tables import tell
from gcv_edge.benchmarking import Row, Settings, Variant, benchmark, list_references, list_variants
from gcv_edge.cli.signals import ending_tidily

NETWORKS = (
    "resnet50_v1",
    "mobilenet1.0",
    "ssd_300_vgg16_atrous_voc",
    "ssd_512_vgg16_atrous_voc",
    "ssd_512_resnet50_v1_voc",
    "ssd_512_mobilenet1.0_voc",
    "yolo3_darknet53_voc",
    "yolo3_mobilenet1.0_voc",
)
CAPS = {"uncapped": "native", "vnni": "vnni"}
FORMS = {
    "openvino FP32": "OpenVINO FP32",
    "openvino BF16": "OpenVINO BF16",
    "openvino INT8 + BF16": "gcv-edge INT8, BF16 rest",
    "openvino INT8": "gcv-edge INT8",
    "mxnet FP32": "MXNet FP32 unfused",
    "mxnet FP32 fused": "MXNet FP32 fused",
    "mxnet INT8": "MXNet INT8",
}
OVER_FP32 = {"512_resnet50": 3.3, "resnet50": 3.5, "mobilenet1.0": 3.0, "vgg16": 3.5, "darknet53": 3.5}
"""What is aimed at, by the first part of a name that is found."""

OVER_BF16 = {"resnet50_v1": 1.5, "mobilenet1.0": 1.2}
PICTURES = 8
SECONDS = 0.2
"""Of a turn."""


def pictures(shape: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
    """Noise: with random weights, pictures say no more."""
    random = np.random.RandomState(SEED)
    for _ in range(PICTURES):
        yield random.randint(0, 256, (shape[2], shape[3], 3), np.uint8)


def quantize(path: Path) -> Path:
    """Calibrate a file."""
    from gcv_edge.calibration import CalibrationOptions, calibrate
    from gcv_edge.runtime.opening import open_session

    options = CalibrationOptions(correction="none", time_forms=False, data="noise")
    frames = pictures(open_session(path).input_shape)
    return calibrate(path, frames, path.with_name("int8.onnx"), mode="minmax", options=options).path


def list_forms(name: str, files: NetworkFiles) -> list[Variant]:
    """List the forms of a network; MXNet's 8 bits are the zoo's own where it has them."""
    from gcv_edge.exporters.mxnet.live import zoo_names

    ours = list_variants([files.onnx, quantize(files.onnx)])
    *floats, int8 = list_references(ours, "mxnet", source=str(files.symbol), params=str(files.params))
    if f"{name}_int8" in zoo_names():
        int8 = replace(floats[0], name=int8.name, source=f"{name}_int8", params=None, seed=SEED)
    return [*ours, *floats, int8]


def measure(name: str, rounds: int, threads: int) -> Record:
    """Measure a network without and with the cap."""
    with tempfile.TemporaryDirectory() as folder:
        variants = list_forms(name, make_network(name, Path(folder), has_open_batch=False))
        found = {label: run(variants, isa, rounds, threads) for label, isa in CAPS.items()}
    reached = goals(name, found)
    print(json.dumps(reached, indent=2))
    return {**found, "goals": reached}


def run(variants: list[Variant], isa: str, rounds: int, threads: int) -> Record:
    """Measure all forms under a cap."""
    settings = Settings(threads=threads, isa=isa, rounds=rounds, seconds=SECONDS)
    found = benchmark(variants, settings, with_profile=True, progress=tell)
    tell("")
    for left in found.left_out:
        print(f"{left.variant.title}: {left.reason}", file=sys.stderr)
    rows = {FORMS[row.variant.title]: row for row in found.rows}
    timings = {form: summarize(row) for form, row in rows.items()}
    for form, times in timings.items():
        print(f"{isa:8} {form:26} {times['best_ms']:10.3f} ms")
    layers = rows["gcv-edge INT8"].layers
    kernels: dict[str, Any] = {}
    for layer in layers:
        kernel = kernels.setdefault(layer["kernel"], {"nodes": 0, "microseconds": 0.0})
        kernel["nodes"] += layer["count"]
        kernel["microseconds"] += 1e3 * layer["milliseconds"]
    return {"timings": timings, "ratios": ratios(timings), "kernels": kernels}


def summarize(row: Row) -> dict[str, float]:
    """Return milliseconds of the network alone, in the best and in the middle round."""
    assert row.network_throughput is not None
    low, middle = (1e3 / rate for rate in (row.network_throughput.high, row.network_throughput.median))
    return {"best_ms": round(low, 4), "median_ms": round(middle, 4), "calls": row.rounds}


def ratios(timings: dict[str, dict[str, float]]) -> dict[str, float]:
    """Say how many times faster the better of our forms is than each other, best run to best run."""
    best = {form: times["best_ms"] for form, times in timings.items()}
    ours = min(time for form, time in best.items() if form.startswith("gcv-edge"))
    return {form: round(time / ours, 2) for form, time in best.items() if not form.startswith("gcv-edge")}


def goals(name: str, found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Hold the ratios against what was aimed at."""
    uncapped, capped = found["uncapped"]["ratios"], found["vnni"]["ratios"]
    over_fp32 = next((goal for part, goal in OVER_FP32.items() if part in name), 0.0)
    wanted = {
        "over OpenVINO FP32, VNNI": (capped.get("OpenVINO FP32"), over_fp32),
        "over OpenVINO BF16": (uncapped.get("OpenVINO BF16"), OVER_BF16.get(name, 1.4)),
        "over MXNet INT8": (uncapped.get("MXNet INT8"), 2.0),
        "over MXNet INT8, VNNI": (capped.get("MXNet INT8"), 2.0),
    }
    return {
        goal: {"found": ratio, "wanted": least, "reached": ratio is not None and ratio >= least}
        for goal, (ratio, least) in wanted.items()
    }


@ending_tidily()
def main() -> None:
    """Measure what is asked for and not there yet."""
    parser = make_parser(__doc__)
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    arguments = parser.parse_args()
    names = arguments.networks or list(NETWORKS)
    results = Results(
        "int8", again=names if arguments.again else (), order=NETWORKS, threads=arguments.threads
    )
    results.fill(names, lambda name: measure(name, arguments.rounds, arguments.threads))


if __name__ == "__main__":
    main()
