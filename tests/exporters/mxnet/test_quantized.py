"""MXNet's 8-bit operators: stored numbers, and MXNet itself where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.mxnet.known_faults import faulty_layers
from gcv_edge.exporters.mxnet.symbol import NodeEntry
from tests.exporters.mxnet.operator_runs import ENGINES, FloatOnnxRuntime, OnnxRuntime
from tests.exporters.mxnet.quantized_rows import (
    QUANTIZED_ROWS,
    UNSIGNED,
    Drawing,
    QuantizedRow,
    added,
    convolved,
    layer,
    normalized,
    requantized,
    row,
)
from tests.exporters.mxnet.quantized_runs import (
    convert_open,
    convert_quantized,
    read_quantized_vectors,
    run_quantized_mxnet,
)
from tests.support.processors import needs_vnni

Array = NDArray[Any]

every_row = pytest.mark.parametrize("case", QUANTIZED_ROWS, ids=str)
every_engine = pytest.mark.parametrize(
    "engine",
    [FloatOnnxRuntime, *(pytest.param(engine, marks=needs_vnni) for engine in ENGINES.values())],
    ids=["float", *ENGINES],
)


def check(case: QuantizedRow, found: Array, expected: Array) -> None:
    """Assert equal types and numbers; a few 8-bit numbers may be one level off, floating point a rounding."""
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        return
    assert len(np.unique(expected)) > 3
    differences = np.abs(found.astype(int) - expected.astype(int))
    assert differences.max() <= 1
    assert (differences > 0).mean() <= case.limit


def test_stored_vectors_are_of_these_rows() -> None:
    """Run ``python -m tests.data.quantized.make_quantized_vectors`` after a change of the rows."""
    assert read_quantized_vectors()[0] == {str(row): row.fingerprint for row in QUANTIZED_ROWS}


@every_engine
@every_row
def test_mxnets_numbers(case: QuantizedRow, engine: type[OnnxRuntime]) -> None:
    found = engine(convert_quantized(case)).run([case.data])
    check(case, found[0], read_quantized_vectors()[1][str(case)])


@every_engine
@every_row
def test_open_batch(case: QuantizedRow, engine: type[OnnxRuntime]) -> None:
    found = engine(convert_open(case)).run([case.data])
    check(case, found[0], read_quantized_vectors()[1][str(case)])


@needs_vnni
@every_row
def test_live_mxnet(case: QuantizedRow, mxnet: ModuleType) -> None:
    found = OnnxRuntime(convert_quantized(case)).run([case.data])
    check(case, found[0], run_quantized_mxnet(mxnet, case))


def refused_rows() -> list[tuple[str, str, QuantizedRow]]:
    """List networks that must be refused, and what the error must say."""
    return [
        (
            "no calibrated range",
            "max_calib_range=.* is not supported",
            row("refused", normalized(0.0, 1.0), 0),
        ),
        (
            "uint8 product",
            "uint8 numbers are multiplied",
            row("refused", added((0.0, 1.0), (-1.0, 1.0), "mul"), 0),
        ),
        (
            "uint8 and int8 without a range",
            "int8 and uint8 numbers are added without a range",
            row("refused", added((0.0, 1.0), (-1.0, 1.0)), 0),
        ),
        (
            "an input too few",
            "inputs, its subgraph asks for",
            row("refused", lambda d, x: layer(d, d.quantized(x, 0, 1), (0, 1)), 0),
        ),
        (
            "float data",
            "numbers of type FLOAT are not supported",
            row("refused", lambda d, x: d.op("_contrib_dequantize", [x, x, x]), 0),
        ),
        (
            "ranges missing",
            "2 inputs, expected 6",
            row("refused", lambda d, x: d.op("_contrib_quantized_concat", [x, x], num_args=2), 0),
        ),
    ]


@pytest.mark.parametrize(("why", "message", "case"), refused_rows())
def test_refused(why: str, message: str, case: QuantizedRow) -> None:
    nodes = list(case.symbol.nodes)
    node = nodes[-1]
    if why == "no calibrated range":
        attrs = {key: value for key, value in node.attrs.items() if "range" not in key}
        nodes[-1] = replace(node, attrs=attrs)
    if why == "an input too few":
        nodes[-1] = replace(node, inputs=node.inputs[:-1])
    with pytest.raises(UnsupportedError, match=message):
        convert_quantized(replace(case, symbol=replace(case.symbol, nodes=tuple(nodes))))


@pytest.mark.parametrize(
    ("why", "draw"),
    [
        ("groups", convolved(parts=["relu"], data_ends=(0.0, 8.0), num_group=2)),
        ("int8 sum", convolved((-2, 2), (0.0, 8.0), added_ends=UNSIGNED, parts=["bn", "sum"])),
        ("ReLU6 without a range", requantized(parts=["bn", "clip"], data_ends=(0.0, 8.0))),
    ],
)
def test_layers_that_mxnet_computes_wrongly(
    why: str, draw: Callable[[Drawing, NodeEntry], NodeEntry], mxnet: ModuleType
) -> None:
    """Each of these is off by levels; should MXNet ever compute one rightly, it is a fault no more."""
    case = row(why, draw)
    found = OnnxRuntime(convert_quantized(case)).run([case.data])[0].astype(int)
    differences = np.abs(found - run_quantized_mxnet(mxnet, case).astype(int))
    assert (differences > 1).mean() > 0.01
    assert len(faulty_layers(case.symbol)) == 1
