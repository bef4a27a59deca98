"""MXNet with the network that a file was exported from: plain, fused, or quantised by MXNet itself.

Frames are prepared with MXNet's own picture operators, as GluonCV's users do it, in the way that the file
says.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from gcv_edge.benchmarking.frames import choose, fetch_frames
from gcv_edge.benchmarking.mxnet_profiling import one_by_one, profile
from gcv_edge.errors import GcvEdgeError, ModelNotFoundError, UnsupportedError, UsageError
from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.inputs import find_inputs
from gcv_edge.measure.calls import CallTimes, StageTimes, time_calls
from gcv_edge.measure.inputs import noise
from gcv_edge.metadata import ModelMetadata
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.tasks import find_task

BACKEND = "MKLDNN"
STATIC = {"static_alloc": True, "static_shape": True}
"""As ``net.hybridize(static_alloc=True, static_shape=True)``, which is how GluonCV's users make it fast."""

CALIBRATED_ON = 4
"""Pictures that MXNet's quantisation sees at most: it keeps what every layer gives for all of them."""

HEADS_KEPT = ("detection", "instance_segmentation", "tensors")
"""Tasks of which MXNet computes all outputs: detectors end in their suppression."""

Forward = Callable[[Any], list[Any]]
Making = Callable[[Mapping[str, bool]], Forward]
"""Makes the function that runs a network, with flags such as STATIC."""


class MxnetRunner:
    """Runs a network in MXNet.

    Args:
        job: of ``Variant.to_job``, with ``threads``, ``batch``, ``frames`` and the input's ``shape`` without
            its batch.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        self._job = job
        self._batch = int(job["batch"])
        self._frames: list[Pixels] = fetch_frames(job["frames"])
        self._metadata: ModelMetadata = read_metadata(Path(job["model"]))

    def load(self) -> dict[str, Any]:
        """Import MXNet, read the network, run it once; say how long each took."""
        start = perf_counter()
        self._mx = import_quietly()
        imported = perf_counter()
        network = load_network(self._job, self._metadata)
        heads = needed_heads(network.symbol, self._metadata.task.name)
        name = only_input(network, heads)
        self._shape = (self._batch, *self._job["shape"])
        self._noise = self._mx.nd.array(noise(self._shape, np.dtype(np.float32)))
        self._make = prepare(self._mx, network, heads, name, self._noise, self._job["precision"])
        self._forward = self._make(STATIC)
        loaded = perf_counter()
        self.turn(0.0)
        return {
            "engine": f"mxnet {self._mx.__version__}",
            "precision": "int8" if self._job["precision"] == "int8" else "f32",
            "streams": 1,
            "threads": int(os.environ["OMP_NUM_THREADS"]),  # of measure.workers.worker_environment
            "import_seconds": imported - start,
            "load_seconds": loaded - imported,
            "first_seconds": perf_counter() - loaded,
        }

    def turn(self, seconds: float) -> CallTimes:
        """Run on frames; a network for clips or tensors on noise."""
        is_plain = self._metadata.task.takes == "picture"
        return time_calls(self._run if is_plain else self._run_noise, seconds, self._batch)

    def network(self, seconds: float) -> CallTimes:
        """Run the network alone on noise."""
        return time_calls(self._run_noise, seconds, self._batch)

    def profile(self) -> list[dict[str, Any]]:
        """Say which operators the network's time goes to, most time first."""
        file = Path(self._job["frames"]).with_name(f"{self._job['precision']}-profile.json")
        with one_by_one(self._mx):
            forward = self._make({})
            found = [asdict(kernel) for kernel in profile(self._mx, lambda: forward(self._noise), file)]
        self._forward = self._make(STATIC)
        return found

    def _run(self, number: int) -> StageTimes:
        start = perf_counter()
        pictures = [self._prepare(frame) for frame in choose(self._frames, number, self._batch)]
        batch = self._mx.nd.stack(*pictures)
        batch.wait_to_read()
        prepared = perf_counter()
        outputs = self._forward(batch)
        inferred = perf_counter()
        read_out([output.asnumpy() for output in outputs], self._metadata.task.name)
        ended = perf_counter()
        return StageTimes((prepared - start) * 1e3, (inferred - prepared) * 1e3, (ended - inferred) * 1e3)

    def _run_noise(self, number: int) -> StageTimes:  # noqa: ARG002
        start = perf_counter()
        self._forward(self._noise)
        return StageTimes(0.0, (perf_counter() - start) * 1e3, 0.0)

    def _prepare(self, frame: Pixels) -> Any:
        mx, preprocessing = self._mx, self._metadata.preprocessing
        picture = mx.nd.array(frame[..., ::-1] if preprocessing.reverse_channels else frame, dtype=np.uint8)
        height, width = self._shape[-2:]
        picture = fit(mx, picture, preprocessing.resize_type, (width, height), preprocessing.crop_short)
        tensor = mx.nd.image.to_tensor(picture)
        mean, scale = (
            [value / 255 for value in values] for values in (preprocessing.mean, preprocessing.scale)
        )
        return mx.nd.image.normalize(tensor, mean, scale)


def import_quietly() -> Any:
    """Import MXNet, whose warnings are not the user's."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    return import_mxnet()


def load_network(job: Mapping[str, Any], metadata: ModelMetadata) -> Any:
    """Load the network that a file was exported from.

    Raises:
        UsageError: nobody says which it is.
        GcvEdgeError: as the loaders; or it is no network of MXNet.
    """
    from gcv_edge.exporters.loading import MxnetSource, load_source
    from gcv_edge.exporters.source import ExportOptions

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
    from gcv_edge.exporters.mxnet.outputs import position_of

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


def prepare(mx: Any, network: Any, heads: Sequence[Any], name: str, data: Any, mode: str) -> Making:
    """Return what makes a function that runs the network and waits: ``unfused``, ``fused`` or ``int8``."""
    from gcv_edge.exporters.mxnet.reference import as_nd

    weights = {key: as_nd(mx, value) for key, value in network.weights.items()}
    symbol = with_shapes(mx, network.symbol, heads, {**weights, name: data})
    if mode == "int8":
        few = data[: min(CALIBRATED_ON, len(data))]
        return hybrid(quantize(mx, symbol, weights, name, [few]))
    if mode == "fused":
        symbol = symbol.get_backend_symbol(BACKEND)
    names = symbol.list_inputs()

    def make(flags: Mapping[str, bool]) -> Forward:
        operator = mx.nd.CachedOp(symbol, tuple(flags.items()))
        return waiting(lambda batch: operator(*(batch if key == name else weights[key] for key in names)))

    return make


def hybrid(block: Any) -> Making:
    """Return what makes a function that runs a block; of those made only the last is of use."""

    def make(flags: Mapping[str, bool]) -> Forward:
        block.hybridize(**{key: flags.get(key, False) for key in STATIC})
        return waiting(block)

    return make


def with_shapes(mx: Any, symbol: Any, heads: Sequence[Any], arrays: Mapping[str, Any]) -> Any:
    """Give MXNet a symbol whose variables say their shapes: quantisation has no other way to know them."""
    from gcv_edge.exporters.mxnet.reference import write_symbol

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


def waiting(forward: Callable[[Any], Any]) -> Forward:
    """Make a function that returns when its outputs are there."""

    def run(batch: Any) -> list[Any]:
        outputs = forward(batch)
        outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
        for output in outputs:
            output.wait_to_read()
        return outputs

    return run


def fit(mx: Any, picture: Any, resize_type: str, size: tuple[int, int], crop_short: int) -> Any:
    """Fit a picture ``[h, w, 3]`` into the input's size (width, height), as the file's metadata say."""
    if resize_type == "standard":
        return mx.image.imresize(picture, *size)
    if resize_type == "crop":
        return mx.image.center_crop(mx.image.resize_short(picture, crop_short or min(size)), size)[0]
    height, width = picture.shape[:2]
    factor = min(size[0] / width, size[1] / height)
    inner = mx.image.imresize(picture, round(width * factor), round(height * factor))
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    left, top = (
        ((size[0] - inner.shape[1]) // 2, (size[1] - inner.shape[0]) // 2)
        if "letterbox" in resize_type
        else (0, 0)
    )
    canvas[top : top + inner.shape[0], left : left + inner.shape[1]] = inner.asnumpy()
    return mx.nd.array(canvas, dtype=np.uint8)


def read_out(outputs: Sequence[Any], task: str) -> Any:
    """Do what users do with outputs in NumPy: classes of pixels, the best class, the highest places."""
    first = outputs[0]
    if task == "segmentation":
        return first.argmax(axis=1)
    if task in ("classification", "action"):
        return np.argsort(first.reshape(len(first), -1), axis=1)[:, ::-1][:, :5]
    if task == "pose":
        return first.reshape(*first.shape[:2], -1).argmax(axis=2)
    return first
