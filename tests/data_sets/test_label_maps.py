"""Pictures with label maps."""

from __future__ import annotations

import contextlib
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gcv_edge.data import open_dataset
from gcv_edge.data.class_png import read_levels
from gcv_edge.data.reader import DamagedSampleError
from gcv_edge.data.targets import LabelMapTarget
from gcv_edge.tasks import DETECTION, SEGMENTATION
from tests.data_sets.conftest import encode, refused, write_picture
from tests.data_sets.test_voc import write_split

CLASSES = np.arange(200, dtype=np.uint8).reshape(10, 20) % 3


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def palette_png(levels: np.ndarray, depth: int = 8, colours: bytes | None = None) -> bytes:
    """A PNG with a palette; all colours are black where none are given, so that they tell nothing."""
    height, width = levels.shape
    bits = np.unpackbits(levels.astype(np.uint8)[:, :, None], axis=2)[:, :, 8 - depth :].reshape(height, -1)
    rows = np.packbits(bits, axis=1)
    head = struct.pack(">IIBBBBB", width, height, depth, 3, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    palette = colours or bytes(3 << depth)
    chunks = [(b"IHDR", head), (b"PLTE", palette), (b"tRNS", b"\0"), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*pair) for pair in chunks)


def gray_png(levels: np.ndarray) -> bytes:
    return cv2.imencode(".png", levels)[1].tobytes()


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def maps(*arguments: object) -> dict[str, np.ndarray]:
    dataset = open_dataset(arguments[0], SEGMENTATION, *arguments[1:])  # type: ignore[arg-type]
    return {
        sample.name: sample.target.class_map
        for sample in dataset
        if isinstance(sample.target, LabelMapTarget)
    }


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_numbers_of_a_palette_not_its_colours(tmp_path: Path, depth: int) -> None:
    levels = np.arange(15 * 7).reshape(7, 15) % (1 << depth)
    found = read_levels(write(tmp_path / "a.png", palette_png(levels, depth)))
    np.testing.assert_array_equal(found, levels)
    assert found.dtype == np.int32


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_levels(tmp_path: Path, dtype: type) -> None:
    levels = (np.arange(200).reshape(10, 20) * (300 if dtype is np.uint16 else 1)).astype(dtype)
    np.testing.assert_array_equal(read_levels(write(tmp_path / "a.png", gray_png(levels))), levels)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (encode(), "found a colour picture, expected a PNG of class ids"),
        (b"", "found no picture"),
        (palette_png(CLASSES)[:60], "found a damaged PNG"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "found a damaged PNG"),
    ],
)
def test_no_label_map(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(DamagedSampleError, match=said):
        read_levels(write(tmp_path / "a.png", data))


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(0, 140), st.integers(0, 255), st.integers(0, 200))
def test_a_damaged_png_is_read_or_refused(tmp_path: Path, place: int, value: int, cut: int) -> None:
    data = bytearray(palette_png(CLASSES)[: max(cut, place + 1)])
    data[min(place, len(data) - 1)] = value
    with contextlib.suppress(DamagedSampleError):
        assert read_levels(write(tmp_path / "a.png", bytes(data))).ndim == 2


def test_pairs_in_one_folder(tmp_path: Path) -> None:
    for name in ("1.jpg", "2.jpg", "alone.jpg"):
        write_picture(tmp_path / name)
    levels = CLASSES.copy()
    levels[0] = 255
    write(tmp_path / "1.png", palette_png(levels))
    write(tmp_path / "2.png", gray_png(CLASSES))
    found = maps(tmp_path)
    assert list(found) == ["1.jpg", "2.jpg"]
    np.testing.assert_array_equal(found["2.jpg"], CLASSES)
    assert set(found["1.jpg"][0]) == {-1}
    np.testing.assert_array_equal(found["1.jpg"][1:], CLASSES[1:])


@pytest.mark.parametrize(("pictures", "labels"), [("images", "masks"), ("images", "labels")])
@pytest.mark.parametrize("split", [None, "val"])
def test_two_folders(tmp_path: Path, pictures: str, labels: str, split: str | None) -> None:
    below = split or "."
    write_picture(tmp_path / pictures / below / "deep" / "a.png")
    write(tmp_path / labels / below / "deep" / "a.png", gray_png(CLASSES))
    ((name, found),) = maps(tmp_path, (), split).items()
    assert Path(name) == Path(pictures, below, "deep", "a.png")
    np.testing.assert_array_equal(found, CLASSES)


def test_pascal_voc(tmp_path: Path) -> None:
    root = tmp_path / "VOC2012"
    for name in ("a", "b"):
        write_picture(root / "JPEGImages" / f"{name}.jpg")
        write(root / "SegmentationClass" / f"{name}.png", palette_png(CLASSES))
    write_split(root, "val", "b", kind="Segmentation")
    for folder in (tmp_path, root):
        assert list(maps(folder)) == ["JPEGImages/b.jpg"]
    assert open_dataset(root, SEGMENTATION).kind == "Pascal VOC"
    assert "expected val" in refused(root, SEGMENTATION, (), "train")


def test_ade20k_counts_from_one(tmp_path: Path) -> None:
    write_picture(tmp_path / "images" / "validation" / "a.jpg")
    write(tmp_path / "annotations" / "validation" / "a.png", gray_png(CLASSES))
    (found,) = maps(tmp_path).values()
    np.testing.assert_array_equal(found, CLASSES.astype(int) - 1)
    assert open_dataset(tmp_path, SEGMENTATION).kind == "ADE20K"


def test_cityscapes_has_classes_that_do_not_count(tmp_path: Path) -> None:
    write_picture(tmp_path / "leftImg8bit" / "val" / "x" / "x_1_leftImg8bit.png")
    levels = np.tile(np.array([0, 7, 8, 9, 24, 33, 34, 255] * 5, np.uint8).reshape(1, 40)[:, :20], (10, 1))
    write(tmp_path / "gtFine" / "val" / "x" / "x_1_gtFine_labelIds.png", gray_png(levels))
    (found,) = maps(tmp_path).values()
    assert found[0, :8].tolist() == [-1, 0, 1, -1, 11, 18, -1, -1]


def test_maps_of_another_size_are_skipped(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.jpg", size=(20, 12))
    write_picture(tmp_path / "2.jpg")
    for name in ("1.png", "2.png"):
        write(tmp_path / name, gray_png(CLASSES))
    dataset = open_dataset(tmp_path, SEGMENTATION)
    assert [sample.name for sample in dataset] == ["2.jpg"]
    assert dataset.skipped[0].reason == "found a label map of 20 x 10, expected the picture's 20 x 12"


def test_labels_that_are_not_the_models(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.jpg")
    write(tmp_path / "1.png", gray_png(CLASSES))
    assert refused(tmp_path, SEGMENTATION, ("a", "b")) == (
        f"{tmp_path}: 1.jpg: found class 2 in 1.png, expected a class from 0 to 1, or 255 for none"
    )


def test_no_pairs(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.jpg")
    assert "found no picture with a PNG of its name" in refused(tmp_path, SEGMENTATION)
    assert open_dataset(tmp_path, DETECTION).kind == "pictures"


def test_fingerprint_covers_the_maps(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.jpg")
    seen = set()
    for levels in (CLASSES, CLASSES[::-1]):
        write(tmp_path / "1.png", gray_png(levels))
        seen.add(open_dataset(tmp_path, SEGMENTATION).fingerprint())
    assert len(seen) == 2


def test_voc_examples_of_gluoncv(testdata: Path) -> None:
    folder = testdata / "gluoncv_demo_pictures" / "segmentation" / "voc_examples"
    found = maps(folder, tuple(map(str, range(21))))
    assert len(found) == 6
    present = {int(level) for class_map in found.values() for level in np.unique(class_map)}
    assert {0, 1, 15} < present < set(range(21))
