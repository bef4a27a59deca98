"""Cases for suppression in the graph, and what MXNet's box_nms makes of them."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.metadata import DetectionSettings

Array = NDArray[Any]


@dataclass(frozen=True)
class Case:
    """Boxes and scores of a kind, and the settings of the suppression.

    Attributes:
        boxes: ``random``, ``clustered`` (many overlaps), ``grid`` (whole corners: equal overlaps), ``same``
            or ``empty`` (without area).
        scores: ``random``, ``ties`` (few levels), ``low`` (none is valid) or ``equal``.
    """

    why: str
    boxes: str = "clustered"
    scores: str = "random"
    batch: int = 1
    anchors: int = 40
    classes: int = 3
    threshold: float = 0.01
    iou: float = 0.45
    topk: int = 400
    post: int = 100
    agnostic: bool = False

    def __str__(self) -> str:
        return self.why

    @property
    def cuts_ties(self) -> bool:
        """Whether topk decides among equal scores: which ones it takes is open in OpenVINO's TopK."""
        return self.scores == "ties" and 0 < self.topk < self.anchors * self.classes

    @property
    def settings(self) -> DetectionSettings:
        """The case as a file's settings."""
        return DetectionSettings(self.threshold, self.iou, self.topk, self.post, self.agnostic)


CASES = (
    Case("GluonCV's defaults"),
    Case("no overlaps", boxes="random"),
    Case("batch of 3", batch=3),
    Case("one class", classes=1),
    Case("twenty classes, few anchors", classes=20, anchors=12),
    Case("one anchor", anchors=1),
    Case("one anchor of one class", anchors=1, classes=1),
    Case("all below the threshold", scores="low"),
    Case("all below the threshold, batch of 3", scores="low", batch=3),
    Case("ties", scores="ties"),
    Case("ties, cut by topk", scores="ties", topk=25),
    Case("all scores equal", scores="equal"),
    Case("all boxes the same", boxes="same"),
    Case("all boxes the same, scores tied", boxes="same", scores="ties"),
    Case("boxes without area", boxes="empty"),
    Case("overlap equal to the threshold", boxes="grid", iou=0.5),
    Case("class_agnostic", agnostic=True),
    Case("class_agnostic, ties, batch of 3", agnostic=True, scores="ties", batch=3),
    Case("topk below the candidates", topk=30),
    Case("topk of 1", topk=1),
    Case("no topk", topk=-1),
    Case("no limits at all", topk=-1, post=-1),
    Case("post_nms below what is kept", post=5),
    Case("post_nms of 1, batch of 3", post=1, batch=3),
    Case("no post_nms", post=-1),
    Case("threshold 0", threshold=0.0),
    Case("high threshold", threshold=0.9),
    Case("threshold that scores equal", threshold=0.5, scores="ties"),
    Case("strict overlap", iou=0.05),
    Case("loose overlap", iou=0.95),
)


def draw(case: Case) -> tuple[Array, Array]:
    """Return ``boxes [N, A, 4]`` and ``scores [N, A, C]``, the same ones every time."""
    random = np.random.RandomState(zlib.crc32(case.why.encode()))
    shape = (case.batch, case.anchors, case.classes)
    boxes, scores = _draw_boxes(random, case), _draw_scores(random, case.scores, shape)
    return boxes.astype(np.float32), scores.astype(np.float32)


def fingerprint(case: Case) -> str:
    """Describe all that the stored result of a case depends on."""
    return json.dumps([asdict(case), zlib.crc32(b"".join(array.tobytes() for array in draw(case)))])


def rows_of(boxes: Array, scores: Array) -> Array:
    """List every box once per class, class by class, as ``(id, score, x1, y1, x2, y2)``, like GluonCV."""
    batch, anchors, classes = scores.shape
    ids = np.broadcast_to(
        np.repeat(np.arange(classes), anchors)[None, :, None], (batch, classes * anchors, 1)
    )
    by_class = scores.transpose(0, 2, 1).reshape(batch, -1, 1)
    return np.concatenate([ids, by_class, np.tile(boxes, (1, classes, 1))], axis=2).astype(np.float32)


def run_box_nms(mxnet: ModuleType, case: Case) -> Array:
    """Return the rows ``[N, D, 6]`` that MXNet keeps, best first."""
    rows = mxnet.nd.contrib.box_nms(
        mxnet.nd.array(rows_of(*draw(case))),
        overlap_thresh=case.iou,
        valid_thresh=case.threshold,
        topk=case.topk,
        id_index=0,
        score_index=1,
        coord_start=2,
        force_suppress=case.agnostic,
    ).asnumpy()
    return rows if case.post < 0 else rows[:, : case.post]


def _draw_boxes(random: np.random.RandomState, case: Case) -> Array:
    count = (case.batch, case.anchors, 2)
    if case.boxes == "grid":
        corner = random.randint(0, 4, count) * 4.0
        return np.concatenate([corner, corner + random.choice([4, 8], count)], axis=2)
    low = random.uniform(0, 300 if case.boxes == "random" else 20, count)
    size = random.uniform(5, 25, count)
    if case.boxes == "same":
        low[:], size[:] = 3, 7
    elif case.boxes == "empty":
        size *= random.randint(0, 2, count)
    return np.concatenate([low, low + size], axis=2)


def _draw_scores(random: np.random.RandomState, kind: str, shape: tuple[int, ...]) -> Array:
    if kind == "equal":
        return np.full(shape, 0.625)
    if kind == "ties":
        return random.randint(0, 9, shape) / 8.0
    return random.uniform(0, 1, shape) ** 3 * (0.01 if kind == "low" else 1.0)
