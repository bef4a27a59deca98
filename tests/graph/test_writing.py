"""Writing ONNX files: what does not fit into one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.graph.writing import MOST_BYTES, check_size, write_model


def model_with_weights(count: int) -> ir.Model:
    """A model with a constant of so many numbers, which nobody has made yet."""
    graph = GraphBuilder("large")
    data = graph.input("data", (1, 1))
    total = graph.op("Add", [data, graph.constant(np.ones((1, 1), np.float32), "weight")])
    model = graph.model({"total": total})
    model.graph.initializers["weight"].const_value = ir.LazyTensor(
        lambda: pytest.fail("the numbers were asked for"), ir.DataType.FLOAT, ir.Shape([count]), name="weight"
    )
    return model


def test_more_than_two_gibibytes_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError) as error:
        write_model(model_with_weights(600_000_000), tmp_path / "large.onnx")
    assert str(error.value) == (
        "large: the weights take 2.24 GiB, and one .onnx file holds less than 2 GiB (a limit of protobuf)"
    )
    assert not list(tmp_path.iterdir())


def test_the_limit() -> None:
    check_size(MOST_BYTES, "large")
    with pytest.raises(UnsupportedError, match=r"1\.98 GiB"):
        check_size(MOST_BYTES + 1, "large")
