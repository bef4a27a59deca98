"""MXNet with the network that a file was exported from.

Frames are prepared with MXNet's own picture operators, as GluonCV's users do it, in the way that the file
says.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np

from gcv_edge.benchmarking.frames import choose, fetch_frames
from gcv_edge.benchmarking.mxnet_profiling import profile, without_bulking
from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.measure.calls import CallTimes, StageTimes, time_calls
from gcv_edge.measure.inputs import noise
from gcv_edge.metadata import ModelMetadata, Preprocessing
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.modelfile import read_metadata


class MxnetRunner:
    """Runs a network in MXNet.

    Args:
        job: of ``Variant.to_job``, with ``threads``, ``batch``, ``frames`` and the input's ``shape`` without
            its batch.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        self._job = job
        self._batch = int(job["batch"])
        self._frames: list[Pixels] = fetch_frames(job["frames"])
        self._metadata: ModelMetadata = read_metadata(Path(job["model"]))

    def load(self) -> dict[str, Any]:
        """Import MXNet, read the network, run it once; say how long each took."""
        start = perf_counter()
        self._mx = import_quietly()
        imported = perf_counter()
        from gcv_edge.benchmarking import mxnet_network

        network = mxnet_network.load_network(self._job, self._metadata)
        heads = mxnet_network.needed_heads(network.symbol, self._metadata.task.name)
        name = mxnet_network.only_input(network, heads)
        self._shape = (self._batch, *self._job["shape"])
        self._noise = self._mx.nd.array(noise(self._shape, np.dtype(np.float32)))
        mode = self._job["precision"]
        self._make = mxnet_network.prepare(self._mx, network, heads, name, self._noise, mode)
        self._forward = self._make()
        loaded = perf_counter()
        self.turn(0.0)
        return {
            "engine": f"mxnet {self._mx.__version__}",
            "precision": "int8" if self._job["precision"] == "int8" else "f32",
            "streams": 1,
            "threads": int(os.environ["OMP_NUM_THREADS"]),  # of measure.workers.worker_environment
            "import_seconds": imported - start,
            "load_seconds": loaded - imported,
            "first_seconds": perf_counter() - loaded,
        }

    def turn(self, seconds: float) -> CallTimes:
        """Run on frames; a network for clips or tensors on noise."""
        is_plain = self._metadata.task.takes == "picture"
        return time_calls(self._run if is_plain else self._run_noise, seconds, self._batch)

    def network(self, seconds: float) -> CallTimes:
        """Run the network alone on noise."""
        return time_calls(self._run_noise, seconds, self._batch)

    def profile(self) -> list[dict[str, Any]]:
        """Say which operators the network's time goes to, most time first."""
        file = Path(self._job["frames"]).with_name(f"{self._job['precision']}-profile.json")
        with without_bulking(self._mx):
            forward = self._make({})
            found = [asdict(kernel) for kernel in profile(self._mx, lambda: forward(self._noise), file)]
        self._forward = self._make()
        return found

    def _run(self, number: int) -> StageTimes:
        start = perf_counter()
        pictures = [self._prepare(frame) for frame in choose(self._frames, number, self._batch)]
        batch = self._mx.nd.stack(*pictures)
        batch.wait_to_read()
        prepared = perf_counter()
        outputs = self._forward(batch)
        inferred = perf_counter()
        read_out([output.asnumpy() for output in outputs], self._metadata.task.name)
        ended = perf_counter()
        return StageTimes((prepared - start) * 1e3, (inferred - prepared) * 1e3, (ended - inferred) * 1e3)

    def _run_noise(self, number: int) -> StageTimes:  # noqa: ARG002
        start = perf_counter()
        self._forward(self._noise)
        return StageTimes(0.0, (perf_counter() - start) * 1e3, 0.0)

    def _prepare(self, frame: Pixels) -> Any:
        mx, preprocessing = self._mx, self._metadata.preprocessing
        picture = mx.nd.array(frame[..., ::-1] if preprocessing.reverse_channels else frame, dtype=np.uint8)
        height, width = self._shape[-2:]
        picture = fit(mx, picture, preprocessing, (width, height))
        tensor = mx.nd.image.to_tensor(picture)
        mean, scale = (
            [value / 255 for value in values] for values in (preprocessing.mean, preprocessing.scale)
        )
        return mx.nd.image.normalize(tensor, mean, scale)


CODES = {"nearest": 0, "bilinear": 1, "bicubic": 2, "area": 3, "lanczos": 4, "warp": 1}
"""Interpolations by MXNet's numbers."""


def import_quietly() -> Any:
    """Import MXNet, whose warnings are not the user's."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    return import_mxnet()


def fit(mx: Any, picture: Any, preprocessing: Preprocessing, size: tuple[int, int]) -> Any:
    """Fit a picture ``[h, w, 3]`` into the input's size (width, height), as GluonCV's transforms do."""
    height, width = picture.shape[:2]
    if preprocessing.resize_type == "standard":
        return resize(mx, picture, size, preprocessing.interpolation)
    if preprocessing.resize_type == "crop":
        resized = mx.image.resize_short(picture, preprocessing.crop_short or min(size), interp=1)
        return mx.image.center_crop(resized, size, interp=1)[0]
    if preprocessing.resize_type == "affine":
        scale = max(size) / max(width, height)
        shift = [(side - length * scale) / 2 for side, length in zip(size, (width, height), strict=True)]
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        return mx.nd.array(cv2.warpAffine(picture.asnumpy(), matrix, size), dtype=np.uint8)
    factor = min(size[0] / width, size[1] / height)
    inner = resize(mx, picture, (round(width * factor), round(height * factor)), preprocessing.interpolation)
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    is_centred = preprocessing.resize_type == "fit_to_window_letterbox"
    left, top = ((size[0] - inner.shape[1]) // 2, (size[1] - inner.shape[0]) // 2) if is_centred else (0, 0)
    canvas[top : top + inner.shape[0], left : left + inner.shape[1]] = inner.asnumpy()
    return mx.nd.array(canvas, dtype=np.uint8)


def resize(mx: Any, picture: Any, size: tuple[int, int], interpolation: str) -> Any:
    """Resize a picture with MXNet's operator; its Lanczos is OpenCV's."""
    if interpolation == "by_size":
        sides = list(zip(size, picture.shape[1::-1], strict=True))
        shrinks, grows = all(new < old for new, old in sides), all(new > old for new, old in sides)
        interpolation = "area" if shrinks else "bicubic" if grows else "bilinear"
    return mx.image.imresize(picture, *size, interp=CODES[interpolation])


def read_out(outputs: Sequence[Any], task: str) -> Any:
    """Do what users do with outputs in NumPy: classes of pixels, the best class, the highest places."""
    first = outputs[0]
    if task == "segmentation":
        return first.argmax(axis=1)
    if task in ("classification", "action"):
        return np.argsort(first.reshape(len(first), -1), axis=1)[:, ::-1][:, :5]
    if task == "pose":
        return first.reshape(*first.shape[:2], -1).argmax(axis=2)
    return first
