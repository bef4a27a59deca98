"""COCO's average precision of boxes, masks and keypoints, computed by pycocotools."""

from __future__ import annotations

import contextlib
import io
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gcv_edge.data.masks import check_mask
from gcv_edge.data.targets import BoxTarget, InstanceTarget, KeypointTarget
from gcv_edge.errors import DataError, MissingExtraError, UnsupportedError
from gcv_edge.evaluation.figures import ClassFigure, Measured
from gcv_edge.evaluation.metric import Metric, Size
from gcv_edge.evaluation.resampling import Weights, mean_of_known
from gcv_edge.runtime.instances import InstanceMasks
from gcv_edge.runtime.results import Detections, Poses

Rows = list[dict[str, Any]]

OBJECT_FIGURES = ("AP", "AP50", "AP75", "AP small", "AP medium", "AP large")
POSE_FIGURES = ("AP", "AP50", "AP75", "AP medium", "AP large", "AR")
JOINTS = 17
"""COCO's; the spreads by which OKS weighs them are known for these alone."""
SEEN_JOINT = 0.2
"""A keypoint's score over which it takes part in a person's (``in_vis_thresh`` of GluonCV)."""


class CocoMetric(Metric):
    """Collects pictures as COCO's JSON has them and asks pycocotools at the end.

    Attributes:
        iou_type: pycocotools' name of what is compared.
    """

    iou_type: ClassVar[str]

    def __init__(self, labels: Sequence[str] = ()) -> None:
        super().__init__(labels)
        import_pycocotools()
        self._pictures: Rows = []
        self._truth: Rows = []
        self._found: Rows = []
        self._matches: list[Matches] = []

    def update(self, result: Any, target: Any, size: Size) -> None:
        """Take in a picture."""
        picture = len(self._pictures) + 1
        self._pictures.append({"id": picture, "width": size[0], "height": size[1]})
        for row in self.truth_rows(target):
            row |= {"id": len(self._truth) + 1, "image_id": picture}
            self._truth.append(row)
        self._found += [{**row, "image_id": picture} for row in self.found_rows(result)]

    def compute(self) -> Measured:
        """Return COCO's figures, and the AP of every class that has objects."""
        if not any(not row["iscrowd"] for row in self._truth):
            raise DataError("found no labelled object to measure with")
        comparison = run_pycocotools(self.iou_type, self._pictures, self._truth, self._found)
        self._matches = list(list_matches(comparison))
        names = POSE_FIGURES if self.iou_type == "keypoints" else OBJECT_FIGURES
        stats = (as_figure(float(value)) for value in comparison.stats)
        figures = dict(zip(names, stats, strict=False))
        return Measured(figures["AP"], figures, tuple(self._class_figures(comparison.eval["precision"])))

    def compute_weighted(self, weights: Weights) -> NDArray[np.float64]:
        """Return AP per draw, once ``compute`` was called; a class without objects is left out."""
        return mean_of_known(np.stack([weighted_precision(found, weights) for found in self._matches]))

    @abstractmethod
    def truth_rows(self, target: Any) -> Rows:
        """Spell labels as annotations; ``category_id`` is the class id and 1."""

    @abstractmethod
    def found_rows(self, result: Any) -> Rows:
        """Spell a result as COCO's results."""

    def _class_figures(self, precision: Any) -> Iterator[ClassFigure]:
        """Give the AP of each class; precision is by IoU, recall, class, area and number of detections."""
        categories = sorted({row["category_id"] for row in self._truth})
        for place, category in enumerate(categories):
            count = sum(row["category_id"] == category and not row["iscrowd"] for row in self._truth)
            known = precision[:, :, place, 0, -1]
            value = float(known[known > -1].mean()) if (known > -1).any() else float("nan")
            yield ClassFigure(category - 1, self.name_of(category - 1), value, count)


class BoxPrecision(CocoMetric):
    """COCO's mean AP over IoU 0.5 to 0.95 of boxes.

    As in GluonCV, a box is a pixel wider than its corners say; a difficult object is spared as a crowd is.
    """

    key: ClassVar[str] = "coco"
    title: ClassVar[str] = "COCO box AP"
    iou_type: ClassVar[str] = "bbox"

    def truth_rows(self, target: BoxTarget) -> Rows:
        """Spell objects."""
        spared = target.crowd | target.difficult
        return [
            {"category_id": class_id + 1, "bbox": box, "area": area, "iscrowd": int(crowd)}
            for class_id, box, area, crowd in zip(
                target.class_ids.tolist(), with_size(target.boxes), target.areas.tolist(), spared, strict=True
            )
        ]

    def found_rows(self, result: Detections) -> Rows:
        """Spell detections."""
        return [
            {"category_id": class_id + 1, "bbox": box, "score": score}
            for class_id, box, score in zip(
                result.class_ids.tolist(), with_size(result.boxes), result.scores.tolist(), strict=True
            )
        ]


class MaskPrecision(BoxPrecision):
    """COCO's mean AP over IoU 0.5 to 0.95 of masks."""

    key: ClassVar[str] = "coco-masks"
    title: ClassVar[str] = "COCO mask AP"
    iou_type: ClassVar[str] = "segm"

    def update(self, result: Any, target: Any, size: Size) -> None:
        """Take in a picture.

        Raises:
            DataError: a mask of the target is damaged, or another picture's.
        """
        for mask in getattr(target, "masks", ()):
            check_mask(mask, size)
        super().update(result, target, size)

    def truth_rows(self, target: BoxTarget) -> Rows:
        """Spell objects with their masks.

        Raises:
            DataError: the data set has none.
        """
        if not isinstance(target, InstanceTarget):
            raise DataError("found boxes, expected masks: COCO's JSON has them")
        rows = super().truth_rows(target)
        return [{**row, "segmentation": mask} for row, mask in zip(rows, target.masks, strict=True)]

    def found_rows(self, result: Detections) -> Rows:
        """Spell objects with their masks as run lengths."""
        if not isinstance(result, InstanceMasks):
            raise DataError("found a detector without masks, expected one that gives them")
        return [
            {"category_id": class_id + 1, "segmentation": run_lengths, "score": score}
            for class_id, run_lengths, score in zip(
                result.class_ids.tolist(), encode_masks(result), result.scores.tolist(), strict=True
            )
        ]


class KeypointPrecision(CocoMetric):
    """COCO's mean AP over object keypoint similarity (OKS) 0.5 to 0.95.

    People are looked for in their labelled boxes, as GluonCV validates; a person's score is the mean of the
    keypoints that are seen.
    """

    key: ClassVar[str] = "oks"
    title: ClassVar[str] = "OKS AP"
    iou_type: ClassVar[str] = "keypoints"

    def truth_rows(self, target: KeypointTarget) -> Rows:
        """Spell people.

        Raises:
            UnsupportedError: they have other joints than COCO's.
        """
        if len(target) and target.keypoints.shape[1] != JOINTS:
            found = target.keypoints.shape[1]
            raise UnsupportedError(f"OKS of {found} keypoints is not supported: expected COCO's {JOINTS}")
        return [
            {
                "category_id": 1,
                "bbox": box,
                "area": area,
                "iscrowd": int(crowd),
                "keypoints": points.ravel().tolist(),
                "num_keypoints": int(np.count_nonzero(points[:, 2])),
            }
            for box, area, crowd, points in zip(
                with_size(target.boxes), target.areas.tolist(), target.crowd, target.keypoints, strict=True
            )
        ]

    def found_rows(self, result: Poses) -> Rows:
        """Spell poses."""
        return [
            {
                "category_id": 1,
                "keypoints": np.column_stack([points, scores]).astype(float).ravel().tolist(),
                "score": pose_score(scores),
            }
            for points, scores in zip(result.keypoints, result.scores, strict=True)
        ]

    def _class_figures(self, precision: Any) -> Iterator[ClassFigure]:  # noqa: ARG002
        return iter(())


def with_size(boxes: Any) -> list[list[float]]:
    """Turn corners with the last pixel inside into x, y, width, height."""
    corners = np.asarray(boxes, np.float64)
    sizes = corners[:, 2:] - corners[:, :2] + 1
    return np.concatenate([corners[:, :2], sizes], axis=1).tolist()  # type: ignore[no-any-return]


def pose_score(scores: Any) -> float:
    """Return the mean score of the keypoints that are seen; 0 where none is."""
    seen = scores[scores > SEEN_JOINT]
    return float(seen.mean()) if seen.size else 0.0


def encode_masks(result: InstanceMasks) -> Iterator[dict[str, Any]]:
    """Give each object's mask as run lengths; one is in memory at a time."""
    from pycocotools import mask

    width, height = result.frame_size
    for crop in result.crops:
        bitmap = np.zeros((height, width), np.uint8, order="F")
        crop.of(bitmap)[:] = crop.bitmap
        yield mask.encode(bitmap)


def import_pycocotools() -> None:
    """Make sure that pycocotools is there.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pycocotools.cocoeval  # noqa: F401
    except ImportError:
        raise MissingExtraError("COCO's metric", "export") from None


def run_pycocotools(iou_type: str, pictures: Rows, truth: Rows, found: Rows) -> Any:
    """Let pycocotools compare.

    Returns:
        Its ``COCOeval``: ``stats`` has twelve (for keypoints ten) figures, -1 where nothing was to be found.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    categories = [{"id": number} for number in sorted({row["category_id"] for row in truth})]
    known = {category["id"] for category in categories}
    with contextlib.redirect_stdout(io.StringIO()):
        expected = COCO()
        expected.dataset = {"images": pictures, "annotations": truth, "categories": categories}
        expected.createIndex()
        kept = [row for row in found if row["category_id"] in known]
        results = expected.loadRes(kept) if kept else empty_results(COCO, expected.dataset)
        comparison = COCOeval(expected, results, iou_type)
        comparison.evaluate()
        comparison.accumulate()
        comparison.summarize()
    return comparison


class Matches(NamedTuple):
    """What pycocotools matched of one class, detections of the best score first.

    Attributes:
        hits, misses: by IoU threshold, ``[thresholds, detections]``; neither where it does not count.
        owners: place of each detection's picture.
        objects: objects of each picture that has any.
        recalls: at which precision is read.
    """

    hits: NDArray[np.bool_]
    misses: NDArray[np.bool_]
    owners: NDArray[np.int_]
    objects: Mapping[int, int]
    recalls: NDArray[np.float64]


def list_matches(comparison: Any) -> Iterator[Matches]:
    """Give each class's matches for objects of any area, as ``COCOeval.accumulate`` joins the pictures'."""
    asked = comparison.params
    pictures, most = len(asked.imgIds), asked.maxDets[-1]
    for place in range(len(asked.catIds)):
        start = place * len(asked.areaRng) * pictures
        known = [one for one in comparison.evalImgs[start : start + pictures] if one is not None]
        if not known:
            continue
        scores = np.concatenate([one["dtScores"][:most] for one in known])
        order = np.argsort(-scores, kind="mergesort")
        matched = np.concatenate([one["dtMatches"][:, :most] for one in known], axis=1)[:, order] > 0
        counts = ~np.concatenate([one["dtIgnore"][:, :most] for one in known], axis=1)[:, order].astype(bool)
        owners = [np.full(len(one["dtScores"][:most]), one["image_id"] - 1) for one in known]
        yield Matches(
            matched & counts,
            ~matched & counts,
            np.concatenate(owners)[order],
            {one["image_id"] - 1: int(np.count_nonzero(np.equal(one["gtIgnore"], 0))) for one in known},
            asked.recThrs,
        )


def weighted_precision(found: Matches, weights: Weights) -> NDArray[np.float64]:
    """Return a class's AP per draw, mean over the IoU thresholds; NaN where a draw has no object of it."""
    objects = weights[:, list(found.objects)] @ np.array(list(found.objects.values()), np.float64)
    drawn = weights[:, found.owners][:, None]
    hits, misses = np.cumsum(drawn * found.hits, axis=2), np.cumsum(drawn * found.misses, axis=2)
    precision = hits / (hits + misses + np.spacing(1))
    falling = np.maximum.accumulate(precision[:, :, ::-1], axis=2)[:, :, ::-1]
    recall = hits / np.maximum(objects, 1)[:, None, None]
    ended = np.concatenate([falling, np.zeros((*falling.shape[:2], 1))], axis=2)
    means = [
        [np.mean(curve[np.searchsorted(at, found.recalls)]) for curve, at in zip(curves, ats, strict=True)]
        for curves, ats in zip(ended, recall, strict=True)
    ]
    return np.where(objects > 0, np.mean(means, axis=1), np.nan)


def empty_results(kind: Any, dataset: dict[str, Any]) -> Any:
    """Return results without a detection, which pycocotools' own loader refuses."""
    results = kind()
    results.dataset = {**dataset, "annotations": []}
    results.createIndex()
    return results


def as_figure(value: float) -> float:
    """Return a figure of pycocotools; NaN where there was nothing to find."""
    return value if value >= 0 else float("nan")
