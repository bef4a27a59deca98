"""Places that pictures are read from and results written to: the machine's own disks, and object stores."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast
from urllib.parse import unquote

from gcv_edge.errors import DataError, GcvEdgeError, MissingExtraError
from gcv_edge.files import replacing

OBJECT_STORES = ("s3", "gs", "gcs", "abfs", "abfss")
LOCAL_SCHEME = "file://"
BLOCK = 1 << 24
"""Bytes that are sent to a store at once."""
BUFFER = 1 << 20
"""Bytes that are read ahead of a file that is read from its start."""


class FolderItem(NamedTuple):
    """Something in a folder."""

    name: str
    is_folder: bool


class Storage(ABC):
    """Files and folders behind one kind of address; paths are as the storage spells them.

    Attributes:
        is_remote: reading waits for a network.
    """

    is_remote: bool

    @abstractmethod
    def kind(self, path: str) -> str | None:
        """Return ``file`` or ``folder``, None where there is nothing."""

    @abstractmethod
    def children(self, folder: str) -> Iterator[FolderItem]:
        """Give what is in a folder, in any order."""

    @abstractmethod
    def open(self, path: str) -> BinaryIO:
        """Open a file for reading from any place."""

    @abstractmethod
    def for_arrow(self, path: str) -> Any:
        """Return a file as Arrow opens it by itself.

        Its threads may let go of a file of Python's while the process ends, which aborts it.
        """

    @abstractmethod
    def read(self, path: str) -> bytes:
        """Read a file."""

    @abstractmethod
    def writing(self, path: str) -> contextlib.AbstractContextManager[Path]:
        """Give a temporary file that becomes the file of that name, whole, when the block succeeds."""

    @abstractmethod
    def make_folder(self, path: str) -> None:
        """Make a folder, where storages have such things."""

    def identity(self, path: str) -> str:
        """Return what is the same for all spellings of a path."""
        return path


class LocalStorage(Storage):
    """The file system."""

    is_remote = False

    def kind(self, path: str) -> str | None:
        """Return ``file`` or ``folder``, None where there is nothing."""
        try:
            return "folder" if Path(path).is_dir() else "file" if Path(path).exists() else None
        except (OSError, ValueError):  # longer than file systems take, or with a zero inside
            return None

    def children(self, folder: str) -> Iterator[FolderItem]:
        """Give what is in a folder; links are followed."""
        with os.scandir(folder or ".") as found:
            for entry in found:
                yield FolderItem(entry.name, entry.is_dir())

    def open(self, path: str) -> BinaryIO:
        """Open a file."""
        return Path(path).open("rb")

    def for_arrow(self, path: str) -> Any:
        """Return the path."""
        return path

    def read(self, path: str) -> bytes:
        """Read a file."""
        return Path(path).read_bytes()

    def writing(self, path: str) -> contextlib.AbstractContextManager[Path]:
        """Give a hidden file beside the one that it becomes."""
        return replacing(path)

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it."""
        Path(path).mkdir(parents=True, exist_ok=True)

    def identity(self, path: str) -> str:
        """Return the absolute path without ``.`` and ``..``."""
        return os.path.abspath(path)  # noqa: PTH100  # Path.absolute keeps the dots


class ObjectStorage(Storage):
    """A store behind ``pyarrow.fs``: an object appears when all of it is there."""

    is_remote = True

    def __init__(self, root: str) -> None:
        fs = import_pyarrow("an address such as s3://bucket/folder").fs
        self._selector, self._kinds = (
            fs.FileSelector,
            {fs.FileType.File: "file", fs.FileType.Directory: "folder"},
        )
        self._root = root
        with naming_store(root):
            self._store, self._base = fs.FileSystem.from_uri(root)

    def kind(self, path: str) -> str | None:
        """Return ``file`` or ``folder``, None where there is nothing."""
        with naming_store(self._name(path)):
            return self._kinds.get(self._store.get_file_info(self._at(path)).type)

    def children(self, folder: str) -> Iterator[FolderItem]:
        """Give what is below a prefix."""
        with naming_store(self._name(folder)):
            for info in self._store.get_file_info(self._selector(self._at(folder))):
                yield FolderItem(info.base_name, self._kinds.get(info.type) == "folder")

    def open(self, path: str) -> BinaryIO:
        """Open an object."""
        with naming_store(self._name(path)):
            return cast(BinaryIO, io.BufferedReader(self._store.open_input_file(self._at(path)), BUFFER))

    def for_arrow(self, path: str) -> Any:
        """Open an object."""
        with naming_store(self._name(path)):
            return self._store.open_input_file(self._at(path))

    def read(self, path: str) -> bytes:
        """Read an object."""
        with self._store.open_input_stream(self._at(path)) as stream:
            return bytes(stream.read())

    @contextlib.contextmanager
    def writing(self, path: str) -> Iterator[Path]:
        """Give a temporary file on this machine, and send it when the block succeeds."""
        with tempfile.TemporaryDirectory(prefix="gcv-edge-") as folder:
            temporary = Path(folder) / Path(path).name
            yield temporary
            with naming_store(self._name(path)):
                self._send(temporary, self._at(path))

    def make_folder(self, path: str) -> None:
        """Do nothing: names of objects make folders."""

    def _send(self, source: Path, target: str) -> None:
        with source.open("rb") as file:
            stream = self._store.open_output_stream(target)
            try:
                while block := file.read(BLOCK):
                    stream.write(block)
                stream.close()
            except BaseException:
                with contextlib.suppress(OSError):
                    stream.close()
                    self._store.delete_file(target)
                raise

    def _name(self, path: str) -> str:
        return f"{self._root}/{path}"

    def _at(self, path: str) -> str:
        return f"{self._base.rstrip('/')}/{path}".rstrip("/")


class Located(NamedTuple):
    """An address taken apart.

    Attributes:
        storage: what it leads to.
        root: begins every address there: ``s3://bucket/``; empty for the file system.
        path: the rest.
    """

    storage: Storage
    root: str
    path: str

    def name(self, path: str) -> str:
        """Return the address of another path there."""
        return f"{self.root}{path}"


LOCAL = LocalStorage()


def is_address(name: str) -> bool:
    """Tell an address of an object store or ``file://``."""
    scheme, mark, _ = name.partition("://")
    return bool(mark) and scheme.lower() in (*OBJECT_STORES, "file")


def locate(name: str) -> Located:
    """Find the storage that an address leads to.

    Args:
        name: a path, ``file://``, ``s3://``, ``gs://`` or ``abfs://``.

    Raises:
        MissingExtraError: it is in an object store, and pyarrow is not installed.
        GcvEdgeError: the store cannot be reached.
    """
    if not is_address(name):
        return Located(LOCAL, "", name)
    if name.lower().startswith(LOCAL_SCHEME):
        path = unquote(name[len(LOCAL_SCHEME) :])
        if not path.startswith("/"):
            raise DataError(f"{name}: found no absolute path, expected file:///folder")
        return Located(LOCAL, "", path)
    scheme, _, rest = name.partition("://")
    bucket, _, path = rest.partition("/")
    if not bucket:
        raise DataError(f"{name}: found no bucket, expected {scheme}://bucket/folder")
    return Located(open_store(f"{scheme}://{bucket}"), f"{scheme}://{bucket}/", path)


@functools.cache
def open_store(root: str) -> ObjectStorage:
    """Open a bucket once."""
    return ObjectStorage(root)


@contextlib.contextmanager
def naming_store(path: str) -> Iterator[None]:
    """Say in one line what a store answers."""
    try:
        yield
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise  # of this machine
        raise GcvEdgeError(f"{path}: {' '.join(str(error).split())}") from error


def import_pyarrow(what: str) -> Any:
    """Import pyarrow with the parts that this package uses.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow
        import pyarrow.fs
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "pyarrow":
            raise
        raise MissingExtraError(what, "batch") from None
    except ImportError as error:  # it is there, and does not fit the NumPy that is
        raise GcvEdgeError(f"{what} needs pyarrow, which cannot be loaded: {error}") from error
    return pyarrow


@contextlib.contextmanager
def open_parquet(place: Located, what: str) -> Iterator[Any]:
    """Open a ``pyarrow.parquet.ParquetFile``.

    Args:
        place: where it is.
        what: it is, for messages.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataError: it is damaged.
    """
    arrow = import_pyarrow(what)
    try:
        with arrow.parquet.ParquetFile(place.storage.for_arrow(place.path)) as table:
            yield table
    except arrow.ArrowException as error:
        raise DataError(f"{place.name(place.path)}: {' '.join(str(error).split())}") from error
