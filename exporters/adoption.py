"""Foreign ONNX files: taken over with canonical outputs and with the metadata that a runtime needs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import onnx_ir.passes.common as common

from gcv_edge.errors import ModelFileError, ModelNotFoundError, UnsupportedError, UsageError
from gcv_edge.exporters.builder import BATCH, IR_VERSION, OPSET, GraphBuilder, Shape
from gcv_edge.exporters.nms import emit_nms
from gcv_edge.exporters.passes import clean
from gcv_edge.exporters.source import (
    VECTORS,
    ExportedModel,
    ExportOptions,
    check_labels,
    check_rank,
    describe_task,
    override_preprocessing,
)
from gcv_edge.metadata import BOX_FORMATS, DetectionSettings, ModelMetadata, Preprocessing
from gcv_edge.tasks import DETECTION, GRAPH_NMS_OUTPUTS, Task, find_task

MIN_OPSET = 7


@dataclass(frozen=True)
class Adoption:
    """What a foreign file does not say of itself.

    Attributes:
        boxes, scores: names of a detector's outputs ``[N, A, 4]`` and ``[N, A, C]``.
        box_format: ``xyxy`` corners, ``cxcywh`` centre and size, ``xywh`` corner and size.
        normalized: boxes are in units of the input's size, not in pixels.
        background: the first score is the background's.
    """

    boxes: str = "boxes"
    scores: str = "scores"
    box_format: str = "xyxy"
    normalized: bool = False
    background: bool = False


def adopt_model(path: Path, adoption: Adoption, options: ExportOptions) -> ExportedModel:
    """Read a foreign file and give it canonical outputs and metadata.

    Raises:
        ModelFileError: not an ONNX file.
        UsageError: task or normalisation is not given, or outputs of those names do not exist.
        UnsupportedError: its input or outputs cannot be brought into the canonical form.
    """
    if options.task is None:
        raise UsageError(f"{path}: say what it is for: --task classification, detection, ...")
    if options.mean is None or options.scale is None:
        raise UsageError(f"{path}: say how its input is normalised: --mean R,G,B --scale R,G,B (in 0..255)")
    task = find_task(options.task)
    model = load_model(path)
    outputs = {value.name or "": value for value in model.graph.outputs}
    graph = open_graph(model, path, options)
    facts = describe_task(task, graph.shape(graph.inputs[0]), options, str(path))
    for name, value in outputs.items():
        value.name = graph.unique(f"{name}_found")
    if task is DETECTION:
        canonical = canonical_detections(graph, outputs, adoption, path)
    else:
        canonical = {task.outputs[0]: single_output(graph, outputs, task, path)}
    classes = int(graph.shape(canonical[task.outputs[-1]])[-1 if task is DETECTION else 1])
    check_labels(options.labels, classes, str(path))
    settings = DetectionSettings(nms=options.nms) if task is DETECTION else None
    if settings is not None and options.nms == "graph":
        rows = emit_nms(graph, canonical["boxes"], canonical["scores"], settings)
        canonical = dict(zip(GRAPH_NMS_OUTPUTS, rows, strict=True))
    metadata = ModelMetadata(
        task=task,
        labels=options.labels,
        preprocessing=override_preprocessing(Preprocessing(resize_type=fit_frames(task)), options),
        detection=settings,
        **facts,
        source=path.name,
        source_hash=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    return ExportedModel(clean(graph.model(canonical)), metadata)


def fit_frames(task: Task) -> str:
    """Choose how frames are fitted: how much a foreign classifier's frames were cropped is not known."""
    return "standard" if task.resize_type == "crop" else task.resize_type


def load_model(path: Path) -> ir.Model:
    """Load, bring to this package's opset, and infer shapes.

    Raises:
        ModelFileError: the file is missing, damaged or uses operators that cannot be converted.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: no such file")
    try:
        proto = onnx.load(path)
        onnx.checker.check_model(proto)
    except Exception as error:
        raise ModelFileError(path, f"not a valid ONNX file ({first_line(error)})") from error
    opset = next((entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if opset < MIN_OPSET:
        raise ModelFileError(path, f"found opset {opset}, expected {MIN_OPSET} or later")
    if any(entry.key == "gcv_edge task" for entry in proto.metadata_props):
        raise UsageError(f"{path}: was written by gcv-edge and needs no export")
    try:
        if opset < OPSET:
            proto = onnx.version_converter.convert_version(proto, OPSET)
        proto = onnx.shape_inference.infer_shapes(proto, strict_mode=True, data_prop=True)
    except Exception as error:
        raise ModelFileError(path, f"cannot be brought to opset {OPSET} ({first_line(error)})") from error
    model = ir.from_proto(proto)
    model.ir_version = max(model.ir_version, IR_VERSION)
    common.LiftConstantsToInitializersPass(lift_all_constants=True)(model)
    common.RemoveInitializersFromInputsPass()(model)
    return model


def first_line(error: Exception) -> str:
    """Say what went wrong in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(error).__name__


def open_graph(model: ir.Model, path: Path, options: ExportOptions) -> GraphBuilder:
    """Take a model's graph apart, so that operators can be added to it.

    Raises:
        UnsupportedError: it has not exactly one input ``[N, 3, H, W]`` of known size.
    """
    inputs = list(model.graph.inputs)
    if len(inputs) != 1 or inputs[0].shape is None or inputs[0].dtype != ir.DataType.FLOAT:
        found = ", ".join(f"{value.name} {value.shape}" for value in inputs)
        raise UnsupportedError(f"{path}: found inputs {found}, expected one of float32 [N, 3, H, W]")
    shape: Shape = tuple(dim if isinstance(dim, int) else BATCH for dim in inputs[0].shape)
    wanted = options.input_shape[1:] if options.input_shape is not None else shape[1:]
    if len(shape) == len(wanted) + 1 and any(
        isinstance(dim, int) and dim != w for dim, w in zip(shape[1:], wanted, strict=True)
    ):
        raise UsageError(f"{path}: its input is {list(shape)}, not {list(wanted)}")
    shape = (shape[0], *wanted)
    if len(shape) not in (4, 5) or shape[1] != 3 or not all(isinstance(dim, int) for dim in shape[1:]):
        raise UnsupportedError(f"{path}: found an input of shape {list(shape)}, expected [N, 3, H, W]")
    inputs[0].shape = ir.Shape(shape)
    return GraphBuilder.reopen(model)


def single_output(graph: GraphBuilder, outputs: Mapping[str, ir.Value], task: Task, path: Path) -> ir.Value:
    """Return the only output, without a softmax that ends a classifier.

    Raises:
        UnsupportedError: there are several, or it has another rank than the task's.
    """
    if len(outputs) != 1:
        raise UnsupportedError(f"{path}: found outputs {', '.join(outputs)}, expected one for {task.name}")
    value = next(iter(outputs.values()))
    check_rank(task, graph.shape(value), str(path))
    producer = value.producer()
    if task in VECTORS and producer is not None and producer.op_type == "Softmax":
        return producer.inputs[0] or value
    return value


def canonical_detections(
    graph: GraphBuilder, outputs: Mapping[str, ir.Value], adoption: Adoption, path: Path
) -> dict[str, ir.Value]:
    """Bring boxes to corners in input pixels, and scores to foreground classes.

    Raises:
        UsageError: there are no outputs of these names.
        UnsupportedError: they have other shapes than ``[N, A, 4]`` and ``[N, A, C]``.
    """
    boxes, scores = (find_output(graph, outputs, name, path) for name in (adoption.boxes, adoption.scores))
    if graph.shape(boxes)[-1] != 4 or graph.shape(scores)[1] != graph.shape(boxes)[1]:
        raise UnsupportedError(
            f"{path}: found boxes {list(graph.shape(boxes))} and scores {list(graph.shape(scores))}, "
            "expected [N, A, 4] and [N, A, C]"
        )
    if adoption.background:
        scores = take_columns(graph, scores, 1, int(graph.shape(scores)[-1]))
    if adoption.box_format != "xyxy":
        boxes = corners_of(graph, boxes, adoption.box_format)
    if adoption.normalized:
        height, width = (int(dim) for dim in graph.shape(graph.inputs[0])[-2:])
        size = graph.constant(np.array([width, height, width, height], np.float32), "input_size")
        boxes = graph.op("Mul", [boxes, size], "boxes_in_pixels")
    return {"boxes": boxes, "scores": scores}


def find_output(graph: GraphBuilder, outputs: Mapping[str, ir.Value], name: str, path: Path) -> ir.Value:
    """Look up an output of rank 3.

    Raises:
        UsageError: no output is called that.
        UnsupportedError: it has another rank, as the raw head of a detector has.
    """
    if name not in outputs:
        raise UsageError(f"{path}: no output '{name}' among {', '.join(outputs)}: give --boxes and --scores")
    if len(graph.shape(outputs[name])) != 3:
        raise UnsupportedError(
            f"{path}: output '{name}' has shape {list(graph.shape(outputs[name]))}, expected [N, A, ...]: "
            "decoded boxes and scores per box"
        )
    return outputs[name]


def take_columns(graph: GraphBuilder, value: ir.Value, begin: int, end: int) -> ir.Value:
    """Emit columns of the last axis of ``[N, A, C]``."""
    bounds: Sequence[ir.Value] = [graph.constant([number]) for number in (begin, end, 2)]
    return graph.op("Slice", [value, *bounds], "columns")


def corners_of(graph: GraphBuilder, boxes: ir.Value, box_format: str) -> ir.Value:
    """Emit corners of boxes given by centre and size, or by corner and size.

    Raises:
        UsageError: the format is none of BOX_FORMATS.
    """
    if box_format not in BOX_FORMATS:
        raise UsageError(f"box format '{box_format}': expected one of {', '.join(BOX_FORMATS)}")
    anchor, size = take_columns(graph, boxes, 0, 2), take_columns(graph, boxes, 2, 4)
    if box_format == "cxcywh":
        half = graph.op("Mul", [size, graph.constant(0.5)], "half_sizes")
        anchor = graph.op("Sub", [anchor, half], "low_corners")
    return graph.op("Concat", [anchor, graph.op("Add", [anchor, size], "high_corners")], "corners", axis=2)
