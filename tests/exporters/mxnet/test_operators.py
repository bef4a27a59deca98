"""Every converter against MXNet: its stored numbers, and MXNet itself where it is installed."""

from __future__ import annotations

from collections import Counter
from types import ModuleType

import onnx_ir as ir
import pytest

from gcv_edge.errors import ParamsMismatchError, UnsupportedError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.convert import SymbolConverter
from gcv_edge.exporters.mxnet.registry import CONVERTERS, converts
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol
from gcv_edge.graph.cleaning import clean
from tests.data.operators.vectors import read_vectors
from tests.exporters.mxnet.operator_page import PAGE, write_page
from tests.exporters.mxnet.operator_rows import Refused, Row, arrays, data, fingerprint, row, weight
from tests.exporters.mxnet.operator_runs import (
    ENGINES,
    OnnxRuntime,
    check,
    convert_open,
    convert_row,
    run_mxnet,
)
from tests.exporters.mxnet.operator_table import OUT_OF_RANGE, REFUSED, ROWS
from tests.exporters.mxnet.quantized_rows import QUANTIZED_ROWS

every_row = pytest.mark.parametrize("case", ROWS, ids=str)
open_rows = pytest.mark.parametrize("case", [case for case in ROWS if case.has_batch and case.opens], ids=str)
OVER_MAPS = ("Convolution", "Pooling", "UpSampling", "_contrib_ROIAlign", "slice_like", "transpose")
"""Operators that R-CNNs have, over maps of any size."""
MAPS = [row for row in ROWS if row.op in OVER_MAPS and row.has_maps and "computed weights" not in row.why]
COUNTED_EARLY = ("padded", "window wholly", "sum, full")
"""What rows of pooling with convention ``full`` say that need the input's size."""
every_engine = pytest.mark.parametrize("engine", ENGINES)


def needs_size(case: Row) -> bool:
    """Tell pooling of which ONNX counts other windows than MXNet, or divides by other numbers."""
    is_full = case.attrs.get("pooling_convention") == "full"
    return is_full and case.attrs["stride"] != "(1, 1)" and any(word in case.why for word in COUNTED_EARLY)


def test_every_operator_has_a_row() -> None:
    quantized = {node.op for row in QUANTIZED_ROWS for node in row.symbol.nodes}
    assert set(CONVERTERS) - {case.op for case in ROWS} - quantized == set()


def test_rows_are_told_apart() -> None:
    assert [name for name, count in Counter(map(str, ROWS)).items() if count > 1] == []


def test_stored_vectors_are_of_this_table() -> None:
    """Run ``python -m tests.data.operators.make_operator_vectors`` after a change of the table."""
    assert read_vectors().fingerprints == {str(case): fingerprint(case) for case in ROWS}


def test_page_of_operators_is_up_to_date() -> None:
    """Run ``python -m tests.exporters.mxnet.operator_page`` after a change of converters or table."""
    assert PAGE.read_text(encoding="utf-8") == write_page()


@every_engine
@every_row
def test_fixed_shape_gives_mxnets_numbers(case: Row, engine: str) -> None:
    batch = case.batches[-1]
    found = ENGINES[engine](convert_row(case, batch)).run(arrays(case, batch))
    check(case, found, read_vectors().outputs(case, batch), exact_types=engine == "onnxruntime")


@every_engine
@open_rows
def test_open_batch_gives_mxnets_numbers(case: Row, engine: str) -> None:
    session = ENGINES[engine](convert_open(case))
    for batch in case.batches:
        found = session.run(arrays(case, batch))
        check(case, found, read_vectors().outputs(case, batch), exact_types=engine == "onnxruntime")


@every_engine
@pytest.mark.parametrize("case", [row for row in MAPS if not needs_size(row)], ids=str)
def test_open_height_and_width_give_mxnets_numbers(case: Row, engine: str) -> None:
    batch = case.batches[-1]
    found = ENGINES[engine](convert_row(case, batch, ("height", "width"))).run(arrays(case, batch))
    check(case, found, read_vectors().outputs(case, batch), exact_types=engine == "onnxruntime")


@pytest.mark.parametrize("case", [row for row in MAPS if needs_size(row)], ids=str)
def test_windows_that_need_the_inputs_size_are_refused_without(case: Row) -> None:
    with pytest.raises(UnsupportedError, match="expected valid while the input's size is open"):
        convert_row(case, case.batches[-1], ("height", "width"))


@pytest.mark.parametrize("case", [case for case in ROWS if case.live], ids=str)
def test_live_mxnet(case: Row, mxnet: ModuleType) -> None:
    batch = case.batches[-1]
    found = OnnxRuntime(convert_row(case, batch)).run(arrays(case, batch))
    check(case, found, run_mxnet(mxnet, case, batch), exact_types=True)


@pytest.mark.parametrize("case", [*REFUSED, *OUT_OF_RANGE], ids=str)
def test_refused(case: Refused) -> None:
    with pytest.raises(UnsupportedError) as caught:
        convert_row(case.row, 2)
    assert case.message in str(caught.value)
    assert "\n" not in str(caught.value)


WRONG_SHAPES = [
    (
        row(
            "Convolution", "of 4 channels", data(1, 3, 7, 7), weight(2, 4, 3, 3), kernel=(3, 3), num_filter=2
        ),
        "Convolution 'node': weight has shape (2, 4, 3, 3), expected (2, 3, 3, 3)",
    ),
    (
        row(
            "Convolution",
            "bias",
            data(1, 3, 7, 7),
            weight(2, 3, 1, 1),
            weight(3),
            kernel=(1, 1),
            num_filter=2,
        ),
        "Convolution 'node': bias has shape (3,), expected (2,)",
    ),
    (
        row("Deconvolution", "kernel", data(1, 3, 7, 7), weight(3, 2, 4, 4), kernel=(3, 3), num_filter=2),
        "Deconvolution 'node': weight has shape (3, 2, 4, 4), expected (3, 2, 3, 3)",
    ),
    (
        row("FullyConnected", "of 9 inputs", data(1, 8), weight(5, 9), num_hidden=5, no_bias=True),
        "FullyConnected 'node': weight has shape (5, 9), expected (5, 8)",
    ),
    (
        row("BatchNorm", "mean", data(1, 3, 7, 7), weight(3), weight(3), weight(4), weight(3)),
        "BatchNorm 'node': moving mean has shape (4,), expected (3,)",
    ),
    (
        row("Embedding", "rows", data(1, 3), weight(5, 4), input_dim=6, output_dim=4),
        "Embedding 'node': weight has shape (5, 4), expected (6, 4)",
    ),
]


@pytest.mark.parametrize(("case", "message"), WRONG_SHAPES, ids=str)
def test_parameters_of_another_network(case: Row, message: str) -> None:
    with pytest.raises(ParamsMismatchError) as caught:
        convert_row(case, 1)
    assert str(caught.value) == message


def test_ones_of_a_maps_shape_take_no_room() -> None:
    """Attention networks compute ``(1 + mask) * map`` with ones of the map's shape."""
    ones = Node("ones", "ones_like", {}, (NodeEntry(0, 0),))
    total = Node("total", "elemwise_add", {}, (NodeEntry(1, 0), NodeEntry(0, 0)))
    symbol = Symbol((Node("data", "null", {}, ()), ones, total), (NodeEntry(2, 0),), 10901)
    graph = GraphBuilder("mask")
    inputs = {"data": graph.input("data", (1, 8, 32, 32))}
    values = SymbolConverter(graph, symbol, {}, inputs).values(symbol.heads)
    assert len(ir.to_proto(clean(graph.model({"out": values[0]}))).SerializeToString()) < 500


def test_an_operator_has_one_converter() -> None:
    with pytest.raises(ValueError, match="Convolution has a converter already: convolution"):
        converts("Convolution")(lambda graph, attrs, data: data)
