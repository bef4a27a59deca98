"""An MXNet network becomes an ONNX graph with the canonical outputs of its task."""

from __future__ import annotations

from dataclasses import replace

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.builder import BATCH, GraphBuilder
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.clips import averages_clips, count_segments
from gcv_edge.exporters.mxnet.convert import SymbolConverter, find_inputs
from gcv_edge.exporters.mxnet.detection import find_detection_head
from gcv_edge.exporters.mxnet.detection_head import DetectionHead
from gcv_edge.exporters.mxnet.instances import emit_instances
from gcv_edge.exporters.mxnet.network import Network, hash_network
from gcv_edge.exporters.mxnet.parts import export_tensors, is_for_tensors
from gcv_edge.exporters.mxnet.symbol import Entry, Symbol
from gcv_edge.exporters.nms import emit_nms
from gcv_edge.exporters.passes import clean
from gcv_edge.exporters.source import (
    ExportedModel,
    ExportOptions,
    check_labels,
    check_rank,
    override_preprocessing,
)
from gcv_edge.metadata import ImageSettings, ModelMetadata
from gcv_edge.tasks import (
    ACTION,
    CLASSIFICATION,
    DEPTH,
    DETECTION,
    GRAPH_NMS_OUTPUTS,
    IMAGE,
    INSTANCES,
    POSE,
    SEGMENTATION,
    Task,
    find_task,
)

SOFTMAX = ("softmax", "SoftmaxOutput", "Softmax", "SoftmaxActivation", "log_softmax")
INPUT_NAME = "data"


def export_network(network: Network, options: ExportOptions) -> ExportedModel:
    """Convert a network.

    Raises:
        UnsupportedError: an operator, attribute or head is not supported.
        ParamsMismatchError: the parameters are not this network's.
        UsageError: something must be given that neither the file nor its name tells.
    """
    if is_for_tensors(network, options):
        return export_tensors(network, options)
    head = find_detection_head(network.symbol)
    graph = GraphBuilder(network.name)
    symbol, entries = canonical_entries(network.symbol, head)
    (name,) = find_inputs(symbol, network.weights, entries, network.name)
    shape = find_input_shape(network, options)
    if head is not None and head.one_by_one and (options.dynamic_batch or shape[0] != 1):
        raise UnsupportedError(f"{network.name}: GluonCV wrote this network for one picture at a time")
    data = graph.input(INPUT_NAME, (BATCH if options.dynamic_batch else shape[0], *shape[1:]))
    converter = SymbolConverter(graph, symbol, network.weights, {name: data})
    values = converter.values(entries[:2])
    task = find_head_task(graph, network, head, values[0], options)
    classes = graph.shape(values[-1])[-1 if head is not None else 1]
    check_labels(options.labels or network.labels, int(classes), network.name)
    if head is not None:
        head = replace(head, settings=replace(head.settings, nms="graph" if head.masks else options.nms))
    outputs = name_outputs(graph, converter, task, head, values)
    metadata = describe_network(graph, network, task, head, options)
    return ExportedModel(clean(graph.model(outputs)), metadata)


def canonical_entries(symbol: Symbol, head: DetectionHead | None) -> tuple[Symbol, list[Entry]]:
    """Find the entries that are the canonical outputs, and the symbol that has them.

    A network without a detection head has one, its first: others are for training. Several heads that are all
    sigmoids are the scales of one map, of which the last is the finest (gluoncv/model_zoo/monodepthv2).
    """
    if head is not None:
        return head.symbol, [head.boxes, head.scores, *([head.masks.logits] if head.masks else [])]
    first = symbol.heads[-1 if all(is_sigmoid(symbol, entry) for entry in symbol.heads) else 0]
    node = symbol.nodes[first.node]
    return symbol, [node.inputs[0] if node.op in SOFTMAX else first]


def is_sigmoid(symbol: Symbol, entry: Entry) -> bool:
    """Tell an entry between 0 and 1."""
    node = symbol.nodes[entry.node]
    return node.attrs.get("act_type", node.op) == "sigmoid"


def find_input_shape(network: Network, options: ExportOptions) -> tuple[int, ...]:
    """Shape asked for, else the one that goes with the name; a clip's pictures make up the batch."""
    segments = count_segments(network.symbol)
    if segments > 1 and options.dynamic_batch:
        raise UsageError(
            f"{network.name}: averages over clips of {segments} pictures: no batch can be left open"
        )
    if options.input_shape is not None:
        if options.input_shape[0] % segments:
            raise UsageError(
                f"{network.name}: averages over clips of {segments} pictures: found a batch of "
                f"{options.input_shape[0]}, expected a multiple of {segments}"
            )
        return options.input_shape
    facts = zoo.describe(network.name)
    if facts is not None:
        return (segments, *facts.shapes[0])
    raise UsageError(
        f"{network.name}: neither file nor name tells the input's size: give --input-shape 1,3,HEIGHT,WIDTH"
    )


def find_head_task(
    graph: GraphBuilder,
    network: Network,
    head: DetectionHead | None,
    value: ir.Value,
    options: ExportOptions,
) -> Task:
    """Task asked for, else by the name, else by the form of the output.

    Raises:
        UnsupportedError: the network's head is not one of the task asked for.
    """
    if options.task is None and head is None:
        return guess_task(graph, network, value)
    found = (INSTANCES if head.masks else DETECTION) if head is not None else None
    if options.task is None:
        assert found is not None
        return found
    asked = find_task(options.task)
    if asked is not found and (head is not None or asked in (DETECTION, INSTANCES)):
        name = found.name if found is not None else guess_task(graph, network, value).name
        raise UnsupportedError(f"{network.name}: its head is for {name}, not for {asked.name}")
    if head is None:
        check_rank(asked, graph.shape(value), network.name)
    return asked


def guess_task(graph: GraphBuilder, network: Network, value: ir.Value) -> Task:
    """Maps at the input's size are for segmentation, smaller ones for pose, vectors for classification.

    Vectors averaged over clips are for actions, and three maps out of a hyperbolic tangent are a picture.

    Raises:
        UnsupportedError: the output has another form.
    """
    rank = len(graph.shape(value))
    facts = zoo.describe(network.name)
    if rank == 2:
        is_action = averages_clips(network.symbol) or (facts is not None and facts.task is ACTION)
        return ACTION if is_action else CLASSIFICATION
    if rank == 4 and facts is not None and facts.task in (SEGMENTATION, POSE, DEPTH):
        return facts.task
    if rank == 4 and graph.shape(value)[1] == 3 and is_output_of(value, "Tanh"):
        return IMAGE
    if rank == 4:
        return SEGMENTATION if graph.shape(value)[2:] == graph.shape(graph.inputs[0])[2:] else POSE
    raise UnsupportedError(
        f"{network.name}: an output of shape {graph.shape(value)} belongs to no supported task"
    )


def is_output_of(value: ir.Value, operator: str) -> bool:
    """Tell whether an operator made a value."""
    producer = value.producer()
    return producer is not None and producer.op_type == operator


def name_outputs(
    graph: GraphBuilder,
    converter: SymbolConverter,
    task: Task,
    head: DetectionHead | None,
    values: list[ir.Value],
) -> dict[str, ir.Value]:
    """Give the canonical outputs their names, or select in the graph."""
    if head is None:
        return {task.outputs[0]: values[0]}
    boxes, scores = values
    if head.masks is not None:
        return emit_instances(graph, converter, head.masks, boxes, scores, head.settings)
    if head.settings.nms == "runtime":
        return {"boxes": boxes, "scores": scores}
    return dict(zip(GRAPH_NMS_OUTPUTS, emit_nms(graph, boxes, scores, head.settings), strict=True))


def describe_network(
    graph: GraphBuilder,
    network: Network,
    task: Task,
    head: DetectionHead | None,
    options: ExportOptions,
) -> ModelMetadata:
    """Collect what the file will say of itself."""
    shape = graph.shape(graph.inputs[0])
    size = (int(shape[-2]), int(shape[-1]))
    frames = int(shape[2]) if len(shape) == 5 else None
    segments = count_segments(network.symbol)
    preprocessing = zoo.default_preprocessing(network.name, task, size)
    return ModelMetadata(
        task=task,
        labels=options.labels or network.labels,
        preprocessing=override_preprocessing(preprocessing, options),
        detection=head.settings if head is not None else None,
        clip=zoo.describe_clip(network.name, frames, segments) if task is ACTION else None,
        depth=zoo.describe_depth(network.name) if task is DEPTH else None,
        image=describe_image(network, options) if task is IMAGE else None,
        source=network.name,
        source_hash=hash_network(network),
        variant="int8" if any(node.op_type == "QuantizeLinear" for node in graph.nodes) else "fp32",
    )


def describe_image(network: Network, options: ExportOptions) -> ImageSettings:
    """Say what values are black and white: those asked for, else the ends of what the last operator gives.

    Raises:
        UsageError: neither tells.
    """
    if options.image_range is not None:
        return ImageSettings(*options.image_range)
    node = network.symbol.nodes[network.symbol.heads[0].node]
    low = {"tanh": -1.0, "sigmoid": 0.0}.get(node.attrs.get("act_type", node.op))
    if low is not None:
        return ImageSettings(low, 1.0)
    raise UsageError(f"{network.name}: say what black and white are in its picture: --image-range LOW,HIGH")
