"""Write gcv_edge/demo/plus_one.onnx: one addition, with which `gcv-edge doctor` tries the engines."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

TARGET = Path(__file__).resolve().parents[2] / "gcv_edge" / "demo" / "plus_one.onnx"
SHAPE = [1, 3, 2, 2]


def main() -> None:
    node = helper.make_node("Add", ["data", "one"], ["sum"])
    one = helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("data", "sum")]
    graph = helper.make_graph([node], "plus_one", [values[0]], [values[1]], [one])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9), TARGET)


if __name__ == "__main__":
    main()
