"""What GluonCV's model names say about a network: its task, input and preprocessing.

The rules follow the names of ``gluoncv.model_zoo.get_model_list()`` (0.10.5), so that they hold for files
that carry such a name as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from gcv_edge.exporters import framing
from gcv_edge.metadata import ClipSettings, DepthSettings, Preprocessing
from gcv_edge.tasks import (
    ACTION,
    CLASSIFICATION,
    DEPTH,
    DETECTION,
    INSTANCES,
    POSE,
    SEGMENTATION,
    TENSORS,
    Task,
)

CIFAR_MEAN = (0.4914 * 255, 0.4822 * 255, 0.4465 * 255)
CIFAR_SCALE = (0.2023 * 255, 0.1994 * 255, 0.2010 * 255)

ALPHA_POSE_MEAN = (0.406 * 255, 0.457 * 255, 0.480 * 255)
"""Of red, green and blue; nothing divides but 255 (``crop`` in gluoncv/data/transforms/pose.py)."""

Size = tuple[int, int]

TASK_PATTERNS = (
    (r"(c3d|p3d|r2plus1d|i3d|slowfast)_", ACTION),
    (r".*_(ucf101|hmdb51|kinetics400|sthsthv2)(_int8)?$|resnet\d+_v1b_custom$", ACTION),
    (r"monodepth2_.*posenet|siamrpn_", TENSORS),
    (r"monodepth2_", DEPTH),
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
    (r"(c3d|r2plus1d)_", (112, 112)),
    (r"i3d_inceptionv3", (299, 299)),
    (r"(p3d|i3d|slowfast|inceptionv1)_", (224, 224)),
    (r"monodepth2_", (192, 640)),
    (r"siamrpn_", (127, 127)),
    (r"resnest101", (256, 256)),
    (r"resnest200", (320, 320)),
    (r"resnest269", (416, 416)),
    (
        r"(se_|cifar_)?(resnet|resnext|resnest|vgg|mobilenet|densenet|squeezenet|darknet|senet|"
        r"alexnet|googlenet|residualattention|shufflenet|dla34$|hrnet_.*_c$)",
        (224, 224),
    ),
)


SIDES: tuple[tuple[str, Size], ...] = (
    (r".*rcnn.*_resnest269_", (864, 1440)),
    (r".*rcnn.*_coco", (800, 1333)),
    (r".*rcnn", (600, 1000)),
)
"""Short side of pictures of any shape, and the largest of their long side: ``short`` and ``max_size`` of
GluonCV's R-CNNs (model_zoo/rcnn/{faster,mask}_rcnn/predefined_models.py)."""

SEARCH_SIZE = (287, 287)
"""Size of SiamRPN's second input, in which the first is searched."""

CLIPS: tuple[tuple[str, ClipSettings], ...] = (
    (r"(c3d|p3d|r2plus1d)_", ClipSettings(tuple(range(0, 32, 2)), 32)),
    (r"i3d_slow_", ClipSettings(tuple(range(0, 64, 4)), 64)),
    (r"i3d_", ClipSettings(tuple(range(0, 64, 2)), 64)),
    (r"slowfast_4x16_", ClipSettings((*range(1, 64, 2), *range(15, 64, 16)), 64)),
    (r"slowfast_8x8_", ClipSettings((*range(1, 64, 2), *range(7, 64, 8)), 64)),
    (r"slowfast_16x8_", ClipSettings((*range(1, 128, 2), *range(7, 128, 8)), 128)),
)
"""Frames that networks were trained on: the published training logs' ``new_length`` and ``new_step``, taken
as gluoncv/data/video_custom/classification.py does (SlowFast: the last frame of each stride)."""

FRAMES: tuple[tuple[str, Size], ...] = (
    (r"(c3d|r2plus1d)_", (128, 171)),
    (r"(i3d_)?inceptionv3_", (340, 450)),
    (r"", (256, 340)),
)
"""Height and width that networks for actions were trained to see videos stretched to before the centre is
taken: ``--new-height`` and ``--new-width`` of GluonCV's action scripts."""

FRAME_CROP = 224
"""Side of the centre that the last of these is cut to."""

PICTURE_SEGMENTS = 3
"""Pictures over which a network that sees one at a time was trained to agree (TSN, Wang et al. 2016)."""

STEREO_BASELINE = 5.4
"""Metres per unit of depth for networks trained on KITTI's stereo pairs (Godard et al. 2019)."""


@dataclass(frozen=True)
class ZooFacts:
    """What a zoo name says.

    Attributes:
        task: what the network is for.
        shapes: of its inputs, without the batch.
    """

    task: Task
    shapes: tuple[tuple[int, ...], ...]

    @property
    def size(self) -> Size:
        """Height and width of the first input."""
        return self.shapes[0][-2], self.shapes[0][-1]


def describe(name: str) -> ZooFacts | None:
    """Return what a name says; None when it is not in the manner of the zoo."""
    size = next((size for pattern, size in SIZE_PATTERNS if re.match(pattern, name)), None)
    if size is None:
        return None
    task = next((task for pattern, task in TASK_PATTERNS if re.match(pattern, name)), CLASSIFICATION)
    clip = find_clip(name)
    if clip is not None:
        return ZooFacts(task, ((3, len(clip.offsets), *size),))
    if name.startswith("siamrpn_"):
        return ZooFacts(task, ((3, *size), (3, *SEARCH_SIZE)))
    return ZooFacts(task, ((6 if "posenet" in name else 3, *size),))


def find_sides(name: str) -> Size | None:
    """Return short and long side of pictures that keep their shape; None where they do not."""
    return next((sides for pattern, sides in SIDES if re.match(pattern, name)), None)


def has_auxiliary_heads(name: str) -> bool:
    """Tell networks of which training needs heads beside the main one (``aux`` in GluonCV)."""
    facts = describe(name)
    return facts is not None and (facts.task in (SEGMENTATION, DEPTH) or name.startswith("nasnet_"))


def find_clip(name: str) -> ClipSettings | None:
    """Return the frames that a 3-D network takes; None for any other."""
    return next((clip for pattern, clip in CLIPS if re.match(pattern, name)), None)


def describe_clip(name: str, frames: int | None, segments: int) -> ClipSettings:
    """Say which frames of a video an action network looks at.

    Args:
        name: of the network.
        frames: length of its clip; None where it sees pictures one by one.
        segments: pictures that the graph itself averages over; 1 for none.
    """
    if frames is None:
        return ClipSettings(segments=segments if segments > 1 else PICTURE_SEGMENTS, in_graph=segments > 1)
    clip = find_clip(name)
    if clip is not None and len(clip.offsets) == frames:
        return clip
    return ClipSettings(tuple(range(0, 2 * frames, 2)), 2 * frames)


def describe_depth(name: str) -> DepthSettings:
    """Say what a disparity means: in metres where stereo pairs gave the scale."""
    return DepthSettings(scale=STEREO_BASELINE if "stereo" in name else 0.0)


def default_preprocessing(name: str, task: Task, size: Size) -> Preprocessing:
    """ImageNet statistics (CIFAR's for its networks) and the task's way to fit a frame.

    Poses are cut out by warpAffine (data/transforms/presets/simple_pose.py); frames for depth are resized by
    Pillow (scripts/depth/test.py), and monodepth2 normalises inside the graph.
    """
    if name.startswith("cifar_"):
        return Preprocessing(mean=CIFAR_MEAN, scale=CIFAR_SCALE, resize_type="standard")
    if name.startswith("monodepth2_"):
        return Preprocessing(
            mean=(0.0, 0.0, 0.0),
            scale=(255.0, 255.0, 255.0),
            interpolation="lanczos" if task is DEPTH else "bilinear",
        )
    preprocessing = framing.default_preprocessing(task, size)
    if task is ACTION:
        return describe_stretch(preprocessing, name, size)
    if name.startswith("alpha_pose_"):
        preprocessing = replace(
            preprocessing, mean=ALPHA_POSE_MEAN, scale=(255.0, 255.0, 255.0), box_rule="cropped"
        )
    if task is POSE:
        return replace(preprocessing, interpolation="warp")
    return preprocessing


def describe_stretch(preprocessing: Preprocessing, name: str, size: Size) -> Preprocessing:
    """Stretch frames as the training of a network for actions did, in proportion to another input's size."""
    height, width = next(frame for pattern, frame in FRAMES if re.match(pattern, name))
    usual = describe(name)
    scale = size[0] / (usual.size[0] if usual is not None else FRAME_CROP)
    return replace(preprocessing, crop_short=round(height * scale), crop_wide=round(width * scale))
