"""Small networks whose outputs can be worked out by hand, written as files with metadata."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from gcv_edge.metadata import (
    ClipSettings,
    DepthSettings,
    DetectionSettings,
    ImageSettings,
    ModelMetadata,
    Preprocessing,
    format_metadata,
)
from gcv_edge.tasks import DEPTH, DETECTION, IMAGE, INSTANCES, find_task

Nodes = list[onnx.NodeProto]
Maker = Callable[..., Path]

UNIT = Preprocessing(mean=(0.0, 0.0, 0.0), scale=(255.0, 255.0, 255.0))
"""Input values are levels / 255, RGB."""
GREY_UNIT = Preprocessing(mean=(0.0,), scale=(255.0,))
"""The same for a network that sees grey."""

LABELS = ("red", "green", "blue")
ANCHORS = np.array([[0, 0, 16, 16], [2, 2, 18, 18], [16, 16, 32, 32]], np.float32)
"""Boxes of the test detector; the first two overlap by more than half."""
WEIGHTS = np.array([1.0, 0.8, 0.5], np.float32)
"""The score of box a for class c is WEIGHTS[a] times the mean level of channel c."""


def constant(name: str, value: Any, dtype: type = np.float32) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(value, dtype), name)


def detection_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    nodes = [
        helper.make_node("GlobalAveragePool", ["data"], ["mean"]),
        helper.make_node("Reshape", ["mean", "row"], ["levels"]),
        helper.make_node("Mul", ["levels", "weights"], ["scores"]),
        helper.make_node("ReduceSum", ["levels", "axis"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "anchors"], ["boxes"]),
    ]
    constants = [
        constant("row", [0, 1, -1], np.int64),
        constant("axis", [2], np.int64),
        constant("zero", [0.0]),
        constant("weights", WEIGHTS[None, :, None]),
        constant("anchors", ANCHORS[None]),
    ]
    return nodes, constants, {"boxes": ["N", 3, 4], "scores": ["N", 3, "C"]}


def kept_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    """A detector that keeps its NMS inside: one real row of class 1, one of score 0.2, one that is none."""
    nodes, constants, _ = detection_graph()
    nodes = [node for node in nodes if node.output[0] != "scores"]
    nodes += [
        helper.make_node("Add", ["nothing", "ids_of"], ["ids"]),
        helper.make_node("Add", ["nothing", "scores_of"], ["scores"]),
    ]
    constants += [constant("ids_of", [[[1], [2], [-1]]]), constant("scores_of", [[[0.9], [0.2], [-1]]])]
    return nodes, constants, {"ids": ["N", 3, 1], "scores": ["N", 3, 1], "boxes": ["N", 3, 4]}


def instances_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    """The detector of ``kept_graph`` with a mask of 2x2 cells for each row; the left half is the object."""
    nodes, constants, outputs = kept_graph()
    nodes.append(helper.make_node("Unsqueeze", ["nothing", "last_axis"], ["nothing_of_masks"]))
    nodes.append(helper.make_node("Add", ["nothing_of_masks", "masks_of"], ["masks"]))
    constants.append(constant("masks_of", [[[[0.9, 0.1], [0.9, 0.1]]] * 3]))
    constants.append(constant("last_axis", [3], np.int64))
    return nodes, constants, {**outputs, "masks": ["N", 3, 2, 2]}


def classification_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    nodes = [
        helper.make_node("GlobalAveragePool", ["data"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["logits"]),
    ]
    return nodes, [], {"logits": ["N", "C"]}


def regression_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    """Twice the mean level of each channel."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["data"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["row"]),
        helper.make_node("Mul", ["row", "two"], ["values"]),
    ]
    return nodes, [constant("two", [2.0])], {"values": ["N", "C"]}


def mask_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    """A segmentation into two: 0, and the logit that a pixel's mean level is over a half."""
    nodes = [
        helper.make_node("ReduceMean", ["data"], ["mean"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["mean", "half"], ["logit"]),
        helper.make_node("Mul", ["logit", "zero"], ["nothing"]),
        helper.make_node("Concat", ["nothing", "logit"], ["logits"], axis=1),
    ]
    return nodes, [constant("half", [0.5]), constant("zero", [0.0])], {"logits": ["N", 2, "H", "W"]}


def segmentation_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    return (
        [helper.make_node("Mul", ["data", "two"], ["logits"])],
        [constant("two", [2.0])],
        {"logits": ["N", "C", "H", "W"]},
    )


def pose_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    pool = helper.make_node("AveragePool", ["data"], ["heatmaps"], kernel_shape=[4, 4], strides=[4, 4])
    return [pool], [], {"heatmaps": ["N", "C", "H/4", "W/4"]}


def clip_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    """The mean level of each moment, the first channel's."""
    nodes = [
        helper.make_node("ReduceMean", ["data"], ["levels"], axes=[3, 4], keepdims=0),
        helper.make_node("Gather", ["levels", "first"], ["logits"], axis=1),
    ]
    return nodes, [constant("first", 0, np.int64)], {"logits": ["N", 4]}


def consensus_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    """The mean level of each channel over all pictures of a batch."""
    node = helper.make_node("ReduceMean", ["data"], ["mean"], axes=[0, 2, 3], keepdims=0)
    nodes = [node, helper.make_node("Reshape", ["mean", "row"], ["logits"])]
    return nodes, [constant("row", [1, -1], np.int64)], {"logits": [1, "C"]}


def embedding_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    return classification_graph()


def depth_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    """The mean of the channels, at the input's size."""
    return (
        [helper.make_node("ReduceMean", ["data"], ["image"], axes=[1], keepdims=1)],
        [],
        {"image": ["N", 1, "H", "W"]},
    )


def inverting_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    """One minus the input."""
    return (
        [helper.make_node("Sub", ["one", "data"], ["image"])],
        [constant("one", [1.0])],
        {"image": ["N", "C", "H", "W"]},
    )


def tensors_graph() -> tuple[Nodes, list[onnx.TensorProto], dict[str, list[Any]]]:
    return [helper.make_node("Identity", ["data"], ["same"])], [], {"same": ["N", "C", "H", "W"]}


TASKS_OF = {
    "kept": "detection",
    "clip": "action",
    "consensus": "action",
    "labelling": "classification",
    "grey": "classification",
    "mask": "segmentation",
}
"""Tasks of networks that are not called as their task."""
CHANNELS = {"grey": 1}
"""Channels of the inputs of networks that see no colours."""
SIGMOIDS = ("labelling", "grey")
"""Classifiers whose classes do not exclude each other."""
NAMES = {"mask": ("rest", "thing"), "clip": (), "tensors": ()}
"""Labels of networks that have others than those of their channels."""

GRAPHS = {
    "clip": clip_graph,
    "consensus": consensus_graph,
    "embedding": embedding_graph,
    "regression": regression_graph,
    "labelling": classification_graph,
    "grey": classification_graph,
    "mask": mask_graph,
    "depth": depth_graph,
    "image_to_image": inverting_graph,
    "tensors": tensors_graph,
    "detection": detection_graph,
    "classification": classification_graph,
    "segmentation": segmentation_graph,
    "pose": pose_graph,
    "kept": kept_graph,
    "instance_segmentation": instances_graph,
}


def value_info(
    name: str, shape: list[Any], batch: int | None, size: tuple[int, int] | None, channels: int
) -> onnx.ValueInfoProto:
    """Describe an input or output; without a size, height and width are open."""
    known: dict[Any, Any] = {}
    if size is not None:
        known = {"H": size[0], "W": size[1], "H/4": size[0] // 4, "W/4": size[1] // 4}
    known |= {"C": channels} | ({} if batch is None else {"N": batch})
    return helper.make_tensor_value_info(
        name, TensorProto.FLOAT, [known.get(length, length) for length in shape]
    )


def build_model(
    kind: str, batch: int | None, size: tuple[int, int] | None, channels: int | None = None
) -> onnx.ModelProto:
    channels = channels or CHANNELS.get(kind, 3)
    nodes, constants, outputs = GRAPHS[kind]()
    graph = helper.make_graph(
        nodes,
        kind,
        [value_info("data", ["N", "C", *([4] if kind == "clip" else []), "H", "W"], batch, size, channels)],
        [value_info(name, shape, batch, size, channels) for name, shape in outputs.items()],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def describe_model(
    kind: str,
    labels: tuple[str, ...] | None = None,
    preprocessing: Preprocessing | None = None,
    detection: DetectionSettings | None = None,
    clip: ClipSettings | None = None,
    channels: int | None = None,
    activation: str | None = None,
) -> dict[str, str]:
    """What a test network's file says of itself."""
    task = find_task(TASKS_OF.get(kind, kind))
    if task in (DETECTION, INSTANCES) and detection is None:
        detection = DetectionSettings(nms="runtime" if kind == "detection" else "graph")
    depth = DepthSettings() if task is DEPTH else None
    image = ImageSettings() if task is IMAGE else None
    channels = channels or CHANNELS.get(kind, 3)
    labels = NAMES.get(kind, LABELS[:channels]) if labels is None or kind in NAMES else labels
    preprocessing = preprocessing or (GREY_UNIT if channels == 1 else UNIT)
    activation = activation or ("sigmoid" if kind in SIGMOIDS else "softmax")
    return format_metadata(
        ModelMetadata(task, labels, preprocessing, detection, clip, depth, image, activation)
    )


@pytest.fixture
def make_model(tmp_path: Path) -> Maker:
    """Write a test network: ``make_model("detection", labels=..., preprocessing=..., entries={...})``."""

    def make(
        kind: str,
        *,
        path: Path | None = None,
        batch: int | None = 1,
        size: tuple[int, int] | None = (32, 32),
        channels: int | None = None,
        labels: tuple[str, ...] | None = None,
        preprocessing: Preprocessing | None = None,
        detection: DetectionSettings | None = None,
        clip: ClipSettings | None = None,
        activation: str | None = None,
        entries: dict[str, str] | None = None,
        without: tuple[str, ...] = (),
    ) -> Path:
        found = describe_model(kind, labels, preprocessing, detection, clip, channels, activation)
        model = build_model(kind, batch, size, channels)
        kept = {key: value for key, value in {**found, **(entries or {})}.items() if key not in without}
        helper.set_model_props(model, kept)
        target = path or tmp_path / f"{kind}.onnx"
        onnx.save(model, target)
        return target

    return make


def solid(red: int, green: int, blue: int, size: tuple[int, int] = (64, 64)) -> np.ndarray:
    """A picture of one colour, BGR."""
    return np.full((*size, 3), (blue, green, red), np.uint8)


def write_video(path: Path, frames: int, rate: float = 10) -> Path:
    """Write a video of noise: motion JPEG, or MPEG-4 in what does not take that."""
    codec = "mp4v" if path.suffix in (".mp4", ".ts", ".mpg") else "MJPG"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, (64, 64))
    random = np.random.default_rng(0)
    for _ in range(frames):
        writer.write(random.integers(0, 256, (64, 64, 3), np.uint8))
    writer.release()
    return path


def cut_off(path: Path, part: float = 0.5) -> Path:
    """Leave the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path
