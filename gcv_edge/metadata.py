"""What a model file says of itself, and how that is spelt in the file.

A flat map of strings lives in the ONNX ``metadata_props``. Keys that OpenVINO Model API defines start with
``model_info``; the project's own start with ``gcv_edge``. ``docs/model-file.md`` describes each for users.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gcv_edge.errors import GcvEdgeError, MetadataError
from gcv_edge.tasks import ACTION, CLASSIFICATION, DEPTH, DETECTION, IMAGE, INSTANCES, Task, find_task

RESIZE_TYPES = ("standard", "fit_to_window", "fit_to_window_letterbox", "crop")
NMS_PLACES = ("runtime", "graph")
BOX_FORMATS = ("xyxy", "cxcywh", "xywh")
ACTIVATIONS = ("softmax", "sigmoid", "none")
"""What makes class scores of logits: one class of many, each class by itself, or scores as they are."""
ESCAPE = re.compile(r"\\([n\\])")
"""In names of classes: a line's end or a backslash."""
MAX_WINDOW = 100_000
"""More frames than any clip has; bounds what a damaged file can ask for."""
MAX_SIDE = 65_536
"""Larger than any frame that is cropped; bounds what a damaged file can ask for."""

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
    """

    mean: tuple[float, ...] = IMAGENET_MEAN
    scale: tuple[float, ...] = IMAGENET_SCALE
    reverse_channels: bool = True
    resize_type: str = "standard"
    pad_value: float = 0.0
    crop_short: int = 0
    crop_wide: int = 0


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


def join_lines(names: Sequence[str]) -> str:
    """Write names one per line; a backslash and a line's end inside one are spelt out."""
    return "\n".join(name.replace("\\", "\\\\").replace("\n", "\\n") for name in names)


def split_lines(text: str) -> tuple[str, ...]:
    """Read what ``join_lines`` wrote."""
    return tuple(map(restore_line, text.split("\n"))) if text else ()


def restore_line(line: str) -> str:
    """Turn escapes back into what they stand for; a backslash before anything else is itself."""
    return ESCAPE.sub(lambda found: "\n" if found[1] == "n" else "\\", line)


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
        entries["gcv_edge depth"] = f"{depth.nearest:.9g} {depth.farthest:.9g} {depth.scale:.9g}"
    if metadata.image is not None:
        entries["gcv_edge image_range"] = f"{metadata.image.low:.9g} {metadata.image.high:.9g}"
    return entries


def format_verification(
    verification: Mapping[str, Any], self_test: Sequence[Mapping[str, Any]]
) -> dict[str, str]:
    """Spell the verdict and the self-test, which follow the rest when a file has been checked."""
    return {
        "gcv_edge verification": json.dumps(verification),
        "gcv_edge self_test": json.dumps(self_test),
    }


def format_preprocessing(preprocessing: Preprocessing) -> dict[str, str]:
    """Spell the part about the input; numbers are in 0..255 units, as Model API expects."""
    wide = preprocessing.crop_wide
    return {
        "model_info mean_values": " ".join(f"{value:.9g}" for value in preprocessing.mean),
        "model_info scale_values": " ".join(f"{value:.9g}" for value in preprocessing.scale),
        "model_info reverse_input_channels": "YES" if preprocessing.reverse_channels else "NO",
        "model_info resize_type": preprocessing.resize_type,
        "model_info pad_value": f"{preprocessing.pad_value:.9g}",
        "gcv_edge crop_short": str(preprocessing.crop_short),
        **({"gcv_edge crop_wide": str(wide)} if wide else {}),
    }


def format_detection(detection: DetectionSettings) -> dict[str, str]:
    """Spell the part about thresholds and NMS."""
    return {
        "model_info confidence_threshold": f"{detection.confidence_threshold:.9g}",
        "model_info iou_threshold": f"{detection.iou_threshold:.9g}",
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
    """Read metadata from the strings of ``metadata_props``.

    Raises:
        MetadataError: a key is missing or its value makes no sense; the message names key, value and cure.
    """
    reader = EntryReader(entries, path)
    task = reader.task()
    mean = reader.levels("model_info mean_values")
    return ModelMetadata(
        task=task,
        labels=split_lines(entries.get("gcv_edge labels", "")),
        preprocessing=Preprocessing(
            mean=mean,
            scale=tuple(reader.numbers("model_info scale_values", len(mean))),
            reverse_channels=reader.flag("model_info reverse_input_channels"),
            resize_type=reader.choice("model_info resize_type", RESIZE_TYPES),
            pad_value=reader.number("model_info pad_value"),
            crop_short=reader.integer("gcv_edge crop_short", low=0, high=MAX_SIDE),
            crop_wide=reader.optional_integer("gcv_edge crop_wide", low=0, high=MAX_SIDE),
        ),
        detection=parse_detection(reader) if task in (DETECTION, INSTANCES) else None,
        clip=parse_clip(reader) if task is ACTION else None,
        depth=parse_depth(reader) if task is DEPTH else None,
        image=ImageSettings(*reader.numbers("gcv_edge image_range", 2)) if task is IMAGE else None,
        activation=reader.optional_choice("gcv_edge activation", ACTIVATIONS),
        source=entries.get("gcv_edge source", ""),
        source_hash=entries.get("gcv_edge source_hash", ""),
        variant=entries.get("gcv_edge variant", "fp32"),
        version=entries.get("gcv_edge version", ""),
        verification=reader.json("gcv_edge verification", dict),
        self_test=reader.json("gcv_edge self_test", list),
    )


def parse_detection(reader: EntryReader) -> DetectionSettings:
    """Read the part about thresholds and NMS."""
    return DetectionSettings(
        confidence_threshold=reader.number("model_info confidence_threshold"),
        iou_threshold=reader.number("model_info iou_threshold"),
        nms_topk=reader.integer("gcv_edge nms_topk"),
        post_nms=reader.integer("gcv_edge post_nms"),
        class_agnostic=reader.flag("gcv_edge class_agnostic"),
        nms=reader.choice("gcv_edge nms", NMS_PLACES),
        topk_per_class="gcv_edge topk_per_class" in reader.entries and reader.flag("gcv_edge topk_per_class"),
    )


def parse_clip(reader: EntryReader) -> ClipSettings:
    """Read the part about the frames of a video.

    Raises:
        MetadataError: a number is missing, or out of place.
    """
    window = reader.integer("gcv_edge clip_window", low=1, high=MAX_WINDOW)
    offsets = reader.integers("gcv_edge clip_offsets", low=0, high=window - 1)
    return ClipSettings(
        offsets=offsets,
        window=window,
        segments=reader.integer("gcv_edge clip_segments", low=1, high=MAX_WINDOW),
        in_graph=reader.flag("gcv_edge clip_in_graph"),
    )


def parse_depth(reader: EntryReader) -> DepthSettings:
    """Read what a disparity means.

    Raises:
        MetadataError: not three numbers, or no range.
    """
    depth = DepthSettings(*reader.numbers("gcv_edge depth", 3))
    if not 0 < depth.nearest < depth.farthest or depth.scale < 0:
        raise reader.wrong("gcv_edge depth", "0 < nearest < farthest, and a scale of 0 or more")
    return depth


class EntryReader:
    """Typed access to metadata strings; every error names file, key, value found and value expected."""

    def __init__(self, entries: Mapping[str, str], path: str) -> None:
        self.entries = entries
        self.path = path

    def text(self, key: str) -> str:
        """Return a required value."""
        if key not in self.entries:
            raise MetadataError(
                self.path,
                f"metadata key '{key}' is missing: this file was not written by gcv-edge "
                f"(gcv-edge export {self.path} --task ... adopts a foreign ONNX file)",
            )
        return self.entries[key]

    def task(self) -> Task:
        """Return the task."""
        try:
            return find_task(self.text("gcv_edge task"))
        except MetadataError:
            raise
        except GcvEdgeError as error:
            raise MetadataError(self.path, f"metadata key 'gcv_edge task': {error}") from error

    def number(self, key: str) -> float:
        """Return a finite number."""
        return self.numbers(key, 1)[0]

    def levels(self, key: str) -> tuple[float, ...]:
        """Return a finite number for each channel: three, or one."""
        return tuple(self.numbers(key, 1 if len(self.text(key).split()) == 1 else 3))

    def numbers(self, key: str, count: int) -> list[float]:
        """Return several finite numbers."""
        found = self.text(key)
        try:
            values = [float(part) for part in found.split()]
        except ValueError:
            values = []
        if len(values) != count or not all(map(math.isfinite, values)):
            raise self.wrong(key, f"{count} finite number{'s' if count > 1 else ''}")
        return values

    def integer(self, key: str, low: int | None = None, high: int | None = None) -> int:
        """Return a whole number, between bounds where such are given."""
        (value, *more) = self.integers(key, low, high)
        if more:
            raise self.wrong(key, "a whole number")
        return value

    def optional_integer(self, key: str, low: int, high: int) -> int:
        """Return a whole number between bounds; 0 where the key is absent."""
        return self.integer(key, low, high) if key in self.entries else 0

    def integers(self, key: str, low: int | None = None, high: int | None = None) -> tuple[int, ...]:
        """Return one whole number or more, between bounds where such are given."""
        try:
            values = tuple(int(part) for part in self.text(key).split())
        except ValueError:
            raise self.wrong(key, "a whole number") from None
        if not values or (low is not None and min(values) < low) or (high is not None and max(values) > high):
            raise self.wrong(key, "a whole number" + (f" from {low} to {high}" if low is not None else ""))
        return values

    def flag(self, key: str) -> bool:
        """Return YES or NO as a bool."""
        return self.choice(key, ("YES", "NO")) == "YES"

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """Return a value that must be one of a few."""
        if self.text(key) not in choices:
            raise self.wrong(key, f"one of {', '.join(choices)}")
        return self.text(key)

    def optional_choice(self, key: str, choices: Sequence[str]) -> str:
        """Return a value that must be one of a few; the first where the key is absent."""
        return self.choice(key, choices) if key in self.entries else choices[0]

    def json(self, key: str, kind: type) -> Any:
        """Return a JSON value of a kind; an empty one where the key is absent."""
        if key not in self.entries:
            return kind()
        try:
            value = json.loads(self.entries[key])
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, kind):
            raise self.wrong(key, f"JSON ({kind.__name__})")
        return value

    def wrong(self, key: str, expected: str) -> MetadataError:
        """Say what is wrong with a value."""
        found = self.text(key)
        shown = found if len(found) <= 60 else found[:57] + "..."
        return MetadataError(self.path, f"metadata key '{key}': found {shown!r}, expected {expected}")
