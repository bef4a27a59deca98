"""Annotations of data sets: Pascal VOC, COCO, label maps."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np

from gcv_edge.tasks import DETECTION, INSTANCES, POSE, SEGMENTATION
from tests.data_sets.test_coco import CONTENT, PEOPLE
from tests.fuzz.json_mutations import mutate_json
from tests.fuzz.mutations import TEXTS, mutate_bytes, mutate_text
from tests.fuzz.readers.data_sets import DATA, PICTURE, READER, place, place_pictures, read_dataset
from tests.fuzz.target import Target, mutating


def annotations() -> Sequence[bytes]:
    box = "<bndbox><xmin>{}</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    thing = "<object><name>{}</name><difficult>{}</difficult>" + box + "</object>"
    size = "<size><width>20</width><height>10</height><depth>3</depth></size>"
    things = [thing.format("cat", 0, 1), thing.format("dog", 1, 3)]
    return [f"<annotation>{size}{''.join(things[:count])}</annotation>".encode() for count in (1, 2)]


def mutate_xml(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Change elements, their texts and what stands before them, now and then the bytes."""
    if dice.random() < 0.15:
        return mutate_bytes(data, other, dice)
    root = ElementTree.fromstring(data)
    for _ in range(dice.randint(1, 3)):
        change_element(dice.choice(list(root.iter())), dice)
    return dice.choice(PROLOGS) + ElementTree.tostring(root).replace(b"&amp;a;", b"&a;")


def change_element(element: ElementTree.Element, dice: random.Random) -> None:
    kind = dice.randrange(6)
    if kind < 3:
        element.text = dice.choice(XML_TEXTS)
    elif kind == 3 and len(element):
        element.remove(dice.choice(list(element)))
    elif kind == 4 and len(element):
        element.extend([dice.choice(list(element))] * dice.choice((1, 2, 200)))
    else:
        element.tag = dice.choice(("annotation", "object", "name", "x" * 300, "size", "xmin"))


XML_TEXTS = (*(text for text in TEXTS if text.isprintable()), "&a;", "1e400", "-5", "1000000000", "1\n2")
PROLOGS = (
    *([b""] * 8),
    b'<?xml version="1.0"?>',
    b'<?xml version="1.0" encoding="utf-16"?>',
    b'<?xml version="1.0" encoding="x-nothing"?>',
    b'<?xml version="1.0" encoding="unicode_escape"?>',
    b'<?xml version="1.0" encoding="rot13"?>',
    b"\xef\xbb\xbf",
    b'<!DOCTYPE a [<!ENTITY a "aaaaaaaa">]>',
    b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/hostname">]>',
    b"<a>" * 100,
)


def read_voc(data: bytes, folder: Path) -> None:
    place_pictures(folder, "voc/JPEGImages/a.jpg")
    place(folder, "voc/Annotations/a.xml", data)
    read_dataset(folder / "voc", None, DETECTION)


def read_split(data: bytes, folder: Path) -> None:
    root = folder / "split"
    place_pictures(folder, "split/JPEGImages/a.jpg", "split/JPEGImages/b.jpg")
    place(folder, "split/ImageSets/Main/val.txt", data)
    for name in "ab":
        place(root, f"Annotations/{name}.xml", annotations()[0])
    read_dataset(root, DETECTION, split="val")


def coco_files() -> Sequence[bytes]:
    runs = {"size": [10, 20], "counts": "0b1d4"}
    packed = json.loads(json.dumps(CONTENT))
    packed["annotations"][0]["segmentation"] = runs
    return [json.dumps(content).encode() for content in (CONTENT, PEOPLE, packed)]


def read_coco(data: bytes, folder: Path) -> None:
    place_pictures(folder, "coco/a.jpg", "coco/b.jpg")
    path = place(folder, "coco/a.json", data)
    task = (DETECTION, INSTANCES, INSTANCES, POSE)[len(data) % 4]
    read_dataset(path, task, pictures=folder / "coco")


def label_maps() -> Sequence[bytes]:
    levels = np.arange(200, dtype=np.uint8).reshape(10, 20) % 3
    gray = cv2.imencode(".png", levels)[1].tobytes()
    return [gray, gray.replace(b"\x08\x00\x00\x00\x00", b"\x08\x03\x00\x00\x00", 1), PICTURE]


def read_label_map(data: bytes, folder: Path) -> None:
    place_pictures(folder, "maps/images/a.jpg")
    place(folder, "maps/masks/a.png", data)
    read_dataset(folder / "maps", SEGMENTATION)


TARGETS = (
    Target(
        "voc",
        mutating(annotations, mutate_xml),
        read_voc,
        (DATA + "voc.py", DATA + "safe_xml.py", *READER),
    ),
    Target(
        "voc-split",
        mutating(lambda: [b"a\nb\n", b"b 1\na -1\n"], mutate_text),
        read_split,
        (DATA + "voc_folders.py",),
    ),
    Target(
        "coco",
        mutating(coco_files, mutate_json),
        read_coco,
        (DATA + "coco_json.py", DATA + "masks.py"),
    ),
    Target("label-map", mutating(label_maps, mutate_bytes), read_label_map, (DATA + "class_png.py",)),
)
