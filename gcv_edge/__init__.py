"""Put a trained GluonCV network on a CPU: export, verify, run.

The names below are loaded when they are first used, so ``import gcv_edge`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gcv_edge.errors import GcvEdgeError
    from gcv_edge.runtime.action import ActionRecognizer
    from gcv_edge.runtime.classifier import Classifier
    from gcv_edge.runtime.depth import DepthEstimator, DepthMap
    from gcv_edge.runtime.detector import Detector
    from gcv_edge.runtime.embedding import Embedder, Embedding
    from gcv_edge.runtime.instances import InstanceMasks, InstanceSegmenter
    from gcv_edge.runtime.loading import load
    from gcv_edge.runtime.pixel_formats import PixelFormat
    from gcv_edge.runtime.pose import PoseEstimator
    from gcv_edge.runtime.regressor import Regression, Regressor
    from gcv_edge.runtime.results import Classification, Detections, Poses, Segmentation, Speed
    from gcv_edge.runtime.segmenter import Segmenter
    from gcv_edge.runtime.sources import Frame, read_picture
    from gcv_edge.runtime.tensors import TensorNetwork
    from gcv_edge.runtime.translator import ImageTranslator, Picture

__version__ = "0.2.0"

__all__ = [
    "ActionRecognizer",
    "Classification",
    "Classifier",
    "DepthEstimator",
    "DepthMap",
    "Detections",
    "Detector",
    "Embedder",
    "Embedding",
    "Frame",
    "GcvEdgeError",
    "ImageTranslator",
    "InstanceMasks",
    "InstanceSegmenter",
    "Picture",
    "PixelFormat",
    "PoseEstimator",
    "Poses",
    "Regression",
    "Regressor",
    "Segmentation",
    "Segmenter",
    "Speed",
    "TensorNetwork",
    "__version__",
    "load",
    "read_picture",
]

_HOMES = {
    "ActionRecognizer": "gcv_edge.runtime.action",
    "Classification": "gcv_edge.runtime.results",
    "Classifier": "gcv_edge.runtime.classifier",
    "DepthEstimator": "gcv_edge.runtime.depth",
    "DepthMap": "gcv_edge.runtime.depth",
    "Detections": "gcv_edge.runtime.results",
    "Detector": "gcv_edge.runtime.detector",
    "Embedder": "gcv_edge.runtime.embedding",
    "Embedding": "gcv_edge.runtime.embedding",
    "Frame": "gcv_edge.runtime.sources",
    "GcvEdgeError": "gcv_edge.errors",
    "ImageTranslator": "gcv_edge.runtime.translator",
    "InstanceMasks": "gcv_edge.runtime.instances",
    "InstanceSegmenter": "gcv_edge.runtime.instances",
    "Picture": "gcv_edge.runtime.translator",
    "PixelFormat": "gcv_edge.runtime.pixel_formats",
    "PoseEstimator": "gcv_edge.runtime.pose",
    "Poses": "gcv_edge.runtime.results",
    "Regression": "gcv_edge.runtime.regressor",
    "Regressor": "gcv_edge.runtime.regressor",
    "Segmentation": "gcv_edge.runtime.results",
    "Segmenter": "gcv_edge.runtime.segmenter",
    "Speed": "gcv_edge.runtime.results",
    "TensorNetwork": "gcv_edge.runtime.tensors",
    "load": "gcv_edge.runtime.loading",
    "read_picture": "gcv_edge.runtime.sources",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'gcv_edge' has no attribute '{name}'")
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
