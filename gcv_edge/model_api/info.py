"""What a file says of itself, in the names and units of OpenVINO Model API.

What each entry does is read in Model API 0.4.7: ``models/*.py`` and ``adapters/utils.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gcv_edge.errors import UnsupportedError
from gcv_edge.metadata import ModelMetadata, Preprocessing, spell
from gcv_edge.tasks import CLASSIFICATION, DETECTION, INSTANCES, SEGMENTATION

WRAPPERS = {
    CLASSIFICATION.name: "Classification",
    DETECTION.name: "ssd",
    SEGMENTATION.name: "Segmentation",
    INSTANCES.name: "MaskRCNN",
}
"""Task: ``model_type``. Model API ignores its case, DL Streamer does not."""

SEPARATORS = re.compile(r"[\s,;\x00-\x1f\x7f]+")
"""Model API divides labels at blanks, DL Streamer at these; XML has no control characters."""


@dataclass(frozen=True)
class ModelInfo:
    """What Model API reads.

    Attributes:
        entries: of ``model_info``.
        warnings: what it will do otherwise than this package's runtimes; a line each.
    """

    entries: dict[str, str]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Way:
    """A way of Model API to do something.

    Attributes:
        name: Model API's.
        warning: how it differs from this package's; empty where it does not.
    """

    name: str
    warning: str = ""


INTERPOLATIONS = {
    "bilinear": Way("LINEAR"),
    "warp": Way("LINEAR"),
    "bicubic": Way("CUBIC"),
    "nearest": Way(
        "NEAREST",
        "frames are resized from other pixels: Model API's nearest rounds where OpenCV's rounds down",
    ),
}


def describe_model(metadata: ModelMetadata, size: tuple[int, int]) -> ModelInfo:
    """Say in Model API's words what a file of a task with a wrapper says of itself.

    Args:
        metadata: the file's.
        size: width and height of its input.
    """
    fit, interpolation, level = (
        choose_fit(metadata, size),
        choose_interpolation(metadata.preprocessing),
        choose_level(metadata.preprocessing),
    )
    entries = {
        "model_type": WRAPPERS[metadata.task.name],
        "resize_type": fit.name,
        "interpolation_mode": interpolation.name,
        "pad_value": level.name,
        **describe_levels(metadata.preprocessing),
        **describe_results(metadata),
    }
    labels = join_labels(labels_of(metadata))
    warnings = tuple(way.warning for way in (fit, interpolation, level) if way.warning)
    return ModelInfo({**entries, **({"labels": labels} if labels else {})}, warnings)


def check_task(metadata: ModelMetadata, source: str) -> None:
    """Refuse what no wrapper is for.

    Raises:
        UnsupportedError: it is another task, or other scores, or frames keep their own size.
    """
    if metadata.task.name not in WRAPPERS:
        raise UnsupportedError(
            f"{source}: OpenVINO Model API has no wrapper for {metadata.task.name}, only for "
            f"{', '.join(WRAPPERS)}"
        )
    if metadata.task is CLASSIFICATION and metadata.activation == "none":
        raise UnsupportedError(
            f"{source}: activation 'none' is not supported: OpenVINO Model API makes probabilities of scores"
        )
    if metadata.preprocessing.has_own_sizes:
        raise UnsupportedError(
            f"{source}: frames of their own sizes are not supported by OpenVINO Model API: export the "
            "network with --input-shape 1,3,H,W"
        )


def choose_fit(metadata: ModelMetadata, size: tuple[int, int]) -> Way:
    """Choose how Model API brings a frame to the input's size."""
    preprocessing = metadata.preprocessing
    wanted = preprocessing.resize_type
    if metadata.task is SEGMENTATION and wanted != "standard":
        return Way(
            "standard",
            f"frames are stretched, not fitted ({wanted}): Model API stretches a mask to the whole frame",
        )
    if wanted == "affine":
        return Way(
            "fit_to_window_letterbox",
            "frames are letterboxed: Model API has no affine map",
        )
    return choose_crop(size) if wanted == "crop" else Way(wanted)


def choose_crop(size: tuple[int, int]) -> Way:
    """Choose what is nearest to a centre crop: Model API cuts out the largest square, and resizes that."""
    if size[0] != size[1]:
        return Way("standard", "frames are stretched: Model API crops for square inputs only")
    return Way("crop", "frames are cropped before they are resized, not after: pixels are up to one off")


def shown_size(preprocessing: Preprocessing, size: tuple[int, int]) -> tuple[int, int]:
    """Width and height that Model API gives a frame, of which the network sees the middle of its own size."""
    is_crop = preprocessing.resize_type == "crop" and size[0] == size[1]
    side = max(preprocessing.crop_short, size[0])
    return (side, side) if is_crop else size


def choose_interpolation(preprocessing: Preprocessing) -> Way:
    """Choose how Model API makes pixels; its crop is always bilinear."""
    wanted = preprocessing.interpolation
    bilinear = Way("LINEAR", f"frames are resized by bilinear interpolation: Model API has no {wanted} here")
    if preprocessing.resize_type == "crop" and wanted != "bilinear":
        return bilinear
    return INTERPOLATIONS.get(wanted, bilinear)


def choose_level(preprocessing: Preprocessing) -> Way:
    """Round the level around a frame: Model API takes whole numbers."""
    level = preprocessing.pad_value
    warning = f"the level around frames is {round(level)}, not {spell(level)}: Model API takes whole numbers"
    return Way(str(round(level)), warning if level != round(level) else "")


def describe_levels(preprocessing: Preprocessing) -> dict[str, str]:
    """Spell how levels become numbers; DL Streamer knows True and False only."""
    return {
        "mean_values": " ".join(map(spell, preprocessing.mean)),
        "scale_values": " ".join(map(spell, preprocessing.scale)),
        "reverse_input_channels": str(preprocessing.reverse_channels),
    }


def describe_results(metadata: ModelMetadata) -> dict[str, str]:
    """Spell what the wrappers do with the outputs.

    With ``output_raw_scores`` DL Streamer makes probabilities of the logits, as Model API always does.
    Without ``nms_execute`` it would suppress once more.
    """
    if metadata.detection is not None:
        threshold = spell(metadata.detection.confidence_threshold)
        return {"confidence_threshold": threshold, "nms_execute": "False"}
    if metadata.task is CLASSIFICATION:
        return {"multilabel" if metadata.activation == "sigmoid" else "output_raw_scores": "True"}
    return {}


def labels_of(metadata: ModelMetadata) -> Sequence[str]:
    """List names as the wrapper counts them: masks of instances from 1, contours without the first class."""
    if metadata.task is INSTANCES and metadata.labels:
        return ("background", *metadata.labels)
    return metadata.labels[1:] if metadata.task is SEGMENTATION else metadata.labels


def join_labels(labels: Sequence[str]) -> str:
    """Write names with blanks between, and none inside."""
    return " ".join(SEPARATORS.sub("_", label.strip()) or "_" for label in labels)
