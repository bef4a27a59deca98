"""COCO's JSON, checked: what the rest of the package reads of it has the types that it should have."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from gcv_edge.data.targets import Mask
from gcv_edge.errors import DataError

MAX_BYTES = 2 << 30
"""More than the largest of COCO's own files (train2017: 450 MB)."""
LARGEST = 2**53
"""Whole numbers beyond it are none of COCO's."""


class Picture(NamedTuple):
    """An entry of ``images``."""

    number: int
    file_name: str
    size: tuple[int, int]


class Category(NamedTuple):
    """An entry of ``categories``; ``keypoints`` are the names of joints."""

    name: str
    keypoints: tuple[str, ...]


class Annotation(NamedTuple):
    """An entry of ``annotations``; the box is x, y, width, height."""

    picture: int
    category: int
    box: tuple[float, float, float, float]
    area: float
    crowd: bool
    mask: Mask | None
    keypoints: tuple[float, ...]


@dataclass(frozen=True)
class CocoFile:
    """What a file holds; annotations are in their order."""

    pictures: list[Picture]
    categories: dict[int, Category]
    annotations: list[Annotation]


def read_coco(path: Path) -> CocoFile:
    """Read a file of annotations.

    Raises:
        DataError: it cannot be read, is too large, no JSON, or not as COCO's are; the message names
            the entry.
    """
    content = load_json(path)
    if not isinstance(content, dict):
        raise DataError(
            f"{path}: found {type(content).__name__}, expected COCO's object of images and annotations"
        )
    pictures = [parse_picture(entry) for entry in entries(content, "images", path)]
    categories = dict(parse_category(entry) for entry in entries(content, "categories", path))
    numbers = {picture.number for picture in pictures}
    annotations = []
    for entry in entries(content, "annotations", path):
        found = parse_annotation(entry)
        if found.picture not in numbers:
            raise DataError(f"{entry.where}: image_id {found.picture} is none of the images")
        if found.category not in categories:
            raise DataError(f"{entry.where}: category_id {found.category} is none of the categories")
        annotations.append(found)
    return CocoFile(pictures, categories, annotations)


def load_json(path: Path) -> Any:
    """Read JSON of bounded size."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path}: found {size} bytes, expected at most {MAX_BYTES}")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: found no JSON: {error}") from None


@dataclass(frozen=True)
class Entry:
    """A JSON object whose fields are asked for by type.

    Attributes:
        fields: the object.
        where: file and place, for errors.
    """

    fields: Mapping[str, Any]
    where: str

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number."""
        value = self.fields.get(key, default)
        if not is_number(value):
            raise self.wrong(key, "a number")
        return float(value)

    def integer(self, key: str, default: int | None = None) -> int:
        """Return a whole number; COCO's ids are such."""
        value = self.fields.get(key, default)
        if not is_number(value) or value != int(value):
            raise self.wrong(key, "a whole number")
        return int(value)

    def text(self, key: str) -> str:
        """Return text that is not empty."""
        value = self.fields.get(key)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, "text")
        return value

    def numbers(self, key: str, default: Sequence[float] | None = None) -> tuple[float, ...]:
        """Return a list of finite numbers."""
        value = self.fields.get(key, default)
        if not is_numbers(value):
            raise self.wrong(key, "a list of numbers")
        return tuple(map(float, value))

    def wrong(self, key: str, expected: str) -> DataError:
        """Return the error that says what was found."""
        return DataError(f"{self.where}: {key}: found {str(self.fields.get(key))[:40]}, expected {expected}")


def entries(content: Mapping[str, Any], key: str, path: Path) -> Iterator[Entry]:
    """Give the objects of one of the file's lists."""
    found = content.get(key)
    if not isinstance(found, list):
        raise DataError(f"{path}: found no list '{key}', expected COCO's images, annotations and categories")
    for place, fields in enumerate(found):
        where = f"{path}: {key}[{place}]"
        if not isinstance(fields, dict):
            raise DataError(f"{where}: found {type(fields).__name__}, expected an object")
        yield Entry(fields, where)


def parse_picture(entry: Entry) -> Picture:
    """Read an image."""
    size = entry.integer("width"), entry.integer("height")
    return Picture(entry.integer("id"), entry.text("file_name"), size)


def parse_category(entry: Entry) -> tuple[int, Category]:
    """Read a category."""
    joints = entry.fields.get("keypoints", [])
    if not isinstance(joints, list) or not all(isinstance(joint, str) for joint in joints):
        raise entry.wrong("keypoints", "a list of names")
    return entry.integer("id"), Category(entry.text("name"), tuple(joints))


def parse_annotation(entry: Entry) -> Annotation:
    """Read an annotation."""
    box = entry.numbers("bbox")
    if len(box) != 4:
        raise entry.wrong("bbox", "x, y, width, height")
    return Annotation(
        entry.integer("image_id"),
        entry.integer("category_id"),
        (box[0], box[1], box[2], box[3]),
        entry.number("area", box[2] * box[3]),
        entry.integer("iscrowd", 0) != 0,
        parse_mask(entry),
        entry.numbers("keypoints", ()),
    )


def parse_mask(entry: Entry) -> Mask | None:
    """Read ``segmentation``: polygons, or run lengths; None where there is none."""
    value = entry.fields.get("segmentation")
    if not value:
        return None
    if isinstance(value, dict):
        return {"size": parse_mask_size(entry, value), "counts": parse_counts(entry, value)}
    polygons = isinstance(value, list) and all(
        is_numbers(polygon) and len(polygon) >= 6 and len(polygon) % 2 == 0 for polygon in value
    )
    if not polygons:
        raise entry.wrong("segmentation", "polygons of x, y, ... or run lengths")
    return [list(map(float, polygon)) for polygon in value]


def parse_mask_size(entry: Entry, value: Mapping[str, Any]) -> list[int]:
    """Read a mask's height and width."""
    size = value.get("size")
    if not is_numbers(size) or len(size) != 2 or min(size) < 1 or max(size) > 1 << 16:
        raise entry.wrong("segmentation", "run lengths with a size of height, width")
    return list(map(int, size))


def parse_counts(entry: Entry, value: Mapping[str, Any]) -> list[int] | str:
    """Read run lengths: numbers that add up to the pixels, or COCO's compressed text."""
    counts = value.get("counts")
    if isinstance(counts, str) and counts.isascii():
        return counts
    height, width = parse_mask_size(entry, value)
    if not is_numbers(counts) or min(counts, default=0) < 0 or sum(counts) != height * width:
        raise entry.wrong("segmentation", f"run lengths that add up to {height * width}")
    return list(map(int, counts))


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether a value is a finite number, and no truth value."""
    if isinstance(value, int):
        return not isinstance(value, bool) and abs(value) <= LARGEST
    return isinstance(value, float) and math.isfinite(value)


def is_numbers(value: Any) -> TypeGuard[Sequence[float]]:
    """Tell whether a value is a list of finite numbers."""
    return isinstance(value, (list, tuple)) and all(map(is_number, value))
