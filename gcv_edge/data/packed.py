"""Labels as im2rec packs them: a number, or numbers that hold boxes.

Boxes follow GluonCV (data/recordio/detection.py): length of the head, numbers per object (at least 5), the
rest of the head, then for each object class, x1, y1, x2, y2, and perhaps whether it is difficult.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcv_edge.data.classes import as_class_id
from gcv_edge.data.reader import DamagedSampleError, Size
from gcv_edge.data.targets import BoxTarget, ClassTarget
from gcv_edge.errors import DataError

IMAGE_HEAD = struct.Struct("<IfQQ")
MIN_OBJECT = 5
Numbers = NDArray[np.float32]


class PackedImage(NamedTuple):
    """A record's content.

    Attributes:
        label: one number or many.
        number: the record's id.
        picture: as it was encoded.
    """

    label: Numbers
    number: int
    picture: bytes


def unpack_image(record: bytes) -> PackedImage:
    """Take a record apart as ``mxnet.recordio.unpack`` does.

    Raises:
        DamagedSampleError: it is too short for what it says.
    """
    if len(record) < IMAGE_HEAD.size:
        raise DamagedSampleError(
            f"found a record of {len(record)} bytes, expected at least {IMAGE_HEAD.size}"
        )
    count, label, number, _ = IMAGE_HEAD.unpack_from(record)
    start = IMAGE_HEAD.size + 4 * count
    if start > len(record):
        raise DamagedSampleError(
            f"found a record of {len(record)} bytes, expected a label of {count} numbers"
        )
    numbers = np.frombuffer(record, "<f4", count, IMAGE_HEAD.size) if count else np.array([label])
    return PackedImage(np.asarray(numbers, np.float32), number, record[start:])


def parse_class(label: Numbers, labels: Sequence[str]) -> ClassTarget:
    """Read the label of a picture of one class.

    Raises:
        DataError: there is more than a number, or it is no class.
    """
    if label.size != 1:
        raise DataError(f"found a label of {label.size} numbers, expected one class")
    return ClassTarget(as_class_id(float(label[0]), labels))


def parse_boxes(label: Numbers, labels: Sequence[str], size: Size) -> BoxTarget:
    """Read the label of a picture with boxes; corners of at most 1 are parts of the picture's size.

    Raises:
        DataError: it is not as im2rec packs boxes, or a class is none of the model's.
    """
    if label.size < 2:
        raise DataError(f"found a label of {label.size} numbers, expected boxes as im2rec --pack-label packs")
    head, width = (float(value) for value in label[:2])
    whole = head == head // 1 and width == width // 1
    if not (whole and 2 <= head <= label.size and width >= MIN_OBJECT and (label.size - head) % width == 0):
        raise DataError(
            f"found {label.size} numbers with a head of {head:g} and {width:g} per object, expected boxes as "
            "im2rec --pack-label packs"
        )
    rows = label[int(head) :].reshape(-1, int(width)).astype(np.float64)
    if not np.isfinite(rows).all():
        raise DataError("found corners that are no numbers")
    boxes = rows[:, 1:5]
    scale = np.tile(size, 2) if boxes.max(initial=0) <= 1 else np.ones(4)
    class_ids = np.array([as_class_id(value, labels) for value in rows[:, 0]], np.int32)
    difficult = rows[:, 5] > 0 if width > MIN_OBJECT else None
    return BoxTarget(boxes * scale, class_ids, difficult)  # type: ignore[arg-type]
