"""COCO's JSON, checked: what the rest of the package reads of it has the types that it should have."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard, TypeVar

from gcv_edge.data.masks import check_mask
from gcv_edge.data.numbers import is_number, is_numbers
from gcv_edge.data.reader import Size
from gcv_edge.data.targets import Mask
from gcv_edge.errors import DataError
from gcv_edge.tasks import INSTANCES, POSE, Task

MAX_BYTES = 2 << 30
"""More than the largest of COCO's own files (train2017: 450 MB)."""
Parsed = TypeVar("Parsed")


class CocoImage(NamedTuple):
    """An entry of ``images``; size is width, height."""

    file_name: str
    size: Size


class Category(NamedTuple):
    """An entry of ``categories``; ``keypoints`` are the names of joints."""

    name: str
    keypoints: tuple[str, ...]


class Annotation(NamedTuple):
    """An entry of ``annotations``; the box is x, y, width, height.

    The mask is read for instance segmentation alone, and the keypoints for poses.
    """

    picture: int
    category: int
    box: tuple[float, float, float, float]
    area: float
    crowd: bool
    mask: Mask | None
    keypoints: tuple[float, ...]


class DamagedAnnotation(NamedTuple):
    """An entry of ``annotations`` that is left out, and why."""

    picture: int
    reason: str


@dataclass(frozen=True)
class CocoFile:
    """What a file holds: pictures and categories by id, annotations in their order."""

    pictures: dict[int, CocoImage]
    categories: dict[int, Category]
    annotations: list[Annotation]
    damaged: list[DamagedAnnotation]


def read_coco(path: Path, task: Task | None) -> CocoFile:
    """Read a file of annotations.

    Args:
        path: the file.
        task: says what of an annotation is wanted; what is not is not looked at.

    Raises:
        DataError: it cannot be read, is too large, no JSON, or not as COCO's are: two entries have one id, or
            an annotation is for a picture or category that is not there; the message names the entry.
    """
    content = load_json(path)
    if not isinstance(content, dict):
        raise DataError(
            f"{path}: found {type(content).__name__}, expected COCO's object of images and annotations"
        )
    found = CocoFile(
        by_id(entries(content, "images", path), parse_picture),
        by_id(entries(content, "categories", path), parse_category),
        [],
        [],
    )
    refuse_shared_files(found.pictures, path)
    seen: set[Any] = set()
    for entry in entries(content, "annotations", path):
        add_annotation(found, entry, seen, task)
    return found


def by_id(found: Iterator[JsonObject], parse: Callable[[JsonObject], Parsed]) -> dict[int, Parsed]:
    """Read one of the file's lists by id.

    Raises:
        DataError: two entries have the same.
    """
    parsed: dict[int, Parsed] = {}
    for entry in found:
        number = entry.integer("id")
        if number in parsed:
            raise DataError(f"{entry.where}: id: found {number!r} for the second time, expected another")
        parsed[number] = parse(entry)
    return parsed


def refuse_shared_files(pictures: Mapping[int, CocoImage], path: Path) -> None:
    """Raise where two pictures are one file: each would have a part of its labels."""
    owners: dict[str, int] = {}
    for number, picture in pictures.items():
        other = owners.setdefault(picture.file_name, number)
        if other != number:
            raise DataError(
                f"{path}: images: found {picture.file_name} for the ids {other} and {number}, expected one"
            )


def add_annotation(found: CocoFile, entry: JsonObject, seen: set[Any], task: Task | None) -> None:
    """Read an annotation; a damaged one is set aside with its id and what was found.

    Raises:
        DataError: its id is another's, or its picture or category is not there.
    """
    number = entry.identity()
    if number is not None and number in seen:
        raise DataError(f"{entry.where}: id: found {number!r} for the second time, expected another")
    seen.add(number)
    picture = entry.reference("image_id", found.pictures, "images")
    category = entry.reference("category_id", found.categories, "categories")
    name = entry.where.rpartition(": ")[2] if number is None else f"annotation {number!r}"
    try:
        found.annotations.append(
            parse_annotation(JsonObject(entry.fields, name), picture, category, found, task)
        )
    except DataError as error:
        found.damaged.append(DamagedAnnotation(picture, str(error)))


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
class JsonObject:
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

    def identity(self) -> int | float | str | None:
        """Return an annotation's id, of which nothing is asked but that it is no other's; None for none."""
        value = self.fields.get("id")
        if value is not None and not isinstance(value, (int, float, str)):
            raise self.wrong("id", "a whole number")
        return value

    def reference(self, key: str, known: Mapping[int, Any], place: str) -> int:
        """Return the id of something that is there."""
        number = self.integer(key)
        if number not in known:
            raise DataError(f"{self.where}: {key} {number} is none of the {place}")
        return number

    def text(self, key: str) -> str:
        """Return text that is not empty."""
        value = self.fields.get(key)
        if not is_text(value) or not value:
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


def is_text(value: Any) -> TypeGuard[str]:
    """Tell text; JSON can spell halves of characters, which are none."""
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


def entries(content: Mapping[str, Any], key: str, path: Path) -> Iterator[JsonObject]:
    """Give the objects of one of the file's lists."""
    found = content.get(key)
    if not isinstance(found, list):
        raise DataError(f"{path}: found no list '{key}', expected COCO's images, annotations and categories")
    for place, fields in enumerate(found):
        where = f"{path}: {key}[{place}]"
        if not isinstance(fields, dict):
            raise DataError(f"{where}: found {type(fields).__name__}, expected an object")
        yield JsonObject(fields, where)


def parse_picture(entry: JsonObject) -> CocoImage:
    """Read an image."""
    return CocoImage(entry.text("file_name"), (entry.integer("width"), entry.integer("height")))


def parse_category(entry: JsonObject) -> Category:
    """Read a category."""
    joints = entry.fields.get("keypoints", [])
    if not isinstance(joints, list) or not all(map(is_text, joints)):
        raise entry.wrong("keypoints", "a list of names")
    return Category(entry.text("name"), tuple(joints))


def parse_annotation(
    entry: JsonObject, picture: int, category: int, content: CocoFile, task: Task | None
) -> Annotation:
    """Read what the task wants of an annotation.

    Raises:
        DataError: it is damaged.
    """
    box = entry.numbers("bbox")
    if len(box) != 4 or min(box[2:]) < 0:
        raise entry.wrong("bbox", "x, y, width, height")
    area = entry.number("area", box[2] * box[3])
    if area < 0:
        raise entry.wrong("area", "0 or more")
    return Annotation(
        picture,
        category,
        (box[0], box[1], box[2], box[3]),
        area,
        entry.integer("iscrowd", 0) != 0,
        parse_mask(entry, content.pictures[picture].size) if task is INSTANCES else None,
        parse_keypoints(entry, len(content.categories[category].keypoints)) if task is POSE else (),
    )


def parse_mask(entry: JsonObject, size: Size) -> Mask:
    """Read ``segmentation``."""
    try:
        return check_mask(entry.fields.get("segmentation"), size)
    except DataError as error:
        raise DataError(f"{entry.where}: segmentation: {error}") from None


def parse_keypoints(entry: JsonObject, joints: int) -> tuple[float, ...]:
    """Read x, y and visibility of each joint; all are unknown where there are none."""
    found = entry.numbers("keypoints", ()) or (0.0,) * (3 * joints)
    if joints and len(found) != 3 * joints:
        raise DataError(f"{entry.where}: keypoints: found {len(found)} numbers, expected {3 * joints}")
    return found
