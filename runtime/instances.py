"""Instance segmentation: objects with the pixels that they cover."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gcv_edge import _core
from gcv_edge.runtime import drawing
from gcv_edge.runtime.detector import Detector
from gcv_edge.runtime.frames import Pixels, copy_of_size
from gcv_edge.runtime.model import FrameGeometry
from gcv_edge.runtime.results import Detections, Floats, freeze, slice_of
from gcv_edge.runtime.rows import Row
from gcv_edge.runtime.run_lengths import encode_crop
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import INSTANCES


class Crop(NamedTuple):
    """The part of a frame that holds an object.

    Attributes:
        x: left column of the part in the frame.
        y: upper row of the part in the frame.
        bitmap: ``(h, w)`` bool: pixels that the object covers.
    """

    x: int
    y: int
    bitmap: NDArray[np.bool_]

    def of(self, frame: Pixels) -> Pixels:
        """Return this part of a frame, a view."""
        height, width = self.bitmap.shape
        return frame[self.y : self.y + height, self.x : self.x + width]


@dataclass(frozen=True, eq=False)
class InstanceMasks(Detections):
    """Objects found in a frame, best first, with their masks.

    Attributes:
        masks: ``(n, h, w)`` float32: probability of the object in each cell of its extent.
        extents: ``(n, 4)`` float32: where each mask lies, pixels of the frame; unlike ``boxes``, not clipped.
        frame_size: width and height of the frame.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> found = InstanceSegmenter("mask_rcnn.onnx").run(frame)
        >>> [bitmap.dtype.name for _, _, bitmap in found.crops] == ["bool"] * len(found)
        True
    """

    masks: Floats = field(kw_only=True)
    extents: Floats = field(kw_only=True)
    frame_size: tuple[int, int] = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        freeze(self, "masks", np.float32, (len(self), None, None))
        freeze(self, "extents", np.float32, (len(self), 4))
        object.__setattr__(self, "masks", np.ascontiguousarray(self.masks))
        object.__setattr__(self, "extents", np.ascontiguousarray(self.extents))

    def __getitem__(self, index: int | slice | NDArray[Any] | list[int]) -> InstanceMasks:
        chosen = slice_of(index, len(self))
        return replace(
            self,
            boxes=self.boxes[chosen],
            scores=self.scores[chosen],
            class_ids=self.class_ids[chosen],
            masks=self.masks[chosen],
            extents=self.extents[chosen],
        )

    @functools.cached_property
    def bitmaps(self) -> NDArray[np.bool_]:
        """Pixels of the frame that each object covers, ``(n, height, width)``; made when first asked for."""
        return _core.paste_masks(self.masks, self.extents, self.frame_size)

    @functools.cached_property
    def crops(self) -> list[Crop]:
        """The same pixels without the empty frame around each object; made when first asked for."""
        pieces, corners = _core.paste_crops(self.masks, self.extents, self.frame_size)
        return [Crop(x, y, piece) for piece, (x, y) in zip(pieces, corners.tolist(), strict=True)]

    def over(self, threshold: float) -> InstanceMasks:
        """Keep the objects with a score over a threshold."""
        return self[self.scores > threshold]

    def plot(self, frame: ArrayLike, threshold: float = 0.5, opacity: float = 0.5) -> Pixels:
        """Tint objects, and draw boxes, names and scores over a threshold, on a copy of the frame."""
        canvas = copy_of_size(frame, self.frame_size)
        shown = self.over(threshold)
        for crop, class_id in zip(shown.crops, shown.class_ids, strict=True):
            color = drawing.color_of(int(class_id))
            drawing.tint(crop.of(canvas), crop.bitmap.view(np.uint8), {1: color}, opacity)
        return Detections(shown.boxes, shown.scores, shown.class_ids, self.labels).plot(canvas, threshold)

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers for JSON; ``area`` counts an object's pixels."""
        found = super().to_dict()
        for entry, crop in zip(found["detections"], self.crops, strict=True):
            entry["area"] = int(np.count_nonzero(crop.bitmap))
        return found

    def to_row(self) -> Row:
        """Return columns of a table: those of Detections, and ``masks``: COCO's run lengths."""
        masks = [encode_crop(crop.bitmap, (crop.x, crop.y), self.frame_size) for crop in self.crops]
        return {**super().to_row(), "masks": masks}

    def _extra_of_supervision(self) -> dict[str, Any]:
        return {"mask": self.bitmaps}

    def __repr__(self) -> str:
        return super().__repr__().replace("Detections", "InstanceMasks", 1)


class InstanceSegmenter(Detector):
    """Finds objects and their pixels: ``InstanceSegmenter("mask_rcnn").run(frame)`` gives ``InstanceMasks``.

    Arguments and errors are those of ``Detector``; the selection is in the graph, and cannot be changed.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> found = InstanceSegmenter("mask_rcnn.onnx").run(frame)
        >>> found.bitmaps.shape == (len(found), *frame.shape[:2])
        True
    """

    task = INSTANCES

    def _decode(self, outputs: Mapping[str, Array], geometry: FrameGeometry) -> InstanceMasks:
        ids, scores = outputs["ids"][:, 0], outputs["scores"][:, 0]
        kept = (ids >= 0) & (scores > self.settings.confidence_threshold)
        boxes = np.ascontiguousarray(outputs["boxes"][kept], np.float32)
        return InstanceMasks(
            _core.to_frame(boxes, geometry.placement, geometry.frame_size),
            np.array(scores[kept]),
            ids[kept].astype(np.int32),
            self.labels,
            masks=np.array(outputs["masks"][kept]),
            extents=spread(boxes, geometry.placement),
            frame_size=geometry.frame_size,
        )


def spread(boxes: Floats, placement: _core.Placement) -> Floats:
    """Map boxes from input pixels to frame pixels without clipping them."""
    source, target = np.array(placement.source), np.array(placement.target, float)
    scale, shift = np.tile(source[2:] / target[2:], 2), np.tile(source[:2], 2)
    return np.asarray((boxes - np.tile(target[:2], 2)) * scale + shift, np.float32)
