"""Files of zoo networks that benchmarks measure, made in processes of their own.

Weights are random and seeded. 8 bits are calibrated on the package's own pictures: which ranges are found
does not change speed, so that the quickest mode is enough. Which layers 8 bits make slower is measured, as
`gcv-edge calibrate` does, under the cap that the file is for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.children import ChildError, call
from gcv_edge.errors import GcvEdgeError
from gcv_edge.measure.workers import worker_environment

CHANNELS, SIDE = 1024, 56
"""Of the convolution whose speed is taken for what a processor attains."""

SEED = 0
PATIENCE = 900.0
"""Seconds after which what is being made is given up."""

STATES = (3, 4)
"""Places of a BatchNorm's running statistics among its inputs."""


@dataclass(frozen=True)
class NetworkFiles:
    """A zoo network's files.

    Attributes:
        onnx: in full precision.
        symbol, params: what it was exported from, as MXNet reads them.
    """

    onnx: Path
    symbol: Path
    params: Path


def make_network(name: str, folder: Path, has_open_batch: bool = True) -> NetworkFiles:
    """Export a zoo name with random weights; what is there already is taken.

    Raises:
        GcvEdgeError: it cannot be exported, or takes too long.
    """
    files = NetworkFiles(*(folder / f"{name}{end}" for end in (".onnx", "-symbol.json", "-0000.params")))
    if not files.onnx.exists():  # it is written last, and as a whole
        make_apart(write_network, folder / name, has_open_batch)
    return files


def make_int8(files: NetworkFiles, isa: str, threads: int | None, is_quick: bool = False) -> Path:
    """Calibrate a network for a cap; what is there already is taken.

    Args:
        files: of ``make_network``.
        isa: one of ``gcv_edge.measure.isa.ISAS``.
        threads: that speeds of layers are measured with.
        is_quick: measure no speeds: all layers that can be are of 8 bits.

    Raises:
        GcvEdgeError: it cannot be quantised, or takes too long.
    """
    output = files.onnx.with_name(f"{files.onnx.stem}_int8_{isa}.onnx")
    if not output.exists():
        make_apart(write_int8, files.onnx, output, is_quick, isa=isa, threads=threads)
    return output


def make_convolution(folder: Path) -> NetworkFiles:
    """Export a network that is one large pointwise convolution; what is there already is taken."""
    files = NetworkFiles(*(folder / f"convolution{end}" for end in (".onnx", "-symbol.json", "-0000.params")))
    if not files.onnx.exists():
        make_apart(write_convolution, files.onnx)
    return files


def make_apart(
    function: Callable[..., None],
    path: Path,
    *arguments: Any,
    isa: str = "native",
    threads: int | None = None,
) -> None:
    """Call a function in a process of its own, under a cap."""
    environment = worker_environment({"isa": isa, "threads": threads})
    try:
        call(function, path, *arguments, timeout=PATIENCE, environment=environment)
    except ChildError as error:
        raise GcvEdgeError(f"{path.name}: {error}") from error


def write_network(prefix: str, has_open_batch: bool) -> None:
    """Write the zoo network by whose name a path ends, as MXNet's files and as ONNX."""
    from gcv_edge.exporters.loading import load_source
    from gcv_edge.exporters.source import ExportOptions
    from gcv_edge.pipeline import export_loaded

    options = ExportOptions(dynamic_batch=has_open_batch)
    source: Any = load_source(Path(prefix).name, options=options, random_weights=SEED)
    write_mxnet(source.network, Path(prefix))
    remark = f" (random weights, seed {SEED})"
    export_loaded(source, Path(f"{prefix}.onnx"), options, verify=False, remark=remark)


def write_convolution(path: str) -> None:
    """Write a convolution behind one that makes its channels of a picture's."""
    from gcv_edge.exporters.mxnet.compat import import_mxnet
    from gcv_edge.exporters.source import ExportOptions
    from gcv_edge.pipeline import export

    mxnet = import_mxnet()
    symbol = mxnet.sym.Variable("data")
    for name in ("widen", "large"):
        symbol = mxnet.sym.Convolution(symbol, num_filter=CHANNELS, kernel=(1, 1), no_bias=True, name=name)
        symbol = mxnet.sym.Activation(symbol, act_type="relu", name=f"{name}_relu")
    symbol = mxnet.sym.Pooling(symbol, global_pool=True, kernel=(1, 1), pool_type="avg", name="mean")
    random = mxnet.random.normal
    weights = {"widen": 3, "large": CHANNELS}
    mxnet.random.seed(SEED)
    arrays = {
        f"arg:{name}_weight": random(0, 0.05, (CHANNELS, count, 1, 1)) for name, count in weights.items()
    }
    stem = path.removesuffix(".onnx")
    symbol.save(f"{stem}-symbol.json")
    mxnet.nd.save(f"{stem}-0000.params", arrays)
    export(f"{stem}-symbol.json", path, options=ExportOptions(input_shape=(1, 3, SIDE, SIDE)), verify=False)


def write_symbol(prefix: str) -> int:
    """Write the zoo network by whose name a path ends as MXNet's files; return the parameters' bytes."""
    from gcv_edge.exporters.mxnet.live import load_zoo_network

    write_mxnet(load_zoo_network(Path(prefix).name, None, None, (), SEED), Path(prefix))
    return Path(f"{prefix}-0000.params").stat().st_size


def write_mxnet(network: Any, prefix: Path) -> None:
    """Write a network as `HybridBlock.export` does."""
    from gcv_edge.exporters.mxnet import reference
    from gcv_edge.exporters.mxnet.compat import import_mxnet

    mxnet, symbol = import_mxnet(), network.symbol
    Path(f"{prefix}-symbol.json").write_text(reference.write_symbol(symbol, symbol.heads))
    norms = [node for node in symbol.nodes if node.op == "BatchNorm"]
    states = {symbol.nodes[node.inputs[place].node].name for node in norms for place in STATES}
    arrays = {
        f"{'aux' if key in states else 'arg'}:{key}": reference.as_nd(mxnet, value)
        for key, value in network.weights.items()
    }
    mxnet.nd.save(f"{prefix}-0000.params", arrays)


def write_int8(path: str, output: str, is_quick: bool) -> None:
    """Calibrate a file."""
    from gcv_edge.benchmarking.frames import load_frames
    from gcv_edge.calibration import CalibrationOptions, calibrate

    options = CalibrationOptions(correction="none", float_kernels=not is_quick, time_forms=not is_quick)
    calibrate(Path(path), load_frames(), Path(output), target="x86", mode="minmax", options=options)
