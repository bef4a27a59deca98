"""``gcv_edge.load`` and what the package shows at its top, to users and to their type checkers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gcv_edge
from gcv_edge.runtime.options import LoadOptions
from tests.runtime.conftest import Maker

ROOT = Path(gcv_edge.__file__).resolve().parents[1]

CHECKED = """\
from gcv_edge import Classification, Classifier, Detections, Detector, load
from gcv_edge.data import open_dataset
from gcv_edge.evaluation import evaluate

load("model.onnx", engine="onnxruntime", threads=2, color="rgb", confidence=0.3)
Detector("model.onnx", confidence=0.3, precision="bf16")
found: Classification = Classifier("model.onnx").run([])
network = load("model.onnx")
if isinstance(network, Detector):
    boxes: Detections = network.run([])
evaluate(network, open_dataset("pictures"))
load("model.onnx", egnine="onnxruntime")  # wrong
load("model.onnx", threads="2")  # wrong
Detector("model.onnx", confidnece=0.3)  # wrong
Detector("model.onnx", thraeds=2)  # wrong
Classifier("model.onnx", colour="rgb")  # wrong
load("model.onnx").no_such_thing  # wrong
"""


def test_a_misspelt_option_fails_the_type_check(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    script = tmp_path / "script.py"
    script.write_text(CHECKED)
    options = ["--follow-imports=silent", "--cache-dir", str(tmp_path), "--ignore-missing-imports"]
    process = subprocess.run(
        [sys.executable, "-m", "mypy", *options, str(script)],
        cwd=ROOT,
        env={"PYTHONPATH": "", "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = {int(line.split(":")[1]) for line in process.stdout.splitlines() if ": error: " in line}
    wrong = {number for number, line in enumerate(CHECKED.splitlines(), 1) if line.endswith("# wrong")}
    assert found == wrong, process.stdout + process.stderr


def test_all_options_of_all_classes_are_declared(make_model: Maker) -> None:
    network = gcv_edge.load(make_model("detection"), engine="openvino", confidence=0.9, color="rgb")
    assert type(network) is gcv_edge.Detector
    assert {"engine", "precision", "hint", "threads", "streams", "color"} < set(LoadOptions.__annotations__)


def test_an_option_of_another_class_is_refused(make_model: Maker) -> None:
    with pytest.raises(TypeError, match="confidence"):
        gcv_edge.load(make_model("classification"), confidence=0.5)


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("detection", "Detections"),
        ("classification", "Classification"),
        ("segmentation", "Segmentation"),
        ("pose", "Poses"),
        ("depth", "DepthMap"),
        ("embedding", "Embedding"),
        ("regression", "Regression"),
        ("image_to_image", "Picture"),
    ],
)
def test_classes_of_results_are_at_the_top(make_model: Maker, kind: str, result: str) -> None:
    found = gcv_edge.load(make_model(kind)).run(np.zeros((8, 8, 3), np.uint8))
    assert type(found) is getattr(gcv_edge, result)
    assert result in gcv_edge.__all__


def test_every_name_at_the_top_is_there() -> None:
    assert sorted(gcv_edge.__all__) == gcv_edge.__all__
    assert all(getattr(gcv_edge, name) for name in gcv_edge.__all__)
