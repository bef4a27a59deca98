"""Masks of 28x28 cells pasted into a 1080p frame: gcv-edge against OpenCV and GluonCV, one thread.

GluonCV's fill needs the extra [mxnet]; it runs with fast_fill, its default, which rounds boxes to whole
pixels. OpenCV's way is a bilinear remap of each padded mask and a comparison with 0.5. Crops leave out the
empty frame around each object; most of a bitmap's time goes into getting its memory from the system.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.command_line import make_parser
from benchmarks.records import Record, write_results
from benchmarks.timing import interleaved, on_every_isa, print_table, summarize
from gcv_edge import _core
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.errors import GcvEdgeError

SIZE, CELLS, COUNTS = (1920, 1080), 28, (10, 100)
Floats = NDArray[np.float32]


def draw_extents(generator: np.random.Generator, count: int) -> Floats:
    """Boxes of 40 to 500 pixels inside the frame."""
    sides = np.exp(generator.uniform(np.log(40), np.log(500), (count, 2)))
    corner = generator.uniform(0, 1, (count, 2)) * (np.array(SIZE) - sides)
    return np.asarray(np.concatenate([corner, corner + sides], 1), np.float32)


def draw_masks(generator: np.random.Generator, count: int) -> Floats:
    """Smooth blobs."""
    noise = generator.normal(0, 1, (count, CELLS, CELLS)).astype(np.float32)
    blobs = np.stack([cv2.GaussianBlur(part, (0, 0), 4) for part in noise])
    return np.asarray(1 / (1 + np.exp(-20 * blobs)), np.float32)


def paste_with_opencv(masks: Floats, extents: Floats) -> NDArray[np.bool_]:
    """Remap each mask into the part of the frame that it touches."""
    canvas = np.zeros((len(masks), SIZE[1], SIZE[0]), bool)
    for mask, extent, bitmap in zip(masks, extents, canvas, strict=True):
        columns, rows = sample_side(extent[0::2], SIZE[0]), sample_side(extent[1::2], SIZE[1])
        grid = np.meshgrid(columns[1], rows[1])
        values = cv2.remap(np.pad(mask, 1), grid[0], grid[1], cv2.INTER_LINEAR)
        place = bitmap[rows[0] : rows[0] + len(rows[1]), columns[0] : columns[0] + len(columns[1])]
        np.greater_equal(values, 0.5, out=place)
    return canvas


def sample_side(ends: Floats, length: int) -> tuple[int, Floats]:
    """First pixel that a side of a padded mask touches, and where it and its followers fall."""
    low, high = map(float, ends)
    margin = (high - low) / CELLS
    first, last = max(int(low - margin), 0), min(int(high + margin) + 1, length)
    centres = np.arange(first, last) + 0.5
    return first, ((centres - low) / (high - low) * CELLS + 0.5).astype(np.float32)


@cache
def load_gluoncv() -> Callable[..., object] | None:
    """GluonCV's fill, or None where it is not installed."""
    try:
        from gcv_edge.exporters.mxnet.compat import import_gluoncv

        import_gluoncv()
    except (GcvEdgeError, ImportError) as error:
        print(f"without GluonCV: {error}")
        return None
    from gluoncv.data.transforms.mask import fill

    return fill  # type: ignore[no-any-return]


def measure(count: int, rounds: int, generator: np.random.Generator) -> Record:
    """Time a number of objects."""
    given = (draw_masks(generator, count), draw_extents(generator, count))
    fill, bitmaps = load_gluoncv(), _core.paste_masks(*given, SIZE)
    differing = int((paste_with_opencv(*given) != bitmaps).sum())
    ours = on_every_isa("gcv-edge, bitmaps", partial(_core.paste_masks, *given, SIZE))
    functions: dict[str, Callable[[], object]] = {
        **ours,
        **on_every_isa("gcv-edge, crops", partial(_core.paste_crops, *given, SIZE)),
        "cv2.remap": partial(paste_with_opencv, *given),
        **({"gluoncv fill": partial(fill, *given, SIZE)} if fill is not None else {}),
    }
    seconds = interleaved(functions, rounds)
    print_table(f"{count} objects; cv2.remap differs in {differing} pixels", seconds, list(ours)[-1])
    return {
        "covered_pixels": int(bitmaps.sum()),
        "pixels_that_cv2_remap_gives_otherwise": differing,
        "times": summarize(seconds),
    }


@ending_tidily()
def main() -> None:
    """Time both numbers of objects."""
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    generator = np.random.default_rng(0)
    rows = {f"{count} objects": measure(count, rounds, generator) for count in COUNTS}
    print(write_results("masks", rows, settings={"frame": SIZE, "cells": CELLS}))


if __name__ == "__main__":
    main()
