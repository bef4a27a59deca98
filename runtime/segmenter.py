"""Semantic segmentation."""

from __future__ import annotations

from collections.abc import Mapping

from gcv_edge import _core
from gcv_edge.runtime.model import FrameGeometry, Model
from gcv_edge.runtime.results import Segmentation
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import SEGMENTATION


class Segmenter(Model[Segmentation]):
    """Gives every pixel of a frame a class: ``Segmenter("fcn").run(frame).class_map``."""

    task = SEGMENTATION

    def _decode(self, outputs: Mapping[str, Array], geometry: FrameGeometry) -> Segmentation:
        class_map = _core.segment(outputs["logits"], geometry.placement, self.input_size, geometry.frame_size)
        return Segmentation(class_map, self.labels)
