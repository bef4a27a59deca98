"""Put a trained GluonCV network on a CPU: export, verify, run.

The names below are loaded when they are first used, so ``import gcv_edge`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gcv_edge.runtime.action import ActionRecognizer
    from gcv_edge.runtime.classifier import Classifier
    from gcv_edge.runtime.depth import DepthEstimator
    from gcv_edge.runtime.detector import Detector
    from gcv_edge.runtime.embedding import Embedder
    from gcv_edge.runtime.instances import InstanceSegmenter
    from gcv_edge.runtime.loading import load
    from gcv_edge.runtime.pose import PoseEstimator
    from gcv_edge.runtime.regressor import Regressor
    from gcv_edge.runtime.segmenter import Segmenter
    from gcv_edge.runtime.tensors import TensorNetwork
    from gcv_edge.runtime.translator import ImageTranslator

__version__ = "0.1.0"

__all__ = [
    "ActionRecognizer",
    "Classifier",
    "DepthEstimator",
    "Detector",
    "Embedder",
    "ImageTranslator",
    "InstanceSegmenter",
    "PoseEstimator",
    "Regressor",
    "Segmenter",
    "TensorNetwork",
    "__version__",
    "load",
]

_HOMES = {
    "ActionRecognizer": "gcv_edge.runtime.action",
    "Classifier": "gcv_edge.runtime.classifier",
    "DepthEstimator": "gcv_edge.runtime.depth",
    "Detector": "gcv_edge.runtime.detector",
    "Embedder": "gcv_edge.runtime.embedding",
    "ImageTranslator": "gcv_edge.runtime.translator",
    "InstanceSegmenter": "gcv_edge.runtime.instances",
    "PoseEstimator": "gcv_edge.runtime.pose",
    "Regressor": "gcv_edge.runtime.regressor",
    "Segmenter": "gcv_edge.runtime.segmenter",
    "TensorNetwork": "gcv_edge.runtime.tensors",
    "load": "gcv_edge.runtime.loading",
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
