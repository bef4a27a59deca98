"""Frames: what callers may pass, and how the C++ core wants to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcv_edge.runtime.pixel_formats import PixelFormat, parse_format
from gcv_edge.runtime.rows import encode_png

COLORS = ("bgr", "rgb")
EXPECTED = "a numpy.ndarray of uint8, height x width [x 1, 3 or 4]"

Pixels = NDArray[np.uint8]


class AnnotatedPicture(NDArray[np.uint8] if TYPE_CHECKING else np.ndarray):  # type: ignore[misc]
    """What ``plot`` gives: pixels like any others, BGR, which a notebook shows as a picture."""

    def _repr_png_(self) -> bytes | None:
        """Return the picture as PNG; None for what is no picture, such as a row of one."""
        if self.dtype != np.uint8 or self.ndim != 3 or self.shape[2] != 3 or self.size == 0:
            return None
        return encode_png(np.ascontiguousarray(self))


class FrameView(NamedTuple):
    """A checked frame.

    Attributes:
        pixels: the array that the C++ core reads; the caller's own memory wherever possible.
        format: how its pixels lie.
        size: (width, height).
        color: order of the channels of pictures that are made of it: ``bgr`` or ``rgb``.
    """

    pixels: Pixels
    format: PixelFormat
    size: tuple[int, int]
    color: str


def check_color(color: object) -> str:
    """Return a colour order.

    Raises:
        ValueError: it is neither ``bgr`` nor ``rgb``.
    """
    if color not in COLORS:
        raise ValueError(f"color: found {color!r}, expected one of {', '.join(COLORS)}")
    return str(color)


def view_frame(frame: object, color: str, format: str | PixelFormat | None = None) -> FrameView:
    """Check a frame and name its pixel format.

    Args:
        frame: uint8 ``[h, w]``, ``[h, w, 1]``, ``[h, w, 3]`` or ``[h, w, 4]`` with any strides, or what
            ``format`` says.
        color: order of the channels: ``bgr`` or ``rgb``.
        format: how the pixels lie; None: by the number of channels and ``color``.

    Raises:
        TypeError: not an array, or not of uint8.
        ValueError: another shape, or no pixels.
    """
    if format is not None:
        return view_as(frame, parse_format(format), color)
    pixels = check_array(frame)
    size = (pixels.shape[1], pixels.shape[0])
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return FrameView(pack_rows(pixels.reshape(pixels.shape[:2])), PixelFormat("gray"), size, color)
    if pixels.shape[2] == 4:
        return FrameView(pack_rows(pixels), PixelFormat(color + "a"), size, color)
    if pixels.strides[2] == -1:
        other = COLORS[color == "bgr"]
        return FrameView(pack_rows(pixels[:, :, ::-1]), PixelFormat(other), size, color)
    return FrameView(pack_rows(pixels), PixelFormat(color), size, color)


def view_as(frame: object, format: PixelFormat, color: str) -> FrameView:
    """Check a frame of a given format."""
    pixels = check_uint8(frame)
    size = format.frame_size(pixels.shape)
    if pixels.size == 0:
        raise ValueError(f"frame: found shape {pixels.shape}, expected at least one pixel")
    packed = np.ascontiguousarray(pixels) if format.name == "i420" else pack_rows(pixels)
    return FrameView(packed, format, size, format.color(color))


def pack_rows(pixels: Pixels) -> Pixels:
    """Return pixels whose rows have no gaps inside; rows themselves may be anywhere."""
    packed = (1,) if pixels.ndim == 2 else (pixels.shape[2], 1)
    return pixels if pixels.strides[1:] == packed else np.ascontiguousarray(pixels)


def check_array(frame: object) -> Pixels:
    """Return a frame as an array of pixels; the errors say what was found."""
    pixels = check_uint8(frame)
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        raise ValueError(f"frame: found shape {pixels.shape}, expected {EXPECTED}")
    if pixels.size == 0:
        raise ValueError(f"frame: found shape {pixels.shape}, expected at least one pixel")
    return pixels


def check_uint8(frame: object) -> Pixels:
    """Return a frame as an array of bytes."""
    if not isinstance(frame, np.ndarray):
        cure = "; use np.asarray(picture)" if hasattr(frame, "__array_interface__") else ""
        raise TypeError(f"frame: found {describe_type(frame)}, expected {EXPECTED}{cure}")
    if frame.dtype != np.uint8:
        raise TypeError(f"frame: found an array of {frame.dtype}, expected {EXPECTED}")
    return frame


def describe_type(value: object) -> str:
    """Name a value's type with its module, for messages."""
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def copy_of_size(frame: object, size: tuple[int, int]) -> Pixels:
    """Copy a frame as ``copy_to_draw`` does, if it has the size (width, height) of the frame that was run on.

    Raises:
        ValueError: it has another.
    """
    height, width = check_array(frame).shape[:2]
    if (width, height) != size:
        raise ValueError(f"frame: found {width} x {height} pixels, expected {size[0]} x {size[1]}")
    return copy_to_draw(frame)


def copy_to_draw(frame: object) -> Pixels:
    """Copy a frame to three channels in the frame's own colour order; alpha is dropped."""
    pixels = check_array(frame)
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        gray = pixels.reshape(pixels.shape[:2])
        return np.repeat(gray[:, :, None], 3, axis=2).view(AnnotatedPicture)
    return np.array(pixels[:, :, :3], order="C").view(AnnotatedPicture)
