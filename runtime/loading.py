"""Opening a model file whose task the caller does not know."""

from __future__ import annotations

import os
from typing import Any

from gcv_edge.runtime.classifier import Classifier
from gcv_edge.runtime.detector import Detector
from gcv_edge.runtime.instances import InstanceSegmenter
from gcv_edge.runtime.model import Model
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.runtime.pose import PoseEstimator
from gcv_edge.runtime.segmenter import Segmenter
from gcv_edge.store import find_model

CLASSES: dict[str, type[Model[Any]]] = {
    kind.task.name: kind for kind in (Classifier, Detector, Segmenter, PoseEstimator, InstanceSegmenter)
}


def load(model: str | os.PathLike[str], **options: Any) -> Model[Any]:
    """Open a model file with the class for its task.

    Args:
        model: path of an exported file, or a name in the model store.
        options: keyword arguments of that class.

    Returns:
        A Detector, Classifier, Segmenter, PoseEstimator or InstanceSegmenter.

    Raises:
        ModelNotFoundError, ModelFileError, MetadataError: as ``Model``.
    """
    path = find_model(model)
    return CLASSES[read_metadata(path).task.name](path, **options)
