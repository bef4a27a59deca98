"""Reading and checking a model file before it is run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gcv_edge import _core
from gcv_edge.errors import GcvEdgeError, MetadataError, ModelFileError
from gcv_edge.metadata import ModelMetadata, parse_metadata
from gcv_edge.tasks import DETECTION, GRAPH_NMS_OUTPUTS, Task

if TYPE_CHECKING:
    from gcv_edge.runtime.sessions import Session

CLASS_OUTPUTS = {"classification": ("logits", -1), "detection": ("scores", -1), "segmentation": ("logits", 1),
                 "pose": ("heatmaps", 1), "action": ("logits", -1),
                 "regression": ("values", -1)}  # fmt: skip
"""Which output counts the classes (or keypoints, or values), and along which axis."""

CLASSES = {
    "classification": "Classifier",
    "detection": "Detector",
    "segmentation": "Segmenter",
    "pose": "PoseEstimator",
    "instance_segmentation": "InstanceSegmenter",
    "action": "ActionRecognizer",
    "embedding": "Embedder",
    "regression": "Regressor",
    "depth": "DepthEstimator",
    "image_to_image": "ImageTranslator",
    "tensors": "TensorNetwork",
}

INPUTS = {
    "picture": ("[N, C, H, W], C 3 or 1", (4,)),
    "clip": ("[N, C, T, H, W] or [N, C, H, W], C 3 or 1", (4, 5)),
}
"""Shape and ranks of the input, by what a task takes."""


def read_metadata(path: Path, task: Task | None = None, content: bytes | None = None) -> ModelMetadata:
    """Read what a model file says of itself.

    Args:
        path: the file.
        task: what it should be for; None for any task.
        content: of the file, where it is in memory; ``path`` then stands for it in messages.

    Raises:
        ModelFileError: not a file, not readable, not a model, or for another task.
        MetadataError: a key is missing or makes no sense.
    """
    metadata = parse_metadata(read_entries(path, content), str(path))
    if task is not None and metadata.task != task:
        found = metadata.task.name
        raise ModelFileError(path, f"found a {found} network, expected {task.name}: use {CLASSES[found]}")
    return metadata


def read_entries(path: Path, content: bytes | None = None) -> dict[str, str]:
    """Read the metadata strings of a file, or of its content."""
    if content is not None:
        return dict(_core.read_metadata_bytes(content, str(path)))
    if path.is_dir():
        raise ModelFileError(path, "found a folder, expected an .onnx file")
    try:
        return dict(_core.read_metadata(str(path)))
    except GcvEdgeError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelFileError(path, str(error).removeprefix(f"{path}: ")) from error


def check_graph(path: Path, metadata: ModelMetadata, session: Session) -> None:
    """Check that graph and metadata belong together.

    Raises:
        ModelFileError: the graph's input or outputs are not those of the task.
        MetadataError: there are more or fewer labels than classes, or means than channels.
    """
    if session.input_dtype.name not in ("float32", "uint8"):
        raise ModelFileError(path, f"input: found {session.input_dtype.name}, expected float32 or uint8")
    if metadata.task.takes in INPUTS:
        check_input(path, metadata, session)
    expected = expected_outputs(metadata)
    missing = [name for name in expected if name not in session.outputs]
    if missing:
        found = ", ".join(session.outputs)
        raise ModelFileError(path, f"outputs: found {found}, expected {', '.join(expected)}")
    check_labels(path, metadata, session)


def check_input(path: Path, metadata: ModelMetadata, session: Session) -> None:
    """Check that the network takes one batch of pictures, or of clips as long as the metadata say."""
    expected, ranks = INPUTS[metadata.task.takes]
    shape = session.input_shape
    if len(session.inputs) != 1:
        raise ModelFileError(path, f"found {len(session.inputs)} inputs, expected 1")
    if shape[1] not in (1, 3) or len(shape) not in ranks:
        found = f"{session.input_dtype.name} {list(shape)}"
        raise ModelFileError(path, f"input: found {found}, expected float32 or uint8 {expected}")
    if metadata.preprocessing.has_own_sizes and not session.has_own_sizes:
        found = ",".join(map(str, shape))
        raise ModelFileError(
            path,
            f"input: found shape [{found}], expected [1,C,?,?]: metadata key 'gcv_edge short_side' says "
            "that H and W are open",
        )
    check_levels(path, metadata, shape[1])
    frames = shape[2] if len(shape) == 5 else 1
    if metadata.clip is not None and len(metadata.clip.offsets) != frames:
        found = f"{len(metadata.clip.offsets)} frames"
        raise MetadataError(path, f"metadata key 'gcv_edge clip_offsets': found {found}, expected {frames}")


def check_levels(path: Path, metadata: ModelMetadata, channels: int) -> None:
    """Check that the metadata have as many numbers as the input has channels."""
    found = len(metadata.preprocessing.mean)
    if found != channels:
        raise MetadataError(
            path,
            f"metadata key 'model_info mean_values': found {found}, expected {channels}: "
            "a number for each channel of the input",
        )


def expected_outputs(metadata: ModelMetadata) -> tuple[str, ...]:
    """Return the outputs that the task promises."""
    in_graph = metadata.detection is not None and metadata.detection.nms == "graph"
    return GRAPH_NMS_OUTPUTS if in_graph and metadata.task == DETECTION else metadata.task.outputs


def check_labels(path: Path, metadata: ModelMetadata, session: Session) -> None:
    """Compare the number of labels with the number of classes, where file and graph tell them."""
    if metadata.task.name not in CLASS_OUTPUTS or expected_outputs(metadata)[0] == GRAPH_NMS_OUTPUTS[0]:
        return
    output, axis = CLASS_OUTPUTS[metadata.task.name]
    shape = session.outputs[output]
    count = shape[axis] if shape else None
    if metadata.labels and count is not None and len(metadata.labels) != count:
        raise MetadataError(
            path,
            f"metadata key 'gcv_edge labels': found {len(metadata.labels)} names, expected {count} "
            f"(output '{output}' has shape {list(shape)}): export again with the right --classes",
        )
