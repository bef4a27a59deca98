"""Results of the C++ library, through its C interface, are those of Python bit for bit, for every task."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge import PixelFormat, load
from gcv_edge.metadata import BOX_RULES, ClipSettings, DetectionSettings, Preprocessing
from gcv_edge.pipeline import export
from gcv_edge.runtime.model import LoadedNetwork
from gcv_edge.tasks import TASKS
from tests.core import yuv_oracle
from tests.runtime.conftest import TASKS_OF, Maker, make_model
from tests.support.cpp_builds import build
from tests.support.port_graphs import NETWORKS, SHAPE, write_float16_classifier, write_network

__all__ = ["make_model"]

Array = NDArray[Any]

FORMATS = {"bgr": 0, "rgb": 1, "gray": 2, "bgra": 3, "rgba": 4}
CAMERAS = {"nv12": 5, "nv21": 6, "i420": 7, "yuyv": 8, "uyvy": 9}
TYPES = (np.float32, np.uint8, np.int32)
ARRAYS = {
    "detection": ("boxes", "scores", "class_ids"),
    "kept": ("boxes", "scores", "class_ids"),
    "instance_segmentation": ("boxes", "scores", "class_ids", "masks", "extents"),
    "classification": ("logits", "probabilities"),
    "clip": ("logits", "probabilities"),
    "consensus": ("logits", "probabilities"),
    "segmentation": ("class_map",),
    "pose": ("keypoints", "scores", "boxes"),
    "depth": ("disparity", "depth"),
    "embedding": ("vector",),
    "regression": ("values",),
    "labelling": ("logits", "probabilities"),
    "mask": ("class_map",),
    "image_to_image": ("pixels",),
}
PREPROCESSINGS = {
    "standard": Preprocessing((0, 0, 0), (255, 255, 255)),
    "letterbox": Preprocessing(resize_type="fit_to_window_letterbox", pad_value=114, reverse_channels=False),
    "window": Preprocessing(resize_type="fit_to_window"),
    "crop": Preprocessing(resize_type="crop", crop_short=37),
    "stretched crop": Preprocessing(resize_type="crop", crop_short=40, crop_wide=53),
    "by size": Preprocessing(interpolation="by_size"),
    "warp": Preprocessing(resize_type="affine", interpolation="warp"),
    "lanczos": Preprocessing(interpolation="lanczos"),
}
SIZES = [(64, 48), (31, 77), (200, 33)]


@pytest.fixture(scope="session")
def dump_results() -> Path:
    """The program that prints arrays of results."""
    return build("plain") / "cpp" / "tests" / "dump_results"


def draw_frame(size: tuple[int, int], pixel_format: str, seed: int) -> Array:
    """A noisy picture, smooth enough that its levels matter."""
    channels = {"gray": (), "bgr": (3,), "rgb": (3,)}.get(pixel_format, (4,))
    noise = np.random.default_rng(seed).integers(0, 256, (size[1] // 4 + 2, size[0] // 4 + 2, *channels))
    return np.ascontiguousarray(noise.repeat(4, 0).repeat(4, 1)[: size[1], : size[0]].astype(np.uint8))


def write_frame(path: Path, frame: Array, pixel_format: str) -> Path:
    """Write a frame the way ``dump_results`` reads it."""
    width, height = PixelFormat(pixel_format).frame_size(frame.shape)
    head = np.array([width, height, {**FORMATS, **CAMERAS}[pixel_format]], np.int32)
    path.write_bytes(head.tobytes() + frame.tobytes())
    return path


def read_arrays(output: bytes) -> Iterator[tuple[str, Array]]:
    """Read what ``dump_results`` prints."""
    while output:
        line, _, output = output.partition(b"\n")
        name, kind, *shape = line.decode().split()
        dtype = np.dtype(TYPES[int(kind)])
        count = int(np.prod([int(length) for length in shape]))
        array = np.frombuffer(output, dtype, count).reshape([int(length) for length in shape])
        output = output[count * dtype.itemsize :]
        yield name, array


def run_cpp(program: Path, *arguments: str | Path) -> list[tuple[str, Array]]:
    """Run ``dump_results``."""
    finished = subprocess.run([program, *arguments], capture_output=True, check=False)
    assert finished.returncode == 0, finished.stderr.decode()
    return list(read_arrays(finished.stdout))


def compare(found: Sequence[tuple[str, Array]], results: Sequence[Any], names: Sequence[str]) -> None:
    """Hold arrays against the same attributes of Python's results."""
    assert len(found) == len(results) * len(names)
    for index, result in enumerate(results):
        arrays: Mapping[str, Array] = dict(found[index * len(names) : (index + 1) * len(names)])
        for name in names:
            expected = getattr(result, name)
            assert arrays[name].dtype == expected.dtype
            np.testing.assert_array_equal(arrays[name], expected, strict=True)


def compare_on_cells(
    name: str, testdata: Path, program: Path, folder: Path, step: int, engine: str | None = None
) -> None:
    """Hold a trained detector's rows against Python's on every ``step``-th picture of blood cells."""
    symbol = next(testdata.glob(f"trained_{name}*/*-symbol.json"))
    path = export(str(symbol), folder / "cells.onnx", verify=False).path
    network = load(path, engine=engine)
    for picture in sorted((testdata / "bccd_voc" / "JPEGImages").glob("*.jpg"))[::step]:
        frame = cv2.imread(str(picture))
        found = run_cpp(program, path, "frame", write_frame(folder / "frame", frame, "bgr"))
        compare(found, [network.run(frame)], ARRAYS["detection"])  # type: ignore[attr-defined]


def make_network(make_model: Maker, kind: str, preprocessing: Preprocessing) -> tuple[Path, LoadedNetwork]:
    """A test network as a file and opened."""
    detection = DetectionSettings(
        confidence_threshold=0.001, nms="runtime" if kind == "detection" else "graph"
    )
    clip = {"clip": ClipSettings((0, 2, 4, 6), 8, 3), "consensus": ClipSettings(segments=3, in_graph=True)}
    batch = {"consensus": 3, "instance_segmentation": 1}.get(kind)
    path = make_model(
        kind,
        batch=batch,
        preprocessing=preprocessing,
        detection=detection,
        clip=clip.get(kind),
        size=(32, 48),
    )
    return path, load(path)


@pytest.mark.parametrize("name", ["yolo3", "ssd_300"])
def test_trained_detectors_on_real_pictures(
    name: str, testdata: Path, dump_results: Path, tmp_path: Path
) -> None:
    """Python's rows are held against MXNet's by tests/end_to_end."""
    compare_on_cells(name, testdata, dump_results, tmp_path, 40)


FRAMES = [kind for kind in ARRAYS if kind not in ("clip", "consensus")]


@pytest.mark.parametrize("fitting", PREPROCESSINGS)
@pytest.mark.parametrize("kind", FRAMES)
def test_frames(kind: str, fitting: str, make_model: Maker, dump_results: Path, tmp_path: Path) -> None:
    path, network = make_network(make_model, kind, PREPROCESSINGS[fitting])
    for seed, size in enumerate(SIZES):
        frame = draw_frame(size, "bgr", seed)
        found = run_cpp(dump_results, path, "frame", write_frame(tmp_path / "frame", frame, "bgr"))
        compare(found, [network.run(frame)], ARRAYS[kind])  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["detection", "kept", "instance_segmentation"])
def test_frames_of_any_size(kind: str, make_model: Maker, dump_results: Path, tmp_path: Path) -> None:
    detection = DetectionSettings(0.001, nms="runtime" if kind == "detection" else "graph")
    own = Preprocessing(short_side=24, long_side=40)
    path = make_model(kind, preprocessing=own, detection=detection, size=None)
    network, frames = load(path), [draw_frame(size, "bgr", seed) for seed, size in enumerate(SIZES)]
    files = [write_frame(tmp_path / f"frame{i}", frame, "bgr") for i, frame in enumerate(frames)]
    found = run_cpp(dump_results, path, "batch", *files)
    compare(found, network.run_batch(frames), ARRAYS[kind])  # type: ignore[attr-defined]
    for frame, file in zip(frames, files, strict=True):
        compare(run_cpp(dump_results, path, "frame", file), [network.run(frame)], ARRAYS[kind])  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["detection", "image_to_image"])
@pytest.mark.parametrize("pixel_format", FORMATS)
def test_pixel_formats(
    kind: str, pixel_format: str, make_model: Maker, dump_results: Path, tmp_path: Path
) -> None:
    path, _ = make_network(make_model, kind, PREPROCESSINGS["standard"])
    network = load(path, color="rgb" if "rgb" in pixel_format else "bgr")
    frame = draw_frame((40, 30), pixel_format, 5)
    found = run_cpp(dump_results, path, "frame", write_frame(tmp_path / "frame", frame, pixel_format))
    compare(found, [network.run(frame)], ARRAYS[kind])


@pytest.mark.parametrize("kind", ["detection", "image_to_image", "clip"])
@pytest.mark.parametrize("pixel_format", CAMERAS)
def test_formats_of_cameras(
    kind: str, pixel_format: str, make_model: Maker, dump_results: Path, tmp_path: Path
) -> None:
    path, network = make_network(make_model, kind, PREPROCESSINGS["crop"])
    shape = yuv_oracle.frame_shape(pixel_format, (64, 48))
    frame = np.random.default_rng(4).integers(0, 256, shape, np.uint8)
    file = write_frame(tmp_path / "frame", frame, pixel_format)
    found = run_cpp(dump_results, path, "video" if kind == "clip" else "frame", file)
    given: Any = [frame] if kind == "clip" else frame
    compare(found, [network.run(given, format=pixel_format)], ARRAYS[kind])  # type: ignore[attr-defined]


GREY = {
    "crop": Preprocessing((33.3184,), (78.5675,), resize_type="crop", crop_short=60),
    "letterbox": Preprocessing((33.3184,), (78.5675,), False, "fit_to_window_letterbox", 114),
}


@pytest.mark.parametrize("fitting", GREY)
@pytest.mark.parametrize("kind", ["grey", "detection", "segmentation", "pose", "depth", "image_to_image"])
def test_networks_that_see_grey(
    kind: str, fitting: str, make_model: Maker, dump_results: Path, tmp_path: Path
) -> None:
    path = make_model(kind, channels=1, preprocessing=GREY[fitting], size=(32, 48))
    for pixel_format in FORMATS:
        network = load(path, color="rgb" if "rgb" in pixel_format else "bgr")
        frame = draw_frame((64, 48), pixel_format, 5)
        found = run_cpp(dump_results, path, "frame", write_frame(tmp_path / "frame", frame, pixel_format))
        compare(found, [network.run(frame)], ARRAYS["classification" if kind == "grey" else kind])


@pytest.mark.parametrize("activation", ["sigmoid", "none"])
def test_activations(activation: str, make_model: Maker, dump_results: Path, tmp_path: Path) -> None:
    frame = draw_frame((64, 48), "bgr", 0)
    file = write_frame(tmp_path / "frame", frame, "bgr")
    path = make_model("classification", activation=activation)
    result = load(path).run(frame)
    compare(run_cpp(dump_results, path, "frame", file), [result], ARRAYS["classification"])
    path = make_model("clip", activation=activation, clip=ClipSettings((0, 2, 4, 6), 8, 3))
    video = load(path).run([frame])
    compare(run_cpp(dump_results, path, "video", file), [video], ARRAYS["clip"])
    assert result.activation == video.activation == activation


@pytest.mark.parametrize("kind", NETWORKS)
def test_names_of_merged_tensors(kind: str, dump_results: Path, tmp_path: Path) -> None:
    path = write_network(kind, tmp_path / "ports.onnx")
    data = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    (tmp_path / "data").write_bytes(np.array([4, *data.shape], np.int64).tobytes() + data.tobytes())
    found = dict(run_cpp(dump_results, path, "tensors", "data", tmp_path / "data"))
    expected = load(path).run(data)
    assert sorted(found) == sorted(expected)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, strict=True)


def test_a_float16_classifier(dump_results: Path, tmp_path: Path) -> None:
    path = write_float16_classifier(tmp_path / "half.onnx")
    frame = draw_frame((40, 30), "bgr", 0)
    found = run_cpp(dump_results, path, "frame", write_frame(tmp_path / "frame", frame, "bgr"))
    compare(found, [load(path).run(frame)], ARRAYS["classification"])


@pytest.mark.parametrize("kind", ["detection", "classification", "segmentation"])
def test_batches(kind: str, make_model: Maker, dump_results: Path, tmp_path: Path) -> None:
    path, network = make_network(make_model, kind, PREPROCESSINGS["letterbox"])
    frames = [draw_frame(size, "bgr", seed) for seed, size in enumerate(SIZES)]
    files = [write_frame(tmp_path / f"frame{i}", frame, "bgr") for i, frame in enumerate(frames)]
    compare(run_cpp(dump_results, path, "batch", *files), network.run_batch(frames), ARRAYS[kind])  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["clip", "consensus"])
@pytest.mark.parametrize("frames", [1, 5, 40])
def test_videos(kind: str, frames: int, make_model: Maker, dump_results: Path, tmp_path: Path) -> None:
    path, network = make_network(make_model, kind, PREPROCESSINGS["stretched crop"])
    video = [draw_frame((50, 40), "bgr", seed) for seed in range(frames)]
    files = [write_frame(tmp_path / f"frame{i}", frame, "bgr") for i, frame in enumerate(video)]
    compare(run_cpp(dump_results, path, "video", *files), [network.run(video)], ARRAYS[kind])  # type: ignore[attr-defined]


@pytest.mark.parametrize("rule", BOX_RULES)
@pytest.mark.parametrize("interpolation", ["bilinear", "warp"])
def test_people_in_boxes(
    rule: str, interpolation: str, make_model: Maker, dump_results: Path, tmp_path: Path
) -> None:
    preprocessing = Preprocessing(interpolation=interpolation, box_rule=rule)
    path, network = make_network(make_model, "pose", preprocessing)
    frame = draw_frame((120, 90), "bgr", 3)
    inside = [[3.5, 7, 50, 80], [60, -5, 130, 40], [0, 0, 1, 1], [3, 2, 114.5, 89]]
    boxes = np.array([*inside, [119, 20, 140, 60], [125, 20, 140, 60]], np.float32)
    (tmp_path / "boxes").write_bytes(boxes.tobytes())
    file = write_frame(tmp_path / "frame", frame, "bgr")
    found = run_cpp(dump_results, path, "boxes", file, tmp_path / "boxes")
    compare(found, [network.run(frame, boxes)], ARRAYS["pose"])  # type: ignore[attr-defined]


def test_tensors(make_model: Maker, dump_results: Path, tmp_path: Path) -> None:
    path, network = make_network(make_model, "tensors", PREPROCESSINGS["standard"])
    data = np.random.default_rng(0).normal(size=(1, 3, 32, 48)).astype(np.float32)
    (tmp_path / "data").write_bytes(np.array([4, *data.shape], np.int64).tobytes() + data.tobytes())
    ((name, found),) = run_cpp(dump_results, path, "tensors", "data", tmp_path / "data")
    assert name == "same"
    np.testing.assert_array_equal(found, network.run(data)["same"], strict=True)  # type: ignore[attr-defined]


WRONG = [
    ("detection", {"entries": {"model_info mean_values": "1 2"}}),
    ("detection", {"entries": {"gcv_edge task": "no task"}}),
    ("detection", {"entries": {"gcv_edge nms_topk": "4.5", "gcv_edge version": 'it\'s\n"odd"'}}),
    ("detection", {"entries": {"gcv_edge nms": 'it\'s "quoted"\n\\'}}),
    ("detection", {"entries": {"model_info resize_type": "é" * 70}}),
    ("detection", {"without": ("gcv_edge nms",)}),
    ("detection", {"labels": ("one", "two")}),
    ("clip", {"clip": ClipSettings((0, 1, 2), 3)}),
    ("segmentation", {"labels": ("one",)}),
    ("detection", {"entries": {"gcv_edge task": "classification"}}),
    ("pose", {"entries": {"gcv_edge task": "tensors"}}),
    ("depth", {"entries": {"gcv_edge depth": "2 1 0"}}),
    ("grey", {"preprocessing": Preprocessing()}),
    ("classification", {"preprocessing": Preprocessing((1.0,), (2.0,))}),
    ("grey", {"entries": {"model_info scale_values": "1 2 3"}}),
    ("segmentation", {"channels": 2}),
    ("clip", {"channels": 4, "clip": ClipSettings((0, 2, 4, 6), 8)}),
    ("classification", {"entries": {"gcv_edge activation": "relu"}}),
    ("regression", {"labels": ("age",)}),
    ("detection", {"entries": {"gcv_edge precision": "f16"}}),
    ("detection", {"entries": {"gcv_edge streams": "2"}}),
    ("detection", {"entries": {"gcv_edge streams": "0", "gcv_edge batch": "1", "gcv_edge cpus": "2"}}),
    ("classification", {"entries": {"gcv_edge task": "regression"}}),
    ("detection", {"size": None}),
    ("detection", {"preprocessing": Preprocessing(short_side=800, long_side=1333)}),
    ("detection", {"preprocessing": Preprocessing(short_side=80, long_side=40), "size": None}),
    ("detection", {"preprocessing": Preprocessing(short_side=40, long_side=8193), "size": None}),
    ("detection", {"entries": {"gcv_edge short_side": "40"}, "size": None}),
    ("segmentation", {"preprocessing": Preprocessing(short_side=40, long_side=80), "size": None}),
    ("pose", {"entries": {"gcv_edge box_rule": "shrunk"}}),
]


@pytest.mark.parametrize(("kind", "change"), WRONG)
def test_refusals_are_worded_alike(
    kind: str, change: Mapping[str, Any], make_model: Maker, dump_results: Path, tmp_path: Path
) -> None:
    path = make_model(kind, **change)
    frame = write_frame(tmp_path / "frame", draw_frame((9, 9), "bgr", 0), "bgr")
    finished = subprocess.run(
        [dump_results, path, "frame", frame], capture_output=True, text=True, check=False
    )
    try:
        load(path).run(draw_frame((9, 9), "bgr", 0))
    except Exception as error:
        expected = str(error)
    else:
        pytest.fail("Python accepts it")
    assert finished.returncode == 1
    if "did you mean" not in expected and "array" not in expected:
        assert finished.stderr.strip() == expected


def test_every_task_is_compared() -> None:
    compared = {TASKS_OF.get(kind, kind) for kind in ARRAYS}
    assert compared | {"tensors"} == set(TASKS)
