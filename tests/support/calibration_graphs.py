"""Small networks whose 8-bit forms are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_ir as ir
import onnxruntime
from numpy.typing import NDArray

from gcv_edge.calibration.qdq_placement import QdqPlacement, place
from gcv_edge.calibration.statistics import collect_statistics
from gcv_edge.exporters.builder import GraphBuilder

Array = NDArray[Any]


def drawn(seed: int, *shape: int) -> Array:
    deviation = (2 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.1
    return (np.random.RandomState(seed).normal(0, deviation, shape)).astype(np.float32)


def pictures(count: int, *shape: int) -> list[dict[str, Array]]:
    random = np.random.RandomState(3)
    return [{"data": random.normal(0, 1, (1, *shape)).astype(np.float32)} for _ in range(count)]


class Net:
    """A graph builder that speaks in layers; weights are drawn by a running number."""

    def __init__(self, channels: int = 8, size: int = 16) -> None:
        self.graph = GraphBuilder("net")
        self.data = self.graph.input("data", (1, channels, size, size))
        self._seed = 0

    def conv(
        self,
        data: ir.Value,
        channels: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        group: int = 1,
        name: str = "conv",
    ) -> ir.Value:
        self._seed += 2
        inputs = self.graph.shape(data)[1]
        assert isinstance(inputs, int)
        weight = self.graph.constant(
            drawn(self._seed, channels, inputs // group, kernel, kernel), f"{name}_weight"
        )
        bias = self.graph.constant(drawn(self._seed + 1, channels), f"{name}_bias")
        attributes = {"strides": [stride, stride], "pads": [kernel // 2] * 4, "group": group}
        return self.graph.op("Conv", [data, weight, bias], name, kernel_shape=[kernel, kernel], **attributes)

    def relu(self, data: ir.Value) -> ir.Value:
        """A ReLU named after what it is behind: ``conv_relu``."""
        return self.graph.op("Relu", [data], f"{maker(data)}_relu")

    def add(self, one: ir.Value, other: ir.Value) -> ir.Value:
        return self.graph.op("Add", [one, other], "sum")

    def concat(self, *values: ir.Value) -> ir.Value:
        return self.graph.op("Concat", list(values), "joined", axis=1)

    def max_pool(self, data: ir.Value) -> ir.Value:
        return self.graph.op("MaxPool", [data], "pool", kernel_shape=[2, 2], strides=[2, 2])

    def model(self, **outputs: ir.Value) -> ir.Model:
        return self.graph.model(outputs)


def maker(value: ir.Value) -> str:
    """Name of the node that makes a value, or of the input."""
    node = value.producer()
    return str(value.name if node is None else node.name)


def find_ranges(
    model: ir.Model, batches: list[dict[str, Array]]
) -> tuple[QdqPlacement, dict[str, tuple[float, float]]]:
    """Return where a prepared model can be quantised, and the ranges of the groups."""
    placement = place(model.graph)
    return placement, collect_statistics(model, placement, batches).ranges("minmax")


def run(model: ir.Model, batch: dict[str, Array]) -> dict[str, Array]:
    session = onnxruntime.InferenceSession(
        ir.to_proto(model).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, batch), strict=True))
