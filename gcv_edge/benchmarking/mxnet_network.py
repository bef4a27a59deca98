"""The network that a file was exported from, in MXNet: plain, fused, or quantised by MXNet itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gcv_edge.errors import GcvEdgeError, ModelNotFoundError, UnsupportedError, UsageError
from gcv_edge.exporters.loading import MxnetSource, load_source
from gcv_edge.exporters.mxnet.inputs import find_inputs
from gcv_edge.exporters.mxnet.outputs import position_of
from gcv_edge.exporters.mxnet.reference import as_nd, write_symbol
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import ModelMetadata
from gcv_edge.tasks import find_task

BACKEND = "MKLDNN"
STATIC = {"static_alloc": True, "static_shape": True}
"""As ``net.hybridize(static_alloc=True, static_shape=True)``, which is how GluonCV's users make it fast."""

CALIBRATED_ON = 4
"""Pictures that MXNet's quantisation sees at most: it keeps what every layer gives for all of them."""

HEADS_KEPT = ("detection", "instance_segmentation", "tensors")
"""Tasks of which MXNet computes all outputs: detectors end in their suppression."""

Forward = Callable[[Any], list[Any]]
MakeForward = Callable[..., Forward]
"""Makes the function that runs a network, with flags as of STATIC, which is the default."""


def load_network(job: Mapping[str, Any], metadata: ModelMetadata) -> Any:
    """Load the network that a file was exported from.

    Raises:
        UsageError: nobody says which it is.
        GcvEdgeError: as the loaders; or it is no network of MXNet.
    """
    options = ExportOptions(input_shape=(1, *job["shape"]), labels=metadata.labels)
    try:
        source = load_source(job["source"], job["params"], options, random_weights=job["seed"])
    except ModelNotFoundError as error:
        raise UsageError(
            f"{job['model']}: was exported from '{job['source']}', which MXNet cannot find ({error}): "
            "say where it is with --source"
        ) from error
    if not isinstance(source, MxnetSource):
        raise UnsupportedError(f"{job['source']}: found no network of MXNet, expected one")
    return source.network


def needed_heads(symbol: Any, task: str) -> Sequence[Any]:
    """Return the outputs that an exported file computes too: heads for training cost MXNet time as well."""
    heads: Sequence[Any] = symbol.heads
    return heads if task in HEADS_KEPT else [heads[position_of(find_task(task))]]


def only_input(network: Any, heads: Sequence[Any]) -> str:
    """Return the name of a network's input.

    Raises:
        UnsupportedError: it has several.
    """
    names = find_inputs(network.symbol, network.weights, heads, network.name, network.input_shapes)
    if len(names) != 1:
        raise UnsupportedError(f"{network.name}: found {len(names)} inputs, expected 1 in MXNet")
    return str(names[0])


def prepare(mx: Any, network: Any, heads: Sequence[Any], name: str, data: Any, mode: str) -> MakeForward:
    """Return what makes a function that runs the network and waits: ``unfused``, ``fused`` or ``int8``."""
    weights = {key: as_nd(mx, value) for key, value in network.weights.items()}
    symbol = with_shapes(mx, network.symbol, heads, {**weights, name: data})
    if mode == "int8":
        few = data[: min(CALIBRATED_ON, len(data))]
        return hybrid(quantize(mx, symbol, weights, name, [few]))
    if mode == "fused":
        symbol = symbol.get_backend_symbol(BACKEND)
    names = symbol.list_inputs()

    def make(flags: Mapping[str, bool] = STATIC) -> Forward:
        operator = mx.nd.CachedOp(symbol, tuple(flags.items()))
        return make_synchronous(
            lambda batch: operator(*(batch if key == name else weights[key] for key in names))
        )

    return make


def hybrid(block: Any) -> MakeForward:
    """Return what makes a function that runs a block; of those made only the last is of use."""

    def make(flags: Mapping[str, bool] = STATIC) -> Forward:
        block.hybridize(**{key: flags.get(key, False) for key in STATIC})
        return make_synchronous(block)

    return make


def with_shapes(mx: Any, symbol: Any, heads: Sequence[Any], arrays: Mapping[str, Any]) -> Any:
    """Give MXNet a symbol whose variables say their shapes: quantisation has no other way to know them."""
    graph = json.loads(write_symbol(symbol, heads))
    for node in graph["nodes"]:
        if node["op"] == "null" and node["name"] in arrays:
            node["attrs"] = {**node.get("attrs", {}), "__shape__": str(tuple(arrays[node["name"]].shape))}
    return mx.sym.load_json(json.dumps(graph))


def quantize(
    mx: Any,
    symbol: Any,
    weights: Mapping[str, Any],
    name: str,
    batches: Sequence[Any],
    mode: str = "naive",
    granularity: str = "tensor-wise",
) -> Any:
    """Quantise with MXNet's own calibration.

    Args:
        mx: the package.
        symbol: with shapes (``with_shapes``).
        weights: by name.
        name: of the input.
        batches: to calibrate on, all of one shape.
        mode: ``naive`` or ``entropy``.
        granularity: of weights: ``tensor-wise``, which is MXNet's default, or ``channel-wise``.

    Returns:
        The block.

    Raises:
        GcvEdgeError: MXNet cannot.
    """
    from mxnet.contrib.quantization import quantize_net_v2

    block = mx.gluon.SymbolBlock(symbol, mx.sym.var(name))
    for key, parameter in block.collect_params().items():
        parameter._load_init(weights[key], ctx=mx.cpu())
    try:
        network = quantize_net_v2(
            block,
            quantized_dtype="auto",
            quantize_mode="smart",
            quantize_granularity=granularity,
            calib_data=[[batch] for batch in batches],
            calib_mode=mode,
        )
        hybrid(network)({})(batches[0])
    except Exception as error:  # MXNet raises its own, and plain ones
        text = " ".join(str(error).split())[:160]
        raise GcvEdgeError(f"MXNet cannot quantise it: {text}") from error
    return network


def make_synchronous(forward: Callable[[Any], Any]) -> Forward:
    """Make a function that returns when its outputs are computed: MXNet itself computes later."""

    def run(batch: Any) -> list[Any]:
        outputs = forward(batch)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        for output in outputs:
            output.wait_to_read()
        return outputs

    return run
