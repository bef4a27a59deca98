"""Random weights that keep the scale of activations sane, for benchmarks. Needs the extra [mxnet]."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.defined_regions import zero_skipped_regions
from gcv_edge.exporters.mxnet.detection import find_detection_head
from gcv_edge.exporters.mxnet.reference import write_symbol
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol

Array = NDArray[Any]
Shape = tuple[int, ...]

LAYERS = ("Convolution", "FullyConnected", "Deconvolution")
NORMS = ("BatchNorm", "_contrib_SyncBatchNorm")
CUTS = ("_contrib_box_nms", "_contrib_ROIAlign")
SYNC_ATTRIBUTES = ("key", "ndev")
HEAD_DEVIATION = 0.4
FEW_PICTURES = 4


@dataclass(frozen=True)
class PredictionLayer:
    """How the last layer of a detector's branch is changed, so that its results are like a trained one's.

    Attributes:
        path: pattern of its parameters' paths, without ``.weight`` and ``.bias``.
        gain: factor of its weights.
        shift: added to biases.
        others: results per box beside those for classes, of which ``position`` is the one shifted; None:
            all are.
    """

    path: str
    gain: float
    shift: float
    others: int | None = None
    position: int = 0


PREDICTORS = (
    PredictionLayer(r"(^|.*\.)class_predictors?(\..*)?", 3, 6.5, others=1),  # background
    PredictionLayer(r"yolo_outputs\..*", 3, -5, others=5, position=4),  # objectness
    PredictionLayer(r"rpn\.(rpn_head\.)?score", 4, -3),
    PredictionLayer(
        r"rpn\.(rpn_head\.)?loc", 2, 0
    ),  # proposals of many sizes: few overlaps just at the threshold
    PredictionLayer(r"heads\.0\.2", 2, -3),  # CenterNet: heat maps, then width and height in strides
    PredictionLayer(r"heads\.1\.2", 10, 10),
)

OFFSET_GAIN = 0.1
"""Deformable convolutions sample at small offsets when trained; at large ones, rounding grows with each."""

BLACK = -2.0
"""Black after the usual normalisation."""

ADDITIONS = ("elemwise_add", "broadcast_add", "_plus", "_Plus", "add_n")
PASSING = ("Dropout", "broadcast_mul")
BRANCH_GAIN = 0.3
"""Residual branches add this much to their trunk, as trained ones do; with more, rounding grows by a factor
in each, and a hundred of them make noise of it."""

PRODUCTS = ("broadcast_mul", "elemwise_mul")
SQUEEZING = ("softmax", "sigmoid")
RESHAPING = ("Reshape", "reshape", "transpose", "SwapAxis", "expand_dims", "squeeze", "SliceChannel")
GATE_GAIN = 0.3
"""Gates stay half open: MXNet's averages, on which they depend, are exact to four digits only."""

FLOOR = 0.3
"""A channel's variance is at least this part of its layer's, or dead channels would be blown up."""


def draw_weights(
    block: Any,
    symbol: Symbol,
    shapes: Mapping[str, Shape],
    input_shapes: Mapping[str, Shape],
    seed: int,
) -> dict[str, Array]:
    """Draw every parameter of a traced block.

    BatchNorm's running statistics are those of a picture or a few, disturbed a little, so that networks of
    hundreds of layers neither blow up nor fade; the last layers are scaled so that no softmax saturates.

    Args:
        block: the HybridBlock; it needs no values, and only what has no usual role (a scale) gets one.
        symbol: its graph.
        shapes: the graph's parameters.
        input_shapes: of what the network reads, by name.
        seed: another one gives other weights.
    """
    weights = {}
    for index, (name, parameter) in enumerate(block.collect_params().items()):
        if name in shapes:
            drawn = draw_parameter(name, shapes[name], stream(seed, index))
            weights[name] = drawn if drawn is not None else initial_value(parameter, shapes[name])
    for name in find_branch_ends(symbol):
        if name in weights:
            weights[name] *= np.float32(BRANCH_GAIN)
    head = find_detection_head(symbol)
    is_alone = head is not None and head.one_by_one
    pictures = FEW_PICTURES if has_single_values(symbol, weights, input_shapes) else 1
    batches = draw_batches(input_shapes, pictures, seed, is_joined=not is_alone)
    for name in find_gates(symbol):
        weights[name] *= np.float32(GATE_GAIN)
    soften_attention(symbol, weights, batches[0])
    calibrate(symbol, weights, batches, seed)
    find_little(block, weights)
    return weights


def draw_batches(
    shapes: Mapping[str, Shape], pictures: int, seed: int, is_joined: bool
) -> list[dict[str, Array]]:
    """Draw some pictures for each input: a batch of all, or a batch of each where a network takes one."""
    drawn = {
        name: draw_picture((shape[0] * pictures, *shape[1:]), seed + index)
        for index, (name, shape) in enumerate(shapes.items())
    }
    if is_joined:
        return [drawn]
    parts = {name: np.split(pixels, pictures) for name, pixels in drawn.items()}
    return [{name: part[index] for name, part in parts.items()} for index in range(pictures)]


def stream(seed: int, *place: int) -> np.random.Generator:
    """Return a source of random numbers of its own for each place; names would count the blocks before."""
    return np.random.default_rng([seed, *place])


def draw_picture(shape: Shape, seed: int) -> Array:
    """Draw what pictures are made of: noise, waves, soft shapes, and nothing.

    One kind alone would leave a network unprepared for the others. A single picture is a patchwork of all
    kinds, side by side; of several, each is of a kind.
    """
    random = stream(seed)
    height, width = shape[-2:]
    rows, columns = (np.arange(size) / size * 2 * np.pi for size in (height, width))
    waves = np.sin(columns + random.uniform(0, 6)) * np.cos(1.5 * rows + random.uniform(0, 6))[:, None]
    noise = random.standard_normal(shape)
    kinds = (
        0.7 * noise + 0.7 * waves,
        draw_shapes(shape, random),
        0.1 * noise + waves,
        np.full(shape, BLACK),
    )
    if shape[0] >= len(kinds):
        pictures = [kinds[index % len(kinds)][index] for index in range(shape[0])]
        return np.asarray(pictures, np.float32)
    return np.asarray(np.choose(np.arange(width) * len(kinds) // width, kinds), np.float32)


def draw_shapes(shape: Shape, random: np.random.Generator) -> Array:
    """Add up noise of all sizes, the larger the stronger, as it is in pictures of things."""
    total = np.zeros(shape)
    for size in 2 ** np.arange(1, 7):
        coarse = random.standard_normal((*shape[:-2], -(-shape[-2] // size), -(-shape[-1] // size)))
        fine = coarse.repeat(size, axis=-2).repeat(size, axis=-1)
        total += 0.4 * fine[..., : shape[-2], : shape[-1]]
    return total


def draw_parameter(name: str, shape: Shape, random: np.random.Generator) -> Array | None:
    """Draw one parameter by its role, convolutions He-normal; None where it has none."""
    role = name.rpartition("_")[2]
    if role in ("gamma", "var"):
        return np.asarray(random.uniform(0.5, 1.5, shape), np.float32)
    if role in ("beta", "bias", "mean"):
        return np.asarray(random.normal(0, 0.1, shape), np.float32)
    if role != "weight" or len(shape) < 2:
        return None
    values: Array = random.standard_normal(shape, np.float32)
    values *= np.float32((2 / max(1, int(np.prod(shape[1:])))) ** 0.5)
    if "offset" in name:
        values *= np.float32(OFFSET_GAIN)
    return values


def initial_value(parameter: Any, shape: Shape) -> Array:
    """Value of a constant, or what the parameter's own initializer gives."""
    mxnet = import_mxnet()
    if isinstance(parameter, mxnet.gluon.Constant):
        return np.asarray(parameter.value.asnumpy())
    parameter.shape = shape
    parameter.initialize(ctx=mxnet.cpu(), force_reinit=True)
    return np.asarray(parameter.data().asnumpy())


def find_gates(symbol: Symbol) -> set[str]:
    """Find the weights of layers whose results, squeezed, others are multiplied by."""
    products = [node for node in symbol.nodes if node.op in PRODUCTS]
    gates = [walk_back(symbol, entry.node, RESHAPING) for node in products for entry in node.inputs]
    squeezed = [node.inputs[0].node for node in gates if node.attrs.get("act_type", node.op) in SQUEEZING]
    makers = [walk_back(symbol, index, RESHAPING) for index in squeezed]
    return {symbol.nodes[maker.inputs[1].node].name for maker in makers if maker.op in LAYERS}


def walk_back(symbol: Symbol, index: int, operators: Sequence[str]) -> Node:
    """Return the first node, from one backwards, that is none of some operators."""
    while symbol.nodes[index].op in operators:
        index = symbol.nodes[index].inputs[0].node
    return symbol.nodes[index]


def soften_attention(symbol: Symbol, weights: dict[str, Array], inputs: Mapping[str, Array]) -> None:
    """Scale what a product before a softmax is made of, in place, so that no softmax saturates.

    A saturated one chooses among almost equal places, and rounding then decides which.
    """
    products = [index for index in find_softmax_products(symbol) if find_makers(symbol, index)]
    heads = [NodeEntry(index, 0) for index in products]
    outputs = run_training(symbol, heads, {**weights, **inputs}) if heads else []
    for index, output in zip(products, outputs, strict=True):
        makers = find_makers(symbol, index)
        factor = min(1.0, HEAD_DEVIATION / max(float(output.std()), 1e-6)) ** (1 / len(makers))
        for name in (symbol.nodes[entry.node].name for maker in makers for entry in maker.inputs[1:]):
            weights[name] *= np.float32(factor)


def find_softmax_products(symbol: Symbol) -> list[int]:
    """Find the products of matrices that reach a softmax, at most through scalar operators."""
    found = []
    for node in symbol.nodes:
        if node.op == "softmax":
            index = node.inputs[0].node
            while symbol.nodes[index].op.endswith("_scalar"):
                index = symbol.nodes[index].inputs[0].node
            found += [index] if symbol.nodes[index].op == "batch_dot" else []
    return found


def find_makers(symbol: Symbol, product: int) -> list[Node]:
    """Find the layers whose results, at most in another shape, are multiplied."""
    makers = []
    for entry in symbol.nodes[product].inputs:
        node = symbol.nodes[entry.node]
        while node.op in ("Reshape", "reshape", "transpose"):
            node = symbol.nodes[node.inputs[0].node]
        makers += [node] if node.op in LAYERS else []
    return makers


def calibrate(
    symbol: Symbol, weights: dict[str, Array], batches: Sequence[Mapping[str, Array]], seed: int
) -> None:
    """Set running statistics and the scale of the last layers, in place, from runs in training mode."""
    norms = [(index, node) for index, node in enumerate(symbol.nodes) if node.op in NORMS]
    last = find_last_layers(symbol)
    heads = [NodeEntry(index, output) for index, _ in norms for output in (1, 2)] + [
        NodeEntry(i, 0) for i in last
    ]
    runs = [run_training(symbol, heads, {**weights, **inputs}) for inputs in batches] if heads else []
    for position, (index, node) in enumerate(norms):
        epsilon = float(node.attrs.get("eps", 1e-3))
        means, inverse_deviations = (np.stack([run[2 * position + part] for run in runs]) for part in (0, 1))
        within = 1 / np.maximum(inverse_deviations, 1e-9) ** 2 - epsilon
        variance = np.maximum(within.mean(0) + means.var(0), 1e-6)
        set_statistics(symbol, node, weights, means.mean(0), variance, stream(seed, index, 0))
    deviations: dict[str, list[float]] = {}
    for position, index in enumerate(last, 2 * len(norms)):
        name = symbol.nodes[symbol.nodes[index].inputs[1].node].name
        deviations.setdefault(name, []).extend(float(run[position].std()) for run in runs)
    for name, values in deviations.items():  # several, where a pyramid's levels share a layer
        weights[name] *= np.float32(HEAD_DEVIATION / max(*values, 1e-6))


def find_branch_ends(symbol: Symbol) -> set[str]:
    """Find the scales at the ends of residual branches: gammas of BatchNorms, or weights of layers.

    Of what is added up, the value behind the fewest layers is what the others are branches of.
    """
    depths = count_layers(symbol)
    found = set()
    for node in symbol.nodes:
        if node.op in ADDITIONS:
            for entry in sorted(node.inputs, key=lambda entry: depths[entry.node])[1:]:
                end = symbol.nodes[entry.node]
                while end.op in PASSING:
                    end = symbol.nodes[end.inputs[0].node]
                if end.op in (*LAYERS, *NORMS):
                    found.add(symbol.nodes[end.inputs[1].node].name)
    return found


def count_layers(symbol: Symbol) -> list[int]:
    """Count the layers on the longest way from the input to each node."""
    depths: list[int] = []
    for node in symbol.nodes:
        before = max((depths[entry.node] for entry in node.inputs), default=0)
        depths.append(before + (node.op in LAYERS))
    return depths


def has_single_values(
    symbol: Symbol, weights: Mapping[str, Array], input_shapes: Mapping[str, Shape]
) -> bool:
    """Tell whether a BatchNorm sees one value per channel of one picture, as in the last maps of an SSD."""
    entries = [node.inputs[0] for node in symbol.nodes if node.op in NORMS]
    if not entries:
        return False
    graph = import_mxnet().sym.load_json(write_symbol(symbol, entries))
    known = {
        name: weights[name].shape if name in weights else input_shapes[name] for name in graph.list_inputs()
    }
    return any(np.prod(shape) <= shape[1] for shape in graph.infer_shape(**known)[1])


def find_little(block: Any, weights: dict[str, Array]) -> None:
    """Let a detector score most places low, and few alike, in place: trained ones find nothing in a plain
    picture."""
    for path, parameter in block._collect_params_with_prefix().items():
        layer, _, role = path.rpartition(".")
        for predictor in PREDICTORS:
            if parameter.name in weights and re.fullmatch(predictor.path, layer):
                change(predictor, role, weights[parameter.name], block)


def change(predictor: PredictionLayer, role: str, values: Array, block: Any) -> None:
    """Change one parameter of a predictor, in place."""
    if role == "weight":
        values *= np.float32(predictor.gain)
    elif role == "bias":
        step = 1 if predictor.others is None else len(block.classes) + predictor.others
        values[predictor.position :: step] += np.float32(predictor.shift)


def set_statistics(
    symbol: Symbol,
    node: Node,
    weights: dict[str, Array],
    mean: Array,
    variance: Array,
    random: np.random.Generator,
) -> None:
    """Store a BatchNorm's statistics, a little off."""
    names = [symbol.nodes[node.inputs[position].node].name for position in (3, 4)]
    variance = np.maximum(variance, FLOOR * (variance.mean() + mean.var()))
    shift = random.normal(0, 0.1, mean.shape) * np.sqrt(variance)
    weights[names[0]] = (mean + shift).astype(np.float32)
    weights[names[1]] = (variance * random.uniform(0.7, 1.6, mean.shape)).astype(np.float32)


def find_last_layers(symbol: Symbol) -> list[int]:
    """Find the layers behind which there is neither another layer nor a BatchNorm."""
    is_before: set[int] = set()
    for index in reversed(range(len(symbol.nodes))):
        node = symbol.nodes[index]
        if node.op in (*LAYERS, *NORMS, "batch_dot") or (index in is_before and node.op not in CUTS):
            is_before.update(entry.node for entry in node.inputs)
    return [i for i, node in enumerate(symbol.nodes) if node.op in LAYERS and i not in is_before]


def run_training(symbol: Symbol, heads: Sequence[NodeEntry], values: Mapping[str, Array]) -> list[Array]:
    """Compute entries in MXNet in training mode; BatchNorm then has its mean and 1/deviation as outputs."""
    mxnet = import_mxnet()
    symbol = zero_skipped_regions(replace(symbol, heads=tuple(heads)))
    text = json.loads(write_symbol(symbol, symbol.heads))
    for node in text["nodes"]:
        if node["op"] in NORMS:
            attrs = {key: value for key, value in node["attrs"].items() if key not in SYNC_ATTRIBUTES}
            attrs |= {"use_global_stats": "False", "output_mean_var": "True"}
            node |= {"op": "BatchNorm", "attrs": attrs}
        elif node["op"] == "Dropout":
            node["attrs"]["p"] = "0"
    graph = mxnet.sym.load_json(json.dumps(text))
    arrays = [mxnet.nd.array(values[name]) for name in graph.list_inputs()]
    with mxnet.autograd.train_mode():
        outputs = mxnet.nd.CachedOp(graph)(*arrays)
    return [output.asnumpy() for output in (outputs if isinstance(outputs, list) else [outputs])]
