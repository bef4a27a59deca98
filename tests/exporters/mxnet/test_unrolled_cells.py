"""Recurrent cells that were unrolled: their first state is zeros whose batch MXNet infers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions

STEPS, FEATURES, UNITS = 3, 5, 4

MakeCell = Callable[[ModuleType], Any]


def in_turn(stack: Any, *cells: Any) -> Any:
    """Put cells one after the other."""
    for cell in cells:
        stack.add(cell)
    return stack


CELLS: dict[str, MakeCell] = {
    "Gluon RNN": lambda mxnet: mxnet.gluon.rnn.RNNCell(UNITS),
    "Gluon LSTM": lambda mxnet: mxnet.gluon.rnn.LSTMCell(UNITS),
    "Gluon GRU": lambda mxnet: mxnet.gluon.rnn.GRUCell(UNITS),
    "Gluon, both directions": lambda mxnet: mxnet.gluon.rnn.BidirectionalCell(
        mxnet.gluon.rnn.LSTMCell(UNITS, prefix="left_"), mxnet.gluon.rnn.GRUCell(UNITS, prefix="right_")
    ),
    "Gluon, stacked": lambda mxnet: in_turn(
        mxnet.gluon.rnn.HybridSequentialRNNCell(),
        mxnet.gluon.rnn.LSTMCell(UNITS),
        mxnet.gluon.rnn.ResidualCell(mxnet.gluon.rnn.GRUCell(UNITS)),
    ),
    "symbol RNN": lambda mxnet: mxnet.rnn.RNNCell(UNITS),
    "symbol LSTM": lambda mxnet: mxnet.rnn.LSTMCell(UNITS),
    "symbol GRU": lambda mxnet: mxnet.rnn.GRUCell(UNITS),
    "symbol, both directions": lambda mxnet: mxnet.rnn.BidirectionalCell(
        mxnet.rnn.LSTMCell(UNITS, prefix="left_"), mxnet.rnn.LSTMCell(UNITS, prefix="right_")
    ),
    "symbol, fused": lambda mxnet: mxnet.rnn.FusedRNNCell(UNITS, 2, "lstm", bidirectional=True),
}


def save_unrolled(mxnet: ModuleType, name: str, folder: Path) -> Path:
    """Write symbol and random parameters of an unrolled cell for ``[N, 3, 5]``."""
    outputs, _ = CELLS[name](mxnet).unroll(STEPS, mxnet.sym.var("data"), layout="NTC", merge_outputs=True)
    shapes, _, _ = outputs.infer_shape(data=(2, STEPS, FEATURES))
    random = np.random.RandomState(1)
    named = dict(zip(outputs.list_arguments(), shapes, strict=True))
    weights = {
        f"arg:{key}": mxnet.nd.array(random.normal(0, 0.5, shape))
        for key, shape in named.items()
        if key != "data"
    }
    outputs.save(str(folder / "net-symbol.json"))
    mxnet.nd.save(str(folder / "net-0000.params"), weights)
    return folder / "net-symbol.json"


@pytest.mark.filterwarnings("ignore:NTC layout detected")
@pytest.mark.parametrize("open_batch", [False, True], ids=["fixed", "open"])
@pytest.mark.parametrize("name", CELLS)
def test_cells_give_mxnets_numbers(name: str, open_batch: bool, mxnet: ModuleType, tmp_path: Path) -> None:
    source = save_unrolled(mxnet, name, tmp_path)
    options = ExportOptions(input_shape=(2, STEPS, FEATURES), dynamic_batch=open_batch)
    result = export(str(source), tmp_path / "net.onnx", options=options)
    assert result.verification is not None
    assert result.verification.reference.startswith("mxnet")
    session = open_session(result.path, SessionOptions(threads=1), batch=2)
    batch = np.random.RandomState(2).normal(0, 1, (2, STEPS, FEATURES)).astype(np.float32)
    (found,) = session.run(batch).values()
    assert found.shape[:2] == (2, STEPS)
    assert np.ptp(found, axis=0).max() > 0.05


@pytest.mark.parametrize(("shape", "is_served"), [((0, UNITS), True), ((STEPS, 0), False)])
def test_an_unknown_length_must_be_the_batch(
    shape: tuple[int, int], is_served: bool, mxnet: ModuleType, tmp_path: Path
) -> None:
    data = mxnet.sym.var("data")
    total = data + mxnet.sym.zeros(shape, name="begin")
    total.save(str(tmp_path / "net-symbol.json"))
    mxnet.nd.save(str(tmp_path / "net-0000.params"), {"arg:unused": mxnet.nd.zeros(1)})
    options = ExportOptions(input_shape=(STEPS, UNITS))
    if is_served:
        assert export(str(tmp_path / "net-symbol.json"), tmp_path / "net.onnx", options=options).verification
        return
    with pytest.raises(UnsupportedError, match=r"_zeros 'begin': shape='\(3, 0\)' is not supported"):
        export(str(tmp_path / "net-symbol.json"), tmp_path / "net.onnx", options=options)
