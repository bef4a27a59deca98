"""What ``gcv-edge predict`` reads: several inputs, patterns, and what it cannot read; where copies go."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from tests.cli.conftest import contents, done, failed, run
from tests.runtime.conftest import Maker, cut_off, solid, write_video

RED = solid(255, 0, 0)


@pytest.fixture
def detector(make_model: Maker, here: Path) -> Path:
    return make_model("detection")


@pytest.fixture
def cameras(here: Path) -> Path:
    """Two folders with pictures of the same names."""
    for name in ("cam1/a.png", "cam1/b.png", "cam2/a.png"):
        Path(name).parent.mkdir(exist_ok=True)
        cv2.imwrite(name, RED)
    return here


def names(stdout: str) -> list[str]:
    return [json.loads(line)["name"] for line in stdout.splitlines()]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (["cam2/a.png", "cam1/b.png"], ["cam2/a.png", "cam1/b.png"]),
        (["cam*/*.png"], ["cam1/a.png", "cam1/b.png", "cam2/a.png"]),
        (["**/a.png"], ["cam1/a.png", "cam2/a.png"]),
        (["cam2", "cam1/a.png"], ["cam2/a.png", "cam1/a.png"]),
        (["cam?"], ["cam1/a.png", "cam1/b.png", "cam2/a.png"]),
    ],
    ids=["pictures", "pattern", "any folder", "a folder and a picture", "a pattern of folders"],
)
def test_several_inputs(detector: Path, cameras: Path, inputs: list[str], expected: list[str]) -> None:
    printed = done("predict", detector, *inputs, "--json")
    assert names(printed) == expected
    assert [json.loads(line)["index"] for line in printed.splitlines()] == list(range(len(expected)))


def test_a_name_with_a_star_is_no_pattern(detector: Path, here: Path) -> None:
    cv2.imwrite("x.png", RED)
    Path("x.png").rename("*.png")
    cv2.imwrite("y.png", RED)
    assert names(done("predict", detector, "*.png", "--json")) == ["*.png"]


def test_what_is_wrong_among_several_is_told_and_the_rest_go_on(detector: Path, cameras: Path) -> None:
    Path("cam1/b.png").write_bytes(b"no picture")
    Path("empty").mkdir()
    result = run("predict", detector, "cam1/b.png", "no.png", "empty", "x*.png", "cam2/a.png", "--json")
    assert (result.exit_code, names(result.stdout)) == (1, ["cam2/a.png"])
    *told, error = result.stderr.splitlines()
    for line, start in zip(
        told,
        (
            "Skipped cam1/b.png: found no picture",
            "Skipped no.png: no such file",
            "Skipped empty: found no pictures, expected",
            "Skipped x*.png: fits no file",
        ),
        strict=True,
    ):
        assert line.startswith(start)
    assert error == "Error: 4 of 5 pictures could not be read"


@pytest.mark.parametrize("name", ["no.png", "no/*.png", ""])
def test_the_only_input_is_not_there(detector: Path, name: str) -> None:
    assert failed(1, "predict", detector, name)


def encode(suffix: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(cv2.imencode(suffix, RED)[1].tobytes())

    return write


def head(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data + bytes(64))

    return write


@pytest.mark.parametrize(
    ("name", "write", "problem"),
    [
        ("x.jp2", encode(".jp2"), "JPEG 2000, which OpenCV cannot decode here"),
        ("x.jpe", encode(".jpg"), ""),
        ("x.pnm", encode(".ppm"), ""),
        ("x.gif", head(b"GIF89a\x08\x00\x08\x00"), "GIF, which OpenCV cannot decode here"),
        ("x.avif", head(b"\0\0\0\x1cftypavif"), "no picture|AVIF"),
        ("x.heic", head(b"\0\0\0\x18ftypheic"), "HEIC, which OpenCV cannot decode here|no picture"),
        ("x.jxl", head(b"\xff\x0a"), "no picture|JPEG XL, which OpenCV cannot decode here"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("x.") else "",
)
def test_every_file_that_looks_like_a_picture_is_read_or_named(
    detector: Path, here: Path, name: str, write: Callable[[Path], None], problem: str
) -> None:
    Path("pictures").mkdir()
    cv2.imwrite("pictures/a.png", RED)
    write(Path("pictures") / name)
    result = run("predict", detector, "pictures", "--json")
    if not problem:
        assert names(result.stdout) == ["pictures/a.png", f"pictures/{name}"]
        return
    skipped, error = result.stderr.splitlines()
    assert any(f"pictures/{name}: found {one}" in skipped for one in problem.split("|"))
    assert error == "Error: 1 of 2 pictures could not be read"


def test_hidden_pictures_are_passed_over_and_counted(detector: Path, cameras: Path) -> None:
    for name in (".x.png", ".y.png"):
        cv2.imwrite(f"cam1/{name[1:]}", RED)
        Path(f"cam1/{name[1:]}").rename(f"cam1/{name}")
    Path("cam1/._a.png").write_bytes(b"\0\5\x16\7 of macOS")
    result = run("predict", detector, "cam1", "--json")
    assert (result.exit_code, names(result.stdout)) == (0, ["cam1/a.png", "cam1/b.png"])
    assert result.stderr == "Note: cam1: 2 hidden pictures passed over\n"


def test_what_macos_lays_beside_pictures_is_not_worth_a_word(detector: Path, cameras: Path) -> None:
    Path("cam2/._a.png").write_bytes(b"\0\5\x16\7 of macOS")
    assert names(done("predict", detector, "cam2", "--json")) == ["cam2/a.png"]


def test_a_hidden_picture_by_name_is_read(detector: Path, cameras: Path) -> None:
    Path("cam2/a.png").rename("cam2/.a.png")
    assert names(done("predict", detector, "cam2/.a.png", "--json")) == ["cam2/.a.png"]
    assert "found no pictures" in failed(1, "predict", detector, "cam2")
    assert "1 hidden picture passed over" in failed(1, "predict", detector, "cam2")


def test_videos_in_a_folder_of_pictures_are_named(detector: Path, cameras: Path) -> None:
    write_video(Path("cam2/clip.avi"), 2)
    result = run("predict", detector, "cam2", "--json")
    assert names(result.stdout) == ["cam2/a.png"]
    assert result.stderr == "Note: cam2: a video passed over: give cam2/clip.avi by name\n"


def test_folders_in_a_folder_are_read(detector: Path, cameras: Path) -> None:
    cv2.imwrite("top.png", RED)
    Path("cam1/deeper").mkdir()
    cv2.imwrite("cam1/deeper/d.png", RED)
    Path("cam1/deeper/loop").symlink_to(cameras)
    expected = ["cam1/a.png", "cam1/b.png", "cam1/deeper/d.png", "cam2/a.png", "top.png"]
    assert names(done("predict", detector, ".", "--json")) == expected


def test_a_pattern_gives_every_picture_once(detector: Path, cameras: Path) -> None:
    Path("empty").mkdir()
    found = names(done("predict", detector, "**", "--json"))
    assert sorted(found) == ["cam1/a.png", "cam1/b.png", "cam2/a.png"]


def test_further_pages_of_a_tiff_are_told(detector: Path, here: Path) -> None:
    cv2.imwritemulti("scan.tif", [RED, RED, RED])
    cv2.imwrite("one.tif", RED)
    result = run("predict", detector, "scan.tif", "one.tif", "--json")
    assert names(result.stdout) == ["scan.tif", "one.tif"]
    assert result.stderr == "Note: scan.tif: the first of 3 pages is read\n"


def test_copies_of_videos_of_one_name(detector: Path, here: Path) -> None:
    videos = ["clip.avi", "clip.mkv", "clip.mp4"]
    for frames, name in enumerate(videos, start=2):
        write_video(Path(name), frames)
    printed = done("predict", detector, *videos, "--save", "out")
    assert printed.splitlines()[-1] == "Saved 3 files in out"
    for frames, name in enumerate(["clip.avi.mp4", "clip.mkv.mp4", "clip.mp4"], start=2):
        assert cv2.VideoCapture(f"out/{name}").get(cv2.CAP_PROP_FRAME_COUNT) == frames


def test_copies_of_pictures_of_one_name(detector: Path, cameras: Path) -> None:
    cv2.imwrite("cam1/a.jpg", RED)
    done("predict", detector, "cam1", "cam2", "--save", "out")
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.jpg", "a.png", "b.png", "cam2_a.png"]


def test_copies_that_replace_older_ones_are_counted(detector: Path, cameras: Path) -> None:
    assert done("predict", detector, "cam1", "--save", "out").endswith("Saved 2 pictures in out\n")
    assert done("predict", detector, "cam2", "--save", "out").endswith("Saved out/a.png (1 replaced)\n")


def test_no_input_is_overwritten_by_the_copy_of_another(detector: Path, cameras: Path) -> None:
    before = contents(cameras)
    message = failed(1, "predict", detector, "cam2/a.png", "cam1/b.png", "cam1/a.png", "--save", "cam1")
    assert message == "cam1/a.png: is the input itself: give --save another folder"
    assert contents(cameras) == before


def test_pictures_between_videos(detector: Path, cameras: Path) -> None:
    write_video(Path("x.avi"), 2)
    write_video(Path("y.avi"), 3)
    found = names(done("predict", detector, "x.avi", "cam2", "y.avi", "--json", "--save", "out"))
    assert found == ["x.avi#0", "x.avi#1", "cam2/a.png", "y.avi#0", "y.avi#1", "y.avi#2"]
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "x.avi.mp4", "y.avi.mp4"]


@pytest.mark.parametrize("suffix", [".avi", ".mkv"])
def test_a_video_that_ends_before_its_time(detector: Path, here: Path, suffix: str) -> None:
    video = cut_off(write_video(Path(f"clip{suffix}"), 60))
    result = run("predict", detector, video, "--json", "--save", "out")
    frames = len(result.stdout.splitlines())
    assert (result.exit_code, 10 < frames < 50) == (1, True)
    assert result.stderr == (
        f"Error: clip{suffix}: ended after {frames} frames, expected 60: the file is cut off or damaged\n"
    )
    assert cv2.VideoCapture(f"out/clip{suffix}.mp4").get(cv2.CAP_PROP_FRAME_COUNT) == frames


def test_a_video_cut_short_among_several(detector: Path, cameras: Path) -> None:
    cut_off(write_video(Path("clip.avi"), 60))
    result = run("predict", detector, "clip.avi", "cam2/a.png", "--json")
    assert (result.exit_code, names(result.stdout)[-1]) == (1, "cam2/a.png")
    told, error = result.stderr.splitlines()
    assert told.startswith("Cut short: clip.avi: ended after ")
    assert error == "Error: 1 of 2 inputs could not be read"


def test_actions_in_several_videos(make_model: Maker, here: Path) -> None:
    from gcv_edge.metadata import ClipSettings

    model = make_model("clip", clip=ClipSettings((0, 2, 4, 6), 8))
    for name in ("a.avi", "b.avi"):
        write_video(Path(name), 12)
    cut_off(write_video(Path("c.avi"), 60))
    result = run("predict", model, "*.avi", "no.avi", "--json")
    assert (result.exit_code, names(result.stdout)) == (1, ["a.avi", "b.avi"])
    cut, missing, error = result.stderr.splitlines()
    assert cut.startswith("Cut short: c.avi: ended after ")
    assert missing == "Skipped no.avi: no such file or folder"
    assert error == "Error: 2 of 4 inputs could not be read"


def test_a_picture_without_a_suffix_is_one(detector: Path, here: Path) -> None:
    cv2.imwrite("x.png", RED)
    Path("x.png").rename("photo")
    assert done("predict", detector, "photo", "--save", "out").splitlines()[-1] == "Saved out/photo.png"
    assert cv2.imread("out/photo.png").shape == RED.shape


def test_a_pipe_is_no_model(here: Path) -> None:
    os.mkfifo("pipe.onnx")
    cv2.imwrite("red.png", RED)
    said = failed(1, "predict", "pipe.onnx", "red.png")
    assert said.startswith(
        "pipe.onnx: no such file, found a name that leads to none (a pipe, a device or a link"
    )
