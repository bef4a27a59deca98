"""Every converter against MXNet: its stored numbers, and MXNet itself where it is installed."""

from __future__ import annotations

from collections import Counter
from types import ModuleType

import pytest

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.mxnet.registry import CONVERTERS, converts
from tests.data.operators.vectors import read_vectors
from tests.exporters.mxnet.operator_page import PAGE, write_page
from tests.exporters.mxnet.operator_rows import Refused, Row, arrays, fingerprint
from tests.exporters.mxnet.operator_runs import (
    ENGINES,
    OnnxRuntime,
    check,
    convert_open,
    convert_row,
    run_mxnet,
)
from tests.exporters.mxnet.operator_table import REFUSED, ROWS
from tests.exporters.mxnet.quantized_rows import QUANTIZED_ROWS

every_row = pytest.mark.parametrize("case", ROWS, ids=str)
open_rows = pytest.mark.parametrize("case", [row for row in ROWS if row.has_batch and row.opens], ids=str)
every_engine = pytest.mark.parametrize("engine", ENGINES)


def test_every_operator_has_a_row() -> None:
    quantized = {node.op for row in QUANTIZED_ROWS for node in row.symbol.nodes}
    assert set(CONVERTERS) - {row.op for row in ROWS} - quantized == set()


def test_rows_are_told_apart() -> None:
    assert [name for name, count in Counter(map(str, ROWS)).items() if count > 1] == []


def test_stored_vectors_are_of_this_table() -> None:
    """Run ``python -m tests.data.operators.make_operator_vectors`` after a change of the table."""
    assert read_vectors().fingerprints == {str(row): fingerprint(row) for row in ROWS}


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


@pytest.mark.parametrize("case", [row for row in ROWS if row.live], ids=str)
def test_live_mxnet(case: Row, mxnet: ModuleType) -> None:
    batch = case.batches[-1]
    found = OnnxRuntime(convert_row(case, batch)).run(arrays(case, batch))
    check(case, found, run_mxnet(mxnet, case, batch), exact_types=True)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_refused(case: Refused) -> None:
    with pytest.raises(UnsupportedError) as caught:
        convert_row(case.row, 2)
    assert case.message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_operator_has_one_converter() -> None:
    with pytest.raises(ValueError, match="Convolution has a converter already: convolution"):
        converts("Convolution")(lambda graph, attrs, data: data)
