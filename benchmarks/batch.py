"""Pictures per second of ``gcv-edge predict -o``, here and on Ray, over a plain loop and over what there is.

All take the same pictures in turn, several rounds. *There is* the network alone on all CPUs and the JPEG
decoding alone on all CPUs; one after the other they bound what any program reaches. The plain loop is
cv2.imread, OpenVINO and post-processing in NumPy, as one writes it. Ray's figure is of the pictures that a
second run has more than a first, so that starting it does not count.

    python -m benchmarks.batch MODEL.onnx... FOLDER [--pictures 200] [--rounds 3] [--ray]
"""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray

from benchmarks.command_line import make_parser
from benchmarks.records import Record, write_results
from gcv_edge import Detector
from gcv_edge.batch.job import begin_job
from gcv_edge.batch.on_ray import run_on_ray
from gcv_edge.batch.rows import TableOptions, TableSource, describe_source
from gcv_edge.batch.running import WorkTally, write_table
from gcv_edge.batch.sinks import JsonLinesSink
from gcv_edge.batch.sources.listing import PictureListing
from gcv_edge.batch.work import Workshop
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.cpus import usable_cpus
from gcv_edge.measure.result_cache import hash_file

Floats = NDArray[np.float32]
OURS, PLAIN, NETWORK, DECODING, ON_RAY = "gcv-edge", "plain loop", "network alone", "decoding alone", "Ray"
TURNS = (2, 6)
"""How often Ray's first and second run go through the pictures."""


def keep_best(boxes: Floats, scores: Floats, overlap: float) -> NDArray[np.int_]:
    """Suppress the boxes of a class that overlap a better one, in NumPy."""
    order, kept = scores.argsort()[::-1], []
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(best)
        corners = np.maximum(boxes[best, :2], boxes[rest, :2]), np.minimum(boxes[best, 2:], boxes[rest, 2:])
        common = np.clip(corners[1] - corners[0], 0, None).prod(axis=1)
        order = rest[common / (areas[best] + areas[rest] - common) <= overlap]
    return np.array(kept, int)


def plain_loop(model: Path, detector: Detector) -> Callable[[Sequence[Path]], int]:
    """Make the loop that one writes."""
    exact = {"INFERENCE_PRECISION_HINT": "f32"}  # what gcv-edge computes in unless asked otherwise
    request = openvino.Core().compile_model(str(model), "CPU", exact).create_infer_request()
    width, height = detector.input_size
    preprocessing, settings = detector.metadata.preprocessing, detector.settings
    mean, scale = (np.array(values, np.float32) for values in (preprocessing.mean, preprocessing.scale))

    def run(paths: Sequence[Path]) -> int:
        found = 0
        for path in paths:
            frame = cv2.imread(str(path))
            resized = cv2.cvtColor(cv2.resize(frame, (width, height)), cv2.COLOR_BGR2RGB)
            outputs = request.infer([((resized - mean) / scale).transpose(2, 0, 1)[None].astype(np.float32)])
            boxes, scores = outputs["boxes"][0], outputs["scores"][0]
            for column in range(scores.shape[1]):
                over = scores[:, column] > settings.confidence_threshold
                found += len(keep_best(boxes[over], scores[over, column], settings.iou_threshold))
        return found

    return run


def network_alone(detector: Detector) -> Callable[[Sequence[Path]], None]:
    """Infer as often as there are pictures, in as many threads as there are streams."""

    def infer(_: Path) -> None:
        with detector.session.lease() as request:
            request.infer()

    def run(paths: Sequence[Path]) -> None:
        with ThreadPoolExecutor(detector.session.streams) as pool:
            list(pool.map(infer, paths))

    return run


def decoding_alone(paths: Sequence[Path]) -> None:
    """Read and decode the pictures, in as many threads as there are CPUs."""
    with ThreadPoolExecutor(usable_cpus()) as pool:
        list(pool.map(lambda path: cv2.imread(str(path)) is None, paths))


def ours(detector: Detector, source: TableSource, folder: Path) -> Callable[[Sequence[Path]], None]:
    """Write a table of the pictures, from listing to the closed file."""

    def run(paths: Sequence[Path]) -> None:
        names = folder / "names.txt"
        names.write_text("".join(f"{path}\n" for path in paths))
        with Workshop(detector) as workshop:
            listing = PictureListing([str(names)])
            for _ in write_table(workshop, listing, source, JsonLinesSink, folder / "o.jsonl", WorkTally()):
                pass

    return run


def on_ray(model: Path, source: TableSource, folder: Path, paths: Sequence[Path]) -> float:
    """Return pictures per second of two actors of a CPU each, without their start."""
    seconds = []
    for times in TURNS:
        names, results = folder / "ray.txt", folder / "ray"
        for turn in range(times):
            (folder / f"turn{turn}").unlink(missing_ok=True)
            (folder / f"turn{turn}").symlink_to(paths[0].parent)
        names.write_text("".join(f"turn{turn}/{path.name}\n" for turn in range(times) for path in paths))
        shutil.rmtree(results, ignore_errors=True)
        job = begin_job(str(results), [str(names)], source, format="jsonl", shard_size=len(paths))
        started = time.perf_counter()
        list(run_on_ray(job, job.missing(), model.read_bytes(), workers=2, cpus=1, readers=None))
        seconds.append(time.perf_counter() - started)
    return (TURNS[1] - TURNS[0]) * len(paths) / (seconds[1] - seconds[0])


def measure(model: Path, paths: Sequence[Path], rounds: int, with_ray: bool) -> Record:
    """Run all of them in turn; return pictures per second, the medians, and ratios within the rounds."""
    detector = Detector(model, hint="throughput")
    source = describe_source(detector, hash_file(model), TableOptions())
    rates: dict[str, list[float]] = {name: [] for name in (NETWORK, DECODING, OURS, PLAIN)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        functions: dict[str, Callable[[Sequence[Path]], Any]] = {
            NETWORK: network_alone(detector),
            DECODING: decoding_alone,
            OURS: ours(detector, source, folder),
            PLAIN: plain_loop(model, detector),
        }
        for function in functions.values():
            function(paths[:4])
        for _ in range(rounds):
            for kind, function in functions.items():
                started = time.perf_counter()
                function(paths)
                rates[kind].append(len(paths) / (time.perf_counter() - started))
            if with_ray:
                rates.setdefault(ON_RAY, []).append(on_ray(model, source, folder, paths))
    return summarize_rates(rates)


def summarize_rates(rates: dict[str, list[float]]) -> Record:
    """Return medians of the rates, and of the rounds' ratios."""
    bound = [1 / (1 / a + 1 / b) for a, b in zip(rates[NETWORK], rates[DECODING], strict=True)]
    ratios = {
        "gcv-edge over what there is": (rates[OURS], bound),
        "gcv-edge over the plain loop": (rates[OURS], rates[PLAIN]),
    }
    if ON_RAY in rates:
        ratios["Ray over gcv-edge"] = (rates[ON_RAY], rates[OURS])
    medians = {kind: round(float(np.median(found)), 1) for kind, found in rates.items()}
    compared = {
        name: [round(a / b, 3) for a, b in zip(first, second, strict=True)]
        for name, (first, second) in ratios.items()
    }
    return {"per_second": medians, "ratios": compared}


@ending_tidily()
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ray", action="store_true")
    arguments = parser.parse_args()
    found = sorted(arguments.folder.resolve().glob("*.jpg"))
    paths = list(itertools.islice(found, arguments.pictures))
    rows = {}
    for model in arguments.models:
        row = measure(model, paths, arguments.rounds, arguments.ray)
        rows[model.stem] = {**row, "pictures": len(paths)}
        print(model.stem)
        for kind, rate in row["per_second"].items():
            print(f"  {kind:16} {rate:8.1f} pictures per second")
        for name, values in row["ratios"].items():
            print(f"  {name}: {np.median(values):.2f} ({min(values):.2f} to {max(values):.2f})")
    write_results("batch", rows)


if __name__ == "__main__":
    main()
