"""What a model file says of itself, and how that is spelt in the file.

A flat map of strings lives in the ONNX ``metadata_props``. Keys that OpenVINO Model API defines start with
``model_info``; the project's own start with ``gcv_edge``. ``docs/model-file.md`` describes each for users.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gcv_edge._core import fit_sides
from gcv_edge._core import parse_metadata as read_fields
from gcv_edge.errors import MetadataError
from gcv_edge.tasks import ACTION, CLASSIFICATION, DEPTH, DETECTION, IMAGE, INSTANCES, Task, find_task

RESIZE_TYPES = ("standard", "fit_to_window", "fit_to_window_letterbox", "crop", "affine")
INTERPOLATIONS = ("bilinear", "nearest", "area", "bicubic", "by_size", "warp", "lanczos")
BOX_RULES = ("grown", "cropped")
NMS_PLACES = ("runtime", "graph")
BOX_FORMATS = ("xyxy", "cxcywh", "xywh")
ACTIVATIONS = ("softmax", "sigmoid", "none")
"""What makes class scores of logits: one class of many, each class by itself, or scores as they are."""

Settings = TypeVar("Settings")

IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_SCALE = (58.395, 57.12, 57.375)


@dataclass(frozen=True)
class Preprocessing:
    """How a frame becomes the network's input.

    Attributes:
        mean, scale: per network channel (three, or one where the network sees grey), in 0..255 units:
            ``(value - mean) / scale``.
        reverse_channels: the network wants RGB (frames are BGR).
        resize_type: ``standard`` stretches; ``fit_to_window`` keeps the aspect ratio, top-left;
            ``fit_to_window_letterbox`` keeps it, centred; ``crop`` resizes the short side to ``crop_short``
            and takes the centre, or stretches to ``crop_wide`` x ``crop_short`` first.
        pad_value: level of what the frame does not cover, in 0..255 units.
        crop_short: length of the resized short side before a centre crop, pixels; 0 for the input's own.
        crop_wide: width that frames are stretched to before a centre crop, ``crop_short`` being the height
            then; 0 keeps their aspect ratio.
        short_side, long_side: of inputs that have each frame's own size: its short side becomes
            ``short_side``, but its long side at most ``long_side`` (GluonCV's ``resize_short_within``); 0:
            the input's size is fixed.
        interpolation: how pixels between those of a frame are made, a name of ``INTERPOLATIONS``.
        box_rule: of poses, what is seen of a person in a box: ``grown``, the box in the input's proportions
            and 1.25 times as large (GluonCV's simple pose), or ``cropped``, the box widened by 20 or 30 % and
            cut off at the frame, through warpAffine (its alpha pose).
    """

    mean: tuple[float, ...] = IMAGENET_MEAN
    scale: tuple[float, ...] = IMAGENET_SCALE
    reverse_channels: bool = True
    resize_type: str = "standard"
    pad_value: float = 0.0
    crop_short: int = 0
    crop_wide: int = 0
    short_side: int = 0
    long_side: int = 0
    interpolation: str = "bilinear"
    box_rule: str = "grown"

    @property
    def has_own_sizes(self) -> bool:
        """Whether the input has a size of its own for each frame."""
        return self.short_side > 0

    def own_size(self, frame_size: tuple[int, int]) -> tuple[int, int]:
        """Width and height of the input that a frame of a size becomes, where each has its own."""
        return fit_sides(frame_size, self.short_side, self.long_side)

    @property
    def usual_size(self) -> tuple[int, int]:
        """The same for a frame of 4:3, where a size must be told before there is a frame."""
        return self.own_size((4000, 3000))

    def cuts_rims(self, size: tuple[int, int]) -> bool:
        """Whether an input of a width and height loses the upper and lower rim of frames that are less wide.

        GluonCV's affine map brings a frame's longer side to the input's width.
        """
        return self.resize_type == "affine" and size[0] > size[1]


@dataclass(frozen=True)
class DetectionSettings:
    """GluonCV's ``set_nms`` values and the score under which a detection is not listed.

    Attributes:
        confidence_threshold: scores must be over it (GluonCV's ``valid_thresh``).
        iou_threshold: overlap above which the lower score goes; outside (0, 1) nothing goes.
        nms_topk: candidates of all classes together that take part; -1 for all.
        post_nms: detections kept at most; -1 for all.
        class_agnostic: boxes suppress each other whatever their classes (``force_suppress``).
        topk_per_class: ``nms_topk`` counts the candidates of each class by itself (GluonCV's R-CNN).
        nms: ``runtime`` (the graph gives boxes and scores) or ``graph`` (it gives the final list).
    """

    confidence_threshold: float = 0.01
    iou_threshold: float = 0.45
    nms_topk: int = 400
    post_nms: int = 100
    class_agnostic: bool = False
    nms: str = "runtime"
    topk_per_class: bool = False


@dataclass(frozen=True)
class ClipSettings:
    """Which frames of a video a network for actions looks at.

    Attributes:
        offsets: frames of one clip, counted from its start, in the order in which the network takes them
            (SlowFast takes some of them twice).
        window: frames of the video that a clip spans.
        segments: clips, spread evenly over the video, whose logits are averaged.
        in_graph: the network averages itself: its batch is ``segments`` pictures.
    """

    offsets: tuple[int, ...] = (0,)
    window: int = 1
    segments: int = 1
    in_graph: bool = False


@dataclass(frozen=True)
class DepthSettings:
    """What a disparity between 0 and 1 means (``disp_to_depth`` of GluonCV's monodepth2).

    Attributes:
        nearest, farthest: depth at disparity 1 and 0, before scaling.
        scale: factor to metres; 0 where the network was trained without a known length, and depth is
            relative.
    """

    nearest: float = 0.1
    farthest: float = 100.0
    scale: float = 0.0


@dataclass(frozen=True)
class ImageSettings:
    """What a network's picture holds.

    Attributes:
        low, high: values of black and white.
    """

    low: float = 0.0
    high: float = 1.0


@dataclass(frozen=True)
class RunSettings:
    """How a file ran best where it was measured, as ``gcv-edge optimize`` writes it.

    Attributes:
        precision: of float operations, ``f32`` or ``bf16``; empty where it is not known.
        batch: with many frames at once: frames per inference; 0 where it is not known, as the next two.
        streams: frames, or batches of them, computed side by side.
        cpus: CPUs that ``batch`` and ``streams`` were measured with.
    """

    precision: str = ""
    batch: int = 0
    streams: int = 0
    cpus: int = 0


RUN_KEYS = ("gcv_edge precision", "gcv_edge batch", "gcv_edge streams", "gcv_edge cpus")
"""Of one file: what is made from it must not say the same."""


@dataclass(frozen=True)
class ModelMetadata:
    """All that a runtime needs to know beside the graph.

    Attributes:
        task: what the network is for.
        labels: class (or keypoint) names in order; empty where unknown.
        preprocessing: frame to input.
        detection: post-processing, for detectors.
        clip: frames of a video, for actions.
        depth: meaning of the disparity, for depth.
        image: meaning of the values, for pictures made from pictures.
        run: what is best where a caller leaves it open.
        activation: what makes scores of the logits, for classes and actions: one of ``ACTIVATIONS``.
        source: what it was exported from: a zoo name or a file's name.
        source_hash: SHA-256 over the source's symbol and parameters, hexadecimal.
        variant: precision and pruning in a word: ``fp32``, ``int8``.
        version: gcv-edge's version that wrote the file.
        verification: verdict and differences of the check against the source (``gcv_edge.verify``).
        self_test: seeded inputs' expected outputs (``gcv_edge.verify``).
    """

    task: Task
    labels: tuple[str, ...] = ()
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    detection: DetectionSettings | None = None
    clip: ClipSettings | None = None
    depth: DepthSettings | None = None
    image: ImageSettings | None = None
    activation: str = "softmax"
    source: str = ""
    source_hash: str = ""
    variant: str = "fp32"
    version: str = ""
    verification: Mapping[str, Any] = field(default_factory=dict)
    self_test: Sequence[Mapping[str, Any]] = ()
    run: RunSettings = field(default_factory=RunSettings)


def join_lines(names: Sequence[str]) -> str:
    """Write names one per line; a backslash and a line's end inside one are spelt out."""
    return "\n".join(name.replace("\\", "\\\\").replace("\n", "\\n") for name in names)


def format_metadata(metadata: ModelMetadata) -> dict[str, str]:
    """Spell metadata as the strings that go into ``metadata_props``."""
    entries = {
        "model_info model_type": metadata.task.name,
        "gcv_edge task": metadata.task.name,
        "gcv_edge source": metadata.source,
        "gcv_edge source_hash": metadata.source_hash,
        "gcv_edge variant": metadata.variant,
        "gcv_edge version": metadata.version,
        **format_preprocessing(metadata.preprocessing),
    }
    if metadata.labels:
        entries["model_info labels"] = " ".join(label.replace(" ", "_") for label in metadata.labels)
        entries["gcv_edge labels"] = join_lines(metadata.labels)
    if metadata.task in (CLASSIFICATION, ACTION):
        entries["gcv_edge activation"] = metadata.activation
    if metadata.detection is not None:
        entries |= format_detection(metadata.detection)
    if metadata.clip is not None:
        entries |= format_clip(metadata.clip)
    if metadata.depth is not None:
        depth = metadata.depth
        entries["gcv_edge depth"] = f"{spell(depth.nearest)} {spell(depth.farthest)} {spell(depth.scale)}"
    if metadata.image is not None:
        entries["gcv_edge image_range"] = f"{spell(metadata.image.low)} {spell(metadata.image.high)}"
    return entries


def spell(value: float) -> str:
    """Write a number with the fewest digits that give it back in single precision."""
    texts = [f"{value:.{digits}g}" for digits in range(6, 10)]
    return next((text for text in texts if single(float(text)) == single(value)), texts[-1])


def single(value: float) -> float:
    """Round to single precision."""
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.inf


def format_verification(
    verification: Mapping[str, Any], self_test: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Spell the verdict and the self-test, which follow the rest when a file has been checked."""
    return {
        "gcv_edge verification": json.dumps(verification),
        "gcv_edge self_test": json.dumps(self_test),
    }


def format_run(run: RunSettings) -> dict[str, str]:
    """Spell what is known of how a file runs best, which follows the rest when that has been measured."""
    values = (run.precision, run.batch, run.streams, run.cpus)
    return {key: str(value) for key, value in zip(RUN_KEYS, values, strict=True) if value}


def format_preprocessing(preprocessing: Preprocessing) -> dict[str, str]:
    """Spell the part about the input; numbers are in 0..255 units, as Model API expects."""
    wide = preprocessing.crop_wide
    return {
        "model_info mean_values": " ".join(map(spell, preprocessing.mean)),
        "model_info scale_values": " ".join(map(spell, preprocessing.scale)),
        "model_info reverse_input_channels": "YES" if preprocessing.reverse_channels else "NO",
        "model_info resize_type": preprocessing.resize_type,
        "model_info pad_value": spell(preprocessing.pad_value),
        "gcv_edge crop_short": str(preprocessing.crop_short),
        **({"gcv_edge crop_wide": str(wide)} if wide else {}),
        **format_sides(preprocessing),
        "gcv_edge interpolation": preprocessing.interpolation,
        **({"gcv_edge box_rule": preprocessing.box_rule} if preprocessing.box_rule != "grown" else {}),
    }


def format_sides(preprocessing: Preprocessing) -> dict[str, str]:
    """Spell the sides of inputs that have each frame's own size."""
    if not preprocessing.has_own_sizes:
        return {}
    sides = {"short_side": preprocessing.short_side, "long_side": preprocessing.long_side}
    return {f"gcv_edge {name}": str(length) for name, length in sides.items()}


def format_detection(detection: DetectionSettings) -> dict[str, str]:
    """Spell the part about thresholds and NMS."""
    return {
        "model_info confidence_threshold": spell(detection.confidence_threshold),
        "model_info iou_threshold": spell(detection.iou_threshold),
        "gcv_edge nms_topk": str(detection.nms_topk),
        "gcv_edge post_nms": str(detection.post_nms),
        "gcv_edge class_agnostic": "YES" if detection.class_agnostic else "NO",
        "gcv_edge topk_per_class": "YES" if detection.topk_per_class else "NO",
        "gcv_edge nms": detection.nms,
    }


def format_clip(clip: ClipSettings) -> dict[str, str]:
    """Spell the part about the frames of a video."""
    return {
        "gcv_edge clip_offsets": " ".join(map(str, clip.offsets)),
        "gcv_edge clip_window": str(clip.window),
        "gcv_edge clip_segments": str(clip.segments),
        "gcv_edge clip_in_graph": "YES" if clip.in_graph else "NO",
    }


def parse_metadata(entries: Mapping[str, str], path: str) -> ModelMetadata:
    """Read metadata from the strings of ``metadata_props``; numbers are those of single precision.

    Raises:
        MetadataError: a key is missing or its value makes no sense; the message names key, value and cure.
    """
    found = read_fields(dict(entries), path)
    task = find_task(found.pop("task"))
    return ModelMetadata(
        task=task,
        preprocessing=Preprocessing(**found.pop("preprocessing")),
        detection=of_task(task in (DETECTION, INSTANCES), DetectionSettings, found.pop("detection")),
        clip=of_task(task is ACTION, ClipSettings, found.pop("clip")),
        depth=of_task(task is DEPTH, DepthSettings, found.pop("depth")),
        image=of_task(task is IMAGE, ImageSettings, found.pop("image")),
        run=RunSettings(**found.pop("run")),
        verification=read_json(entries, "gcv_edge verification", dict, path),
        self_test=read_json(entries, "gcv_edge self_test", list, path),
        **found,
    )


def of_task(is_needed: bool, settings: type[Settings], fields: Mapping[str, Any]) -> Settings | None:
    """Return settings that only some tasks have."""
    return settings(**fields) if is_needed else None


def read_json(entries: Mapping[str, str], key: str, kind: type, path: str) -> Any:
    """Return a JSON value of a kind; an empty one where the key is absent.

    Raises:
        MetadataError: it is none.
    """
    text = entries.get(key)
    if text is None:
        return kind()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise MetadataError(path, f"metadata key '{key}': found {shown!r}, expected JSON ({kind.__name__})")
    return value
