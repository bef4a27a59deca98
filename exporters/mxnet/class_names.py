"""Class names that GluonCV's networks have where they were trained on a published data set, without GluonCV.

``class_names.json`` holds those of ``gluoncv.data`` (0.10.5).
"""

from __future__ import annotations

import functools
import json
import re
from importlib import resources

from gcv_edge.exporters.mxnet import zoo
from gcv_edge.tasks import ACTION, CLASSIFICATION, DETECTION, INSTANCES, POSE, Task

TITLES = {
    "voc": "Pascal VOC",
    "coco": "COCO",
    "imagenet": "ImageNet",
    "kinetics400": "Kinetics-400",
    "ucf101": "UCF101",
    "hmdb51": "HMDB51",
    "sthsthv2": "Something-Something v2",
    "coco_keypoints": "COCO's keypoints",
}
DETECTION_SETS = re.compile(r".*_(voc|coco)(_int8)?$")
ACTION_SETS = re.compile(r".*_(kinetics400|ucf101|hmdb51|sthsthv2)(_int8)?$")


def usual_labels(name: str, task: Task, count: int) -> tuple[tuple[str, ...], str]:
    """Return the class names of networks of a zoo name, and the data set that they are of.

    Args:
        name: of the network.
        task: what it is for.
        count: its classes; where that is another number than the data set's, it was trained on another.

    Returns:
        Names and data set; both empty where the name does not tell.
    """
    key = find_data_set(name, task)
    labels = read_class_names()[key] if key else ()
    return (labels, TITLES[key]) if len(labels) == count else ((), "")


def find_data_set(name: str, task: Task) -> str:
    """Return the key of the data set that a zoo name stands for; empty for none."""
    facts = zoo.describe(name)
    if facts is None or facts.task is not task:
        return ""
    if task is CLASSIFICATION:
        return "" if name.startswith("cifar_") else "imagenet"
    if task is POSE:
        return "coco_keypoints"
    pattern = {DETECTION: DETECTION_SETS, INSTANCES: DETECTION_SETS, ACTION: ACTION_SETS}.get(task)
    found = pattern.match(name) if pattern is not None else None
    return found[1] if found else ""


@functools.cache
def read_class_names() -> dict[str, tuple[str, ...]]:
    """Read the names that the package ships, by data set."""
    folder = resources.files("gcv_edge.exporters.mxnet")
    document = json.loads((folder / "class_names.json").read_text(encoding="utf-8"))
    return {key: tuple(names) for key, names in document.items()}
