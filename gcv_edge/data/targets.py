"""What a data set knows of a picture: one frozen, checked dataclass per kind of label.

Boxes are zero-based x1, y1, x2, y2 in pixels of the frame, with the last pixel inside (x2 - x1 + 1 wide), as
GluonCV's data sets give them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gcv_edge.runtime.results import freeze

Mask: TypeAlias = "list[list[float]] | dict[str, Any]"
"""An object's pixels as COCO spells them: polygons of x, y, ... or run lengths (``size``, ``counts``)."""


@dataclass(frozen=True)
class ClassTarget:
    """The one class that a picture shows."""

    class_id: int


@dataclass(frozen=True, eq=False)
class BoxTarget:
    """Objects of a picture.

    Attributes:
        boxes: ``(n, 4)`` float64.
        class_ids: ``(n,)`` int32.
        difficult: ``(n,)`` bool: finding it counts neither way (Pascal VOC); None for none.
        crowd: ``(n,)`` bool: stands for several objects (COCO); None for none.
        areas: ``(n,)`` float64, pixels of the objects; None for their boxes' areas.
    """

    boxes: NDArray[np.float64]
    class_ids: NDArray[np.int32]
    difficult: NDArray[np.bool_] = None  # type: ignore[assignment]
    crowd: NDArray[np.bool_] = None  # type: ignore[assignment]
    areas: NDArray[np.float64] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        freeze(self, "class_ids", np.int32, (None,))
        count = len(self.class_ids)
        freeze(self, "boxes", np.float64, (count, 4))
        for name in ("difficult", "crowd"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, np.zeros(count, bool))
            freeze(self, name, np.bool_, (count,))
        if self.areas is None:
            object.__setattr__(self, "areas", np.prod(self.boxes[:, 2:] - self.boxes[:, :2] + 1, axis=1))
        freeze(self, "areas", np.float64, (count,))

    def __len__(self) -> int:
        return len(self.class_ids)


@dataclass(frozen=True, eq=False)
class InstanceTarget(BoxTarget):
    """Objects of a picture with their pixels.

    Attributes:
        masks: one per object.
    """

    masks: tuple[Mask, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.masks) != len(self):
            raise ValueError(f"masks: found {len(self.masks)}, expected {len(self)}, one per box")


@dataclass(frozen=True, eq=False)
class LabelMapTarget:
    """A class for every pixel.

    Attributes:
        class_map: ``(h, w)`` int32; -1 where nothing is known.
    """

    class_map: NDArray[np.int32]

    def __post_init__(self) -> None:
        freeze(self, "class_map", np.int32, (None, None))


@dataclass(frozen=True, eq=False)
class KeypointTarget:
    """People of a picture (or other things with joints).

    Attributes:
        keypoints: ``(n, K, 3)`` float64: x, y, and 0 unknown, 1 hidden, 2 visible.
        boxes: ``(n, 4)`` float64.
        areas: ``(n,)`` float64, pixels of each person.
        crowd: ``(n,)`` bool: stands for several people.
    """

    keypoints: NDArray[np.float64]
    boxes: NDArray[np.float64]
    areas: NDArray[np.float64]
    crowd: NDArray[np.bool_]

    def __post_init__(self) -> None:
        freeze(self, "keypoints", np.float64, (None, None, 3))
        count = len(self.keypoints)
        freeze(self, "boxes", np.float64, (count, 4))
        freeze(self, "areas", np.float64, (count,))
        freeze(self, "crowd", np.bool_, (count,))

    def __len__(self) -> int:
        return len(self.keypoints)


Target: TypeAlias = "ClassTarget | BoxTarget | LabelMapTarget | KeypointTarget"
