"""Frame to network input: gcv-edge against OpenCV with NumPy and with blobFromImage, one thread."""

from __future__ import annotations

import argparse
from collections.abc import Callable

import cv2
import harness
import numpy as np
from numpy.typing import NDArray

from gcv_edge import _core

MEAN, SCALE = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
CASES = {
    "1080p to 416x416": ((1920, 1080), (416, 416)),
    "720p to 608x608": ((1280, 720), (608, 608)),
    "640x480 to 224x224": ((640, 480), (224, 224)),
    "416x416 as it is": ((416, 416), (416, 416)),
}


def run_numpy(frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """What most scripts do."""
    rgb = cv2.cvtColor(cv2.resize(frame, size), cv2.COLOR_BGR2RGB)
    normalised = (rgb.astype(np.float32) - np.float32(MEAN)) / np.float32(SCALE)
    return np.ascontiguousarray(normalised.transpose(2, 0, 1))


def run_blob(frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """OpenCV's fused path; it knows one scale for all channels only, so it does less than is needed."""
    return cv2.dnn.blobFromImage(cv2.resize(frame, size), 1 / SCALE[0], size, MEAN, swapRB=True)


def run_core(
    isa: str, frame: NDArray[np.uint8], size: tuple[int, int], reuse: bool = False
) -> Callable[[], NDArray[np.float32]]:
    """Return a call of the native code on an instruction set, into a new array each time as OpenCV does."""
    placement = _core.place("standard", (frame.shape[1], frame.shape[0]), size)
    kept = np.empty((3, size[1], size[0]), np.float32)

    def run() -> NDArray[np.float32]:
        _core.set_isa(isa)
        out = kept if reuse else np.empty((3, size[1], size[0]), np.float32)
        _core.preprocess(frame, "bgr", placement, out, MEAN, SCALE, True, 0.0)
        return out

    return run


def main() -> None:
    """Time all cases, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    results = {}
    for title, (frame_size, size) in CASES.items():
        noise = np.random.default_rng(0).integers(0, 256, (frame_size[1], frame_size[0], 3), np.uint8)
        frame = cv2.GaussianBlur(noise, (0, 0), 2)
        functions: dict[str, Callable[[], object]] = {
            f"gcv-edge ({isa})": run_core(isa, frame, size) for isa in _core.available_isas()
        }
        fastest = list(functions)[-1]
        functions["gcv-edge, output reused"] = run_core(_core.available_isas()[-1], frame, size, reuse=True)
        functions["cv2.resize + cv2.dnn.blobFromImage"] = lambda f=frame, s=size: run_blob(f, s)
        functions["cv2.resize + NumPy normalise"] = lambda f=frame, s=size: run_numpy(f, s)
        seconds = harness.interleaved(functions, rounds)
        harness.print_table(title, seconds, fastest)
        results[title] = harness.summarize(seconds)
    print(harness.write_results("preprocess", {"cases": results}))


if __name__ == "__main__":
    main()
