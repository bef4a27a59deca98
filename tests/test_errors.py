"""Errors are one line, whatever the names in a file hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcv_edge.data import open_dataset
from gcv_edge.errors import GcvEdgeError, MetadataError, UnreadableError, UnsupportedError
from gcv_edge.exporters.loading import load_source
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import parse_metadata
from gcv_edge.tasks import DETECTION
from tests.support.symbol_files import SymbolFile


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines", r"two\nlines"),
        ("two\r\nlines", r"two\r\nlines"),
        ("\x1b[2Jcleared", r"\x1b[2Jcleared"),
        ("next\x85line", r"next\x85line"),
        ("para\u2029graph", r"para\u2029graph"),
        ("a\tb é 漢 \\n", "a\tb é 漢 \\n"),
    ],
)
def test_what_no_line_holds_is_spelt_out(text: str, shown: str) -> None:
    assert str(GcvEdgeError(text)) == shown
    assert str(MetadataError("a.onnx", text)) == f"a.onnx: {shown}"
    assert str(UnreadableError([text], 2)) == f"1 of 2 could not be read: {shown}"


def test_names_in_files_stay_in_one_line(tmp_path: Path) -> None:
    net = SymbolFile()
    symbol = net.save(tmp_path, net.op("Activation", "a\nb", net.data, act_type="relu", **{"more\nkeys": 1}))
    with pytest.raises(UnsupportedError) as caught:
        load_source(symbol).convert(ExportOptions(input_shape=(1, 3, 8, 8), task="tensors"))
    assert r"a\nb" in str(caught.value)
    with pytest.raises(MetadataError, match=r"task 'a\\nb' is not supported"):
        parse_metadata({"gcv_edge task": "a\nb"}, "net.onnx")
    (tmp_path / "list.csv").write_text('"a\nb.jpg",cat,1,1\n')
    with pytest.raises(GcvEdgeError) as refused:
        open_dataset(tmp_path / "list.csv", DETECTION)
    assert "\n" not in str(refused.value)
