"""What ``Detector.run`` on a 1080p frame costs over the bare OpenVINO inference of the same file.

The network is yolo3_mobilenet1.0 at 416x416 with 80 classes, one stream. With random weights its scores would
keep post-processing idle or flood it, so the threshold is set to list some 100 candidates.
Needs the extra [mxnet] once, to make the file: python -m benchmarks.detector [MODEL.onnx]
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray

from benchmarks import ROOT
from benchmarks.command_line import make_parser
from benchmarks.records import Record, write_results
from benchmarks.timing import Seconds, best, interleaved, median, print_table, summarize
from gcv_edge import Detector
from gcv_edge.cli.signals import ending_tidily

NAME = "yolo3_mobilenet1.0_coco"
CANDIDATES = 100
Pixels = NDArray[np.uint8]


def export_network(folder: Path) -> Path:
    """Export the network with seeded random weights."""
    from gcv_edge.pipeline import export

    return export(NAME, folder / f"{NAME}.onnx", random_weights=0, verify=False).path


def read_frame() -> Pixels:
    """Read a shipped picture, enlarged to 1920x1080."""
    picture = cv2.imread(str(sorted((ROOT / "gcv_edge" / "demo").glob("*.jpg"))[0]))
    return np.asarray(cv2.resize(picture, (1920, 1080)), np.uint8)


def bare_inference(path: Path, precision: str, threads: int) -> Any:
    """Compile the file as plain OpenVINO users do, with the same settings."""
    settings = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
    }
    request = openvino.Core().compile_model(str(path), "CPU", settings).create_infer_request()
    shape = tuple(request.get_input_tensor().shape)
    tensor = openvino.Tensor(np.random.RandomState(0).standard_normal(shape).astype(np.float32))
    request.set_input_tensor(tensor)
    return request.infer


def choose_confidence(path: Path, frame: Pixels) -> float:
    """Find the score that leaves about CANDIDATES boxes."""
    detector = Detector(path, confidence=0.0)
    detector.set_nms(nms_thresh=0, nms_topk=CANDIDATES, post_nms=CANDIDATES)
    return float(detector.run(frame).scores.min())


def measure(path: Path, frame: Pixels, precision: str, rounds: int, threads: int) -> Record:
    """Time both in turn; by default OpenVINO's Python copies the outputs, which ``Detector`` does not."""
    confidence = choose_confidence(path, frame)
    detector = Detector(path, confidence=confidence, precision=precision, threads=threads)
    infer, shared = bare_inference(path, precision, threads), "openvino infer, outputs shared"
    functions: dict[str, Callable[[], object]] = {
        "openvino infer": infer,
        shared: partial(infer, share_outputs=True),
        "Detector.run": partial(detector.run, frame),
    }
    seconds = interleaved(functions, rounds)
    title = f"Python, {path.stem}, {precision}, {threads} threads, {len(detector.run(frame))} detections"
    return {
        **compare(title, seconds, "openvino infer", "Detector.run"),
        "ratio_to_infer_with_shared_outputs": round(best(seconds["Detector.run"]) / best(seconds[shared]), 4),
        "speed": detector.run(frame).speed.to_dict(),
    }


def compare(title: str, seconds: Seconds, first: str, second: str) -> Record:
    """Print and summarise timings; the ratios are of the best and of the median runs."""
    print_table(title, seconds, first)
    return {
        "timings": summarize(seconds),
        "ratio": round(best(seconds[second]) / best(seconds[first]), 4),
        "ratio_of_medians": round(median(seconds[second]) / median(seconds[first]), 4),
    }


@ending_tidily()
def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    frame = read_frame()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.model or export_network(Path(folder))
        results = {
            precision: measure(path, frame, precision, arguments.rounds, arguments.threads)
            for precision in ("f32", "bf16")
        }
    write_results("detector", results, network=NAME, frame="1920x1080")


if __name__ == "__main__":
    main()
