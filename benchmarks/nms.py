"""Non-maximum suppression of 10,647 boxes x 80 classes: gcv-edge against OpenCV, one thread.

Scores are those of a YOLOv3 head on noise-like input: objectness times class score, most of them small.
OpenCV is timed without a limit, as it is mostly called, with the same limit of candidates over all classes
together (it then does the same work), and in a loop over classes. Collecting the candidates is part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.command_line import make_parser
from benchmarks.records import Record, write_results
from benchmarks.timing import interleaved, on_every_isa, print_table, summarize
from gcv_edge import _core
from gcv_edge.cli.signals import ending_tidily

ANCHORS, CLASSES, SIDE = 10647, 80, 416
IOU, TOPK, POST = 0.45, 400, 100
Floats = NDArray[np.float32]
Suppression = Callable[..., object]

NMS: Suppression = cv2.dnn.NMSBoxes
BATCHED_NMS: Suppression = cv2.dnn.NMSBoxesBatched
"""Both take arrays, of which OpenCV's annotations do not know."""


def draw_boxes(generator: np.random.Generator) -> Floats:
    """Boxes of all sizes inside the input, corners."""
    centre = generator.uniform(0, SIDE, (ANCHORS, 2))
    half = np.exp(generator.uniform(np.log(4), np.log(120), (ANCHORS, 2)))
    return np.asarray(np.concatenate([centre - half, centre + half], 1), np.float32)


def draw_scores(generator: np.random.Generator) -> Floats:
    """Objectness times class score."""
    objectness = generator.beta(0.15, 2, (ANCHORS, 1))
    return np.asarray(objectness * generator.beta(0.2, 4, (ANCHORS, CLASSES)), np.float32)


def run_batched(corners: Floats, scores: Floats, threshold: float, topk: int) -> object:
    """OpenCV's own way for many classes: every candidate with its class."""
    rows, classes = np.nonzero(scores > threshold)
    ids = classes.astype(np.int32)
    return BATCHED_NMS(corners[rows], scores[rows, classes], ids, threshold, IOU, 1.0, topk)


def run_per_class(corners: Floats, scores: Floats, threshold: float) -> object:
    """The usual loop over classes."""
    return [
        NMS(corners, np.ascontiguousarray(scores[:, c]), threshold, IOU, 1.0, TOPK) for c in range(CLASSES)
    ]


def measure(threshold: float, boxes: Floats, scores: Floats, rounds: int, slow_rounds: int) -> Record:
    """Time a threshold."""
    corners = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], 1)
    ours = on_every_isa("gcv-edge", partial(_core.detect, boxes, scores, threshold, IOU, TOPK, POST, False))
    theirs: dict[str, Callable[[], object]] = {
        "cv2.dnn.NMSBoxesBatched": partial(run_batched, corners, scores, threshold, 0),
        f"cv2.dnn.NMSBoxesBatched, top_k={TOPK}": partial(run_batched, corners, scores, threshold, TOPK),
        "cv2.dnn.NMSBoxes, per class": partial(run_per_class, corners, scores, threshold),
    }
    seconds = interleaved({**ours, **theirs}, slow_rounds)
    for name, more in interleaved(ours, rounds).items():
        seconds[name] += more
    candidates = int((scores > threshold).sum())
    print_table(f"threshold {threshold}: {candidates} candidates", seconds, list(ours)[-1])
    return {"candidates": candidates, "times": summarize(seconds)}


@ending_tidily()
def main() -> None:
    """Time both thresholds."""
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--slow-rounds", type=int, default=2, help="rounds that include OpenCV")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    generator = np.random.default_rng(0)
    boxes, scores = draw_boxes(generator), draw_scores(generator)
    rounds = (arguments.rounds, arguments.slow_rounds)
    rows = {str(threshold): measure(threshold, boxes, scores, *rounds) for threshold in (0.01, 0.3)}
    settings = {"boxes": ANCHORS, "classes": CLASSES, "iou": IOU, "nms_topk": TOPK, "post_nms": POST}
    print(write_results("nms", rows, settings=settings))


if __name__ == "__main__":
    main()
