"""GluonCV's quantised networks as a whole, and each of their layers alone, against MXNet."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import numpy as np
import onnx_ir as ir
import openvino
import pytest
from numpy.typing import NDArray

from gcv_edge.errors import UsageError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.loading import open_mxnet
from gcv_edge.exporters.mxnet.convert import SymbolConverter
from gcv_edge.exporters.mxnet.export import export_network
from gcv_edge.exporters.mxnet.live import load_zoo_network, trace_block, zoo_names, zoo_shape
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.quantized_zoo import is_quantized, read_shipped
from gcv_edge.exporters.mxnet.random_weights import draw_picture
from gcv_edge.exporters.mxnet.reference import write_symbol
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol, parse_symbol
from gcv_edge.exporters.mxnet.zoo_blocks import build_block
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.verification.deviation import ROUNDED_TOLERANCE, rounded_error
from tests.exporters.mxnet.operator_runs import OnnxRuntime
from tests.support.processors import needs_vnni

Array = NDArray[Any]

NAMES = ("mobilenet1.0_int8", "simple_pose_resnet18_v1b_int8", "resnet18_v1b_kinetics400_int8")
LARGE = ("resnet50_v1_int8", "ssd_512_mobilenet1.0_voc_int8", "fcn_resnet101_voc_int8")
"""Ten seconds and more each; those above have the same layers, and the sweep over the zoo runs these too."""
LAYERWISE = ("mobilenet1.0_int8", "resnet18_v1b_kinetics400_int8", "simple_pose_resnet18_v1b_int8")
QUANTIZED = (
    "_contrib_quantize_v2",
    "_contrib_quantized_pooling",
    "_contrib_quantized_concat",
    "_contrib_dequantize",
    "_sg_mkldnn_conv",
)
ONE_LEVEL_OFF = 0.0005
"""Share of a layer's numbers that lie between two levels so closely that float32 decides."""


@functools.cache
def load(name: str) -> Network:
    return load_zoo_network(name, None, None, (), random_weights=0)


def run_openvino(model: ir.Model, batch: Array) -> tuple[dict[str, Array], set[str]]:
    """Compute the outputs, and list the kernels of convolutions."""
    core = openvino.Core()
    network = core.compile_model(
        core.read_model(ir.to_proto(model).SerializeToString()),
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1},
    )
    found = network.create_infer_request().infer([batch])
    kernels = {
        node.get_rt_info()["primitiveType"].value
        for node in network.get_runtime_model().get_ordered_ops()
        if node.get_rt_info()["layerType"].value in ("Convolution", "GroupConvolution")
    }
    return {value.any_name: found[value].copy() for value in network.outputs}, kernels


@needs_vnni
@pytest.mark.parametrize("name", [*NAMES, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE)])
def test_network(name: str, mxnet: ModuleType) -> None:
    network = load(name)
    exported = open_mxnet(network, ExportOptions()).convert(ExportOptions())
    assert exported.metadata.variant == "int8"
    picture = draw_picture((1, *zoo_shape(name)[1:]), seed=1)
    reference = exported.make_reference()
    assert reference is not None
    expected = reference.run(picture)
    size = exported.model.graph.inputs[0].shape[0]  # type: ignore[index]
    found, kernels = run_openvino(exported.model, np.repeat(picture, int(size), axis=0))  # type: ignore[arg-type]
    for output in exported.metadata.task.outputs:
        error = rounded_error(found[output], expected[output])
        assert error <= ROUNDED_TOLERANCE, output
    assert {kernel[-2:].lower() for kernel in kernels} == {"i8"}


def with_pooled_maps(network: Network) -> Network:
    """Make the input of a classifier's last layer a head of its own."""
    symbol = network.symbol
    flat = next(index for index, node in enumerate(symbol.nodes) if node.op == "Flatten")
    return replace(network, symbol=replace(symbol, heads=(*symbol.heads, NodeEntry(flat, 0))))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("mobilenet1.0_int8", with_pooled_maps),
        # The zoo's own network of two heads takes 15 seconds.
        pytest.param("fcn_resnet101_voc_int8", lambda network: network, marks=pytest.mark.slow),
    ],
)
def test_a_network_with_all_its_heads_is_one_of_8_bits_too(
    name: str, change: Callable[[Network], Network], mxnet: ModuleType
) -> None:
    exported = export_network(change(load(name)), ExportOptions())
    assert (exported.metadata.task.name, len(exported.model.graph.outputs)) == ("tensors", 2)
    assert exported.metadata.variant == "int8"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ExportOptions(input_shape=(3, 3, 224, 224)), "found a batch of 3, expected a multiple of 7"),
        (ExportOptions(dynamic_batch=True), "no batch can be left open"),
    ],
)
def test_clips_must_be_whole(options: ExportOptions, message: str, mxnet: ModuleType) -> None:
    with pytest.raises(UsageError, match=message):
        export_network(load("resnet18_v1b_kinetics400_int8"), options)


def test_every_shipped_graph_takes_its_twins_parameters(mxnet: ModuleType, gluoncv: ModuleType) -> None:
    names = [name for name in zoo_names() if is_quantized(name)]
    assert len(names) == 22
    for name in names:
        twin = name.removesuffix("_int8")
        with mxnet.name.NameManager():
            block = build_block(gluoncv, twin, (), zoo_shape(twin)[2:])
            shapes = trace_block(block, twin, zoo_shape(twin)).shapes
        wanted = set(parse_symbol(read_shipped(name)).arguments()) - {"data"}
        assert wanted - set(shapes) == set(), name


@dataclass(frozen=True)
class LonelyLayer:
    """One node of a network, with MXNet's own numbers for its inputs and its result."""

    node: Node
    inputs: tuple[Array, ...]
    expected: Array


@needs_vnni
@pytest.mark.parametrize("name", LAYERWISE)
def test_every_layer_alone_gives_mxnets_numbers(name: str, mxnet: ModuleType) -> None:
    network = load(name)
    shape = zoo_shape(name)
    picture = draw_picture((7 if "kinetics" in name else 1, *shape[1:]), seed=1)
    layers = list(run_layers(mxnet, network, picture))
    assert len(layers) > 20
    for layer in layers:
        found = run_layer(layer)
        if layer.expected.dtype.kind == "f":
            np.testing.assert_allclose(found, layer.expected, rtol=1e-5, atol=1e-6)
            continue
        assert found.dtype == layer.expected.dtype
        differences = np.abs(found.astype(int) - layer.expected.astype(int))
        assert differences.max() <= 1, layer.node.name
        assert (differences > 0).mean() <= ONE_LEVEL_OFF, layer.node.name


def run_layers(mxnet: ModuleType, network: Network, picture: Array) -> Iterator[LonelyLayer]:
    """Run a network once in MXNet and give every quantised node."""
    nodes = network.symbol.nodes
    chosen = [index for index, node in enumerate(nodes) if node.op in QUANTIZED]
    computed = {
        entry for index in chosen for entry in nodes[index].inputs if not nodes[entry.node].is_variable
    }
    heads = sorted(computed | {NodeEntry(index, 0) for index in chosen}, key=lambda e: (e.node, e.output))
    symbol = mxnet.sym.load_json(write_symbol(network.symbol, heads))
    feeds = [mxnet.nd.array(network.weights.get(name, picture)) for name in symbol.list_inputs()]
    outputs = [output.asnumpy() for output in mxnet.nd.CachedOp(symbol)(*feeds)]
    values = dict(zip(heads, outputs, strict=True))
    variables = {**network.weights, "data": picture}
    for index in chosen:
        inputs = [
            variables[nodes[entry.node].name] if nodes[entry.node].is_variable else values[entry]
            for entry in nodes[index].inputs
        ]
        yield LonelyLayer(nodes[index], tuple(inputs), values[NodeEntry(index, 0)])


def run_layer(layer: LonelyLayer) -> Array:
    """Convert a node alone and run it; ranges and parameters are constants."""
    graph = GraphBuilder("layer")
    names = [f"x{index}" for index in range(len(layer.inputs))]
    data = {name: array for name, array in zip(names, layer.inputs, strict=True) if array.ndim == 4}
    fed = {name: array for name, array in data.items() if name == "x0" or array.dtype.kind in "iu"}
    inputs = {
        name: graph.input(name, array.shape, ir.DataType.from_numpy(array.dtype))
        for name, array in fed.items()
    }
    weights = {
        name: array.reshape(()) if array.shape == (1,) else array
        for name, array in zip(names, layer.inputs, strict=True)
        if name not in fed
    }
    variables = tuple(Node(name, "null", {}, ()) for name in names)
    node = Node(
        layer.node.name,
        layer.node.op,
        layer.node.attrs,
        tuple(NodeEntry(index, 0) for index in range(len(names))),
        layer.node.subgraphs,
    )
    symbol = Symbol((*variables, node), (NodeEntry(len(names), 0),), None)
    values = SymbolConverter(graph, symbol, weights, inputs).values(symbol.heads)
    return OnnxRuntime(ir.to_proto(graph.model({"y0": values[0]}))).run(
        [fed.get(name, np.zeros(0)) for name in names]
    )[0]
