"""What ``quantize_net_v2`` makes of small networks, in all its modes, against MXNet and the float network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest
from numpy.typing import NDArray

from gcv_edge.agreement import ROUNDED_TOLERANCE, rounded_error
from gcv_edge.exporters.loading import load_source
from gcv_edge.exporters.mxnet.network_files import read_network
from gcv_edge.exporters.source import ExportedModel, ExportOptions
from tests.support.references import mxnet_reference

Array = NDArray[np.float32]
SHAPE = (4, 3, 16, 16)
OPTIONS = ExportOptions(input_shape=SHAPE, task="classification")

CLOSE = 0.1
"""Of the output's deviation: what 8 bits may cost a network of these."""

CUT = 0.25
"""What they may cost where MXNet cuts levels off instead of rounding them, as it does in products."""

MODES: dict[str, dict[str, Any]] = {
    "full": {"calib_mode": "naive"},
    "smart": {"calib_mode": "naive", "quantize_mode": "smart"},
    "int8": {"calib_mode": "naive", "quantized_dtype": "int8"},
    "entropy": {"calib_mode": "entropy"},
    "not calibrated": {"calib_mode": "none"},
}
ROWS = [
    ("sum_of_pools", "full", "_contrib_quantized_elemwise_add"),
    ("sum_of_pools", "not calibrated", "_contrib_requantize"),
    ("product", "full", "_contrib_quantized_elemwise_mul"),
    ("product", "not calibrated", "_contrib_quantized_elemwise_mul"),
    ("residual", "full", "_sg_mkldnn_conv"),
    ("residual", "smart", "_sg_mkldnn_conv"),
    ("residual", "not calibrated", "_contrib_requantize"),
    ("dense_net", "full", "_contrib_quantized_batch_norm"),
    ("dense_net", "int8", "_contrib_quantized_act"),
    ("dense_net", "smart", "_contrib_quantized_batch_norm"),
    ("squeeze_net", "full", "_contrib_quantized_concat"),
    ("squeeze_net", "entropy", "_contrib_quantized_concat"),
    ("squeeze_net", "not calibrated", "_contrib_quantized_concat"),
    ("mobile_net", "full", "_sg_mkldnn_conv"),
    ("mobile_net", "not calibrated", "_contrib_requantize"),
    ("vgg", "full", "_sg_mkldnn_fully_connected"),
]


@pytest.fixture
def quantized(mxnet: ModuleType, tmp_path: Path) -> Callable[..., tuple[Path, Array, Array]]:
    """Quantise a network: its symbol's file, pictures, and what the float network makes of them."""
    from tests.support import quantized_networks

    def make(name: str, mode: str, **options: Any) -> tuple[Path, Array, Array]:
        mxnet.random.seed(0)
        np.random.seed(0)
        network = getattr(quantized_networks, name)(**options)
        network.initialize(mxnet.init.Xavier(magnitude=2.5))
        network.hybridize()
        data = mxnet.nd.array(
            np.random.RandomState(1).normal(0, 1, (quantized_networks.CALIBRATION, *SHAPE[1:]))
        )
        with mxnet.autograd.record():  # statistics of BatchNorm
            network(data)
        pictures = data[: SHAPE[0]]
        expected = network(pictures).asnumpy()
        symbol = quantized_networks.quantize(network, data, tmp_path, **MODES[mode])
        return symbol, pictures.asnumpy(), expected

    return make


def run_exactly(exported: ExportedModel, pictures: Array) -> Array:
    """Compute the output without 8-bit kernels, which round and saturate on processors without VNNI."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    model = ir.to_proto(exported.model).SerializeToString()
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    output: Array = session.run(None, {"data": pictures})[0]
    return output


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "mode", "operator"), ROWS)
def test_networks(
    name: str, mode: str, operator: str, quantized: Callable[..., tuple[Path, Array, Array]]
) -> None:
    symbol, pictures, expected = quantized(name, mode)
    network = read_network(symbol, None)
    assert operator in {node.op for node in network.symbol.nodes}
    exported = load_source(str(symbol), None, OPTIONS).convert(OPTIONS)
    assert exported.metadata.variant == "int8"
    assert not any("MXNet" in note for note in exported.notes)
    found = run_exactly(exported, pictures)
    assert rounded_error(found, expected) <= (CUT if name == "product" else CLOSE)
    reference = mxnet_reference(network, SHAPE, task="classification")
    assert rounded_error(found, reference.run(pictures)["logits"]) <= ROUNDED_TOLERANCE


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "mode", "options", "note"),
    [
        (
            "grouped",
            "full",
            {},
            "MXNet 1.9.1 computes 8-bit grouped convolutions wrongly (layer 'quantized_sg_",
        ),
        (
            "mobile_net",
            "not calibrated",
            {"clip": True},
            "MXNet 1.9.1 leaves out ReLU6 behind 8-bit convolutions",
        ),
    ],
)
def test_layers_that_mxnet_computes_wrongly(
    name: str,
    mode: str,
    options: dict[str, Any],
    note: str,
    quantized: Callable[..., tuple[Path, Array, Array]],
) -> None:
    symbol, pictures, expected = quantized(name, mode, **options)
    exported = load_source(str(symbol), None, OPTIONS).convert(OPTIONS)
    assert any(line.startswith(note) for line in exported.notes)
    assert exported.make_reference() is None
    assert rounded_error(run_exactly(exported, pictures), expected) <= CLOSE


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("grouped", "not calibrated", {}),
        ("pre_activated", "not calibrated", {}),
        ("mobile_net", "full", {"clip": True}),
    ],
)
def test_layers_like_them_that_mxnet_computes_rightly(
    name: str, mode: str, options: dict[str, Any], quantized: Callable[..., tuple[Path, Array, Array]]
) -> None:
    symbol, pictures, expected = quantized(name, mode, **options)
    exported = load_source(str(symbol), None, OPTIONS).convert(OPTIONS)
    assert not any("MXNet" in note for note in exported.notes)
    assert exported.make_reference() is not None
    assert rounded_error(run_exactly(exported, pictures), expected) <= CLOSE
