"""Frame to network input: gcv-edge against OpenCV with NumPy and with blobFromImage, one thread."""

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

MEAN, SCALE = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
Floats = NDArray[np.float32]
CASES = {
    "1080p to 416x416": ((1920, 1080), (416, 416), "bilinear"),
    "1080p to 416x416, area": ((1920, 1080), (416, 416), "area"),
    "1080p to 416x416, bicubic": ((1920, 1080), (416, 416), "bicubic"),
    "720p to 608x608": ((1280, 720), (608, 608), "bilinear"),
    "640x480 to 224x224": ((640, 480), (224, 224), "bilinear"),
    "416x416 as it is": ((416, 416), (416, 416), "bilinear"),
}
CODES = {
    "bilinear": cv2.INTER_LINEAR,
    "area": cv2.INTER_AREA,
    "bicubic": cv2.INTER_CUBIC,
}


def run_numpy(frame: NDArray[np.uint8], size: tuple[int, int], code: int) -> Floats:
    """What most scripts do."""
    rgb = cv2.cvtColor(cv2.resize(frame, size, interpolation=code), cv2.COLOR_BGR2RGB)
    normalised = (rgb.astype(np.float32) - np.array(MEAN, np.float32)) / np.array(SCALE, np.float32)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))


def run_blob(frame: NDArray[np.uint8], size: tuple[int, int], code: int) -> Floats:
    """OpenCV's fused path; it knows one scale for all channels only, so it does less than is needed."""
    blob = cv2.dnn.blobFromImage(
        cv2.resize(frame, size, interpolation=code), 1 / SCALE[0], size, MEAN, swapRB=True
    )
    return np.asarray(blob, np.float32)


def run_core(
    frame: NDArray[np.uint8],
    size: tuple[int, int],
    placement: _core.Placement,
    interpolation: str,
    kept: Floats | None = None,
) -> Floats:
    """Run the native code, into a new array as OpenCV does unless one is given."""
    out = np.empty((3, size[1], size[0]), np.float32) if kept is None else kept
    _core.preprocess(frame, "bgr", placement, out, MEAN, SCALE, True, 0.0, interpolation=interpolation)
    return out


def measure(title: str, rounds: int) -> Record:
    """Time a size."""
    (width, height), size, interpolation = CASES[title]
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    frame = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)
    run = partial(run_core, frame, size, _core.place("standard", (width, height), size), interpolation)
    ours = on_every_isa("gcv-edge", run)
    functions: dict[str, Callable[[], object]] = {
        **ours,
        "gcv-edge, output reused": partial(run, run()),  # on the best, which ran last
        "cv2.resize + cv2.dnn.blobFromImage": partial(run_blob, frame, size, CODES[interpolation]),
        "cv2.resize + NumPy normalise": partial(run_numpy, frame, size, CODES[interpolation]),
    }
    seconds = interleaved(functions, rounds)
    print_table(title, seconds, list(ours)[-1])
    return summarize(seconds)


@ending_tidily()
def main() -> None:
    """Time all sizes."""
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    print(write_results("preprocess", {title: measure(title, rounds) for title in CASES}))


if __name__ == "__main__":
    main()
