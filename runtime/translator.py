"""Pictures made from pictures: super-resolution, style and domain transfer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gcv_edge import _core
from gcv_edge.metadata import ImageSettings
from gcv_edge.runtime.frames import Pixels, copy_to_draw
from gcv_edge.runtime.model import FrameGeometry, Model
from gcv_edge.runtime.results import Speed, freeze
from gcv_edge.runtime.rows import Row, encode_png
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import IMAGE


@dataclass(frozen=True, eq=False)
class Picture:
    """What a network made of a frame.

    Attributes:
        pixels: ``(h, w, 3)`` or ``(h, w, 1)`` uint8, in the network's own size and the frame's channel order.
        speed: stage timings.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> ImageTranslator("srgan.onnx").run(frame).pixels.ndim
        3
    """

    pixels: Pixels
    speed: Speed = field(default_factory=Speed)

    def __post_init__(self) -> None:
        freeze(self, "pixels", np.uint8, (None, None, None))

    def plot(self, frame: ArrayLike) -> Pixels:
        """Set a copy of the frame and the picture side by side, each in its own size."""
        original, made = copy_to_draw(frame), copy_to_draw(self.pixels)
        height = max(original.shape[0], made.shape[0])
        canvas = np.zeros((height, original.shape[1] + made.shape[1], 3), np.uint8)
        canvas[: original.shape[0], : original.shape[1]] = original
        canvas[: made.shape[0], original.shape[1] :] = made
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """Return the picture's size for JSON; the pixels are for ``--save``."""
        height, width, channels = self.pixels.shape
        return {"width": width, "height": height, "channels": channels, "speed": self.speed.to_dict()}

    def to_row(self) -> Row:
        """Return the column of a table: ``picture``, a PNG; of pixels in BGR, as OpenCV encodes them."""
        return {"picture": encode_png(self.pixels)}

    def __repr__(self) -> str:
        return f"Picture({self.pixels.shape[1]}x{self.pixels.shape[0]}; {self.speed.total_ms:.1f} ms)"


class ImageTranslator(Model[Picture]):
    """Makes a picture of a picture: ``ImageTranslator("srgan").run(frame).pixels``.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> ImageTranslator("srgan.onnx").run(frame).pixels.dtype
        dtype('uint8')
    """

    task = IMAGE

    def _decode(
        self,
        outputs: Mapping[str, Array],
        geometry: FrameGeometry,
    ) -> Picture:
        levels = self.metadata.image or ImageSettings()
        image = np.ascontiguousarray(outputs["image"], np.float32)
        is_rgb = self.metadata.preprocessing.reverse_channels
        pixels = _core.to_pixels(image, levels.low, levels.high, is_rgb == (geometry.color == "bgr"))
        return Picture(pixels)
