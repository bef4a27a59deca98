"""Calibration sees the pixels that the runtime feeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gcv_edge import load
from gcv_edge.calibration import CalibrationOptions, calibrate, run
from gcv_edge.calibration.batches import FrameBatcher
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import ClipSettings, ModelMetadata, Preprocessing, format_metadata
from gcv_edge.runtime.clips import sample_clips
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.tasks import ACTION, TASKS
from tests.runtime.conftest import GREY_UNIT, TASKS_OF, UNIT, Maker

QUICK = CalibrationOptions(correction="fast", time_forms=False)
CLIP = ClipSettings(offsets=(0, 1, 2, 3), window=4)
CROP = {"resize_type": "crop", "crop_short": 40}
ROWS = [
    ("classification", replace(UNIT, **CROP), {}, "the middle of a frame"),
    ("classification", replace(UNIT, **CROP, crop_wide=64), {}, "the middle of a stretched frame"),
    ("labelling", replace(UNIT, reverse_channels=False), {}, "BGR"),
    ("grey", replace(GREY_UNIT, **CROP), {}, "one channel"),
    ("detection", replace(UNIT, resize_type="fit_to_window_letterbox", pad_value=114), {}, "padding"),
    ("segmentation", replace(UNIT, resize_type="fit_to_window"), {}, "padding at the end"),
    ("instance_segmentation", replace(UNIT, resize_type="fit_to_window"), {}, "padding at the end"),
    ("pose", UNIT, {}, "a person who fills the frame"),
    ("regression", UNIT, {}, "the whole frame"),
    ("embedding", UNIT, {}, "the whole frame"),
    ("image_to_image", UNIT, {}, "the whole frame"),
    ("depth", UNIT, {}, "the whole frame"),
    ("clip", replace(UNIT, **CROP, crop_wide=64), {"clip": CLIP}, "moments of a clip"),
    ("clip", replace(GREY_UNIT, **CROP), {"clip": CLIP, "channels": 1}, "moments of a grey clip"),
    ("consensus", replace(UNIT, **CROP, crop_wide=64), {"clip": ClipSettings()}, "pictures of a video"),
]


def frames(count: int) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.integers(0, 256, (50, 90, 3), np.uint8) for _ in range(count)]


def fed_by_runtime(path: Path, given: list[np.ndarray]) -> np.ndarray:
    """Run a model, and return what it left in the engine's own input."""
    model = load(path)
    model.run(given if model.task.takes == "clip" else given[0])
    with model.session.lease() as request:
        return np.array(request.input)


@pytest.mark.parametrize(("kind", "preprocessing", "options", "why"), ROWS)
def test_pixels(
    make_model: Maker, kind: str, preprocessing: Preprocessing, options: dict[str, Any], why: str
) -> None:
    path = make_model(kind, preprocessing=preprocessing, **options)
    metadata, given = read_metadata(path), frames(9)
    expected = fed_by_runtime(path, given)
    chosen = sample_clips(len(given), metadata.clip, 1)[0] if metadata.clip else [0]
    batcher = FrameBatcher(load(path).session.inputs, metadata)
    ((batch),) = batcher.batches(given[index] for index in chosen)
    assert expected.std() > 0.1
    np.testing.assert_array_equal(batch["data"], expected, strict=True)


def test_whole_clips_are_tried_before_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, tried = write_clip_network(tmp_path / "clip.onnx"), []
    monkeypatch.setattr(run, "dry_run", lambda job, first: tried.append((job, first)))
    calibrate(path, frames(40), tmp_path / "int8.onnx", mode="minmax", target="portable", options=QUICK)
    ((job, first),) = tried
    assert len(first) == 2 * 4
    assert len(list(job.batcher().batches(first))) == 2


def write_clip_network(path: Path) -> Path:
    """Write a network of a convolution over clips of four frames."""
    builder, random = GraphBuilder("clip"), np.random.default_rng(0)
    weight, bias, dense = (
        builder.constant(random.standard_normal(shape).astype(np.float32))
        for shape in ((8, 3, 2, 3, 3), (8,), (2, 8))
    )
    data = builder.input("data", ("N", 3, 4, 16, 16))
    found = builder.op("Conv", [data, weight, bias], "conv", kernel_shape=[2, 3, 3])
    found = builder.op("GlobalAveragePool", [builder.op("Relu", [found])])
    scores = builder.op("Gemm", [builder.op("Flatten", [found]), dense], "dense", transB=1)
    model = builder.model({"logits": scores})
    metadata = ModelMetadata(ACTION, ("run", "jump"), UNIT, clip=CLIP)
    model.metadata_props.update(format_metadata(metadata))
    write_model(model, path)
    return path


def test_tensors_go_as_they_are(make_model: Maker) -> None:
    path, (tensor,) = make_model("tensors"), np.random.default_rng(0).normal(size=(1, 1, 3, 32, 32))
    given = {"data": tensor.astype(np.float32)}
    model = load(path)
    model.run(given)
    with model.session.lease() as request:
        expected = np.array(request.input)
    (batch,) = FrameBatcher(model.session.inputs, read_metadata(path)).batches([given])
    np.testing.assert_array_equal(batch["data"], expected, strict=True)


def test_every_task_is_tried() -> None:
    tried = {TASKS_OF.get(kind, kind) for kind, *_ in ROWS}
    assert tried | {"tensors"} == set(TASKS)


def test_levels_go_as_they_are_into_an_input_of_bytes(make_model: Maker) -> None:
    path = make_model("classification")
    metadata, (frame,) = read_metadata(path), frames(1)
    ((batch),) = FrameBatcher({"data": (1, 3, 50, 90)}, metadata, np.uint8).batches([frame])
    np.testing.assert_array_equal(batch["data"][0], frame[..., ::-1].transpose(2, 0, 1), strict=True)
