"""Sample pictures with what the float and the 8-bit network find in them, side by side."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from gcv_edge.data import Dataset
from gcv_edge.errors import DataError, UnsupportedError
from gcv_edge.evaluation import agreement
from gcv_edge.evaluation.agreement import run_sample
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.loading import open_network
from gcv_edge.runtime.results import Classification

COUNT = 4
LONGEST = 640
"""Pixels of a drawn picture's longer side at most."""
READABLE = 360
"""Pixels of the longer side that a picture with lines of text on it has at least."""
QUALITY = 85


@dataclass(frozen=True)
class SamplePair:
    """One picture, drawn twice.

    Attributes:
        name: of the picture.
        floating, quantized: what each network finds, JPEG.
        same: how far they agree on this picture, in words.
    """

    name: str
    floating: bytes
    quantized: bytes
    same: str

    def to_dict(self) -> dict[str, str]:
        """Return values for JSON, the pictures as addresses that hold them."""
        return {
            "name": self.name,
            "fp32": data_address(self.floating),
            "int8": data_address(self.quantized),
            "same": self.same,
        }


def draw_samples(
    floating: Path, quantized: Path, dataset: Dataset, count: int = COUNT
) -> Iterator[SamplePair]:
    """Run both files on a few pictures, spread evenly over a data set, and draw their results.

    Args:
        floating: the float file.
        quantized: the 8-bit file.
        dataset: pictures that neither was calibrated on.
        count: pictures at most.
    """
    models = open_network(floating), open_network(quantized)
    for sample in dataset.limit(count):
        results = [run_sample(model, sample) for model in models]
        drawn = [encode(draw(result, sample.frame)) for result in results]
        yield SamplePair(sample.name, drawn[0], drawn[1], describe_agreement(results[0], results[1]))


def draw(result: Any, frame: Pixels) -> Pixels:
    """Draw a result on its frame, in a size that can be read and stored."""
    if isinstance(result, Classification):  # boxes and joints are in pixels of the frame, its lines are not
        frame = resized(frame, max(READABLE, min(LONGEST, max(frame.shape[:2]))))
    canvas = result.plot(frame)
    return resized(canvas, min(LONGEST, max(canvas.shape[:2])))


def resized(picture: Pixels, longest: int) -> Pixels:
    """Resize a picture so that its longer side has that many pixels."""
    height, width = picture.shape[:2]
    if max(height, width) == longest:
        return picture
    ratio = longest / max(height, width)
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    way = cv2.INTER_NEAREST if ratio > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)


def encode(picture: Pixels) -> bytes:
    """Return a picture as JPEG."""
    _, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return bytes(content)


def describe_agreement(reference: Any, candidate: Any) -> str:
    """Say how far two results are the same; empty where they cannot be compared."""
    try:
        found = agreement([reference], [candidate])
    except (DataError, UnsupportedError):
        return ""
    return f"{found.measure}: {found.value:.0%}"


def data_address(content: bytes) -> str:
    """Return an address that holds a JPEG picture itself."""
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
