"""A data set: pictures and labels, one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gcv_edge.data.reader import DamagedSampleError, Reader, Size
from gcv_edge.data.targets import ClassTarget, Target
from gcv_edge.errors import DataError
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.picture_decoding import decode_picture


class Sample(NamedTuple):
    """A picture with its labels.

    Attributes:
        name: unique in the data set.
        frame: uint8 ``[h, w, 3]``, BGR, upright.
        target: labels; None where the data set has none.
    """

    name: str
    frame: Pixels
    target: Target | None


class Skipped(NamedTuple):
    """A sample that could not be read, or one of its labels; and why."""

    name: str
    reason: str


class Dataset:
    """Pictures and labels, streamed: one picture is in memory at a time. Iterate as often as you like.

    Args:
        reader: where samples come from.
        name: how the user calls it.
        indices: which of the reader's samples; None for all.
        has_labels: labels are read.

    Attributes:
        name: as given.
        kind: what it is, for people.
        classes: class names by id; empty where it has none.
        split_name: part of the data set that this is; None where it has no parts.
        notes: what of it is passed over, or could be taken in another way; a line each.
        unlabelled: why pictures that seem to be labelled are not; empty otherwise.
    """

    def __init__(
        self, reader: Reader, name: str, indices: Sequence[int] | None = None, has_labels: bool = True
    ) -> None:
        self._reader = reader
        self._has_labels = has_labels
        self._indices: Sequence[int] = range(len(reader)) if indices is None else indices
        self._skipped: dict[int, Skipped] = {}
        self.name = name
        self.kind = reader.kind
        self.classes = reader.classes
        self.split_name = reader.split
        self.notes = reader.notes
        self.unlabelled = reader.unlabelled

    def __len__(self) -> int:
        return len(self._indices)

    def __iter__(self) -> Iterator[Sample]:
        """Give the samples that can be read, in the order of the data set.

        Raises:
            DataError: labels make no sense for this model.
        """
        for index in self._indices:
            try:
                sample = self._read(index)
            except DamagedSampleError as error:
                self._skipped[index] = Skipped(self._reader.name(index), str(error))
            else:
                yield sample

    @property
    def skipped(self) -> list[Skipped]:
        """Samples that could not be read so far."""
        return list(self._skipped.values())

    @property
    def damaged_labels(self) -> list[Skipped]:
        """Labels that are damaged and left out, each with its sample's name."""
        return [
            Skipped(self._reader.name(index), reason)
            for index in self._indices
            for reason in self._reader.damaged_labels(index)
        ]

    @property
    def dropped_boxes(self) -> int:
        """Boxes met so far that lie outside their picture or have no extent; they are left out."""
        return sum(map(self._reader.dropped_boxes, self._indices))

    def names(self) -> Iterator[str]:
        """Give the samples' names without reading them."""
        return map(self._reader.name, self._indices)

    def class_ids(self) -> Iterator[tuple[str, int]]:
        """Give name and class of each sample of a data set for classification, without reading pictures.

        Raises:
            DataError: labels make no sense for this model.
        """
        for index in self._indices:
            try:
                target = self._label(index, (0, 0))
            except DamagedSampleError:
                continue
            if isinstance(target, ClassTarget):
                yield self._reader.name(index), target.class_id

    def limit(self, count: int) -> Dataset:
        """Return that many samples, spread evenly over this data set; all where it has fewer.

        Raises:
            ValueError: the count is not positive.
        """
        if count < 1:
            raise ValueError(f"count: found {count}, expected at least 1")
        if count >= len(self):
            return self
        return self._subset(np.arange(count) * len(self) // count)

    def without_labels(self) -> Dataset:
        """Return the same samples, whose labels are not read."""
        return Dataset(self._reader, self.name, self._indices, has_labels=False)

    def without(self, other: Dataset) -> Dataset:
        """Return the samples whose pictures are not another data set's too."""
        taken = set(other._places())
        return self._subset([at for at, place in enumerate(self._places()) if place not in taken])

    def split(self, part: float, seed: int = 0) -> tuple[Dataset, Dataset]:
        """Divide this data set at random, the same way on every machine.

        Args:
            part: share of samples in the first half, between 0 and 1, or their number, an int.
            seed: of the lot.

        Returns:
            Two data sets that share no sample, each in this one's order.

        Raises:
            ValueError: a half would be empty.
        """
        count = part if isinstance(part, int) else round(part * len(self))
        if not 0 < count < len(self):
            raise ValueError(f"part: found {part}, expected that each half of {len(self)} samples has some")
        ranks = np.array([draw(seed, position) for position in range(len(self))])
        chosen = np.zeros(len(self), bool)
        chosen[np.argsort(ranks, kind="stable")[:count]] = True
        return self._subset(np.flatnonzero(chosen)), self._subset(np.flatnonzero(~chosen))

    def fingerprint(self) -> str:
        """Hash names, pictures and labels (SHA-256, hexadecimal), every byte; pictures are not decoded."""
        digest = hashlib.sha256(repr(self.classes).encode())
        for index in self._indices:
            line = f"{self._reader.name(index)}\0{self._reader.stamp(index)}\0"
            digest.update(line.encode(errors="surrogateescape"))
        return digest.hexdigest()

    @property
    def frames(self) -> Frames:
        """The pictures alone."""
        return Frames(self)

    def read_frames(self) -> Iterator[Pixels]:
        """Give the pictures that can be read; their labels are not looked at."""
        for index in self._indices:
            try:
                yield self._decode(index)
            except DamagedSampleError as error:
                self._skipped[index] = Skipped(self._reader.name(index), str(error))

    def __repr__(self) -> str:
        return f"Dataset({self.name}: {self.kind}, {len(self)} samples, {len(self.classes)} classes)"

    def _places(self) -> Iterator[str]:
        return map(self._reader.place, self._indices)

    def _subset(self, positions: Sequence[int] | np.ndarray[tuple[int], np.dtype[np.intp]]) -> Dataset:
        indices = [self._indices[int(position)] for position in positions]
        return Dataset(self._reader, self.name, indices, self._has_labels)

    def _decode(self, index: int) -> Pixels:
        try:
            return np.asarray(decode_picture(self._reader.picture(index)), np.uint8)
        except DataError as error:
            raise DamagedSampleError(str(error)) from None

    def _read(self, index: int) -> Sample:
        reader, frame = self._reader, self._decode(index)
        if not self._has_labels:
            return Sample(reader.name(index), frame, None)
        height, width = frame.shape[:2]
        return Sample(reader.name(index), frame, self._label(index, (width, height)))

    def _label(self, index: int, size: Size) -> Target | None:
        reader = self._reader
        try:
            return reader.target(index, size)
        except DamagedSampleError:
            raise
        except DataError as error:
            raise DataError(f"{self.name}: {reader.name(index)}: {error}") from error


class Frames:
    """A data set's pictures without labels, as often as they are asked for; damaged ones are left out.

    Args:
        dataset: whose.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def __iter__(self) -> Iterator[Pixels]:
        return self._dataset.read_frames()

    def __len__(self) -> int:
        return len(self._dataset)


def draw(seed: int, position: int) -> int:
    """Return a number that depends on nothing but its arguments."""
    return int.from_bytes(hashlib.blake2b(f"{seed} {position}".encode(), digest_size=7).digest(), "big")
