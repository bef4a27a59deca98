"""Object detection."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gcv_edge import _core
from gcv_edge.errors import MetadataError, UnsupportedError
from gcv_edge.metadata import DetectionSettings
from gcv_edge.runtime.model import FrameGeometry, Model
from gcv_edge.runtime.results import Detections, Floats, Integers
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import DETECTION

if TYPE_CHECKING:
    from typing import Unpack

    from gcv_edge.runtime.options import NetworkOptions

Found = tuple[Floats, Floats, Integers]


class Detector(Model[Detections]):
    """Finds objects: ``Detector("yolo3").run(frame)`` gives ``Detections`` in pixels of the frame.

    Args:
        model: path of an exported file, or a name in the model store.
        confidence: scores must be over it; None for the file's own (0.01, as GluonCV lists them).

    The other arguments and the errors are those of ``Model``.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> found = Detector("yolo3.onnx", confidence=0.1).run(frame)
        >>> found.boxes.shape == (len(found), 4)
        True
    """

    task = DETECTION

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        *,
        confidence: float | None = None,
        color: str = "bgr",
        **options: Unpack[NetworkOptions],
    ) -> None:
        if confidence is not None and not 0 <= confidence <= 1:
            raise ValueError(f"confidence: found {confidence!r}, expected a number from 0 to 1")
        super().__init__(model, color=color, **options)
        self._settings = required_settings(self.metadata.detection, str(self.path))
        if confidence is not None:
            self._settings = replace(self._settings, confidence_threshold=float(confidence))

    @property
    def settings(self) -> DetectionSettings:
        """Thresholds and NMS values that the next run uses."""
        return self._settings

    def set_nms(
        self, nms_thresh: float | None = None, nms_topk: int | None = None, post_nms: int | None = None
    ) -> None:
        """Change the NMS of later runs, as GluonCV's ``net.set_nms`` does; runs under way keep theirs.

        Args:
            nms_thresh: overlap above which the lower score goes; outside (0, 1) nothing goes.
            nms_topk: candidates of all classes together that take part; -1 for all.
            post_nms: detections kept at most; -1 for all.

        What is None stays as it is.

        Raises:
            UnsupportedError: the file keeps its NMS inside the graph.
        """
        if self._settings.nms == "graph":
            raise UnsupportedError(f"{self.path}: set_nms is not supported: this file's NMS is in its graph")
        wanted = {"iou_threshold": nms_thresh, "nms_topk": nms_topk, "post_nms": post_nms}
        self._settings = change(self._settings, wanted)

    def _decode(self, outputs: Mapping[str, Array], geometry: FrameGeometry) -> Detections:
        settings = self._settings
        if settings.nms == "graph":
            boxes, scores, class_ids = list_kept(outputs, settings)
        else:
            boxes, scores, class_ids = suppress(outputs, settings, self.session.crew)
        boxes = _core.to_frame(boxes, geometry.placement, geometry.frame_size)
        return Detections(boxes, scores, class_ids, self.labels)


def required_settings(settings: DetectionSettings | None, path: str) -> DetectionSettings:
    """Return a detector file's settings."""
    if settings is None:
        raise MetadataError(path, "metadata lacks thresholds and NMS values")
    return settings


def change(settings: DetectionSettings, wanted: Mapping[str, float | None]) -> DetectionSettings:
    """Replace the settings that are not None.

    Raises:
        ValueError: a value is not a finite number, or not a whole one where that is needed.
    """
    given = {name: value for name, value in wanted.items() if value is not None}
    for name, value in given.items():
        whole = name != "iou_threshold"
        if not np.isfinite(value) or (whole and value != int(value)):
            raise ValueError(f"{name}: found {value!r}, expected a {'whole' if whole else 'finite'} number")
    return DetectionSettings(**{**vars(settings), **given})


def suppress(
    outputs: Mapping[str, Array], settings: DetectionSettings, crew: _core.Crew | None = None
) -> Found:
    """Threshold, top-k and NMS over the canonical outputs."""
    return _core.detect(
        outputs["boxes"],
        outputs["scores"],
        settings.confidence_threshold,
        settings.iou_threshold,
        settings.nms_topk,
        settings.post_nms,
        settings.class_agnostic,
        settings.topk_per_class,
        crew,
    )


def list_kept(outputs: Mapping[str, Array], settings: DetectionSettings) -> Found:
    """Take the rows that an NMS inside the graph kept; -1 marks the others."""
    ids, scores = outputs["ids"].reshape(-1), outputs["scores"].reshape(-1)
    kept = np.flatnonzero((ids >= 0) & (scores > settings.confidence_threshold))
    boxes = np.asarray(outputs["boxes"].reshape(-1, 4)[kept], np.float32)
    return boxes, np.asarray(scores[kept], np.float32), ids[kept].astype(np.int32)
