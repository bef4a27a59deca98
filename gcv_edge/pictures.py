"""Pictures, clips and tensors that checks use: the same on every machine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

import cv2
import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import GcvEdgeError
from gcv_edge.metadata import ModelMetadata, Preprocessing
from gcv_edge.tasks import TENSORS

Pixels = NDArray[np.uint8]
Inputs = dict[str, NDArray[np.float32]]
NOISE_SEED = 1
LUMA = (9798, 19235, 3735)
"""Weights of red, green and blue in grey, of 2^15 (BT.601, as the runtime and OpenCV have them)."""
SMALLEST_SIDE = 16
"""Length under which an axis of three is no side of a picture."""
COLOURS = 3
SEEDS = {"noise": NOISE_SEED, "other noise": 101}
"""First seed of each kind of noise; a network of several inputs takes the following ones too."""


def check_inputs(shapes: Mapping[str, tuple[int, ...]], metadata: ModelMetadata) -> dict[str, Inputs]:
    """Make what a network is tried on: batches of one, by kind.

    Args:
        shapes: of the network's inputs.
        metadata: says what they hold.

    Returns:
        ``noise``, and where the network takes pictures ``black`` and ``picture``: each input by its name;
        ``picture`` is upright where the network takes pictures of any size. Of
        tensors ``noise`` and ``other noise``, and ``picture`` with levels from 0 to 255 where one may be a
        picture: a network that normalises its input itself is tried where it works.
    """
    if metadata.task is TENSORS:
        return tensor_inputs(shapes)
    ((name, shape),) = shapes.items()
    pictures = check_pictures(shape[-2], shape[-1])
    if metadata.preprocessing.has_own_sizes:
        pictures["picture"] = check_pictures(shape[-1], shape[-2])["picture"]
    return {
        kind: {name: as_clip(normalize(picture, metadata.preprocessing), shape)}
        for kind, picture in pictures.items()
    }


def noise_seeds(kinds: Iterable[str]) -> dict[str, int]:
    """Return the seeds of those kinds of ``check_inputs`` that are noise."""
    return {kind: SEEDS[kind] for kind in kinds if kind in SEEDS}


def tensor_inputs(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Inputs]:
    """Make the kinds of ``check_inputs`` for a network of any inputs."""
    kinds = {kind: noise_tensors(shapes, seed) for kind, seed in SEEDS.items()}
    pictures = {name: picture_tensor(shape) for name, shape in shapes.items() if is_picture(shape)}
    return {**kinds, "picture": {**kinds["noise"], **pictures}} if pictures else kinds


def is_picture(shape: tuple[int, ...]) -> bool:
    """Whether a tensor may hold pictures or clips: of 1 or 3 channels, first or last, or one alone."""
    if len(shape) == 3:
        return is_single(shape)
    is_last = len(shape) == 4 and shape[-1] in (1, 3) and shape[-2] > 3
    return len(shape) in (4, 5) and (shape[1] in (1, 3) or is_last)


def is_single(shape: Sequence[int | str]) -> bool:
    """Tell one colour picture without a batch, as torchvision's detectors take it: ``[3, H, W]``.

    Lengths that are open may be of any picture.
    """
    axis = next((axis for axis in (0, 2) if len(shape) == 3 and shape[axis] == COLOURS), None)
    sides = [length for place, length in enumerate(shape) if place != axis]
    return axis is not None and all(isinstance(side, str) or side >= SMALLEST_SIDE for side in sides)


def picture_tensor(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Fill a tensor with a real picture, levels from 0 to 255."""
    if len(shape) == 3:
        return picture_tensor((1, *shape)).reshape(shape)
    is_last = shape[1] not in (1, 3)
    height, width = shape[-3:-1] if is_last else shape[-2:]
    levels = check_pictures(height, width)["picture"].astype(np.float32)
    if 3 not in (shape[1], shape[-1]):
        levels = levels.mean(axis=2, keepdims=True)
    if not is_last:
        levels = levels.transpose(2, 0, 1)
        levels = levels[:, None] if len(shape) == 5 else levels
    return np.ascontiguousarray(np.broadcast_to(levels, shape))


def noise_tensors(shapes: Mapping[str, tuple[int, ...]], seed: int) -> Inputs:
    """Make noise for each input, each from a seed of its own."""
    return {name: noise_tensor(shape, seed + index) for index, (name, shape) in enumerate(shapes.items())}


def noise_inputs(shapes: Mapping[str, tuple[int, ...]], metadata: ModelMetadata) -> Inputs:
    """Make the noisy one of ``check_inputs``."""
    if metadata.task is TENSORS:
        return noise_tensors(shapes, NOISE_SEED)
    ((name, shape),) = shapes.items()
    picture = noise_picture(shape[-2], shape[-1], NOISE_SEED)
    return {name: as_clip(normalize(picture, metadata.preprocessing), shape)}


def as_clip(batch: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Repeat a picture ``[1, C, H, W]`` along the frames of a clip, each moved on by a pixel."""
    if len(shape) == 4:
        return batch
    return np.stack([np.roll(batch, frame, axis=-1) for frame in range(shape[2])], axis=2)


def check_pictures(height: int, width: int) -> dict[str, Pixels]:
    """Return a black, a noisy and a real picture, RGB ``[H, W, 3]``."""
    return {
        "black": np.zeros((height, width, 3), np.uint8),
        "noise": noise_picture(height, width, NOISE_SEED),
        "picture": cv2.resize(real_picture(), (width, height), interpolation=cv2.INTER_AREA),  # type: ignore[dict-item]
    }


def noise_picture(height: int, width: int, seed: int) -> Pixels:
    """Hash of the byte's position (SplitMix64's finaliser), so that any language can make the same noise."""
    return noise_levels(height * width * 3, seed).reshape(height, width, 3)


def noise_tensor(shape: tuple[int, ...], seed: int) -> NDArray[np.float32]:
    """Make noise between -1 and 1."""
    return (noise_levels(int(np.prod(shape)), seed) / np.float32(127.5) - 1).reshape(shape)


def noise_levels(count: int, seed: int) -> Pixels:
    """Hash numbers from 0 to levels from 0 to 255."""
    value = np.arange(count, dtype=np.uint64) + np.uint64(seed << 32)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value = (value ^ (value >> np.uint64(shift))) * np.uint64(factor)
    return (value >> np.uint64(56)).astype(np.uint8)


def real_picture() -> Pixels:
    """Return the first picture that the package ships, RGB."""
    folder = resources.files("gcv_edge") / "demo"
    entries = folder.iterdir() if folder.is_dir() else ()
    names = sorted(entry.name for entry in entries if entry.name.endswith(".jpg"))
    if not names:
        raise GcvEdgeError("the installation is damaged: gcv_edge/demo holds no picture")
    data = np.frombuffer((folder / names[0]).read_bytes(), np.uint8)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)  # type: ignore[return-value]


def normalize(picture: Pixels, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Turn an RGB picture of the network's size into its input ``[1, C, H, W]``, C 3 or 1 (grey)."""
    ordered = order_channels(picture, preprocessing)
    mean, scale = np.array(preprocessing.mean, np.float32), np.array(preprocessing.scale, np.float32)
    return np.ascontiguousarray(((ordered - mean) / scale).transpose(2, 0, 1)[None])


def order_channels(picture: Pixels, preprocessing: Preprocessing) -> Pixels:
    """Bring the channels of an RGB picture into the network's order, or into one of grey."""
    if len(preprocessing.mean) == 1:
        weighed = (picture.astype(np.int32) @ np.array(LUMA, np.int32) + (1 << 14)) >> 15
        return weighed[..., None].astype(np.uint8)
    return picture if preprocessing.reverse_channels else picture[..., ::-1]
