"""Image classification."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gcv_edge.runtime.model import Model, Seat, Stopwatch
from gcv_edge.runtime.results import Classification
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import CLASSIFICATION


class Classifier(Model[Classification]):
    """Says what a frame shows: ``Classifier("resnet50").run(frame).top(5)``."""

    task = CLASSIFICATION

    def _decode(
        self,
        outputs: Mapping[str, Array],
        seat: Seat,  # noqa: ARG002
        watch: Stopwatch,
    ) -> Classification:
        logits = np.array(outputs["logits"], np.float32).reshape(-1)
        return Classification(logits, self.labels, watch.speed(), self.metadata.activation)
