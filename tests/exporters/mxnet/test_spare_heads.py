"""Detectors that list more than their detections, or the rows of them alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from gcv_edge import Detector
from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from tests.support.demo_files import DEMO, PARAMS, SYMBOL

SHAPE = tuple(json.loads((DEMO / "demo.json").read_text())["input_shape"])


def convert(folder: Path, *heads: str, **options: object) -> ExportResult:
    """Export the package's own network with other heads: its ids, scores and boxes, their rows, any layer."""
    graph = json.loads(SYMBOL.read_text())
    columns = [head[0] for head in graph["heads"]]
    (rows,) = {graph["nodes"][column]["inputs"][0][0] for column in columns}
    (suppressed, *_) = graph["nodes"][rows]["inputs"][0]
    layer = next(index for index, node in enumerate(graph["nodes"]) if node["op"] == "LeakyReLU")
    places = dict(zip(("ids", "scores", "boxes"), columns, strict=True))
    places |= {"rows": rows, "all rows": suppressed, "layer": layer}
    graph["heads"] = [[places[head], 0, 0] for head in heads]
    (folder / "net-symbol.json").write_text(json.dumps(graph))
    shutil.copy(PARAMS, folder / "net-0000.params")
    asked = ExportOptions(**{"input_shape": SHAPE, **options})  # type: ignore[arg-type]
    return export(str(folder / "net-symbol.json"), folder / "net.onnx", options=asked)


@pytest.mark.parametrize(
    ("heads", "left_out"),
    [
        (("rows", "ids", "scores", "boxes"), True),
        (("ids", "scores", "boxes", "layer"), True),
        (("layer", "rows", "ids", "scores", "boxes"), True),
        (("rows",), False),
        (("all rows",), False),
        (("layer", "rows"), True),
    ],
)
def test_detections_are_found_among_other_heads(
    heads: tuple[str, ...], left_out: bool, tmp_path: Path
) -> None:
    result = convert(tmp_path, *heads)
    assert result.metadata.task.name == "detection"
    assert any(note.startswith("left out: ") for note in result.notes) == left_out
    (tmp_path / "plain").mkdir()
    plain = convert(tmp_path / "plain", "ids", "scores", "boxes")
    frame = np.random.default_rng(0).integers(0, 255, (SHAPE[2], SHAPE[3], 3), np.uint8)
    found, expected = (Detector(one.path).run(frame) for one in (result, plain))
    for ours, theirs in zip(found.over(0.02), expected.over(0.02), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_columns_without_boxes_are_no_detections(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="this form of detection head is not supported"):
        convert(tmp_path, "ids", "scores")


def test_layers_before_a_form_of_detections_that_is_not_known_are_exported(tmp_path: Path) -> None:
    nodes = json.loads(SYMBOL.read_text())["nodes"]
    layers = tuple(node["name"] for node in nodes if node["op"] == "LeakyReLU")[:2]
    assert convert(tmp_path, "ids", "scores", outputs=layers).metadata.task.name == "tensors"
