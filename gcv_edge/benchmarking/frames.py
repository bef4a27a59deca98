"""Real pictures to measure on, read once and handed to every process."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import numpy as np

from gcv_edge.errors import GcvEdgeError
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.sources import list_pictures, read_picture, read_source

MOST_FRAMES = 16
FILE = "frames.npz"


def load_frames(source: str | None = None) -> list[Pixels]:
    """Read frames of a picture, folder or video; None for the pictures that the package ships.

    Raises:
        DataError: there is nothing to read.
    """
    if source is not None:
        return [frame.pixels for frame in itertools.islice(read_source(source), MOST_FRAMES)]
    with resources.as_file(resources.files("gcv_edge") / "demo") as folder:
        if not folder.is_dir():
            raise GcvEdgeError("the installation is damaged: gcv_edge/demo holds no picture")
        return [read_picture(path) for path in list_pictures(folder)]


def describe_frames(frames: list[Pixels], source: str | None) -> str:
    """Say what was measured on."""
    sizes = sorted({f"{frame.shape[1]}x{frame.shape[0]}" for frame in frames})
    origin = source if source is not None else "the package's own pictures"
    return f"{len(frames)} frames of {', '.join(sizes)} ({origin})"


def store_frames(frames: list[Pixels], folder: Path) -> Path:
    """Write frames where other processes find them."""
    path = folder / FILE
    np.savez(path, *frames)
    return path


def fetch_frames(path: str) -> list[Pixels]:
    """Read what ``store_frames`` wrote."""
    with np.load(path, allow_pickle=False) as stored:
        return [stored[name] for name in stored.files]


def choose(frames: Sequence[Pixels], number: int, count: int) -> list[Pixels]:
    """Return so many frames, the first of which comes after those of the batch before; they repeat."""
    return [frames[(number * count + index) % len(frames)] for index in range(count)]
