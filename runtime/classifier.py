"""Image classification."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gcv_edge.runtime.model import FrameGeometry, Model
from gcv_edge.runtime.results import Classification
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import CLASSIFICATION


class Classifier(Model[Classification]):
    """Says what a frame shows: ``Classifier("resnet50").run(frame).top(5)``.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> best = Classifier("resnet.onnx").run(frame).top(1)[0]
        >>> 0 <= best.probability <= 1
        True
    """

    task = CLASSIFICATION

    def _decode(
        self,
        outputs: Mapping[str, Array],
        geometry: FrameGeometry,  # noqa: ARG002
    ) -> Classification:
        logits = np.array(outputs["logits"], np.float32).reshape(-1)
        return Classification(logits, self.labels, activation=self.metadata.activation)
