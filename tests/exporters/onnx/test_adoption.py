"""Foreign ONNX files become files of this project's form, or are refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import pytest

from gcv_edge import Detector, load
from gcv_edge.errors import GcvEdgeError, ModelFileError, ModelNotFoundError, UnsupportedError, UsageError
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from tests.runtime.conftest import build_model

FACES = Adoption(normalized=True, background="first")
OPTIONS = ExportOptions(task="detection", labels=("face",), mean=(127.0,) * 3, scale=(128.0,) * 3)


@pytest.fixture
def faces(testdata: Path) -> Path:
    return testdata / "ultralight_face_onnx" / "version-RFB-320.onnx"


def test_adopted_detector_finds_what_the_original_scores(faces: Path, tmp_path: Path) -> None:
    result = export(str(faces), tmp_path / "faces.onnx", adoption=FACES, options=OPTIONS)
    assert result.verification is not None
    assert result.verification.passed
    frame = cv2.imread(str(faces.parent / "1.jpg"))
    found = Detector(result.path, confidence=0.7).run(frame)
    resized = cv2.resize(frame, (320, 240))[..., ::-1]
    data = ((resized - np.float32(127)) / 128).transpose(2, 0, 1)[None]
    session = onnxruntime.InferenceSession(str(faces))
    scores, boxes = session.run(["scores", "boxes"], {"input": data})
    best = scores[0, :, 1].argmax()
    assert len(found) >= 1
    assert found.scores[0] == pytest.approx(scores[0, best, 1], abs=0.01)
    expected = boxes[0, best] * np.tile(frame.shape[1::-1], 2)
    np.testing.assert_allclose(found.boxes[0], expected, atol=0.01 * max(frame.shape))


@pytest.mark.parametrize(
    ("adoption", "options", "error", "message"),
    [
        (FACES, replace(OPTIONS, mean=None), UsageError, "--mean"),
        (replace(FACES, boxes="box"), OPTIONS, UsageError, "no output 'box' among scores, boxes"),
        (replace(FACES, scores="boxes"), OPTIONS, UsageError, "1 class names given, but the network has 3"),
        (replace(FACES, box_format="yxyx"), OPTIONS, UsageError, "expected one of xyxy, cxcywh, xywh"),
        (FACES, replace(OPTIONS, labels=("a", "b")), UsageError, "2 class names given"),
        (
            FACES,
            replace(OPTIONS, task="classification"),
            UnsupportedError,
            "no known head for classification among",
        ),
        (FACES, replace(OPTIONS, input_shape=(1, 3, 64, 64)), UsageError, "its input is"),
    ],
)
def test_refusals_say_why(
    faces: Path,
    tmp_path: Path,
    adoption: Adoption,
    options: ExportOptions,
    error: type[GcvEdgeError],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        export(str(faces), tmp_path / "out.onnx", adoption=adoption, options=options)
    assert list(tmp_path.iterdir()) == []


def test_an_undecoded_head_is_refused(testdata: Path, tmp_path: Path) -> None:
    source = testdata / "fastestdet_onnx" / "FastestDet.onnx"
    adoption = replace(FACES, boxes="758", scores="758")
    with pytest.raises(UnsupportedError, match=r"shape \[1, 85, 22, 22\], expected \[N, A, \.\.\.\]"):
        export(str(source), tmp_path / "out.onnx", adoption=adoption, options=OPTIONS)


def test_files_that_are_no_onnx(tmp_path: Path) -> None:
    (tmp_path / "fake.onnx").write_bytes(b"\xff\xd8\xff\xe0 not a network")
    with pytest.raises(ModelFileError, match="not a valid ONNX file"):
        export(str(tmp_path / "fake.onnx"), tmp_path / "out.onnx", adoption=FACES, options=OPTIONS)
    with pytest.raises(ModelNotFoundError, match="no such file"):
        export(str(tmp_path / "absent.onnx"), tmp_path / "out.onnx", adoption=FACES, options=OPTIONS)


def test_an_exported_file_needs_no_export(faces: Path, tmp_path: Path) -> None:
    first = export(str(faces), tmp_path / "faces.onnx", adoption=FACES, options=OPTIONS, verify=False)
    with pytest.raises(UsageError, match="written by gcv-edge"):
        export(str(first.path), tmp_path / "again.onnx", adoption=FACES, options=OPTIONS)


@pytest.mark.parametrize(
    ("kind", "task", "extra"),
    [
        ("classification", "embedding", {}),
        ("classification", "action", {}),
        ("clip", "action", {}),
        ("depth", "depth", {}),
        ("image_to_image", "image_to_image", {"image_range": (0.0, 1.0)}),
    ],
)
def test_foreign_networks_of_other_tasks(tmp_path: Path, kind: str, task: str, extra: dict[str, Any]) -> None:
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(build_model(kind, 1, (32, 32)).SerializeToString())
    options = ExportOptions(task=task, mean=(0.0,) * 3, scale=(255.0,) * 3, bgr=True, **extra)
    result = export(str(foreign), tmp_path / "adopted.onnx", options=options)
    assert result.verification is not None
    assert result.verification.passed
    assert not result.metadata.preprocessing.reverse_channels
    frame = np.full((40, 40, 3), (0, 0, 255), np.uint8)
    model = load(result.path)
    found = model.run([frame] * 9 if task == "action" else frame)
    assert found.speed.inference_ms > 0


@pytest.mark.parametrize(
    ("task", "error", "message"),
    [
        ("image_to_image", UsageError, "--image-range"),
        ("instance_segmentation", UnsupportedError, "is for something else, not for instance_segmentation"),
        ("depth", UnsupportedError, r"has the shape \[1, 3\] .* expected \[N, C, H, W\] for depth"),
    ],
)
def test_foreign_networks_that_cannot_be(
    tmp_path: Path, task: str, error: type[GcvEdgeError], message: str
) -> None:
    foreign = tmp_path / "foreign.onnx"
    kind = "image_to_image" if task == "image_to_image" else "classification"
    foreign.write_bytes(build_model(kind, 1, (32, 32)).SerializeToString())
    options = ExportOptions(task=task, mean=(0.0,) * 3, scale=(255.0,) * 3)
    with pytest.raises(error, match=message):
        export(str(foreign), tmp_path / "adopted.onnx", options=options)


def test_the_source_hash_is_of_the_file_and_the_options(faces: Path, tmp_path: Path) -> None:
    given = [OPTIONS, OPTIONS, replace(OPTIONS, labels=("head",)), replace(OPTIONS, mean=(0.0,) * 3)]
    exported = [
        export(str(faces), tmp_path / "a.onnx", adoption=FACES, options=o, verify=False) for o in given
    ]
    first, again, *others = [result.metadata.source_hash for result in exported]
    assert first == again
    assert len({first, *others}) == 3
