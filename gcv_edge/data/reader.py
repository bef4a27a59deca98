"""What a kind of data set has to offer so that ``Dataset`` can stream it."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path

from gcv_edge.data.targets import Target
from gcv_edge.errors import DataError
from gcv_edge.files import is_file, read_file

Size = tuple[int, int]

PROBED_PICTURES = 100


class DamagedSampleError(DataError):
    """One sample cannot be read; the others may."""


class Reader(ABC):
    """Samples by number. A reader keeps what is small: names, boxes, offsets; never pixels.

    Attributes:
        kind: what the data set is, for people: ``Pascal VOC``.
        classes: class names by id, the model's where it has any.
        split: part of the data set; None where it has no parts.
        notes: what of the data set is passed over, or could be taken in another way; a line each.
        unlabelled: why pictures that seem to be labelled are not; empty otherwise.
    """

    kind: str
    classes: tuple[str, ...] = ()
    split: str | None = None
    notes: tuple[str, ...] = ()
    unlabelled: str = ""

    def dropped_boxes(self, index: int) -> int:  # noqa: ARG002
        """Count a sample's boxes that its picture cannot have; they are left out, as GluonCV does."""
        return 0

    def damaged_labels(self, index: int) -> Sequence[str]:  # noqa: ARG002
        """Say what is wrong with a sample's labels that are left out; one line each."""
        return ()

    @abstractmethod
    def __len__(self) -> int:
        """Count the samples."""

    @abstractmethod
    def name(self, index: int) -> str:
        """Return a sample's name, unique in the data set."""

    def place(self, index: int) -> str:
        """Return where a sample's picture is; equal for the same picture of two parts of a data set."""
        return f"{id(self)} {index}"

    @abstractmethod
    def picture(self, index: int) -> bytes:
        """Return a sample's encoded picture.

        Raises:
            DamagedSampleError: it is missing or cannot be read.
        """

    @abstractmethod
    def target(self, index: int, size: Size) -> Target | None:
        """Return a sample's labels; None where the set has none.

        Args:
            index: which sample.
            size: width and height of the decoded picture.

        Raises:
            DamagedSampleError: the labels cannot be read, or are another picture's.
            DataError: the labels make no sense for this model.
        """

    @abstractmethod
    def stamp(self, index: int) -> str:
        """Return what changes when a byte of the sample's picture or labels does, without decoding it."""


class Hashes:
    """SHA-256 of parts of files; a part is read again only where its file's size or times have changed."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int], tuple[tuple[int, ...], bytes]] = {}

    def of(self, path: Path, read: Callable[[], bytes], place: int = 0) -> str:
        """Return the hash of a part of a file, hexadecimal; what is wrong where it cannot be read.

        Args:
            path: the file.
            read: gives the part.
            place: where it begins.
        """
        try:
            state = path.stat()
            version = state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
            known = self._known.get((path, place))
            if known is None or known[0] != version:
                known = version, hashlib.sha256(read()).digest()
                self._known[path, place] = known
            return known[1].hex()
        except (OSError, ValueError, DamagedSampleError) as error:
            return str(error)


class FileReader(Reader):
    """A reader whose pictures are files.

    Args:
        root: folder that names are relative to.
        paths: the pictures, relative to it or absolute.
    """

    def __init__(self, root: Path, paths: Sequence[str]) -> None:
        self.root = root
        self.paths = paths
        self._hashes = Hashes()

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, index: int) -> str:
        """Return the picture's path below the root."""
        return self.paths[index]

    def place(self, index: int) -> str:
        """Return the file."""
        return str(self.root / self.paths[index])

    def picture(self, index: int) -> bytes:
        """Read the file."""
        return read_bytes(self.root / self.paths[index])

    def target(self, index: int, size: Size) -> Target | None:  # noqa: ARG002
        """Return None."""
        return None

    def stamp(self, index: int) -> str:
        """Return the file's hash and the label's stamp."""
        return f"{self.hash_of(self.root / self.paths[index])} {self.label_stamp(index)}"

    def label_stamp(self, index: int) -> str:  # noqa: ARG002
        """Return what changes when the labels change."""
        return ""

    def hash_of(self, path: Path) -> str:
        """Return a file's hash."""
        return self._hashes.of(path, lambda: read_bytes(path))

    def check_pictures(self) -> None:
        """Make sure that the pictures are where they should be.

        Raises:
            DataError: none of the first is there.
        """
        probed = self.paths[:PROBED_PICTURES]
        if probed and not any(is_file(self.root / path) for path in probed):
            raise DataError(
                f"{self.root}: found none of the pictures that the labels name, expected {probed[0]}"
            )


def read_bytes(path: Path) -> bytes:
    """Read a file of a sample.

    Raises:
        DamagedSampleError: it is missing or cannot be read.
    """
    try:
        return read_file(path)
    except FileNotFoundError:
        raise DamagedSampleError("no such file") from None
    except OSError as error:
        raise DamagedSampleError(str(error.strerror)) from error
    except ValueError:
        raise DamagedSampleError("no such file") from None
