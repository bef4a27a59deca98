"""Frames of videos and cameras, until the end that they should have."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from gcv_edge.errors import DataError, TruncatedError
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.picture_decoding import open_capture

MISSING_SHARE = 0.05
MISSING_FRAMES = 3
"""What may be missing at the end of a video, whichever is more: many containers only estimate it."""


def capture_frames(address: int | str, name: str) -> Iterator[Pixels]:
    """Iterate over a video's or a camera's frames.

    A video has ended before its time where both the frames that its container names and the seconds that
    these would take are not reached; one that does not say how long it is ends when it ends. A camera, and a
    URL without a length, has no end of its own.

    Raises:
        DataError: it cannot be opened, or has no frame.
        TruncatedError: it ended before its time.
    """
    try:
        capture = open_capture(address)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None
    try:
        count, last = 0, 0.0
        while True:
            found, pixels = capture.read()
            if not found:
                break
            last = capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3
            yield np.asarray(pixels, np.uint8)
            count += 1
        if count == 0:
            raise DataError(f"{name}: it has no readable frame")
        check_end(capture, name, count, last, is_live=isinstance(address, int) or "://" in address)
    finally:
        capture.release()


def check_end(capture: cv2.VideoCapture, name: str, count: int, last: float, *, is_live: bool) -> None:
    """Compare how far a video was read with how long it says it is.

    Args:
        capture: at its end.
        name: for the message.
        count: frames that were read.
        last: seconds at which the last of them is shown; 0 where that is not known.
        is_live: without a length of its own it should not have ended.

    Raises:
        TruncatedError: it ended before its time.
    """
    total, rate = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    if not total > 0:
        if is_live:
            raise TruncatedError(f"{name}: ended after {plural(count)}: no more come")
        return
    allowed = max(MISSING_SHARE * total, MISSING_FRAMES)
    seconds_missing = total / rate - last if rate > 0 and last > 0 else float("inf")
    if count < total - allowed and (rate <= 0 or seconds_missing * rate > allowed):
        raise TruncatedError(
            f"{name}: ended after {plural(count)}, expected {total:.0f}: the file is cut off or damaged"
        )


def plural(count: int) -> str:
    """Return a number of frames."""
    return "1 frame" if count == 1 else f"{count} frames"
