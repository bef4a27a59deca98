"""Foreign ONNX files of a few random layers, spelt as other tools spell them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SIZE = (32, 48)
"""Height and width of the pictures."""


class ForeignFile:
    """Collects nodes and constants of a file in any opset."""

    def __init__(self, opset: int = 17, seed: int = 0) -> None:
        self.opset = opset
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Sequence[int | str], dtype: int = TensorProto.FLOAT) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def constant(self, value: Any, dtype: type = np.float32) -> str:
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def numbers(self, *shape: int) -> str:
        fan = max(1, int(np.prod(shape[1:])))
        return self.constant(self.random.standard_normal(shape) / fan**0.5)

    def op(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        return self.ops(kind, *inputs, names=[name or f"{kind.lower()}{len(self.nodes)}"], **attributes)[0]

    def ops(self, kind: str, *inputs: str, names: Sequence[str], **attributes: Any) -> Sequence[str]:
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names

    def conv(self, x: str, inputs: int, outputs: int, stride: int = 1, name: str | None = None) -> str:
        weight = self.numbers(outputs, inputs, 3, 3)
        bias = self.numbers(outputs)
        return self.op("Conv", x, weight, bias, name=name, pads=[1] * 4, strides=[stride] * 2)

    def features(self, x: str, inputs: int = 3, outputs: int = 8) -> str:
        """Maps of half the size."""
        return self.op("Relu", self.conv(x, inputs, outputs, stride=2))

    def vector(self, x: str, inputs: int, outputs: int, name: str | None = None) -> str:
        """A dense layer over averages."""
        pooled = self.op("Flatten", self.op("GlobalAveragePool", x))
        return self.op(
            "Gemm", pooled, self.numbers(outputs, inputs), self.numbers(outputs), name=name, transB=1
        )

    def save(self, path: Path, outputs: dict[str, tuple[int, Sequence[int | str]]], **notes: str) -> Path:
        """Write the file; outputs by name: rank's element type and shape."""
        infos = [
            helper.make_tensor_value_info(name, dtype, shape) for name, (dtype, shape) in outputs.items()
        ]
        graph = helper.make_graph(self.nodes, "foreign", self.inputs, infos, self.constants)
        opsets = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=min(10, 3 + self.opset // 3))
        path.write_bytes(model.SerializeToString())
        return path


def floats(*shape: int | str) -> tuple[int, Sequence[int | str]]:
    """An output of float32."""
    return TensorProto.FLOAT, shape


def integers(*shape: int | str) -> tuple[int, Sequence[int | str]]:
    """An output of int64."""
    return TensorProto.INT64, shape


def run_file(path: Path, *names: str, **feeds: np.ndarray) -> dict[str, np.ndarray]:
    """Run a file in ONNX Runtime, with tensors inside its graph as outputs where they are named."""
    model = onnx.load(path)
    known = {value.name for value in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in known)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    wanted = list(names) or [value.name for value in session.get_outputs()]
    return dict(zip(wanted, session.run(wanted, feeds), strict=True))


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """Numbers between 0 and 1."""
    return np.random.default_rng(seed).random(shape, np.float32)
