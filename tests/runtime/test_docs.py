"""The page docs/python.md, run from top to bottom, and the examples in docstrings."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path

import cv2
import numpy as np
import pytest

import gcv_edge
from gcv_edge.metadata import ClipSettings
from tests.runtime.conftest import Maker, solid

PAGE = Path(__file__).resolve().parents[2] / "docs/python.md"


@pytest.fixture
def workplace(make_model: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """A folder with the files that examples name; gives the picture in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GCV_EDGE_HOME", str(tmp_path / "home"))
    for name, kind in {
        "yolo3": "detection",
        "resnet": "classification",
        "fcn": "segmentation",
        "simple_pose": "pose",
        "mask_rcnn": "instance_segmentation",
        "monodepth2": "depth",
        "reid": "embedding",
        "tags": "labelling",
        "age": "regression",
        "srgan": "image_to_image",
        "wgan": "tensors",
    }.items():
        make_model(kind, path=tmp_path / f"{name}.onnx")
    make_model("clip", path=tmp_path / "i3d.onnx", clip=ClipSettings((0, 2, 4, 6), 8))
    street = solid(200, 100, 50)
    (tmp_path / "pictures").mkdir()
    cv2.imwrite("street.jpg", street)
    cv2.imwrite("pictures/one.png", street)
    writer = cv2.VideoWriter("clip.avi", cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(3):
        writer.write(street)
    writer.release()
    return street


def test_every_example_runs(workplace: np.ndarray) -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for number, block in enumerate(blocks):
        exec(compile(block, f"{PAGE.name}, example {number + 1}", "exec"), names)
    assert len(blocks) > 10
    assert np.any(cv2.imread("annotated.png") != workplace)


PUBLIC = [name for name in gcv_edge.__all__ if inspect.isclass(getattr(gcv_edge, name))]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_class_has_an_example_that_runs(name: str, workplace: np.ndarray) -> None:
    known = {"np": np, **{one: getattr(gcv_edge, one) for one in gcv_edge.__all__}}
    text = inspect.cleandoc(getattr(gcv_edge, name).__doc__)
    example = doctest.DocTestParser().get_doctest(text, known, name, None, None)
    assert example.examples
    said: list[str] = []
    doctest.DocTestRunner().run(example, out=said.append)
    assert not said, "".join(said)
