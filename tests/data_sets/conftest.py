"""Pictures and files of data sets, made where a test needs them."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from gcv_edge.data import open_dataset
from gcv_edge.errors import DataError

MAGIC = struct.pack("<I", 0xCED7230A)


def encode(level: int = 0, size: tuple[int, int] = (20, 10), suffix: str = ".png") -> bytes:
    """Encode a picture of one level; size is width, height."""
    width, height = size
    return cv2.imencode(suffix, np.full((height, width, 3), level, np.uint8))[1].tobytes()


def write_picture(path: Path, level: int = 0, size: tuple[int, int] = (20, 10)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode(level, size, path.suffix))
    return path


@contextlib.contextmanager
def read_or_refused(start: Path) -> Iterator[None]:
    """Take any content as long as a refusal says where it was."""
    try:
        yield
    except DataError as error:
        if not str(error).startswith(str(start)):
            raise


def refused(*arguments: object, **options: object) -> str:
    """Open and read a data set that must be refused; return the one line that says why."""
    with pytest.raises(DataError) as found:
        list(open_dataset(*arguments, **options))  # type: ignore[arg-type]
    message = str(found.value)
    assert "\n" not in message
    return message


def pack_record(payload: bytes) -> bytes:
    """Write a record as dmlc-core does: cut where the magic stands at a multiple of 4."""
    cuts = [i for i in range(0, len(payload) // 4 * 4, 4) if payload[i : i + 4] == MAGIC]
    starts, ends = [0, *(cut + 4 for cut in cuts)], [*cuts, len(payload)]
    parts = [payload[start:end] for start, end in zip(starts, ends, strict=True)]
    kinds = [0] if len(parts) == 1 else [1, *[2] * (len(parts) - 2), 3]
    return b"".join(
        MAGIC + struct.pack("<I", kind << 29 | len(part)) + part + bytes(-len(part) % 4)
        for kind, part in zip(kinds, parts, strict=True)
    )


def pack_image(label: float | list[float], picture: bytes, number: int = 0) -> bytes:
    """Make a record's content as ``mxnet.recordio.pack`` does."""
    if isinstance(label, list):
        return struct.pack(f"<IfQQ{len(label)}f", len(label), 0, number, 0, *label) + picture
    return struct.pack("<IfQQ", 0, label, number, 0) + picture
