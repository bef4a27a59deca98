"""Running small quantised networks in MXNet, and their conversions in ONNX Runtime and OpenVINO."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.exporters.builder import BATCH, GraphBuilder
from gcv_edge.exporters.mxnet.convert import SymbolConverter
from gcv_edge.exporters.mxnet.reference import write_symbol
from gcv_edge.graph.cleaning import clean
from tests.exporters.mxnet.quantized_rows import SHAPE, QuantizedRow

Array = NDArray[Any]
VECTORS = Path(__file__).resolve().parents[2] / "data" / "quantized" / "mxnet_1.9.1.npz"


def convert_quantized(case: QuantizedRow, batch: int | str = SHAPE[0]) -> onnx.ModelProto:
    """Convert a row as an export does."""
    graph = GraphBuilder("quantized")
    inputs = {"data": graph.input("x0", (batch, *SHAPE[1:]))}
    values = SymbolConverter(graph, case.symbol, case.weights, inputs).values(case.symbol.heads)
    model = ir.to_proto(clean(graph.model({"y0": values[0]})))
    onnx.checker.check_model(model, full_check=True)
    return model


def convert_open(case: QuantizedRow) -> onnx.ModelProto:
    """Convert a row with the batch dimension open."""
    return convert_quantized(case, BATCH)


def run_quantized_mxnet(mxnet: ModuleType, case: QuantizedRow) -> Array:
    """Compute a row in MXNet."""
    symbol = mxnet.sym.load_json(write_symbol(case.symbol, case.symbol.heads))
    states = symbol.list_auxiliary_states()
    values = {"data": mxnet.nd.array(case.data)}
    values |= {name: mxnet.nd.array(array, dtype=array.dtype) for name, array in case.weights.items()}
    executor = symbol.bind(
        mxnet.cpu(),
        args={name: value for name, value in values.items() if name not in states},
        aux_states={name: values[name] for name in states},
        grad_req="null",
    )
    output: Array = executor.forward(is_train=False)[0].asnumpy()
    return output


def read_quantized_vectors() -> tuple[dict[str, str], dict[str, Array]]:
    """Read the fingerprints and MXNet's numbers of all rows."""
    with np.load(VECTORS) as file:
        arrays = dict(file)
    return json.loads(str(arrays.pop("fingerprints"))), arrays
