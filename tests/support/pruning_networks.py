"""Networks to prune, ranked on pictures of noise."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.metadata import Preprocessing
from gcv_edge.prune.fitting.calibration_set import CalibrationSet
from gcv_edge.prune.fitting.network import RankedNetwork, analyse
from gcv_edge.prune.fitting.statistics import gather_moments
from gcv_edge.prune.search.importance import rank_channels
from tests.support.small_graphs import Graph

PICTURES = CalibrationSet(
    np.random.default_rng(3).integers(0, 256, (40, 3, 8, 8)).astype(np.uint8),
    Preprocessing(mean=(127.0,) * 3, scale=(64.0,) * 3),
    40,
)


def ignore(done: int, total: int) -> None:
    """Tell nobody."""


def rank(model: ir.Model) -> RankedNetwork:
    """Rank the channels of a network as pruning does."""
    network = analyse(model)
    *_, statistics = gather_moments(model, network.layers, PICTURES, 0, network.substitutes)
    return network.ranked(statistics, rank_channels(network, statistics, {}, ignore))


def in_given_order(model: ir.Model) -> RankedNetwork:
    """Rank the channels of a network by their numbers."""
    network = analyse(model)
    return network.ranked({}, {space.name: np.arange(space.units) for space in network.free})


def number_nodes(model: ir.Model) -> dict[str, int]:
    """Give nodes names of their own; return their places."""
    for number, node in enumerate(model.graph):
        node.name = f"{node.name}_{number}"
    return {node.name or "": place for place, node in enumerate(model.graph)}


def stem_and_branch() -> ir.Model:
    """A branch that is added to the stem's own result; it is so faint that the stem can do without."""
    graph = Graph()
    stem = graph.conv(graph.data, 16)
    inner = graph.relu(graph.conv(graph.relu(stem), 16))
    faint = graph.builder.constant((0.02 * graph.random.standard_normal((16, 16, 3, 3))).astype(np.float32))
    branch = graph.builder.op("Conv", [inner, faint], "conv", pads=[1] * 4)
    return graph.end(graph.relu(graph.op("Add", stem, branch)))


def norm_first() -> ir.Model:
    """Two stages of blocks that normalise before they convolve; their last convolutions have no bias."""
    graph = Graph()

    def norm(x: ir.Value) -> ir.Value:
        count = int(graph.builder.shape(x)[1])
        constants = [
            graph.builder.constant(graph.random.uniform(0.5, 1.5, count).astype(np.float32)) for _ in range(4)
        ]
        return graph.relu(graph.op("BatchNormalization", x, *constants))

    x = graph.op("Conv", graph.data, graph.numbers(16, 3, 1, 1))
    for _ in range(3):
        inner = graph.block(norm(x), 24)
        x = graph.op("Add", graph.op("Conv", inner, graph.numbers(16, 24, 1, 1)), x)
    inner = graph.op("Conv", graph.block(norm(x), 24), graph.numbers(24, 24, 1, 1), strides=[2, 2])
    shortcut = graph.op("Conv", x, graph.numbers(24, 16, 1, 1), strides=[2, 2])
    return graph.end(norm(graph.op("Add", inner, shortcut)))


def describe_node(node: ir.Node) -> tuple[str, list[tuple[int, ...]]]:
    """Return the operator and the shapes of its constants."""
    constants = (value.const_value for value in node.inputs if value is not None)
    return node.op_type, [tuple(array.numpy().shape) for array in constants if array is not None]
