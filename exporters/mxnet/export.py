"""An MXNet network becomes an ONNX graph with the canonical outputs of its task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import onnx_ir as ir

from gcv_edge.errors import ParamsMismatchError, UnsupportedError
from gcv_edge.exporters.builder import BATCH, GraphBuilder, ShapesError
from gcv_edge.exporters.effects import check_colours
from gcv_edge.exporters.framing import Resizing
from gcv_edge.exporters.heads import canonical_array, emit_canonical, find_purpose
from gcv_edge.exporters.masks import judge_mask
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.class_names import usual_labels
from gcv_edge.exporters.mxnet.clips import averages_clips, count_segments
from gcv_edge.exporters.mxnet.convert import SymbolConverter
from gcv_edge.exporters.mxnet.describing import describe_network
from gcv_edge.exporters.mxnet.detection import find_detection_head
from gcv_edge.exporters.mxnet.detection_head import DetectionHead
from gcv_edge.exporters.mxnet.ends import take_apart
from gcv_edge.exporters.mxnet.input_shapes import (
    CHANNELS,
    assumed_shape,
    channels_first,
    check_rank,
    find_input_shape,
    known_shape,
)
from gcv_edge.exporters.mxnet.instances import emit_instances
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.outputs import name_heads
from gcv_edge.exporters.mxnet.own_sizes import settle_sides
from gcv_edge.exporters.mxnet.parts import export_tensors, list_inputs
from gcv_edge.exporters.mxnet.picture_input import TO_FRONT, PictureInput
from gcv_edge.exporters.mxnet.picture_reading import read_picture_input
from gcv_edge.exporters.mxnet.reference import Array, Computation, as_it_is, open_reference
from gcv_edge.exporters.mxnet.refusals import explain_shape
from gcv_edge.exporters.mxnet.symbol import NodeEntry
from gcv_edge.exporters.mxnet.task_heads import keep_task_head
from gcv_edge.exporters.mxnet.training_batch import find_fixed
from gcv_edge.exporters.nms import emit_nms
from gcv_edge.exporters.source import (
    ExportedModel,
    ExportOptions,
    check_labels,
)
from gcv_edge.graph.cleaning import clean
from gcv_edge.metadata import ModelMetadata
from gcv_edge.tasks import (
    ACTION,
    CLASSIFICATION,
    DETECTION,
    GRAPH_NMS_OUTPUTS,
    INSTANCES,
    TENSORS,
    Task,
    find_task,
)

INPUT_NAME = "data"
OPEN_SIZE = ("height", "width")
"""Names of the open dimensions of pictures that have a size of their own."""


@dataclass(frozen=True)
class Opened:
    """A network of one picture or clip, whose conversion has begun.

    Attributes:
        network: as it was read.
        picture: what it does to its input first.
        graph: has the input.
        converter: of the symbol, or of what is behind the symbol's own preprocessing.
    """

    network: Network
    picture: PictureInput
    graph: GraphBuilder
    converter: SymbolConverter


def export_network(network: Network, options: ExportOptions) -> ExportedModel:
    """Convert a network.

    Raises:
        UnsupportedError: an operator, attribute or head is not supported.
        ParamsMismatchError: the parameters are not this network's.
        UsageError: something must be given that neither the file nor its name tells.
    """
    network = settle_sides(network, options)
    names = list_inputs(network)
    known = known_shape(network, names[0], options)
    picture = read_picture_input(network.symbol, network.weights, names[0], known)
    check_rank(network, picture, options)
    if is_for_tensors(network, names, picture, options):
        return export_tensors(network, options)
    shape = find_input_shape(network, names[0], picture, options)
    note = assumed_shape(network, names[0], options)
    network = replace(network, notes=(*network.notes, *note))
    try:
        return export_picture_network(network, picture, shape, options)
    except (ShapesError, ParamsMismatchError) as error:
        raise type(error)(f"{error} ({explain_shape(network.name, shape)})") from error


def is_for_tensors(network: Network, names: list[str], picture: PictureInput, options: ExportOptions) -> bool:
    """Tell a network that is exported as it is: asked for, or it does not take one picture or clip."""
    if options.task is not None:
        return find_task(options.task) is TENSORS
    if network.is_part or len(names) > 1:
        return True
    shape = known_shape(network, names[0], options)
    return shape is not None and (
        len(shape) not in TO_FRONT or channels_first(shape, picture)[1] not in CHANNELS
    )


def export_picture_network(
    network: Network, picture: PictureInput, shape: tuple[int, ...], options: ExportOptions
) -> ExportedModel:
    """Convert a network of one picture or clip: a detector, or one with one output, or all its heads."""
    check_colours(options, shape[1], network.name)
    symbol = picture.cut(network.symbol)
    head = find_detection_head(symbol)
    opened = open_network(replace(network, symbol=symbol), network, picture, shape, options)
    if head is not None:
        return export_detector(opened, head, options)
    if len(symbol.heads) > 1 and options.task is not None:
        chosen = keep_task_head(network, opened.converter, options, usual_task(network))
        return export_output(replace(opened, network=chosen), options)
    if len(symbol.heads) > 1:
        return export_tensors(network, options)
    return export_output(opened, options)


def open_network(
    cut: Network, network: Network, picture: PictureInput, shape: tuple[int, ...], options: ExportOptions
) -> Opened:
    """Begin to convert a network."""
    graph = GraphBuilder(network.name)
    batch = BATCH if options.dynamic_batch else shape[0]
    size = shape[2:] if network.sides is None else OPEN_SIZE
    data = graph.input(INPUT_NAME, (batch, shape[1], *size))
    if picture.is_channels_last and not picture.is_cut_off:
        data = graph.op("Transpose", [data], "channels_last", perm=(0, *range(2, len(shape)), 1))
    name = network.symbol.nodes[picture.variable].name
    converter = SymbolConverter(graph, cut.symbol, network.weights, {name: data})
    return Opened(network, picture, graph, converter)


def export_output(opened: Opened, options: ExportOptions) -> ExportedModel:
    """Convert a network with one output that is no detector's."""
    network, converter, graph = opened.network, opened.converter, opened.graph
    (output,) = name_heads(network)
    found = take_apart(converter, output.name, output.entry)
    purpose = find_purpose(found.head, options, network.name, usual_task(network))
    if purpose.task is TENSORS:
        return export_tensors(network, options, purpose.notes)
    entry = found.core if purpose.takes_core else found.whole
    value = emit_canonical(graph, purpose, converter.values([entry])[0])
    opened = with_usual_labels(opened, purpose.task, int(graph.shape(value)[1]), options)
    network = opened.network
    check_labels(options.labels or network.labels, int(graph.shape(value)[1]), network.name)
    name = purpose.task.outputs[0]
    metadata, notes = describe_network(network, opened.picture, graph, purpose.task, options)
    computation = compute(opened, {name: entry}, partial(canonical_array, purpose))
    metadata = replace(metadata, activation=purpose.activation)
    exported = close(opened, {name: value}, metadata, computation, (*notes, *purpose.notes))
    if purpose.is_assumed:
        judge_mask(exported.model, metadata, output.name, network.name)
    return exported


def with_usual_labels(opened: Opened, task: Task, count: int, options: ExportOptions) -> Opened:
    """Give a network without class names those that networks of its name have, and note it."""
    network = opened.network
    if options.labels or network.labels:
        return opened
    labels, title = usual_labels(network.name, task, count)
    if not labels:
        return opened
    note = f"assumed: the {count} labels of {title}, as the name {network.name} says (--classes)"
    return replace(opened, network=replace(network, labels=labels, notes=(*network.notes, note)))


def usual_task(network: Network) -> Task | None:
    """Task of networks of that name; vectors averaged over clips are for actions."""
    facts = zoo.describe(network.name)
    if averages_clips(network.symbol) and (facts is None or facts.task is CLASSIFICATION):
        return ACTION
    return facts.task if facts is not None else None


def export_detector(opened: Opened, head: DetectionHead, options: ExportOptions) -> ExportedModel:
    """Convert a network whose detection head is known.

    Raises:
        UnsupportedError: another task is asked for, or a batch of a network that takes one picture.
    """
    network, converter, graph = opened.network, opened.converter, opened.graph
    task = INSTANCES if head.masks else DETECTION
    if options.task is not None and find_task(options.task) is not task:
        raise UnsupportedError(f"{network.name}: its head is for {task.name}, not for {options.task}")
    shape = graph.shape(graph.inputs[0])
    if head.one_by_one and (options.dynamic_batch or shape[0] != 1):
        raise UnsupportedError(f"{network.name}: GluonCV wrote this network for one picture at a time")
    converter.symbol = head.symbol
    boxes, scores = convert_candidates(opened, head, options)
    opened = with_usual_labels(opened, task, int(graph.shape(scores)[-1]), options)
    network = opened.network
    check_labels(options.labels or network.labels, int(graph.shape(scores)[-1]), network.name)
    settings = replace(head.settings, nms="graph" if head.masks else options.nms)
    if head.masks is not None:
        outputs = emit_instances(graph, converter, head.masks, boxes, scores, settings)
    elif settings.nms == "graph":
        outputs = dict(zip(GRAPH_NMS_OUTPUTS, emit_nms(graph, boxes, scores, settings), strict=True))
    else:
        outputs = {"boxes": boxes, "scores": scores}
    resizing = head.resizing if network.sides is None else own_resizing(head, network.sides)
    metadata, notes = describe_network(network, opened.picture, graph, task, options, resizing)
    finals = {
        f"final_{name}": entry for name, entry in zip(INSTANCES.outputs, head.symbol.heads, strict=False)
    }
    computation = compute(opened, {"boxes": head.boxes, "scores": head.scores, **finals})
    computation = replace(computation, one_by_one=computation.one_by_one or head.one_by_one)
    metadata = replace(metadata, detection=settings)
    return close(opened, outputs, metadata, computation, (*notes, *spare_heads(network, head)))


def convert_candidates(opened: Opened, head: DetectionHead, options: ExportOptions) -> list[ir.Value]:
    """Convert what a detector chooses from: boxes and scores.

    Raises:
        UnsupportedError: an operator is not supported, or fits only some of the sizes of pictures.
    """
    entries, sides = [head.boxes, head.scores], opened.network.sides
    if sides is None or head.one_by_one:
        return opened.converter.values(entries)
    fixed = replace(opened.network, sides=None)
    batch, channels = map(int, opened.graph.shape(opened.graph.inputs[0])[:2])
    try:
        for size in odd_sizes(*sides):
            shape = batch, channels, *size
            trial = open_network(replace(fixed, symbol=head.symbol), fixed, opened.picture, shape, options)
            trial.converter.values(entries)
        return opened.converter.values(entries)
    except UnsupportedError as error:
        raise UnsupportedError(
            f"{error}: it does not take every size of --fit short:{sides[0]},{sides[1]}: give larger sides, "
            "or --input-shape 1,3,H,W for one size"
        ) from error


def odd_sizes(short: int, long: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return sizes of pictures, lying and upright, of which the longer side has no divisors of 2."""
    odd = max(long - 1 + long % 2, short)
    return (short, odd), (odd, short)


def own_resizing(head: DetectionHead, sides: tuple[int, int]) -> Resizing:
    """Say that frames fill inputs that have the shape of each.

    R-CNNs are evaluated so; of the others only ``load_test`` does it, whose interpolation is bicubic.
    """
    interpolation = head.resizing.interpolation if head.one_by_one else "bicubic"
    return Resizing("standard", interpolation, *sides)


def spare_heads(network: Network, head: DetectionHead) -> tuple[str, ...]:
    """Say which heads of a detector are not among its detections."""
    spare = [output.name for output in name_heads(network) if output.entry not in head.covered]
    listed = ", ".join(f"'{name}'" for name in spare)
    return (f"left out: {listed}: not part of the detections (--outputs NAME exports it)",) if spare else ()


def compute(
    opened: Opened, outputs: Mapping[str, NodeEntry], finish: Callable[[Array], Array] = as_it_is
) -> Computation:
    """Say what MXNet computes to be held against the file: the symbol itself, from its own input on."""
    network, picture = opened.network, opened.picture
    batch = opened.graph.shape(opened.graph.inputs[0])[0]
    is_fixed = isinstance(batch, int) and find_fixed(network.symbol, network.weights, batch) is not None
    return Computation(
        name=network.name,
        symbol=picture.join(opened.converter.symbol, network.symbol),
        weights=network.weights,
        outputs=outputs,
        inputs={INPUT_NAME: network.symbol.nodes[picture.variable].name},
        repeats=count_segments(network.symbol),
        one_by_one=is_fixed,
        batch=int(batch) if is_fixed else 1,
        restore=picture.restore,
        finish=finish,
    )


def close(
    opened: Opened,
    outputs: Mapping[str, ir.Value],
    metadata: ModelMetadata,
    computation: Computation,
    notes: tuple[str, ...],
) -> ExportedModel:
    """Close the graph."""
    model = clean(opened.graph.model(outputs))
    return ExportedModel(
        model, metadata, partial(open_reference, computation), (*opened.network.notes, *notes)
    )
