"""Class numbers of lists are those that names were given for, or the export says which is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from tests.support import foreign_detectors as files
from tests.support.foreign_files import noise, run_file

Make = Callable[[Path], Path]
OPTIONS = ExportOptions(task="detection", mean=(0.0,) * 3, scale=(255.0,) * 3, labels=("a", "b", "c"))


def adopt(make: Make, tmp_path: Path, head: str = "auto", **options: object) -> ExportResult:
    source = make(tmp_path / "foreign.onnx")
    if make is files.tensorflow:
        options = {"mean": None, "scale": None, **options}
    chosen = replace(OPTIONS, **options)  # type: ignore[arg-type]
    return export(str(source), tmp_path / "adopted.onnx", options=chosen, adoption=Adoption(head=head))


@pytest.mark.parametrize(
    "make", [files.end2end, files.mmdet, files.lists, files.tensorflow, files.torchvision, files.paddle]
)
@pytest.mark.parametrize("labels", [("a",), ("a", "b")])
def test_numbers_without_a_name_are_refused(make: Make, labels: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"lists class number [123], but --classes names {len(labels)}"):
        adopt(make, tmp_path, labels=labels)
    assert not (tmp_path / "adopted.onnx").exists()


@pytest.mark.parametrize(
    ("make", "numbers"),
    [(files.torchvision, "1 ('a') to 3 ('c')"), (files.lists, "0 ('a') to 2 ('c')"),
     (files.paddle, "0 ('a') to 2 ('c')"), (files.tensorflow, "1 ('a') to 3 ('c')")],
)  # fmt: skip
def test_how_names_were_taken_is_told(make: Make, numbers: str, tmp_path: Path) -> None:
    result = adopt(make, tmp_path)
    assert any(f"class numbers {numbers} are named; " in note for note in result.notes), result.notes


@pytest.mark.parametrize("make", [files.torchvision, files.tensorflow])
@pytest.mark.parametrize("name", ["bg", "__background__", "Background"])
def test_the_background_has_no_number_where_classes_begin_at_1(make: Make, name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"leave '{name}' out of --classes"):
        adopt(make, tmp_path, labels=(name, "a", "b", "c"))


@pytest.mark.parametrize("make", [files.torchvision, files.mmdet, files.lists])
def test_nothing_found_is_told(make: Make, tmp_path: Path) -> None:
    result = adopt(partial(without_scores, make), tmp_path)
    assert any("none was seen, so that is not checked" in note for note in result.notes), result.notes


def without_scores(make: Make, path: Path) -> Path:
    """Let every score of a list be 0."""
    model = onnx.load(make(path))
    highest = next(node for node in model.graph.node if node.op_type == "ReduceMax")
    place = list(model.graph.node).index(highest) + 1
    none = onnx.helper.make_node("Sub", ["highest", "highest"], list(highest.output))
    highest.output[0] = "highest"
    model.graph.node.insert(place, none)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("head", ["end2end", "rtdetr-list"])
@pytest.mark.parametrize("labels", [("a",), ("a", "b", "c")])
def test_a_column_of_scores_is_no_class(head: str, labels: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="expected whole ones: the columns are in another order"):
        adopt(files.class_before_score, tmp_path, head, labels=labels)


def unchosen(path: Path, layout: str) -> Path:
    """A list of every cell, in order of the cells: the best class of each."""
    file = files.start()
    x = files.rows(file, 4 + files.CLASSES)
    scores = files.probabilities(file, files.cut(file, x, 4, 4 + files.CLASSES, 2))
    best = file.op("ReduceMax", scores, axes=[2], keepdims=0)
    ids = file.op("ArgMax", scores, axis=2, keepdims=0)
    boxes = files.corner_boxes(file, x, files.SIDE)
    cells = files.CELLS
    if layout == "mmdet":
        file.op("Concat", boxes, files.column(file, best), name="dets", axis=2)
        file.op("Identity", ids, name="labels")
        return file.save(path, {"dets": files.floats(1, cells, 5), "labels": files.integers(1, cells)})
    file.op("Identity", boxes, name="boxes")
    file.op("Identity", best, name="scores")
    name, dtype = ("labels", 7) if layout == "lists" else ("classes", 1)
    file.op("Cast", ids, name=name, to=dtype)
    outputs = {"boxes": files.floats(1, cells, 4), "scores": files.floats(1, cells)}
    return file.save(path, {**outputs, name: (dtype, (1, cells))})


@pytest.mark.parametrize("layout", ["mmdet", "lists", "classes"])
def test_a_list_that_nothing_chose_is_still_suppressed(layout: str, tmp_path: Path) -> None:
    result = adopt(partial(unchosen, layout=layout), tmp_path)
    settings = result.metadata.detection
    assert settings is not None
    assert settings.iou_threshold > 0
    assert any("neither sorts its list nor suppresses" in note for note in result.notes), result.notes
    found = run_file(result.path, data=noise(1, 3, files.SIDE, files.SIDE))
    assert found["scores"].shape == (1, files.CELLS, files.CLASSES)
    assert np.count_nonzero(found["scores"]) == files.CELLS


@pytest.mark.parametrize(
    ("make", "extra"), [(files.mmdet, "masks"), (files.lists, "landmarks"), (files.torchvision, "masks")]
)
def test_what_is_left_out_beside_a_list_is_told(make: Make, extra: str, tmp_path: Path) -> None:
    result = adopt(partial(with_extra, make, extra), tmp_path)
    assert f"left out: {extra} (--task tensors exports all)" in result.notes


def with_extra(make: Make, name: str, path: Path) -> Path:
    """Add an output of four axes."""
    model = onnx.load(make(path))
    model.graph.node.append(onnx.helper.make_node("AveragePool", ["images"], [name], kernel_shape=[2, 2]))
    shape = [1, 3, files.SIDE - 1, files.SIDE - 1]
    model.graph.output.append(onnx.helper.make_tensor_value_info(name, 1, shape))
    path.write_bytes(model.SerializeToString())
    return path
