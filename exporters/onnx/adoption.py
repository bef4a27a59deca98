"""Foreign ONNX files: taken over with canonical outputs and with the metadata that a runtime needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.masks import judge_mask
from gcv_edge.exporters.nms import emit_nms
from gcv_edge.exporters.onnx.background import judge_background
from gcv_edge.exporters.onnx.checks import check_graph
from gcv_edge.exporters.onnx.class_numbers import judge_numbers
from gcv_edge.exporters.onnx.detections import LIST
from gcv_edge.exporters.onnx.inputs import ForeignInputs, check_sizes, find_entries, open_inputs
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.onnx.plans import Foreign, Plan, choose_values, plan_outputs, refuse_unused
from gcv_edge.exporters.onnx.plausibility import judge_centres, judge_detections
from gcv_edge.exporters.onnx.preprocessing import choose_preprocessing
from gcv_edge.exporters.onnx.provenance import class_names, explain_task, is_without_task
from gcv_edge.exporters.onnx.reading import ForeignFile, modernize, read_file
from gcv_edge.exporters.onnx.reference import OnnxReference, Tap
from gcv_edge.exporters.onnx.shapes import measure_shapes
from gcv_edge.exporters.source import ExportedModel, ExportOptions, Reference, check_labels, describe_task
from gcv_edge.graph.cleaning import clean
from gcv_edge.metadata import ModelMetadata, Preprocessing
from gcv_edge.pictures import check_inputs
from gcv_edge.tasks import DETECTION, GRAPH_NMS_OUTPUTS, TENSORS

INPUT_NAME = "data"


def adopt_model(path: Path, adoption: Adoption, options: ExportOptions) -> ExportedModel:
    """Read a foreign file and give it canonical outputs and metadata.

    Raises:
        ModelNotFoundError, ModelFileError: no ONNX file, or one that cannot be brought to this opset.
        UsageError: something must be given that the file does not tell.
        UnsupportedError: its inputs or outputs cannot be brought into the canonical form.
    """
    file = read_file(path)
    given, options = options, complete_options(options, file.notes)
    entries = find_entries(file.proto, options, path)
    check_sizes(entries, path)
    model = modernize(file.proto, entries.shapes, path)
    check_graph(model, path)
    foreign = open_network(model, entries, file, options, path)
    plan = plan_outputs(foreign, options, adoption)
    if given.task != options.task:
        plan = replace(plan, notes=(explain_task(file.notes), *plan.notes))
    refuse_unused(plan, given, adoption, foreign.source)
    preprocessing, notes = choose_preprocessing(foreign, plan.task, options)
    taps = [describe_tap(foreign, value) for value in plan.taps]
    reference = partial(OnnxReference, path, entries, taps, plan.tail)
    metadata = describe(foreign, plan, preprocessing, options)
    metadata = replace(metadata, source=path.name, source_hash=hash_file(path, given, adoption))
    return finish(foreign, plan, metadata, reference, notes)


def hash_file(path: Path, options: ExportOptions, adoption: Adoption) -> str:
    """SHA-256 over all that an export follows from: the file and the options."""
    digest = hashlib.sha256(repr((options, adoption)).encode())
    digest.update(path.read_bytes())
    return digest.hexdigest()


def finish(
    foreign: Foreign,
    plan: Plan,
    metadata: ModelMetadata,
    make_reference: Callable[[], Reference],
    notes: tuple[str, ...],
) -> ExportedModel:
    """Make the graph that a plan says, and see whether a detector's results, or a mask's logit, can be ones.

    Raises:
        UsageError: class names are more or fewer than the network's classes, or a logit is none.
        UnsupportedError: most of what a detector gives is no box or no score.
    """
    outputs = plan.tail(foreign.graph, plan.taps)
    notes = (*plan.notes, *notes)
    trials = run_trials(make_reference(), foreign, metadata) if plan.task is DETECTION else ()
    if plan.may_have_background:
        scores = np.concatenate([found["scores"] for found in trials])
        notes += judge_background(scores, metadata.labels, foreign.source)
    if plan.task is not TENSORS:
        check_labels(metadata.labels, count_classes(foreign.graph, plan, outputs), foreign.source)
    if plan.task is DETECTION:
        notes += judge_trials(trials, foreign, plan, metadata)
    model = close_graph(foreign, plan, outputs)
    if plan.assumed_logit is not None:
        judge_mask(model, metadata, plan.assumed_logit, foreign.source)
    return ExportedModel(model, metadata, make_reference, notes)


def complete_options(options: ExportOptions, notes: Mapping[str, str]) -> ExportOptions:
    """Add to what the user says what the file's makers wrote into it."""
    task = TENSORS.name if options.task is None and is_without_task(notes) else options.task
    return replace(options, task=task, labels=options.labels or class_names(notes))


def open_network(
    model: ir.Model, entries: ForeignInputs, file: ForeignFile, options: ExportOptions, path: Path
) -> Foreign:
    """Take a model apart, so that operators can be added before its inputs and behind its outputs."""
    outputs = {value.name or "": value for value in model.graph.outputs}
    graph = GraphBuilder.reopen(model)
    named = {value.name or "": value for node in graph.nodes for value in node.outputs}
    values = choose_values(outputs, named, options.outputs, str(path))
    measure_shapes(path, entries, list(values.values()), file.tensors)
    open_inputs(graph, entries)
    return Foreign(graph, values, entries, file.tensors, file.notes, str(path))


def describe_tap(foreign: Foreign, value: ir.Value) -> Tap:
    """Say what a tensor of the original is.

    Raises:
        UnsupportedError: bringing the file to this opset has made another of it.
    """
    if value.name not in foreign.known or value.dtype is None:
        raise UnsupportedError(f"{foreign.source}: '{value.name}' is not in the file as it was")
    return Tap(value.name or "", foreign.graph.shape(value), value.dtype)


def count_classes(graph: GraphBuilder, plan: Plan, outputs: Mapping[str, ir.Value]) -> int:
    """Return how many class names go with a file."""
    shape = graph.shape(outputs[plan.task.outputs[-1]])
    return int(shape[-1 if plan.task is DETECTION else 1])


def describe(
    foreign: Foreign, plan: Plan, preprocessing: Preprocessing, options: ExportOptions
) -> ModelMetadata:
    """Collect what the file will say of itself."""
    shape = foreign.entries.fed[0].shape
    asked = replace(options, image_range=options.image_range or plan.image_range)
    return ModelMetadata(
        task=plan.task,
        labels=options.labels,
        preprocessing=preprocessing,
        detection=plan.detection,
        activation=plan.activation,
        **describe_task(plan.task, shape, asked, foreign.source),
    )


def run_trials(
    reference: Reference, foreign: Foreign, metadata: ModelMetadata
) -> tuple[Mapping[str, NDArray[Any]], ...]:
    """Let a detector see noise and a real picture."""
    (entry,) = foreign.entries.fed
    shape = tuple(length if isinstance(length, int) else 1 for length in entry.shape)
    kinds = check_inputs({entry.name: (1, *shape[1:])}, metadata)
    return tuple(reference.run(kinds[kind]) for kind in ("noise", "picture"))


def judge_trials(
    trials: Sequence[Mapping[str, NDArray[Any]]], foreign: Foreign, plan: Plan, metadata: ModelMetadata
) -> tuple[str, ...]:
    """Look at what a detector found in noise and in a real picture."""
    remarks: list[str] = []
    if plan.first_class is not None:
        listed = np.concatenate([found[LIST] for found in trials])
        remarks.append(judge_numbers(listed, plan.first_class, metadata.labels, foreign.source))
    for found in trials:
        if plan.assumes_centres:
            judge_centres(found, foreign.source)
        remarks += judge_detections(found, foreign.size, foreign.source)
    return tuple(dict.fromkeys(remarks))


def close_graph(foreign: Foreign, plan: Plan, outputs: Mapping[str, ir.Value]) -> ir.Model:
    """Name inputs and outputs as the task does, select in the graph where that is asked for, and clean up."""
    graph = foreign.graph
    if plan.task is not TENSORS:
        rename(graph, graph.inputs[0], INPUT_NAME)
    if plan.detection is not None and plan.detection.nms == "graph":
        rows = emit_nms(graph, outputs["boxes"], outputs["scores"], plan.detection)
        outputs = dict(zip(GRAPH_NMS_OUTPUTS, rows, strict=True))
    outputs = {name: value for name, value in outputs.items() if name != LIST}
    return clean(graph.model(outputs))


def rename(graph: GraphBuilder, value: ir.Value, name: str) -> None:
    """Give a value a name that another may have."""
    for other in (*graph.constants, *(made for node in graph.nodes for made in node.outputs)):
        if other.name == name:
            other.name = graph.unique(name)
    value.name = name
