"""The example programs: on real pictures ``detect`` prints exactly what Python's Detector finds."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from gcv_edge import Classifier, Detector
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from tests.runtime.conftest import Maker, make_model, solid
from tests.support.cpp_builds import build, configure, find_tool, run

__all__ = ["make_model"]

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "gcv_edge" / "demo"
CLASSES = ("RBC", "WBC", "Platelets")


WITHOUT_OPENCV = "-DGCV_EDGE_EXAMPLES_OPENCV=OFF"


@pytest.fixture(scope="module")
def programs() -> Path:
    """Folder of the example programs."""
    return build("plain", "-DGCV_EDGE_EXAMPLES=ON") / "cpp" / "examples"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library installed in it, and beside it the examples as somebody's own project."""
    folder = tmp_path_factory.mktemp("project")
    run(find_tool("cmake"), "--install", build("plain"), "--prefix", folder / "installed")
    shutil.copytree(ROOT / "cpp" / "examples", folder / "examples")
    return folder


@pytest.fixture(scope="module")
def found_by_cmake(project: Path) -> Path:
    """``detect``, built by a project that finds the library with find_package."""
    folder = project / "build"
    configure(project / "examples", folder, f"-DCMAKE_PREFIX_PATH={project / 'installed'}", WITHOUT_OPENCV)
    run(find_tool("cmake"), "--build", folder, "--target", "detect")
    return folder / "detect"


@pytest.fixture(scope="module")
def found_by_pkg_config(project: Path) -> Path:
    """``detect``, built by hand with what pkg-config says."""
    path = str(next(project.rglob("gcv-edge.pc")).parent)
    flags = run(find_tool("pkg-config"), "--cflags", "--libs", "gcv-edge", PKG_CONFIG_PATH=path).split()
    parts = ("detect", "arguments", "drawing", "json", "netpbm", "sources")
    sources = [project / "examples" / f"{part}.cpp" for part in parts]
    program = project / "detect"
    run(find_tool("c++"), "-std=c++17", "-O1", *sources, "-o", program, *flags)
    return program


@pytest.mark.parametrize("consumer", ["found_by_cmake", "found_by_pkg_config"])
def test_a_project_of_its_own_finds_what_python_finds(
    consumer: str, testdata: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    program: Path = request.getfixturevalue(consumer)
    path = export_cells("yolo3", 320, testdata, tmp_path)
    folder = write_pictures(tmp_path / "pictures", sorted((testdata / "bccd_voc").rglob("*.jpg"))[:3])
    assert compare(run_lines(program, path, folder), folder, Detector(path)) > 20


def export_cells(name: str, size: int, testdata: Path, folder: Path) -> Path:
    """Export one of the detectors of blood cells."""
    symbol = next(testdata.glob(f"trained_{name}*/*-symbol.json"))
    options = ExportOptions(input_shape=(1, 3, size, size), labels=CLASSES)
    return export(str(symbol), folder / "cells.onnx", options=options, verify=False).path


def write_pictures(folder: Path, pictures: list[Path]) -> Path:
    """Copy pictures as PPM: two decoders of JPEG need not agree in every bit."""
    folder.mkdir()
    for picture in pictures:
        cv2.imwrite(str(folder / f"{picture.stem}.ppm"), cv2.imread(str(picture)))
    return folder


def run_lines(program: Path, *arguments: str | Path) -> list[dict[str, Any]]:
    """Run a program and read the JSON lines that it prints."""
    finished = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


def compare(lines: list[dict[str, Any]], folder: Path, detector: Detector) -> int:
    """Hold lines against Python's results, bit for bit; return how many detections were compared."""
    pictures = sorted(folder.glob("*.ppm"))
    assert [line["name"] for line in lines] == [str(picture) for picture in pictures]
    count = 0
    for line, picture in zip(lines, pictures, strict=True):
        expected = detector.run(cv2.imread(str(picture)))
        found = line["detections"]
        boxes = np.array([row["box"] for row in found], np.float32).reshape(-1, 4)
        np.testing.assert_array_equal(boxes, expected.boxes)
        np.testing.assert_array_equal(np.array([row["score"] for row in found], np.float32), expected.scores)
        assert [row["label"] for row in found] == expected.names
        assert [row["class_id"] for row in found] == expected.class_ids.tolist()
        count += len(found)
    return count


@pytest.mark.parametrize(("name", "size"), [("yolo3", 320), ("ssd_300", 300)])
def test_detect_finds_the_cells_that_python_finds(
    name: str, size: int, programs: Path, testdata: Path, tmp_path: Path
) -> None:
    path = export_cells(name, size, testdata, tmp_path)
    pictures = sorted((testdata / "bccd_voc").rglob("*.jpg"))[:24]
    folder = write_pictures(tmp_path / "pictures", pictures)
    assert compare(run_lines(programs / "detect", path, folder), folder, Detector(path)) > 200
    several = run_lines(programs / "detect", path, folder, "--hint", "throughput", "--streams", "2")
    assert compare(several, folder, Detector(path)) > 200


def test_detect_finds_the_signs_that_python_finds(programs: Path, tmp_path: Path) -> None:
    described = json.loads((DEMO / "demo.json").read_text())
    labels = tuple((DEMO / "classes.txt").read_text().split())
    options = ExportOptions(input_shape=tuple(described["input_shape"]), labels=labels)
    symbol = DEMO / "traffic_signs-symbol.json"
    path = export(str(symbol), tmp_path / "signs.onnx", options=options, verify=False).path
    folder = write_pictures(tmp_path / "pictures", sorted(DEMO.glob("*.jpg")))
    saved = tmp_path / "saved"
    lines = run_lines(programs / "detect", path, folder, "--save", saved, "--threshold", "0.3")
    assert compare(lines, folder, Detector(path)) > 10
    frame, drawn = (cv2.imread(str(part / "town.ppm")) for part in (folder, saved))
    changed = (frame != drawn).any(axis=2)
    assert frame.shape == drawn.shape
    assert 0 < changed.mean() < 0.2


def test_classify_says_what_python_says(programs: Path, make_model: Maker, tmp_path: Path) -> None:
    path = make_model("classification")
    picture = tmp_path / "picture.ppm"
    cv2.imwrite(str(picture), solid(200, 30, 90))
    (line,) = run_lines(programs / "classify", path, picture)
    expected = Classifier(path).run(cv2.imread(str(picture))).to_dict()["top"]
    assert line["top"] == expected


def test_a_stream_of_pictures_on_standard_input(programs: Path, make_model: Maker, tmp_path: Path) -> None:
    path = make_model("detection")
    cv2.imwrite(str(tmp_path / "one.ppm"), solid(255, 0, 0))
    content = (tmp_path / "one.ppm").read_bytes() * 5
    finished = subprocess.run(
        [programs / "detect", path, "-"], input=content, capture_output=True, check=True
    )
    lines = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [line["index"] for line in lines] == list(range(5))
    assert all(line["detections"][0]["label"] == "red" for line in lines)


def test_a_camera_is_served_its_newest_frame(programs: Path, make_model: Maker, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "one.ppm"), solid(255, 0, 0, (480, 640)))
    content = (tmp_path / "one.ppm").read_bytes()
    command = [programs / "serve_camera", make_model("detection"), "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as served:
        assert served.stdin is not None
        threading.Thread(target=feed, args=(served.stdin, content, 200)).start()
        assert served.stdout is not None
        assert served.stderr is not None
        output, errors = served.stdout.read(), served.stderr.read()
    indices = [json.loads(line)["index"] for line in output.splitlines()]
    assert indices == sorted(set(indices))
    seen, passed_over = (int(word) for word in errors.split() if word.isdigit())
    assert seen == len(indices) > 0
    assert seen + passed_over == 200


def test_a_video_is_read_and_drawn(programs: Path, make_model: Maker, tmp_path: Path) -> None:
    if "videos" not in subprocess.run([programs / "detect"], capture_output=True, text=True).stderr:
        pytest.skip("built without OpenCV")
    frames = [solid(level, 0, 0, (48, 64)) for level in (255, 200, 150)]
    video = tmp_path / "clip.avi"
    lossless = cv2.VideoWriter_fourcc(*"FFV1")
    writer = cv2.VideoWriter(str(video), lossless, 25, (64, 48))
    for frame in frames:
        writer.write(frame)
    writer.release()
    path = make_model("detection")
    lines = run_lines(programs / "detect", path, video, "--save", tmp_path / "saved", "--threshold", "0.3")
    assert [line["name"] for line in lines] == [f"{video}#{index}" for index in range(len(frames))]
    detector = Detector(path)
    for line, frame in zip(lines, frames, strict=True):
        expected = detector.run(frame)
        found = np.array([row["score"] for row in line["detections"]], np.float32)
        np.testing.assert_array_equal(found, expected.scores)
    drawn = sorted((tmp_path / "saved").glob("*.jpg"))
    assert len(drawn) == len(frames)
    assert cv2.imread(str(drawn[0])).shape == frames[0].shape


def feed(stream: Any, content: bytes, count: int) -> None:
    """Write pictures as fast as they are taken."""
    for _ in range(count):
        stream.write(content)
    stream.close()


WRONG = [
    ((), 2, "usage: detect MODEL INPUT"),
    (("/nowhere.onnx", "a.ppm"), 1, "Error: /nowhere.onnx: no such file"),
    (("MODEL", "a.ppm"), 1, "Error: a.ppm: cannot be opened"),
    (("MODEL", "MODEL"), 1, "Error: "),
    (("MODEL", "a.ppm", "--confidence", "2"), 2, "Error: confidence: found 2"),
    (("MODEL", "a.ppm", "--hint", "fast"), 2, "Error: --hint: found 'fast', expected latency or throughput"),
    (("MODEL", "a.ppm", "--colour", "red"), 2, "Error: --colour: no such option"),
]


@pytest.mark.parametrize(("arguments", "code", "text"), WRONG)
def test_errors_are_one_line(
    arguments: tuple[str, ...], code: int, text: str, programs: Path, make_model: Maker
) -> None:
    path = make_model("detection")
    words = [str(path) if word == "MODEL" else word for word in arguments]
    finished = subprocess.run([programs / "detect", *words], capture_output=True, text=True, check=False)
    assert finished.returncode == code
    assert finished.stderr.startswith(text)
