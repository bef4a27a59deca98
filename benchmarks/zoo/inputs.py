"""What networks are compared on: near black, noise, and soft shapes with noise; seeded, nowhere quite flat.

In a flat place, neighbours have the same score but for rounding, and which of them a detector chooses is
arbitrary; and MXNet, which adds up equal numbers one by one, has averages that are right to four digits only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gcv_edge.exporters.mxnet.random_weights import Array, draw_shapes, stream
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pictures import Inputs, Pixels, as_clip, check_inputs, noise_picture, normalize
from gcv_edge.tasks import TENSORS

SEED = 7
DARKER = 64
MIDDLE, SPREAD = 120, 50
"""Mean and deviation of the levels of a picture of shapes."""


def seeded_inputs(shapes: Mapping[str, tuple[int, ...]], metadata: ModelMetadata) -> dict[str, Inputs]:
    """Make a network's inputs, by kind, as an export's own check does, without flat places."""
    kinds = check_inputs(shapes, metadata)
    if metadata.task is TENSORS:
        return kinds
    ((name, shape),) = shapes.items()
    for kind, draw in (("black", dark_picture), ("picture", shapes_picture)):
        data = normalize(draw(shape[-2], shape[-1]), metadata.preprocessing)
        kinds[kind] = {name: as_clip(data, shape)}
    return kinds


def dark_picture(height: int, width: int) -> Pixels:
    """Draw black as a camera sees it, RGB ``[H, W, 3]``."""
    return np.asarray(noise_picture(height, width, SEED) // DARKER, np.uint8)


def shapes_picture(height: int, width: int) -> Pixels:
    """Draw soft shapes with a little noise, RGB ``[H, W, 3]``."""
    levels = MIDDLE + SPREAD * draw_shapes((3, height, width), stream(SEED))
    return np.asarray(np.clip(levels, 0, 255).transpose(1, 2, 0), np.uint8)


def add_noise(inputs: Array, deviation: float, seed: int | Sequence[int]) -> Array:
    """Change inputs by next to nothing, to see what rounding decides about."""
    noise = np.random.default_rng(seed).standard_normal(inputs.shape)
    return np.asarray(inputs + deviation * noise, np.float32)
