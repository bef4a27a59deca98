"""The figures that GluonCV's own scripts print, where they count otherwise than the data set's definition.

Sources: scripts/detection/ssd/eval_ssd.py, scripts/detection/yolo/eval_yolo.py and
scripts/detection/center_net/eval_center_net.py for Pascal VOC, of which
scripts/detection/faster_rcnn/eval_faster_rcnn.py measures in pixels of the picture;
gluoncv/utils/metrics/coco_detection.py for COCO.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gcv_edge.data.targets import BoxTarget
from gcv_edge.evaluation.coco import BoxPrecision
from gcv_edge.evaluation.metric import Metric, Size
from gcv_edge.evaluation.voc import Voc12Precision
from gcv_edge.metadata import Preprocessing
from gcv_edge.runtime.model import Model
from gcv_edge.runtime.preprocessing import boxes_to_input
from gcv_edge.runtime.results import Detections

LOWEST_COCO_SCORE = 0.05
"""Default ``score_thresh`` of ``COCODetectionMetric``."""


@dataclass(frozen=True)
class LikeGluonCv:
    """A metric that is fed as GluonCV's scripts feed it.

    Attributes:
        metric: takes what ``adapt`` gives.
        adapt: makes of a result, labels and the picture's size what GluonCV compares.
        why: the difference, for people.
    """

    metric: Metric
    adapt: Callable[[Any, Any, Size], tuple[Any, Any, Size]]
    why: str

    def update(self, result: Any, target: Any, size: Size) -> None:
        """Take in a picture."""
        self.metric.update(*self.adapt(result, target, size))


def like_gluoncv(metric: Metric, model: Model[Any]) -> LikeGluonCv | None:
    """Make a metric of the same kind that counts as GluonCV's scripts do; None where they count the same."""
    if isinstance(metric, Voc12Precision) and not model.metadata.preprocessing.has_own_sizes:
        why = (
            "GluonCV measures boxes in pixels of the network's input, and a box is a pixel wider than it says"
        )
        place = input_pixels(model.metadata.preprocessing, model.input_size)
        return LikeGluonCv(type(metric)(metric.labels), place, why)
    if isinstance(metric, BoxPrecision):
        why = f"GluonCV leaves out scores under {LOWEST_COCO_SCORE}"
        return LikeGluonCv(BoxPrecision(metric.labels), leave_out_unlikely, why)
    return None


def input_pixels(
    preprocessing: Preprocessing, input_size: Size
) -> Callable[[Detections, BoxTarget, Size], tuple[Detections, BoxTarget, Size]]:
    """Return what maps boxes from a picture to the input it becomes; detections end at its rim."""

    def adapt(result: Detections, target: BoxTarget, size: Size) -> tuple[Detections, BoxTarget, Size]:
        found, truth = (
            boxes_to_input(boxes, preprocessing, size, input_size) for boxes in (result.boxes, target.boxes)
        )
        within = np.clip(found, 0, np.tile(input_size, 2)).astype(np.float32)
        return replace(result, boxes=within), replace(target, boxes=truth), input_size

    return adapt


def leave_out_unlikely(result: Detections, target: Any, size: Size) -> tuple[Detections, Any, Size]:
    """Return only detections that GluonCV hands on to pycocotools."""
    return result[result.scores >= LOWEST_COCO_SCORE], target, size
