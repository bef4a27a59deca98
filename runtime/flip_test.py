"""GluonCV's flip test: a pose from a picture and its mirror image.

Source: scripts/pose/simple_pose/validate.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gcv_edge.runtime.sessions import Array

COCO_JOINTS = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
"""Where COCO's 17 joints are in a mirror image: the nose, then left and right in turn."""


def mirrored_joints(labels: Sequence[str], count: int) -> NDArray[np.int_]:
    """Return where each joint is in a mirror image, by the words left and right in its name.

    Raises:
        ValueError: the joints have no names, and they are not COCO's 17; or one has no counterpart.
    """
    if len(labels) != count:
        if count != len(COCO_JOINTS):
            raise ValueError(f"flip: found {count} joints without names, expected names with left and right")
        return np.array(COCO_JOINTS)
    places = {label: place for place, label in enumerate(labels)}
    others = [swap_sides(label) for label in labels]
    missing = next((label for label, other in zip(labels, others, strict=True) if other not in places), None)
    if missing is not None:
        raise ValueError(f"flip: found joint '{missing}', expected another called '{swap_sides(missing)}'")
    return np.array([places[other] for other in others])


def swap_sides(label: str) -> str:
    """Return a joint's name with left and right changed over."""
    return label.replace("left", "\0").replace("right", "left").replace("\0", "right")


def average_with_mirrored(heatmaps: Array, mirrored: Array, joints: NDArray[np.int_]) -> Array:
    """Return the mean of heat maps ``[N, K, h, w]`` and those of the mirror image, turned back.

    These are moved a cell to the right: ``flip_heatmap(shift=True)`` of gluoncv/data/transforms/pose.py.
    """
    turned = mirrored[:, joints, :, ::-1]
    moved = turned.copy()
    moved[..., 1:] = turned[..., :-1]
    return np.asarray((heatmaps + moved) / 2)
