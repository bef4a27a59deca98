"""Draw pictures of traffic signs and write them as a Pascal VOC data set.

    python draw_pictures.py OUT --count 200 --seed 1007

The same seed, count and size give the same pictures (OpenCV of the same version given); the file names are
the pictures' numbers. `draw_split` gives the same pictures in memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
from scenes import Scene, draw_scene
from signs import CLASSES

TRAIN_SEED, TEST_SEED = 7, 1007
SIZE = (320, 240)


def draw_split(seed: int, count: int, size: tuple[int, int] = SIZE) -> Iterator[Scene]:
    """Draw `count` pictures of `size` (width, height); picture i depends on (seed, i) alone."""
    for index in range(count):
        yield draw_scene(np.random.default_rng([seed, index]), *size)


def write_voc(scenes: Iterator[Scene], root: Path, split: str = "test", quality: int = 90) -> int:
    """Write JPEGImages, Annotations and ImageSets/Main below `root`; returns the number of pictures."""
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    names = []
    for index, scene in enumerate(scenes):
        names.append(f"{index:06d}")
        cv2.imwrite(
            str(root / "JPEGImages" / f"{names[-1]}.jpg"), scene.picture, [cv2.IMWRITE_JPEG_QUALITY, quality]
        )
        annotate(scene, names[-1]).write(root / "Annotations" / f"{names[-1]}.xml", encoding="utf-8")
    (root / "ImageSets/Main" / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
    return len(names)


def annotate(scene: Scene, name: str) -> ElementTree.ElementTree:
    """Annotation of one picture; VOC counts pixels from 1."""
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = f"{name}.jpg"
    add_numbers(root, "size", zip(("height", "width", "depth"), scene.picture.shape, strict=True))
    for *corners, kind in scene.boxes:
        item = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(item, "name").text = CLASSES[int(kind)]
        ElementTree.SubElement(item, "difficult").text = "0"
        values = np.round(corners).astype(int) + 1
        add_numbers(item, "bndbox", zip(("xmin", "ymin", "xmax", "ymax"), values, strict=True))
    ElementTree.indent(root)
    return ElementTree.ElementTree(root)


def add_numbers(parent: ElementTree.Element, name: str, values: Iterator[tuple[str, int]]) -> None:
    """Append <name> with one child per number."""
    group = ElementTree.SubElement(parent, name)
    for key, value in values:
        ElementTree.SubElement(group, key).text = str(value)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=TEST_SEED)
    parser.add_argument("--split", default="test")
    parser.add_argument("--size", type=int, nargs=2, default=SIZE, metavar=("WIDTH", "HEIGHT"))
    options = parser.parse_args()
    scenes = draw_split(options.seed, options.count, (options.size[0], options.size[1]))
    print(f"{write_voc(scenes, options.out, options.split)} pictures in {options.out}")


if __name__ == "__main__":
    main()
