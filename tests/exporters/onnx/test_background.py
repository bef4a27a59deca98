"""Scores that exclude each other have a background, of which somebody must say which it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from gcv_edge.errors import UsageError
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from tests.support import foreign_detectors as files
from tests.support import foreign_yolos as yolos
from tests.support.foreign_files import ForeignFile, floats, noise, run_file

OPTIONS = ExportOptions(task="detection", mean=(0.0,) * 3, scale=(255.0,) * 3)
Exclude = Callable[[ForeignFile, str], str]


def softmax(file: ForeignFile, logits: str) -> str:
    return file.op("Softmax", logits, axis=2)


def written_softmax(file: ForeignFile, logits: str) -> str:
    powers = file.op("Exp", logits)
    return file.op("Div", powers, file.op("ReduceSum", powers, files.integers_of(file, 2), keepdims=1))


def pair(file: ForeignFile, logits: str) -> str:
    face = file.op("Sigmoid", files.cut(file, logits, 0, 1, 2))
    return file.op("Concat", file.op("Sub", file.constant(1.0), face), face, axis=2)


def boxes_and_scores(path: Path, exclude: Exclude, classes: int = 2) -> Path:
    file = files.start()
    x = files.rows(file, 4 + classes)
    file.op("Identity", files.corner_boxes(file, x, files.SIDE), name="boxes")
    scores = exclude(file, files.cut(file, x, 4, 4 + classes, 2))
    file.op("Identity", scores, name="scores")
    return file.save(path, {"boxes": floats(1, files.CELLS, 4), "scores": floats(1, files.CELLS, classes)})


def columns(path: Path) -> Path:
    """As YOLOv8, with a softmax."""
    file = yolos.YoloFile()
    boxes = yolos.boxes_of_distances(file, yolos.distances(file, "Softplus"))
    scores = file.op("Softmax", file.join(file.branch(2), 2), axis=1)
    file.op("Concat", boxes, scores, name="output", axis=1)
    return file.finish(path, 6, files.CELLS)


MAKES = [
    partial(boxes_and_scores, exclude=softmax),
    partial(boxes_and_scores, exclude=written_softmax),
    partial(boxes_and_scores, exclude=pair),
    columns,
]


def adopt(make: Callable[[Path], Path], tmp_path: Path, background: str | None, *labels: str) -> ExportResult:
    source = make(tmp_path / "foreign.onnx")
    head = "yolov8" if make is columns else "auto"
    adoption = Adoption(head=head, background=background)
    return export(
        str(source), tmp_path / "out.onnx", options=replace(OPTIONS, labels=labels), adoption=adoption
    )


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("labels", [(), ("face",)])
def test_the_background_is_asked_for(
    make: Callable[[Path], Path], labels: tuple[str, ...], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="sum to 1, so one may be the background's: give --background"):
        adopt(make, tmp_path, None, *labels)
    assert not (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize(("background", "kept"), [("first", [1]), ("last", [0]), ("none", [0, 1])])
def test_what_is_said_is_done(
    make: Callable[[Path], Path], background: str, kept: list[int], tmp_path: Path
) -> None:
    result = adopt(make, tmp_path, background)
    data = noise(1, 3, files.SIDE, files.SIDE)
    found = run_file(tmp_path / "foreign.onnx", images=data)
    scores = found["output"][:, 4:].transpose(0, 2, 1) if make is columns else found["scores"]
    np.testing.assert_allclose(run_file(result.path, data=data)["scores"], scores[..., kept], atol=1e-5)


@pytest.mark.parametrize("make", MAKES)
def test_names_for_all_scores_say_that_there_is_none(make: Callable[[Path], Path], tmp_path: Path) -> None:
    result = adopt(make, tmp_path, None, "face", "mask")
    assert any("all 2 are classes: none is the background's" in note for note in result.notes)
    for labels, option in ((("bg", "face"), "--background"), (("face", "Background"), "--background-last")):
        with pytest.raises(UsageError, match=f"is no class to detect: .* give {option}$"):
            adopt(make, tmp_path, None, *labels)


def test_scores_of_their_own_ask_nothing(tmp_path: Path) -> None:
    make = partial(boxes_and_scores, exclude=files.probabilities, classes=3)
    assert adopt(make, tmp_path, None).metadata.task.name == "detection"
