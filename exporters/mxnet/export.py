"""An MXNet network becomes an ONNX graph with the canonical outputs of its task."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.builder import BATCH, GraphBuilder
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.clips import count_segments
from gcv_edge.exporters.mxnet.convert import SymbolConverter, Weights, find_inputs
from gcv_edge.exporters.mxnet.detection import find_detection_head
from gcv_edge.exporters.mxnet.detection_head import DetectionHead
from gcv_edge.exporters.mxnet.instances import emit_instances
from gcv_edge.exporters.mxnet.symbol import Entry, Symbol
from gcv_edge.exporters.nms import emit_nms
from gcv_edge.exporters.passes import clean
from gcv_edge.exporters.source import ExportedModel, ExportOptions, check_labels
from gcv_edge.metadata import ModelMetadata
from gcv_edge.tasks import (
    CLASSIFICATION,
    DETECTION,
    GRAPH_NMS_OUTPUTS,
    INSTANCES,
    POSE,
    SEGMENTATION,
    Task,
    find_task,
)

SOFTMAX = ("softmax", "SoftmaxOutput", "Softmax", "SoftmaxActivation", "log_softmax")
INPUT_NAME = "data"


@dataclass(frozen=True)
class Network:
    """A trained MXNet network, as its two files hold it.

    Attributes:
        name: zoo name, or the file's name without ``-symbol.json``.
        symbol: its graph.
        weights: its parameters by variable name.
        labels: class names, where the source knows them.
    """

    name: str
    symbol: Symbol
    weights: Weights
    labels: tuple[str, ...] = field(default=())


def export_network(network: Network, options: ExportOptions) -> ExportedModel:
    """Convert a network.

    Raises:
        UnsupportedError: an operator, attribute or head is not supported.
        ParamsMismatchError: the parameters are not this network's.
        UsageError: something must be given that neither the file nor its name tells.
    """
    head = find_detection_head(network.symbol)
    graph = GraphBuilder(network.name)
    symbol, entries = canonical_entries(network.symbol, head)
    names = find_inputs(symbol, network.weights, entries, network.name)
    if len(names) != 1:
        raise UnsupportedError(f"{network.name}: {len(names)} inputs {', '.join(names)}, expected one")
    shape = find_input_shape(network, options)
    if head is not None and head.one_by_one and (options.dynamic_batch or shape[0] != 1):
        raise UnsupportedError(f"{network.name}: GluonCV wrote this network for one picture at a time")
    data = graph.input(INPUT_NAME, (BATCH if options.dynamic_batch else shape[0], *shape[1:]))
    converter = SymbolConverter(graph, symbol, network.weights, {names[0]: data})
    values = converter.values(entries[:2])
    task = find_head_task(graph, network, head, values[0], options)
    classes = graph.shape(values[-1])[-1 if head is not None else 1]
    check_labels(options.labels or network.labels, int(classes), network.name)
    if head is not None:
        head = replace(head, settings=replace(head.settings, nms="graph" if head.masks else options.nms))
    outputs = name_outputs(graph, converter, task, head, values)
    metadata = describe_network(graph, network, task, head, shape, options)
    return ExportedModel(clean(graph.model(outputs)), metadata)


def canonical_entries(symbol: Symbol, head: DetectionHead | None) -> tuple[Symbol, list[Entry]]:
    """Find the entries that are the canonical outputs, and the symbol that has them."""
    if head is not None:
        return head.symbol, [head.boxes, head.scores, *([head.masks.logits] if head.masks else [])]
    first = symbol.heads[0]
    node = symbol.nodes[first.node]
    return symbol, [node.inputs[0] if node.op in SOFTMAX else first]


def find_input_shape(network: Network, options: ExportOptions) -> tuple[int, int, int, int]:
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
        return (segments, 3, *facts.size)
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
    found = guess_task(graph, network, value) if head is None else INSTANCES if head.masks else DETECTION
    if options.task is None:
        return found
    asked = find_task(options.task)
    if asked is not found and (head is not None or asked in (DETECTION, INSTANCES)):
        raise UnsupportedError(f"{network.name}: its head is for {found.name}, not for {asked.name}")
    return asked


def guess_task(graph: GraphBuilder, network: Network, value: ir.Value) -> Task:
    """Maps at the input's size are for segmentation, smaller ones for pose, vectors for classification."""
    rank = len(graph.shape(value))
    if rank == 2:
        return CLASSIFICATION
    facts = zoo.describe(network.name)
    if rank == 4 and facts is not None and facts.task in (SEGMENTATION, POSE):
        return facts.task
    if rank == 4:
        return SEGMENTATION if graph.shape(value)[2:] == graph.shape(graph.inputs[0])[2:] else POSE
    raise UnsupportedError(
        f"{network.name}: an output of shape {graph.shape(value)} belongs to no supported task"
    )


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
    shape: tuple[int, int, int, int],
    options: ExportOptions,
) -> ModelMetadata:
    """Collect what the file will say of itself."""
    return ModelMetadata(
        task=task,
        labels=options.labels or network.labels,
        preprocessing=zoo.default_preprocessing(network.name, task, shape[2:]),
        detection=head.settings if head is not None else None,
        source=network.name,
        source_hash=hash_network(network),
        variant="int8" if any(node.op_type == "QuantizeLinear" for node in graph.nodes) else "fp32",
    )


def hash_network(network: Network) -> str:
    """SHA-256 over the parameters' names and bytes, in sorted order."""
    digest = hashlib.sha256()
    for name in sorted(network.weights):
        digest.update(name.encode())
        digest.update(network.weights[name].data)
    return digest.hexdigest()
