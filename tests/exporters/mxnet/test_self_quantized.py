"""A network quantised by MXNet's own API becomes a file that gives MXNet's numbers."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import onnx_ir as ir
import pytest

from gcv_edge.exporters.mxnet.export import export_network
from gcv_edge.exporters.mxnet.network_files import read_network
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.verification.deviation import rounded_error
from tests.exporters.mxnet.operator_runs import OnnxRuntime
from tests.support.processors import needs_vnni

SHAPE = (4, 3, 16, 16)
ALMOST_EXACT = 1e-3
"""Of the output's deviation: so small a network has no room for differences to grow."""


@pytest.fixture(scope="module")
def quantized_files(mxnet: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Symbol and parameters of a small network with a residual, pooling and dense layers."""
    from mxnet.contrib.quantization import quantize_net_v2

    nn = mxnet.gluon.nn

    class Residual(nn.HybridBlock):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            with self.name_scope():
                self.body, self.norm = nn.Conv2D(8, 3, padding=1, use_bias=False), nn.BatchNorm()
                self.shortcut = nn.Conv2D(8, 1)

        def hybrid_forward(self, F, x):  # type: ignore[no-untyped-def]  # noqa: N803
            return F.Activation(self.norm(self.body(x)) + self.shortcut(x), act_type="relu")

    mxnet.random.seed(0)
    network = nn.HybridSequential()
    with network.name_scope():
        network.add(nn.Conv2D(8, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"), Residual())
        network.add(nn.MaxPool2D(), nn.Flatten(), nn.Dense(16, activation="relu"), nn.Dense(5))
    network.initialize(mxnet.init.Xavier())
    network.hybridize()
    data = mxnet.nd.random.normal(shape=SHAPE)
    network(data)
    quantized = quantize_net_v2(
        network,
        quantized_dtype="auto",
        calib_data=mxnet.io.NDArrayIter(data, batch_size=SHAPE[0]),
        calib_mode="naive",
        num_calib_examples=SHAPE[0],
        ctx=mxnet.cpu(),
        logger=None,
    )
    quantized(data)
    prefix = tmp_path_factory.mktemp("quantized") / "small"
    quantized.export(str(prefix))
    return prefix.with_name("small-symbol.json")


@needs_vnni
@pytest.mark.filterwarnings("ignore")
def test_self_quantized_network(quantized_files: Path) -> None:
    network = read_network(quantized_files, None)
    exported = export_network(network, ExportOptions(input_shape=SHAPE, task="classification"))
    assert exported.metadata.variant == "int8"
    picture = np.random.RandomState(1).normal(0, 1, SHAPE).astype(np.float32)
    reference = exported.make_reference()
    assert reference is not None
    expected = reference.run(picture)["logits"]
    model = ir.to_proto(exported.model)
    model.graph.input[0].name = "x0"
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = "x0" if name == "data" else name
    found = OnnxRuntime(model).run([picture])[0]
    assert rounded_error(found, expected) <= ALMOST_EXACT
