"""Running a row of the operator table in MXNet, and its conversion in ONNX Runtime and OpenVINO."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import openvino
from numpy.typing import NDArray

from gcv_edge.exporters.builder import BATCH, GraphBuilder
from gcv_edge.exporters.mxnet.convert import SymbolConverter
from gcv_edge.exporters.mxnet.symbol import parse_symbol
from tests.exporters.mxnet.operator_rows import Row, arrays, symbol_json

Arrays = Sequence[NDArray[Any]]


def convert_row(case: Row, batch: int | str, size: tuple[str, ...] = ()) -> onnx.ModelProto:
    """Convert a row's symbol, its data as graph inputs and its weights as constants.

    ``size`` names height and width of maps where they are open.
    """
    graph = GraphBuilder("operator")
    inputs, weights = {}, {}
    for index, (given, array) in enumerate(zip(case.inputs, arrays(case, 1), strict=True)):
        if given.is_data:
            shape = tuple(batch if dim == "N" else dim for dim in given.shape)
            if size and len(shape) == 4:
                shape = (*shape[:2], *(f"{name}{index}" for name in size))
            dtype = ir.DataType.from_numpy(array.dtype)
            inputs[f"x{index}"] = graph.input(f"x{index}", shape, dtype)
        else:
            weights[f"x{index}"] = array
    symbol = parse_symbol(symbol_json(case))
    values = SymbolConverter(graph, symbol, weights, inputs).values(symbol.heads)
    model = ir.to_proto(graph.model({f"y{index}": value for index, value in enumerate(values)}))
    onnx.checker.check_model(model, full_check=True)
    return model


def convert_open(case: Row) -> onnx.ModelProto:
    """Convert a row with the batch dimension open."""
    return convert_row(case, BATCH)


def feeds(model: onnx.ModelProto, values: Arrays) -> dict[str, NDArray[Any]]:
    """Pick what a converted model takes."""
    wanted = {value.name for value in model.graph.input}
    return {f"x{index}": value for index, value in enumerate(values) if f"x{index}" in wanted}


class OnnxRuntime:
    """A converted row in ONNX Runtime."""

    level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL

    def __init__(self, model: onnx.ModelProto) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        options.graph_optimization_level = self.level
        self.model = model
        self.session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def run(self, values: Arrays) -> list[NDArray[Any]]:
        """Compute the outputs."""
        return self.session.run(None, feeds(self.model, values))


class FloatOnnxRuntime(OnnxRuntime):
    """A converted row in ONNX Runtime without 8-bit kernels: what the graph says, on every processor."""

    level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL


class OpenVino:
    """A converted row in OpenVINO, in float32."""

    core = openvino.Core()

    def __init__(self, model: onnx.ModelProto) -> None:
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        self.model = model
        network = self.core.compile_model(self.core.read_model(model.SerializeToString()), "CPU", settings)
        self.used = {name for given in network.inputs for name in given.names}
        self.request = network.create_infer_request()

    def run(self, values: Arrays) -> list[NDArray[Any]]:
        """Compute the outputs."""
        given = {name: value for name, value in feeds(self.model, values).items() if name in self.used}
        found = self.request.infer(given)
        return [found[value.name].copy() for value in self.model.graph.output]


ENGINES = {"onnxruntime": OnnxRuntime, "openvino": OpenVino}


def run_mxnet(mxnet: ModuleType, case: Row, batch: int) -> list[NDArray[Any]]:
    """Compute a row's outputs in MXNet itself."""
    symbol = mxnet.sym.load_json(symbol_json(case))
    states = symbol.list_auxiliary_states()
    values = {
        f"x{index}": mxnet.nd.array(array, dtype=array.dtype)
        for index, array in enumerate(arrays(case, batch))
    }
    executor = symbol.bind(
        mxnet.cpu(),
        args={name: value for name, value in values.items() if name not in states},
        aux_states={name: values[name] for name in states},
        grad_req="null",
    )
    return [output.asnumpy() for output in executor.forward(is_train=False)]


def check(case: Row, found: Arrays, expected: Arrays, exact_types: bool) -> None:
    """Assert that outputs agree in number, shape, type and value."""
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        theirs = theirs.astype(np.float32) if theirs.dtype == np.float16 else theirs
        assert mine.shape == theirs.shape
        assert not exact_types or mine.dtype == theirs.dtype
        bounded = np.abs(theirs[np.abs(theirs) < 1e30])
        scale = max(1.0, float(bounded.max(initial=0.0)))
        np.testing.assert_allclose(mine, theirs, rtol=case.tolerance, atol=case.tolerance * scale)
