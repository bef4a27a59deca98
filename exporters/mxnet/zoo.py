"""What GluonCV's model names say about a network: its task, input and preprocessing.

The rules follow the names of ``gluoncv.model_zoo.get_model_list()`` (0.10.5), so that they hold for files
that carry such a name as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gcv_edge.exporters import source
from gcv_edge.metadata import Preprocessing
from gcv_edge.tasks import CLASSIFICATION, DETECTION, INSTANCES, POSE, SEGMENTATION, Task

CIFAR_MEAN = (0.4914 * 255, 0.4822 * 255, 0.4465 * 255)
CIFAR_SCALE = (0.2023 * 255, 0.1994 * 255, 0.2010 * 255)

Size = tuple[int, int]

TASK_PATTERNS = (
    (r"(custom_)?mask_rcnn", INSTANCES),
    (r"ssd_|yolo3_|center_net_|.*rcnn", DETECTION),
    (r"fcn_|psp_|deeplab_|icnet_|fastscnn_|danet_|hrnet_.*_s$", SEGMENTATION),
    (r"(simple|mobile|alpha)_pose_", POSE),
)
SIZE_PATTERNS: tuple[tuple[str, Size], ...] = (
    (r"ssd_300_", (300, 300)),
    (r"ssd_512_|center_net_", (512, 512)),
    (r"yolo3_", (416, 416)),
    (r"custom_.*rcnn", (512, 512)),
    (r".*rcnn", (600, 800)),
    (r"fastscnn_", (1024, 1024)),
    (r"fcn_|psp_|deeplab_|icnet_|danet_|hrnet_.*_s$", (480, 480)),
    (r"alpha_pose_", (320, 256)),
    (r"(simple|mobile)_pose_", (256, 192)),
    (r"cifar_", (32, 32)),
    (r"inceptionv3|xception", (299, 299)),
    (r"nasnet_4_", (224, 224)),
    (r"nasnet_", (331, 331)),
    (r"resnest101", (256, 256)),
    (r"resnest200", (320, 320)),
    (r"resnest269", (416, 416)),
    (
        r"(se_|cifar_)?(resnet|resnext|resnest|vgg|mobilenet|densenet|squeezenet|darknet|senet|"
        r"alexnet|googlenet|residualattention|hrnet_.*_c$)",
        (224, 224),
    ),
)


@dataclass(frozen=True)
class ZooFacts:
    """Task, and input height and width, of a zoo name."""

    task: Task
    size: Size


def describe(name: str) -> ZooFacts | None:
    """Return what a name says; None when it is not in the manner of the zoo."""
    size = next((size for pattern, size in SIZE_PATTERNS if re.match(pattern, name)), None)
    if size is None:
        return None
    task = next((task for pattern, task in TASK_PATTERNS if re.match(pattern, name)), CLASSIFICATION)
    return ZooFacts(task, size)


def default_preprocessing(name: str, task: Task, size: Size) -> Preprocessing:
    """ImageNet statistics (CIFAR's for its networks) and the task's way to fit a frame.

    GluonCV's R-CNNs see pictures in their own proportions (data/transforms/presets/rcnn.py).
    """
    if name.startswith("cifar_"):
        return Preprocessing(mean=CIFAR_MEAN, scale=CIFAR_SCALE, resize_type="standard")
    preprocessing = source.default_preprocessing(task, size)
    if "rcnn" in name:
        preprocessing = replace(preprocessing, resize_type="fit_to_window")
    return preprocessing
