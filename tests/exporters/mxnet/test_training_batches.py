"""A symbol stores the batch of its training; a file takes one picture, unless operators are made for more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from gcv_edge.runtime.opening import open_session
from tests.support.symbol_files import Entry, SymbolFile

Build = Callable[[SymbolFile], Entry]
STORED = (16, 3, 20, 24)


def plain(net: SymbolFile) -> Entry:
    return net.classes(4)


def channels_last(net: SymbolFile) -> Entry:
    return net.classes(4, net.op("transpose", "front", net.data, axes=(0, 3, 1, 2)))


def dense(net: SymbolFile) -> Entry:
    return net.dense("fc", net.data, 4, 10)


def state(shape: str, **attrs: str) -> Build:
    """A classifier to whose scores a state is added."""

    def build(net: SymbolFile) -> Entry:
        begin = net.variable("begin_state", __shape__=shape, **attrs)
        rows = net.op("Reshape", "rows", net.op("sum", "summed", begin, axis=0), shape=(-1, 4))
        flat = begin if shape.count(",") == 1 else rows
        return net.op("broadcast_add", "step", net.classes(4), net.dense("h2h", flat, 4, 4))

    return build


def information(net: SymbolFile) -> Entry:
    sizes = net.variable("im_info", __shape__="(16, 1)")
    return net.op("broadcast_mul", "sized", net.classes(3), sizes)


def made_by_reshape(net: SymbolFile) -> Entry:
    return net.dense("fc", net.op("Reshape", "rows", net.trunk(), shape=(16, -1)), 4, 8)


def made_by_zeros(net: SymbolFile) -> Entry:
    return net.op("elemwise_add", "step", net.classes(4), net.op("_zeros", "begin", shape=(16, 4)))


def convert(build: Build, shape: tuple[int, ...] | None, folder: Path, **options: Any) -> ExportResult:
    net = SymbolFile()
    if shape is not None:
        net.nodes[0]["attrs"]["__shape__"] = str(shape)
    return export(net.save(folder, build(net)), folder / "out.onnx", options=ExportOptions(**options))


class Row(NamedTuple):
    build: Build
    stored: tuple[int, ...]
    expected: dict[str, tuple[int, ...]]
    note: str = ""


FOLLOWS = "the symbol stores a batch of 16: the file takes 1, with"
ROWS = {
    "a picture": Row(plain, STORED, {"data": (1, 3, 20, 24)}),
    "an open batch": Row(plain, (0, 3, 20, 24), {"data": (1, 3, 20, 24)}),
    "an open batch of NumPy": Row(plain, (-1, 3, 20, 24), {"data": (1, 3, 20, 24)}),
    "channels last": Row(channels_last, (16, 20, 24, 3), {"data": (1, 3, 20, 24)}),
    "vectors": Row(dense, (128, 10), {"data": (1, 10)}),
    "a state": Row(
        state("(16, 4)"),
        STORED,
        {"data": (1, 3, 20, 24), "begin_state": (1, 4)},
        f"{FOLLOWS} 'begin_state' 1,4",
    ),
    "a state of open batch": Row(
        state("(0, 4)"),
        STORED,
        {"data": (1, 3, 20, 24), "begin_state": (1, 4)},
        f"{FOLLOWS} 'begin_state' 1,4",
    ),
    "a state of layers": Row(
        state("(2, 16, 4)"),
        STORED,
        {"data": (1, 3, 20, 24), "begin_state": (2, 1, 4)},
        f"{FOLLOWS} 'begin_state' 2,1,4",
    ),
    "as many layers as pictures": Row(
        state("(16, 16, 4)", __layout__="LNC"),
        STORED,
        {"data": (1, 3, 20, 24), "begin_state": (16, 1, 4)},
        f"{FOLLOWS} 'begin_state' 16,1,4",
    ),
    "information on the picture": Row(
        information, STORED, {"data": (1, 3, 20, 24), "im_info": (1, 1)}, f"{FOLLOWS} 'im_info' 1,1"
    ),
    "rows made for the batch": Row(
        made_by_reshape, STORED, {"data": STORED}, "the symbol is made for batches of 16 ('rows')"
    ),
    "a state made for the batch": Row(
        made_by_zeros, STORED, {"data": STORED}, "the symbol is made for batches of 16 ('begin')"
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_the_file_takes_one_picture(row: Row, tmp_path: Path) -> None:
    result = convert(row.build, row.stored, tmp_path)
    assert open_session(result.path).inputs == row.expected
    assert result.verification is not None
    assert result.verification.passed
    found = [note for note in result.notes if "batch" in note]
    assert len(found) == bool(row.note)
    assert not row.note or found[0].startswith(row.note)


@pytest.mark.parametrize("asked", [(16, 3, 20, 24), (4, 3, 16, 16), (1, 3, 20, 24)])
def test_a_batch_that_is_asked_for_is_taken(asked: tuple[int, ...], tmp_path: Path) -> None:
    result = convert(plain, STORED, tmp_path, input_shape=asked)
    assert open_session(result.path).inputs == {"data": asked}
    assert not any("batch" in note for note in result.notes)


def test_the_batch_may_be_left_open(tmp_path: Path) -> None:
    result = convert(plain, STORED, tmp_path, dynamic_batch=True)
    assert open_session(result.path, batch=5).inputs == {"data": (5, 3, 20, 24)}
