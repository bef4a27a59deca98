"""Frame to network input: gcv-edge against OpenCV with NumPy and with blobFromImage, one thread.

Frames in cameras' formats, against the same frame in BGR and against OpenCV's conversion to it.
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
CAMERAS = {
    "1080p to 416x416, cameras' formats": ((1920, 1080), (416, 416), "bilinear"),
    "1080p to 640x640, cameras' formats": ((1920, 1080), (640, 640), "bilinear"),
    "1080p to 416x416, cameras' formats, area": ((1920, 1080), (416, 416), "area"),
    "1080p to 416x416, cameras' formats, bicubic": ((1920, 1080), (416, 416), "bicubic"),
}
TO_BGR = {
    "nv12": cv2.COLOR_YUV2BGR_NV12,
    "nv21": cv2.COLOR_YUV2BGR_NV21,
    "i420": cv2.COLOR_YUV2BGR_I420,
    "yuyv": cv2.COLOR_YUV2BGR_YUY2,
    "uyvy": cv2.COLOR_YUV2BGR_UYVY,
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
    pixel_format: str = "bgr",
) -> Floats:
    """Run the native code, into a new array as OpenCV does unless one is given."""
    out = np.empty((3, size[1], size[0]), np.float32) if kept is None else kept
    _core.preprocess(frame, pixel_format, placement, out, MEAN, SCALE, True, 0.0, interpolation=interpolation)
    return out


def draw_frame(width: int, height: int) -> NDArray[np.uint8]:
    """Smooth noise."""
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)


def to_format(frame: NDArray[np.uint8], pixel_format: str) -> NDArray[np.uint8]:
    """What a camera would have given of a frame in BGR."""
    height, width = frame.shape[:2]
    i420 = np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420), np.uint8)
    if pixel_format == "i420":
        return i420
    luma, (u, v) = i420[:height], i420[height:].reshape(2, height // 2, width // 2)
    pairs = np.stack([v, u] if pixel_format == "nv21" else [u, v], axis=2).reshape(height // 2, width)
    if pixel_format in ("nv12", "nv21"):
        return np.concatenate([luma, pairs])
    chroma = pairs.repeat(2, axis=0)
    return np.stack([luma, chroma] if pixel_format == "yuyv" else [chroma, luma], axis=2)


def measure(title: str, rounds: int) -> Record:
    """Time a size."""
    (width, height), size, interpolation = CASES[title]
    frame = draw_frame(width, height)
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


def measure_cameras(title: str, rounds: int) -> Record:
    """Time cameras' formats, on the best instruction set and on AVX2 where that is another."""
    (width, height), size, interpolation = CAMERAS[title]
    placement = _core.place("standard", (width, height), size)
    bgr = draw_frame(width, height)
    out = np.empty((3, size[1], size[0]), np.float32)
    functions: dict[str, Callable[[], object]] = {}

    def run(frame: NDArray[np.uint8], pixel_format: str) -> object:
        return run_core(frame, size, placement, interpolation, out, pixel_format)

    def convert(frame: NDArray[np.uint8], pixel_format: str) -> object:
        return run(np.asarray(cv2.cvtColor(frame, TO_BGR[pixel_format]), np.uint8), "bgr")

    frames = {"bgr": bgr, **{name: to_format(bgr, name) for name in TO_BGR}}
    for name, frame in frames.items():
        fastest = list(on_every_isa(name, partial(run, frame, name)).items())[-2:]
        functions |= dict(fastest)
    functions["cv2.cvtColor of nv12, then bgr"] = partial(convert, frames["nv12"], "nv12")
    seconds = interleaved(functions, rounds)
    print_table(title, seconds, next(name for name in reversed(functions) if name.startswith("bgr")))
    return summarize(seconds)


@ending_tidily()
def main() -> None:
    """Time all sizes."""
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    rows = {title: measure(title, rounds) for title in CASES}
    rows |= {title: measure_cameras(title, rounds) for title in CAMERAS}
    print(write_results("preprocess", rows))


if __name__ == "__main__":
    main()
