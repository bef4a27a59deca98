"""Heat maps to key points and logits to class maps: gcv-edge against OpenCV, one thread.

OpenCV's way for heat maps is a loop of ``minMaxLoc``; for class maps, a resize of each class and a comparison
with the best so far.
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

Floats = NDArray[np.float32]
Size = tuple[int, int]

HEATMAPS = {"17 heat maps of 48x64": (17, 64, 48), "17 heat maps of 72x96": (17, 96, 72)}
LOGITS = {
    "21 classes, 480x480 to 1080p": ((21, 480, 480), (1920, 1080)),
    "21 classes, 60x60 to 1080p": ((21, 60, 60), (1920, 1080)),
    "150 classes, 60x60 to 480p": ((150, 60, 60), (640, 480)),
}


def find_with_opencv(maps: Floats) -> list[object]:
    """Find each map's peak."""
    return [cv2.minMaxLoc(cells) for cells in maps]


def segment_with_opencv(logits: Floats, size: Size) -> NDArray[np.uint8]:
    """Stretch class after class and keep the best."""
    best = cv2.resize(logits[0], size, interpolation=cv2.INTER_LINEAR)
    ids = np.zeros(best.shape, np.uint8)
    for number, cells in enumerate(logits[1:], 1):
        scores = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)
        ids[scores > best] = number
        best = np.maximum(scores, best)
    return ids


def compare(
    title: str, ours: Callable[[], object], name: str, theirs: Callable[[], object], rounds: int
) -> Record:
    """Time both."""
    functions = {**on_every_isa("gcv-edge", ours), name: theirs}
    seconds = interleaved(functions, rounds)
    print_table(title, seconds, name)
    return summarize(seconds)


def measure_heatmaps(title: str, rounds: int, generator: np.random.Generator) -> Record:
    """Time key points."""
    maps = generator.normal(0, 1, HEATMAPS[title]).astype(np.float32)
    size = (4 * maps.shape[2], 4 * maps.shape[1])
    ours = partial(_core.decode_heatmaps, maps, _core.place("standard", size, size), size)
    return compare(title, ours, "loop of cv2.minMaxLoc", partial(find_with_opencv, maps), rounds)


def measure_logits(title: str, rounds: int, generator: np.random.Generator) -> Record:
    """Time class maps."""
    shape, frame = LOGITS[title]
    logits = generator.normal(0, 1, shape).astype(np.float32)
    inputs = (shape[2], shape[1])
    ours = partial(_core.segment, logits, _core.place("standard", frame, inputs), inputs, frame)
    return compare(title, ours, "loop of cv2.resize", partial(segment_with_opencv, logits, frame), rounds)


@ending_tidily()
@ending_tidily()
def main() -> None:
    """Time all of them."""
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=300, help="of heat maps")
    parser.add_argument("--slow-rounds", type=int, default=5, help="of class maps")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    generator = np.random.default_rng(0)
    rows = {title: measure_heatmaps(title, arguments.rounds, generator) for title in HEATMAPS}
    rows |= {title: measure_logits(title, arguments.slow_rounds, generator) for title in LOGITS}
    print(write_results("dense_outputs", rows))


if __name__ == "__main__":
    main()
