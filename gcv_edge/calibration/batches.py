"""Pictures, clips and tensors as batches of a network's input, and the batches that are held out.

Frames are preprocessed by the runtime's own ``fill``: calibration sees the pixels that the network will see.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gcv_edge.errors import DataError
from gcv_edge.measure.result_cache import hash_array
from gcv_edge.metadata import ModelMetadata
from gcv_edge.runtime.frames import Pixels, view_frame
from gcv_edge.runtime.preprocessing import fill
from gcv_edge.tasks import TENSORS

FrameOrTensors = Any
"""A frame, uint8 ``[h, w, 3]`` BGR or ``[h, w]`` grey; for a network that takes tensors, a dict of them."""

Batch = dict[str, NDArray[Any]]

MOST_HELD_OUT = 32
"""Batches held out at most."""

EVERY = 4
"""Of so many batches, one is held out."""

CORRECTED_ON = 8
"""Batches kept for full bias correction."""


class FrameBatcher:
    """Makes batches from frames: one picture, clip or set of tensors each, or a file's fixed number.

    Args:
        shapes: of the network's inputs by name; the first dimension may be open (a name or None), and height
            and width where pictures have a size of their own: then each is a batch.
        metadata: says how frames are preprocessed.
        dtype: element type of the input that frames go into: float32, or uint8 for levels.

    Attributes:
        frames: read so far.
        clip_length: frames of a clip; 1 where the network takes no clips.
        per_batch: pictures, clips or sets of tensors in a batch.
        repeated: how many of them are repeats in the last batch, where there were too few to fill one.
    """

    def __init__(
        self, shapes: Mapping[str, tuple[Any, ...]], metadata: ModelMetadata, dtype: DTypeLike = np.float32
    ) -> None:
        self.frames = 0
        self._hash = hashlib.sha256()
        self._first: Any = None
        self._are_equal = self._are_plain = True
        self._metadata = metadata
        self._dtype = dtype
        self._name, shape = next(iter(shapes.items()))
        self._shape = tuple(shape[1:])
        self._batch = shape[0] if isinstance(shape[0], int) else 1
        is_clip = metadata.task is not TENSORS and len(self._shape) == 4
        self.clip_length: int = self._shape[1] if is_clip else 1
        self.per_batch = 1 if metadata.task is TENSORS else self._batch
        self.repeated = 0

    @property
    def digest(self) -> str:
        """SHA-256 over all frames read so far, hexadecimal."""
        return self._hash.hexdigest()

    @property
    def identical_pictures_warning(self) -> str:
        """A warning that all pictures are equal, or that each has one colour only; empty otherwise."""
        if self._first is None or self.frames == 1:
            return ""
        if self._are_equal:
            return f"all {self.frames} pictures are equal"
        if self._are_plain:
            return f"all {self.frames} pictures are of one colour"
        return ""

    def batches(self, frames: Iterable[FrameOrTensors]) -> Iterator[Batch]:
        """Yield batches in the order of the frames.

        Frames too few for another batch are left out; if they are too few for the first, they are repeated.

        Raises:
            DataError: something is not a frame.
        """
        if self._metadata.task is TENSORS:
            yield from map(self._tensors, frames)
            return
        window: list[NDArray[Any]] = []
        is_first = True
        for frame in frames:
            window.append(self._picture(frame))
            if len(window) == self._batch * self.clip_length:
                yield {self._name: self._join(window)}
                window, is_first = [], False
        there = len(window) // self.clip_length
        if is_first and there:
            self.repeated = self._batch - there
            whole = window[: there * self.clip_length] * -(-self._batch // there)
            yield {self._name: self._join(whole[: self._batch * self.clip_length])}

    def _join(self, window: list[NDArray[Any]]) -> NDArray[Any]:
        pictures: NDArray[Any] = np.stack(window)
        if len(self._shape) == 3:
            return pictures
        clips = pictures.reshape(self._batch, -1, *pictures.shape[1:])
        return np.ascontiguousarray(clips.transpose(0, 2, 1, 3, 4))

    def _tensors(self, tensors: Any) -> Batch:
        if not isinstance(tensors, Mapping):
            raise DataError(f"calibration: found {type(tensors).__name__}, expected a dict of tensors")
        self.frames += 1
        for name, array in tensors.items():
            self._hash.update(name.encode())
            hash_array(self._hash, np.asarray(array))
        return dict(tensors)

    def _picture(self, frame: FrameOrTensors) -> NDArray[Any]:
        """Preprocess one frame to ``[C, H, W]``."""
        try:
            view = view_frame(frame, "bgr")
        except (TypeError, ValueError) as error:
            raise DataError(f"calibration picture {self.frames + 1}: {error}") from error
        self.frames += 1
        self._hash.update(view.format.name.encode())
        hash_array(self._hash, view.pixels)
        self._compare(view.pixels)
        preprocessing = self._metadata.preprocessing
        width, height = (
            preprocessing.own_size(view.size) if preprocessing.has_own_sizes else self._shape[:-3:-1]
        )
        picture = np.empty((self._shape[0], height, width), self._dtype)
        fill(view, preprocessing, picture)
        return picture

    def _compare(self, pixels: Pixels) -> None:
        """Note whether all pictures so far equal the first, and whether each has one colour only."""
        if self._first is None:
            self._first = pixels.copy()
        self._are_equal = self._are_equal and np.array_equal(pixels, self._first)
        self._are_plain = self._are_plain and bool((pixels == pixels[:1, :1]).all())


def count_held_out(batches: int) -> int:
    """Return how many of so many batches are held out."""
    return min(MOST_HELD_OUT, batches // EVERY)


@dataclass
class HeldOutSplit:
    """Divides a stream of batches into those that statistics are taken of and those that are held out.

    Attributes:
        held_out: batches that candidates are compared on; filled by ``divide`` unless the caller gave them.
        corrected_on: the first few of the others, for full bias correction.
        given_hash: of the frames of held-out batches that the caller gave; empty where none were given.
    """

    held_out: list[Batch] = field(default_factory=list)
    corrected_on: list[Batch] = field(default_factory=list)
    given_hash: str = ""

    def divide(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the batches that are not held out."""
        for index, batch in enumerate(batches):
            if not self.given_hash and index % EVERY == EVERY - 1 and len(self.held_out) < MOST_HELD_OUT:
                self.held_out.append(batch)
                continue
            if len(self.corrected_on) < CORRECTED_ON:
                self.corrected_on.append(batch)
            yield batch

    def fill_held_out(self) -> None:
        """Compare on batches of the statistics where there were too few to hold any out."""
        self.held_out = self.held_out or list(self.corrected_on)
