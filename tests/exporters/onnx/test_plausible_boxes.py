"""Boxes that are given in another way than they are taken for are refused, by what most of them are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.onnx.plausibility import judge_centres, judge_detections
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from tests.support import foreign_detectors as files
from tests.support.foreign_files import floats

OPTIONS = ExportOptions(mean=(0.0,) * 3, scale=(255.0,) * 3)
SIZE = (64, 128)
"""Height and width."""


def outputs(boxes: np.ndarray) -> dict[str, np.ndarray]:
    return {"boxes": boxes[None].astype(np.float32), "scores": np.full((1, len(boxes), 1), 0.9, np.float32)}


def draw(extent: float, count: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Centres within the input, and sizes about an extent."""
    random = np.random.default_rng(0)
    centres = random.random((count, 2)) * SIZE[::-1]
    return centres, extent * (0.5 + random.random((count, 2)))


def corners(extent: float) -> np.ndarray:
    centres, sizes = draw(extent)
    return np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)


@pytest.mark.parametrize("extent", [8, 30, 100, 300])
def test_corners_are_plausible(extent: float) -> None:
    judge_detections(outputs(corners(extent)), SIZE, "net")
    clipped = np.clip(corners(extent), 0, [*SIZE[::-1], *SIZE[::-1]])
    judge_detections(outputs(clipped), SIZE, "net")


@pytest.mark.parametrize("extent", [8, 30, 60, 200, 400])
def test_centre_and_size_are_no_corners(extent: float) -> None:
    with pytest.raises(UnsupportedError, match="--box-format"):
        judge_detections(outputs(np.concatenate(draw(extent), axis=1)), SIZE, "net")


@pytest.mark.parametrize("extent", [8, 16])
def test_y_before_x_is_refused(extent: float) -> None:
    with pytest.raises(UnsupportedError, match="--box-format, --head"):
        judge_detections(outputs(corners(extent)[:, [1, 0, 3, 2]]), SIZE, "net")


@pytest.mark.parametrize("degenerate", [0, 1, 15])
def test_a_few_empty_boxes_do_not_hide_corners(degenerate: int) -> None:
    taken = np.clip(corners(30), 0, [*SIZE[::-1], *SIZE[::-1]])
    taken[:degenerate, 2:] = taken[:degenerate, :2]
    centre, extent = taken[:, :2], taken[:, 2:]
    read = np.concatenate([centre - extent / 2, centre + extent / 2], axis=1)
    with pytest.raises(UnsupportedError, match="they are corners and not centre and size"):
        judge_centres(outputs(read), "net")


@pytest.mark.parametrize("name", ["landmarks", "kpts", "mask_coefficients", "keypoints"])
def test_what_is_called_otherwise_is_no_score(name: str, tmp_path: Path) -> None:
    file = files.start()
    x = files.rows(file, 14)
    file.op("Identity", files.corner_boxes(file, x, files.SIDE), name="bbox")
    file.op("Sigmoid", files.cut(file, x, 4, 14, 2), name=name)
    source = file.save(
        tmp_path / "foreign.onnx", {"bbox": floats(1, files.CELLS, 4), name: floats(1, files.CELLS, 10)}
    )
    result = export(str(source), tmp_path / "out.onnx", options=ExportOptions())
    assert result.metadata.task.name == "tensors"


@pytest.mark.parametrize("logits", [91, 21, 81])
def test_queries_without_names_are_asked_about(logits: int, tmp_path: Path) -> None:
    source = files.queries(tmp_path / "foreign.onnx", logits)
    with pytest.raises(UsageError, match=r"--head detr \(.* or --head rtdetr \("):
        export(str(source), tmp_path / "out.onnx", options=OPTIONS)
    for head in ("detr", "rtdetr"):
        result = export(str(source), tmp_path / f"{head}.onnx", options=OPTIONS, adoption=Adoption(head=head))
        assert f"of the family {head} " in result.notes[0]
