"""Results as rows of tables: what ``to_row`` gives, and the forms that other tools read.

A row maps names of columns to plain lists, numbers and bytes. The lists of a row that are as long as its
``scores`` go together: the first box has the first score.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import GcvEdgeError

Row = dict[str, Any]

CORNERS = ("x1", "y1", "x2", "y2")
DEEPEST = 65535
"""Highest level of a 16-bit picture."""


def coco_results(row: Row, image_id: int | str) -> list[Row]:
    """Spell a row as COCO's results.

    Args:
        row: of a detector, a network for masks, or poses.
        image_id: of the picture in the annotations.

    Returns:
        a dictionary per object: ``image_id``, ``category_id`` (the class id and 1), ``bbox`` (x, y, width,
        height), ``score``, and ``segmentation`` or ``keypoints`` (x, y, score, one after the other).
    """
    if "keypoints" in row:
        return [
            coco_person(box, points, image_id)
            for box, points in zip(row["boxes"], row["keypoints"], strict=True)
        ]
    found = [
        {"image_id": image_id, "category_id": class_id + 1, "bbox": to_bbox(box), "score": score}
        for class_id, box, score in zip(row["class_ids"], row["boxes"], row["scores"], strict=True)
    ]
    for one, mask in zip(found, row.get("masks", ()), strict=False):
        one["segmentation"] = mask
    return found


def coco_person(box: Sequence[float], points: Sequence[Sequence[float]], image_id: int | str) -> Row:
    """Spell a pose as a result of COCO's keypoints; its score is the mean of its points'."""
    scores = [score for _, _, score in points]
    return {
        "image_id": image_id,
        "category_id": 1,
        "bbox": to_bbox(box),
        "keypoints": [value for point in points for value in point],
        "score": sum(scores) / max(1, len(scores)),
    }


def to_bbox(box: Sequence[float]) -> list[float]:
    """Return x, y, width and height of a box x1, y1, x2, y2."""
    x1, y1, x2, y2 = box
    return [x1, y1, x2 - x1, y2 - y1]


def object_rows(row: Row) -> list[Row]:
    """Spread a row over one per object, class or point: ``boxes`` become ``x1`` to ``y2``, and so on.

    A row of one thing (a vector, a map) stays as it is.
    """
    if "keypoints" in row:
        return [
            {"person": person, "keypoint": place, "x": x, "y": y, "score": score}
            for person, points in enumerate(row["keypoints"])
            for place, (x, y, score) in enumerate(points)
        ]
    if "class_ids" not in row:
        return [row]
    return [object_row(row, place) for place in range(len(row["class_ids"]))]


def object_row(row: Row, place: int) -> Row:
    """Return what a row says of one object."""
    found = {
        "class_id": row["class_ids"][place],
        "label": row["labels"][place],
        "score": row["scores"][place],
    }
    if "boxes" in row:
        found |= dict(zip(CORNERS, row["boxes"][place], strict=True))
    if "masks" in row:
        found["mask"] = row["masks"][place]["counts"]
    return found


def encode_png(pixels: NDArray[Any]) -> bytes:
    """Encode levels of 8 or 16 bits as PNG; wider integers must be below 65536."""
    levels = pixels if pixels.dtype == np.uint8 else pixels.astype(np.uint16)
    return cv2.imencode(".png", levels)[1].tobytes()


def encode_shares(values: NDArray[np.float32]) -> bytes:
    """Encode numbers from 0 to 1 as a PNG of 16 bits, 65535 for 1."""
    return encode_png(np.rint(np.clip(values, 0, 1) * DEEPEST).astype(np.uint16))


def import_for(method: str, package: str) -> ModuleType:
    """Import a package that a conversion makes objects of.

    Raises:
        GcvEdgeError: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise GcvEdgeError(f"{method} needs {package}: pip install {package}") from None
