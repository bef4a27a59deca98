"""How a frame is fitted into a network's input: as asked for, as the network's name tells, or as is usual."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gcv_edge import metadata
from gcv_edge.errors import UsageError
from gcv_edge.metadata import Preprocessing
from gcv_edge.tasks import CLASSIFICATION, POSE, VECTORS, Task

CROP_RATIO = 0.875
"""GluonCV's classification scripts crop this part of the short side (scripts/classification/imagenet), and
so do the validations of torchvision and timm."""

SMALLEST_CROPPED = 128
"""Side of an input, pixels, from which a classifier's frames are usually cropped. Pictures of smaller ones
(CIFAR, MNIST, faces) are made at the input's size."""

OWN_SIZE = "short"
"""Way to fit a frame that gives the input the frame's own shape."""

RESIZE_TYPES = {
    "stretch": "standard",
    "keep": "fit_to_window",
    "letterbox": "fit_to_window_letterbox",
    "crop": "crop",
    OWN_SIZE: "standard",
}
INTERPOLATIONS = tuple(name for name in metadata.INTERPOLATIONS if name != "warp")
"""What can be asked for. ``warp`` belongs to networks that see frames through an affine map."""
PATTERN = re.compile(r"(stretch|keep|letterbox|crop)(?::(\d+(?:\.\d+)?))?")
SIDES = re.compile(r"short:(\d{1,4}),(\d{1,4})")
BLACK, WHITE = 0.0, 255.0
LARGEST_SIDE = 8192
"""What the runtime accepts for pictures that have a size of their own."""


@dataclass(frozen=True)
class Resizing:
    """How the evaluation of a family of networks brings pictures to the input's size.

    Attributes:
        resize_type, interpolation, short_side, long_side: as ``Preprocessing`` has them.
    """

    resize_type: str = "standard"
    interpolation: str = "bilinear"
    short_side: int = 0
    long_side: int = 0


@dataclass(frozen=True)
class FrameFit:
    """A way to fit frames into an input.

    Attributes:
        manner: a key of ``RESIZE_TYPES``.
        number: for ``crop`` the part of the short side that is left; for ``keep`` and ``letterbox`` the
            level around the frame, 0..255; None for what is usual.
        sides: for ``short`` the length of the short side, and the largest of the long side.
    """

    manner: str
    number: float | None = None
    sides: tuple[int, int] | None = None

    def apply(self, usual: Preprocessing, size: Sequence[int]) -> Preprocessing:
        """Return preprocessing that fits frames so; ``size`` is the input's height and width."""
        if self.manner == OWN_SIZE:
            return usual
        interpolation = "bilinear" if usual.interpolation == "warp" else usual.interpolation
        asked = replace(
            usual,
            resize_type=RESIZE_TYPES[self.manner],
            crop_short=0,
            crop_wide=0,
            interpolation=interpolation,
        )
        if self.manner == "crop":
            return replace(asked, crop_short=crop_short(size, self.number or CROP_RATIO))
        return asked if self.number is None else replace(asked, pad_value=self.number)

    def check_task(self, task: Task) -> None:
        """Refuse a way that makes no sense for a task.

        Raises:
            UsageError: the task's frames are fitted by boxes, or a crop would lose what is to be found.
        """
        if task is POSE:
            raise UsageError(f"--fit is not for {task.name}")
        if self.manner == "crop" and task not in VECTORS:
            raise UsageError(f"--fit crop would lose the rim of the frame, which {task.name} needs")


def own_fit(preprocessing: Preprocessing) -> FrameFit | None:
    """Return the way that gives pictures a size of their own; None where a file has one size."""
    sides = preprocessing.short_side, preprocessing.long_side
    return FrameFit(OWN_SIZE, sides=sides) if preprocessing.has_own_sizes else None


def parse_fit(text: str) -> FrameFit:
    """Read ``stretch``, ``crop[:PART]``, ``keep[:LEVEL]``, ``letterbox[:LEVEL]`` or ``short:SHORT,LONG``.

    Raises:
        UsageError: the text is anything else, or its number is out of range.
    """
    spelled = text.strip().lower()
    if spelled.startswith(OWN_SIZE):
        return FrameFit(OWN_SIZE, sides=parse_sides(spelled))
    match = PATTERN.fullmatch(spelled)
    if match is None:
        raise UsageError(
            f"--fit {text}: expected stretch, crop[:PART], keep[:LEVEL], letterbox[:LEVEL] or "
            "short:SHORT,LONG"
        )
    manner, number = match[1], None if match[2] is None else float(match[2])
    low, high = (0.01, 1.0) if manner == "crop" else (BLACK, WHITE)
    if number is not None and (manner == "stretch" or not low <= number <= high):
        expected = "no number" if manner == "stretch" else f"a number from {low:g} to {high:g}"
        raise UsageError(f"--fit {text}: expected {expected} after {manner}")
    return FrameFit(manner, number)


def parse_sides(text: str) -> tuple[int, int]:
    """Read ``short:SHORT,LONG``.

    Raises:
        UsageError: the text is anything else, or the long side is the shorter one.
    """
    match = SIDES.fullmatch(text)
    short, long = (int(match[1]), int(match[2])) if match is not None else (0, 0)
    if not 0 < short <= long <= LARGEST_SIDE:
        raise UsageError(
            f"--fit {text}: expected short:SHORT,LONG such as short:800,1333, up to {LARGEST_SIDE}"
        )
    return short, long


def parse_interpolation(text: str) -> str:
    """Read one of ``INTERPOLATIONS``; ``by-size`` is spelt so too.

    Raises:
        UsageError: the text is anything else.
    """
    name = text.strip().lower().replace("-", "_")
    if name not in INTERPOLATIONS:
        raise UsageError(f"--interpolation {text}: expected one of {', '.join(INTERPOLATIONS)}")
    return name


def crop_short(size: Sequence[int], part: float) -> int:
    """Length that a frame's short side is resized to, so that the input shows this part of it."""
    return math.ceil(min(size) / part)


def default_preprocessing(task: Task, size: Sequence[int]) -> Preprocessing:
    """ImageNet statistics and the task's way to fit a frame into an input of ``size`` (height, width)."""
    usual = Preprocessing(resize_type=task.resize_type)
    return FrameFit("crop").apply(usual, size) if task.resize_type == "crop" else usual


def choose_fit(
    usual: Preprocessing,
    task: Task,
    size: Sequence[int],
    fit: FrameFit | None,
    interpolation: str | None,
    *,
    is_known: bool,
) -> tuple[Preprocessing, tuple[str, ...]]:
    """Fit frames as the user asks, else as is known of the network, else as is usual for task and size.

    Args:
        usual: what the network's name or file tells, or what is usual for its task.
        task: what the network is for.
        size: height and width of its input.
        fit, interpolation: what the user asks for.
        is_known: ``usual`` is known of this very network.

    Returns:
        the preprocessing, and what was assumed.

    Raises:
        UsageError: the task cannot be served so.
    """
    if interpolation is not None:
        usual = replace(usual, interpolation=interpolation)
    if fit is not None:
        fit.check_task(task)
        if fit.manner == OWN_SIZE and not usual.has_own_sizes:
            raise UsageError(
                "--fit short is for GluonCV's R-CNNs, SSDs, YOLOv3 and CenterNets, without --input-shape and "
                "--dynamic-batch: they take pictures of any size"
            )
        return fit.apply(usual, size), ()
    if is_known or task is not CLASSIFICATION:
        return usual, ()
    if min(size) < SMALLEST_CROPPED:
        shape = f"{size[1]}x{size[0]}"
        return FrameFit("stretch").apply(usual, size), (f"assumed: frames are stretched to {shape} (--fit)",)
    return usual, (f"assumed: the middle {CROP_RATIO:.1%} of a frame is looked at (--fit)",)
