"""Depth from one picture."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gcv_edge import _core
from gcv_edge.metadata import DepthSettings
from gcv_edge.runtime import drawing
from gcv_edge.runtime.frames import Pixels, check_color, copy_of_size
from gcv_edge.runtime.model import FrameGeometry, Model
from gcv_edge.runtime.results import Floats, Speed, freeze
from gcv_edge.runtime.rows import Row, encode_shares
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import DEPTH

BRIGHTEST = 95.0
"""Percentile of the disparities from which all are drawn alike, as GluonCV's demo draws them."""


@dataclass(frozen=True, eq=False)
class DepthMap:
    """How far away every pixel is.

    Attributes:
        disparity: ``(h, w)`` float32 from 0 (farthest) to 1 (nearest), in pixels of the frame.
        settings: what a disparity means.
        speed: stage timings.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> found = DepthEstimator("monodepth2.onnx").run(frame)
        >>> bool(0 <= found.disparity.min() <= found.disparity.max() <= 1)
        True
    """

    disparity: Floats
    settings: DepthSettings = field(default_factory=DepthSettings)
    speed: Speed = field(default_factory=Speed)

    def __post_init__(self) -> None:
        freeze(self, "disparity", np.float32, (None, None))

    @property
    def is_metric(self) -> bool:
        """Whether ``depth`` is in metres; else only ratios of depths mean anything."""
        return self.settings.scale > 0

    @functools.cached_property
    def depth(self) -> Floats:
        """Depth ``(h, w)`` float32 (``disp_to_depth`` in gluoncv/model_zoo/monodepthv2/layers.py)."""
        low, high = 1 / self.settings.farthest, 1 / self.settings.nearest
        inverse = np.clip(self.disparity, 0, 1) * np.float32(high - low) + np.float32(low)
        return np.asarray((self.settings.scale or 1.0) / inverse, np.float32)

    def plot(self, frame: ArrayLike, opacity: float = 1.0, color: str = "bgr") -> Pixels:
        """Paint a copy of the frame by disparity, near bright and far dark.

        Args:
            frame: as given to ``run``.
            opacity: part of the paint, 0 to 1.
            color: order of the frame's channels, ``bgr`` or ``rgb``.
        """
        height, width = self.disparity.shape
        canvas = copy_of_size(frame, (width, height))
        limits = float(self.disparity.min()), float(np.percentile(self.disparity, BRIGHTEST))
        painted = drawing.paint_values(self.disparity, limits)[
            ..., :: -1 if check_color(color) == "rgb" else 1
        ]
        mixed = canvas * (1.0 - opacity) + painted * opacity
        return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)

    def to_dict(self) -> dict[str, Any]:
        """Return the map's size and its nearest, middle and farthest depth for JSON."""
        height, width = self.disparity.shape
        nearest, middle, farthest = np.percentile(self.depth, (0, 50, 100))
        return {
            "width": width,
            "height": height,
            "is_metric": self.is_metric,
            "depth": {"min": float(nearest), "median": float(middle), "max": float(farthest)},
            "speed": self.speed.to_dict(),
        }

    def to_row(self) -> Row:
        """Return the column of a table: ``disparity_map``, a grey PNG of 16 bits, 65535 for 1."""
        return {"disparity_map": encode_shares(self.disparity)}

    def __repr__(self) -> str:
        height, width = self.disparity.shape
        unit = " m" if self.is_metric else ""
        near, far = float(self.depth.min()), float(self.depth.max())
        return f"DepthMap({width}x{height}: {near:.2f} to {far:.2f}{unit}; {self.speed.total_ms:.1f} ms)"


class DepthEstimator(Model[DepthMap]):
    """Says how far away things are: ``DepthEstimator("monodepth2").run(frame).depth``.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> depth = DepthEstimator("monodepth2.onnx").run(frame)
        >>> depth.depth.shape == frame.shape[:2]
        True
    """

    task = DEPTH

    def _decode(self, outputs: Mapping[str, Array], geometry: FrameGeometry) -> DepthMap:
        values = np.ascontiguousarray(outputs["image"][0], np.float32)
        disparity = _core.resize_map(values, geometry.placement, self.input_size, geometry.frame_size)
        return DepthMap(disparity, self.metadata.depth or DepthSettings())
