"""The table of GluonCV's zoo that ships, the page made of it, and the covering subset."""

from __future__ import annotations

import json

import pytest

from benchmarks.pages import ZOO_PAGE as PAGE
from benchmarks.pages import ZOO_TABLE as TABLE
from benchmarks.pages import make_zoo_page as format_page
from benchmarks.workers import PASSED
from benchmarks.zoo.cover import choose, read_cover
from benchmarks.zoo.variants import list_variants
from benchmarks.zoo.verdicts import UNBUILDABLE_NAMES, is_expected
from gcv_edge.exporters.mxnet.live import trace_block, zoo_shapes
from gcv_edge.exporters.mxnet.quantized_zoo import is_quantized, read_shipped
from gcv_edge.exporters.mxnet.symbol import Symbol, parse_symbol
from gcv_edge.exporters.mxnet.zoo_blocks import build_block
from gcv_edge.tasks import TASKS
from gcv_edge.verification.deviation import TOLERANCE
from gcv_edge.zoo_table import read_table

DOCUMENT = json.loads(TABLE.read_text())
ALL_NAMES = 332


def test_the_page_is_the_table() -> None:
    assert PAGE.read_text() == format_page(DOCUMENT)


def test_every_name_is_as_it_must_be() -> None:
    rows = DOCUMENT["names"]
    assert len({row["name"] for row in rows}) == len(rows) == ALL_NAMES
    assert [row["name"] for row in rows if not is_expected(row)] == []
    assert [row["name"] for row in rows if row["verdict"] != PASSED] == sorted(UNBUILDABLE_NAMES)
    assert all(row["reason"] for row in rows if row["verdict"] != PASSED)


def test_every_figure_is_there() -> None:
    for row in DOCUMENT["names"]:
        if row["verdict"] == PASSED:
            allowed = 0.2 if row["name"].endswith("_int8") else TOLERANCE
            assert set(row["parity"]) == {"onnxruntime", "openvino"}
            assert all(0 <= error <= allowed for error in row["parity"].values()), row["name"]
            assert set(row["milliseconds"]) == {"mxnet", "onnxruntime", "openvino"}
            assert all(time > 0 for time in row["milliseconds"].values())
            assert row["task"] in TASKS
            assert min(row["nodes"], row["operators"], row["bytes"], row["export_seconds"]) > 0


def test_the_table_is_read_without_mxnet() -> None:
    table = read_table()
    entries = {entry.name: entry for entry in table.entries}
    assert len(entries) == ALL_NAMES
    assert table.threads > 0
    assert entries["yolo3_darknet53_coco"].task == "detection"
    assert entries["yolo3_darknet53_coco"].inputs == ((1, 3, 416, 416),)
    assert entries["resnet50_v1b_gn"].task == ""
    assert "cannot trace" in entries["resnet50_v1b_gn"].note
    assert entries["siamrpn_alexnet_v2_otb15"].note.startswith("two files")


def test_the_covering_subset_covers_and_passes() -> None:
    cover = read_cover()
    passed = {row["name"] for row in DOCUMENT["names"] if row["verdict"] == PASSED}
    assert set(cover.names) <= passed
    assert [kind for kind, names in cover.variants.items() if not set(names) & set(cover.names)] == []
    kinds = {name: [kind for kind, names in cover.variants.items() if name in names] for name in cover.names}
    assert choose(kinds, dict.fromkeys(cover.names, 1.0)) == cover.names


@pytest.mark.usefixtures("gluoncv")
def test_the_kinds_are_those_that_gluoncv_makes(gluoncv: object) -> None:
    """Traced anew, the subset has all kinds that were found in all names."""
    cover = read_cover()
    found = set().union(*(list_variants(trace(gluoncv, name)) for name in cover.names))
    assert set(cover.variants) <= found


def trace(gluoncv: object, name: str) -> Symbol:
    """Return a name's graph, without weights."""
    if is_quantized(name):
        return parse_symbol(read_shipped(name), name)
    block = build_block(gluoncv, name, ("apple", "pear", "plum") if "custom" in name else ())
    return trace_block(block, name, *zoo_shapes(name)).symbol
