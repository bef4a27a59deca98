"""Sessions: both engines give the same numbers, options mean what they say, and bad files give one line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from gcv_edge import Classifier, Detector
from gcv_edge.cpus import affinity_count, cgroup_quota, usable_cpus
from gcv_edge.errors import (
    GcvEdgeError,
    MetadataError,
    MissingExtraError,
    ModelFileError,
    ModelNotFoundError,
    UnsupportedError,
)
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.openvino_session import build_config, shared_core
from gcv_edge.runtime.sessions import SessionOptions
from tests.runtime.conftest import Maker, solid

KINDS = ["detection", "classification", "segmentation", "pose", "kept"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [1, 2])
def test_engines_agree(kind: str, batch: int, make_model: Maker) -> None:
    path = make_model(kind, batch=None)
    data = np.random.default_rng(1).standard_normal((batch, 3, 32, 32), np.float32)
    found = [
        open_session(path, SessionOptions(engine=engine), batch=batch)
        for engine in ("openvino", "onnxruntime")
    ]
    ours, theirs = (session.run(data) for session in found)
    assert list(ours) == list(theirs) == list(found[0].outputs) == list(found[1].outputs)
    assert found[0].outputs == found[1].outputs
    for name, output in ours.items():
        assert output.shape == found[0].outputs[name]
        np.testing.assert_allclose(output, theirs[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_session_says_what_it_is(engine: str, make_model: Maker) -> None:
    session = open_session(make_model("detection"), SessionOptions(engine=engine))
    assert session.engine.split()[0] == engine
    assert session.precision == "f32"
    assert session.input_shape == (1, 3, 32, 32)
    assert session.input_dtype == np.float32
    assert session.outputs == {"boxes": (1, 3, 4), "scores": (1, 3, 3)}


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_outputs_are_the_callers_own(engine: str, make_model: Maker) -> None:
    session = open_session(make_model("classification"), SessionOptions(engine=engine))
    first = session.run(np.ones((1, 3, 32, 32), np.float32))["logits"]
    session.run(np.zeros((1, 3, 32, 32), np.float32))
    np.testing.assert_allclose(first, 1.0)


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        (np.zeros((1, 3, 32, 32)), TypeError, "batch: found float64, expected an array of float32"),
        ([1.0], TypeError, "batch: found list"),
        (
            np.zeros((2, 3, 32, 32), np.float32),
            ValueError,
            r"found shape \(2, 3, 32, 32\), expected \(1, 3, 32, 32\)",
        ),
    ],
)
def test_wrong_batches(batch: object, error: type[Exception], message: str, make_model: Maker) -> None:
    with pytest.raises(error, match=message):
        open_session(make_model("classification")).run(batch)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "tensorrt"}, "engine: found 'tensorrt', expected one of openvino, onnxruntime"),
        ({"precision": "fp16"}, "precision: found 'fp16', expected one of f32, bf16, auto"),
        ({"hint": "fast"}, "hint: found 'fast', expected one of latency, throughput"),
        ({"threads": 0}, "threads: found 0, expected a whole number from 1 to 1024, or None"),
        ({"threads": 1.5}, "threads: found 1.5"),
        ({"streams": -1}, "streams: found -1"),
        ({"streams": 99999999}, "streams: found 99999999"),
    ],
)
def test_impossible_options(options: dict[str, object], message: str, make_model: Maker) -> None:
    with pytest.raises(ValueError, match=message):
        Detector(make_model("detection"), **options)


@pytest.mark.parametrize("precision", ["f32", "auto"])
@pytest.mark.parametrize(
    "options", [{}, {"hint": "throughput"}, {"threads": 1}, {"threads": 2, "streams": 2}], ids=str
)
def test_options_do_not_change_results(precision: str, options: dict[str, object], make_model: Maker) -> None:
    result = Detector(make_model("detection"), precision=precision, **options).run(solid(255, 0, 0))
    np.testing.assert_allclose(result.scores, [1.0, 0.5], atol=4e-3)


def test_streams_are_what_was_asked_for(make_model: Maker) -> None:
    path = make_model("detection")
    for engine in ("openvino", "onnxruntime"):
        assert open_session(path, SessionOptions(engine, streams=2, threads=2)).streams == 2
        assert open_session(path, SessionOptions(engine)).streams == 1


@pytest.mark.skipif(affinity_count() < 2, reason="one CPU")
@pytest.mark.parametrize(("threads", "pinning"), [(1, "NO"), (affinity_count(), None), (None, None)])
def test_fewer_threads_than_cpus_are_left_to_the_scheduler(threads: int | None, pinning: str | None) -> None:
    """Pinned, those of two networks would share the first CPUs, whatever others do nothing."""
    assert build_config(SessionOptions(threads=threads)).get("ENABLE_CPU_PINNING") == pinning


TOGETHER = {"gcv_edge batch": "1", "gcv_edge streams": "2", "gcv_edge cpus": "2"}


@pytest.mark.parametrize(
    ("options", "streams", "why"),
    [
        ({"threads": 2}, 2, "as many CPUs as it was measured with"),
        ({"threads": 2, "streams": 1}, 1, "the caller names a number"),
        ({"threads": 1}, 1, "fewer CPUs"),
        ({"threads": 2, "hint": "latency"}, 1, "one frame at a time"),
    ],
)
def test_streams_that_the_file_ran_best_with(
    options: dict[str, Any], streams: int, why: str, make_model: Maker
) -> None:
    path = make_model("detection", entries=TOGETHER)
    assert Detector(path, **{"hint": "throughput", **options}).session.streams == streams, why


def test_the_precision_that_the_file_ran_best_in(make_model: Maker) -> None:
    """It is taken where the caller leaves it open; what is verified stays the default."""
    path = make_model("detection", entries={"gcv_edge precision": "f32"})
    assert Detector(path, precision="auto").session.precision == "f32"
    left_to_the_engine = Detector(make_model("detection"), precision="auto").session.precision
    path = make_model("detection", entries={"gcv_edge precision": "bf16"})
    assert Detector(path, precision="auto").session.precision == left_to_the_engine
    assert Detector(path).session.precision == "f32"


def test_bf16_is_used_or_refused_but_never_ignored(make_model: Maker) -> None:
    path = make_model("detection")
    if "BF16" in shared_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        assert Detector(path, precision="bf16").session.precision == "bf16"
        return
    with pytest.raises(UnsupportedError, match="precision 'bf16' is not supported by this CPU"):
        Detector(path, precision="bf16")


def test_bf16_needs_openvino(make_model: Maker) -> None:
    with pytest.raises(UnsupportedError, match="precision 'bf16' is not supported by onnxruntime"):
        Detector(make_model("detection"), engine="onnxruntime", precision="bf16")


def test_onnxruntime_is_an_extra(make_model: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(
        MissingExtraError, match=r"engine 'onnxruntime' needs the extra \[onnxruntime\]: pip install"
    ):
        Detector(make_model("detection"), engine="onnxruntime")


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_engines_are_quiet(engine: str, make_model: Maker, capfd: pytest.CaptureFixture[str]) -> None:
    Detector(make_model("detection"), engine=engine).run(solid(255, 0, 0))
    assert capfd.readouterr() == ("", "")


def write(data: bytes) -> Callable[[Path, Maker], Path]:
    def make(folder: Path, make_model: Maker) -> Path:
        path = folder / "model.onnx"
        path.write_bytes(data)
        return path

    return make


def truncated(folder: Path, make_model: Maker) -> Path:
    path = make_model("detection")
    path.write_bytes(path.read_bytes()[:-30])
    return path


def foreign(folder: Path, make_model: Maker) -> Path:
    path = make_model("detection")
    model = onnx.load(path)
    del model.metadata_props[:]
    onnx.save(model, path)
    return path


def unknown_operator(folder: Path, make_model: Maker) -> Path:
    path = make_model("detection")
    model = onnx.load(path)
    model.graph.node[0].op_type = "MultiProposal"
    onnx.save(model, path)
    return path


BAD_FILES = {
    "missing": (lambda folder, _: folder / "x.onnx", ModelNotFoundError, r"x\.onnx: no such file"),
    "folder": (lambda folder, _: folder, ModelNotFoundError, "found a folder, expected an .onnx file"),
    "empty": (write(b""), ModelFileError, "is empty, expected an ONNX model"),
    "JPEG": (write(b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(500)), ModelFileError, "is not an ONNX model"),
    "text": (write(b"hello world\n" * 50), ModelFileError, "is not an ONNX model"),
    "truncated": (truncated, ModelFileError, "byte"),
    "foreign": (foreign, MetadataError, "key 'gcv_edge task' is missing: .*gcv-edge export .* --task"),
    "unknown operator": (unknown_operator, ModelFileError, "MultiProposal"),
}


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_give_one_line(name: str, engine: str, tmp_path: Path, make_model: Maker) -> None:
    make, error, message = BAD_FILES[name]
    path = make(tmp_path, make_model)
    with pytest.raises(error, match=message) as caught:
        Detector(path, engine=engine)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    assert text.count(str(path)) <= 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"without": ("model_info mean_values",)}, "key 'model_info mean_values' is missing"),
        ({"without": ("gcv_edge nms_topk",)}, "key 'gcv_edge nms_topk' is missing"),
        ({"entries": {"gcv_edge task": "detektion"}}, "expected one of classification, detection"),
        ({"entries": {"model_info iou_threshold": "half"}}, "found 'half', expected 1 finite number"),
        ({"labels": ("red", "green")}, r"'gcv_edge labels': found 2 names, expected 3 .*--classes"),
    ],
)
def test_metadata_that_lacks_or_contradicts(
    changes: dict[str, object], message: str, make_model: Maker
) -> None:
    with pytest.raises(MetadataError, match=message):
        Detector(make_model("detection", **changes))


def test_outputs_of_another_task(make_model: Maker) -> None:
    path = make_model("pose", entries={"gcv_edge task": "classification"})
    with pytest.raises(ModelFileError, match="outputs: found heatmaps, expected logits"):
        Classifier(path)


def test_a_file_without_labels_runs(make_model: Maker) -> None:
    assert Detector(make_model("detection", labels=())).run(solid(255, 0, 0)).names == ["class 0", "class 0"]


def test_unreadable_file(make_model: Maker) -> None:
    path = make_model("detection")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(GcvEdgeError, match="ermission denied"):
        Detector(path)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, None),
        ({"cpu.max": "max 100000"}, None),
        ({"cpu.max": "150000 100000"}, 1.5),
        ({"cpu.max": "nonsense"}, None),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "50000"}, None),
    ],
)
def test_cgroup_quota(files: dict[str, str], expected: float | None, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert cgroup_quota(tmp_path) == expected
    assert usable_cpus(tmp_path) >= 1
    if expected == 0.5:
        assert usable_cpus(tmp_path) == 1


def test_options_are_a_value() -> None:
    assert replace(SessionOptions(), engine="onnxruntime") == SessionOptions("onnxruntime")
