"""Opening a model file whose task the caller does not know."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeAlias

from gcv_edge.runtime.action import ActionRecognizer
from gcv_edge.runtime.classifier import Classifier
from gcv_edge.runtime.depth import DepthEstimator
from gcv_edge.runtime.detector import Detector
from gcv_edge.runtime.embedding import Embedder
from gcv_edge.runtime.instances import InstanceSegmenter
from gcv_edge.runtime.model import MEMORY
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.runtime.pose import PoseEstimator
from gcv_edge.runtime.regressor import Regressor
from gcv_edge.runtime.segmenter import Segmenter
from gcv_edge.runtime.tensors import TensorNetwork
from gcv_edge.runtime.translator import ImageTranslator
from gcv_edge.store import find_model

if TYPE_CHECKING:
    from typing import Unpack

    from gcv_edge.runtime.options import LoadOptions

AnyNetwork: TypeAlias = (
    Classifier
    | Detector
    | Segmenter
    | PoseEstimator
    | InstanceSegmenter
    | ActionRecognizer
    | Embedder
    | Regressor
    | DepthEstimator
    | ImageTranslator
    | TensorNetwork
)

CLASSES: dict[str, Any] = {
    kind.task.name: kind
    for kind in (
        Classifier,
        Detector,
        Segmenter,
        PoseEstimator,
        InstanceSegmenter,
        ActionRecognizer,
        Embedder,
        Regressor,
        DepthEstimator,
        ImageTranslator,
        TensorNetwork,
    )
}


def load(model: str | os.PathLike[str] | bytes, **options: Unpack[LoadOptions]) -> AnyNetwork:
    """Open a model file with the class for its task.

    Args:
        model: path of an exported file, a name in the model store, or the content of a file as ``bytes``.
        options: keyword arguments of that class: ``engine``, ``precision``, ``hint``, ``threads``,
            ``streams``, ``device`` and ``cache_dir``; ``color`` of all that take frames; ``confidence`` of
            detectors; ``segments`` of an ActionRecognizer.

    Returns:
        A Detector, Classifier, Segmenter, ... : the class for the file's task.

    Raises:
        ModelNotFoundError, ModelFileError, MetadataError: as ``Model``.
        TypeError: that class has no such option.
    """
    network: AnyNetwork = open_network(model, **options)
    return network


def open_network(model: str | os.PathLike[str] | bytes, **options: Unpack[LoadOptions]) -> Any:
    """Do as ``load`` does, for callers that know what the network is for."""
    if isinstance(model, bytes):
        return CLASSES[read_metadata(MEMORY, content=model).task.name](model, **options)
    path = find_model(model)
    return CLASSES[read_metadata(path).task.name](path, **options)
