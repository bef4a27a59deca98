"""GluonCV's own trained weights, downloaded once and kept in GCV_EDGE_HOME/pretrained.

Names, SHA-1 sums and the repository's address are those of the installed gluoncv (model_zoo/model_store.py);
its downloader is not used. A file is taken only where its SHA-1 is right, and nothing of it is ever executed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gcv_edge import store
from gcv_edge.errors import GcvEdgeError
from gcv_edge.exporters.mxnet.download import DownloadError, Patience, download
from gcv_edge.files import replacing

REPOSITORY_VARIABLE = "MXNET_GLUON_REPO"
CHUNK = 1 << 20
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How GluonCV's archives are compressed; LZMA would take as much memory as an archive says."""
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError)
"""What reading a damaged archive raises: offsets out of place raise OSError."""


class DamagedArchiveError(Exception):
    """An archive is not what it should be; the text says how."""


@dataclass(frozen=True)
class PublishedParams:
    """A published parameter file.

    Attributes:
        name: name in GluonCV's model store.
        sha1: of the ``.params`` file, 40 hexadecimal digits.
    """

    name: str
    sha1: str

    @property
    def stem(self) -> str:
        """Name of the file, without suffix."""
        return f"{self.name}-{self.sha1[:8]}"


def fetch_params(gluoncv: Any, name: str) -> Path:
    """Return the trained weights of a zoo name: from a cache, or downloaded.

    Raises:
        GcvEdgeError: there are none, or they cannot be downloaded.
    """
    model_store = gluoncv.model_zoo.model_store
    published = find_published(model_store, name)
    if published is None:
        raise GcvEdgeError(f"{name}: GluonCV has published no trained weights: give a file with --params")
    kept = gluoncv_cache() / f"{published.stem}.params"
    if is_right(kept, published.sha1):
        return kept
    try:
        return fetch_published(published, model_store.apache_repo_url)
    except DownloadError as error:
        raise GcvEdgeError(
            f"{name}: trained weights cannot be downloaded ({error}): give a file with --params"
        ) from error


def find_published(model_store: Any, name: str) -> PublishedParams | None:
    """Look a zoo name up in GluonCV's table, which has other names for pruned networks and HRNets."""
    keys = dict(zip(model_store.pretrained_model_list(), model_store._model_sha1, strict=True))
    key = keys.get(name) or keys.get(re.sub(r"^(hrnet_.*)_c$", r"\1_cls", name))
    return PublishedParams(key, model_store._model_sha1[key]) if key is not None else None


def gluoncv_cache() -> Path:
    """Folder in which gluoncv itself keeps what it downloaded."""
    home = os.environ.get("MXNET_HOME")
    return Path(home) / "models" if home else Path("~/.mxnet/models").expanduser()


def fetch_published(
    published: PublishedParams,
    default_repository: str,
    folder: Path | None = None,
    patience: Patience | None = None,
) -> Path:
    """Return a published file, downloaded where it is not there yet; several processes may ask at once.

    Args:
        published: what to fetch.
        default_repository: address of the repository, unless MXNET_GLUON_REPO names another.
        folder: where to keep it; None for ``pretrained`` in GCV_EDGE_HOME.
        patience: when to give up.

    Raises:
        DownloadError: it cannot be had, or is damaged.
        GcvEdgeError: the folder cannot be written.
    """
    folder = folder if folder is not None else store.home() / "pretrained"
    target = folder / f"{published.stem}.params"
    url = archive_url(os.environ.get(REPOSITORY_VARIABLE) or default_repository, published)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / f"{published.stem}.lock"):
            if not is_right(target, published.sha1):
                fetch_archive(url, published, target, patience or Patience())
    except OSError as error:
        raise GcvEdgeError(f"{target}: cannot be written: {error.strerror or error}") from error
    return target


def archive_url(repository: str, published: PublishedParams) -> str:
    """Address of a published file's archive."""
    return f"{repository.rstrip('/')}/gluon/models/{published.stem}.zip"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process holds a lock file."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fetch_archive(url: str, published: PublishedParams, target: Path, patience: Patience) -> None:
    """Download an archive and unpack it; a damaged one is fetched afresh, once."""
    part = target.with_suffix(".zip.part")
    had_part = part.exists()
    try:
        download(url, part, patience)
        unpack(part, published, target, patience.max_bytes)
    except DamagedArchiveError as error:
        part.unlink()
        if not had_part:
            raise DownloadError(f"{url}: {error}") from error
        fetch_archive(url, published, target, patience)
    part.unlink(missing_ok=True)


def unpack(archive: Path, published: PublishedParams, target: Path, max_bytes: int) -> None:
    """Take the one file out of an archive, if it is the right one.

    Raises:
        DamagedArchiveError: the archive is damaged, holds something else, or the SHA-1 is wrong.
    """
    with contextlib.ExitStack() as files:
        with reading():
            file = files.enter_context(zipfile.ZipFile(archive))
            member = find_member(file, f"{published.stem}.params", max_bytes)
            stream = files.enter_context(file.open(member))
        temporary = files.enter_context(replacing(target))
        found = write_and_hash(stream, temporary, member.file_size)
        if found != published.sha1:
            raise DamagedArchiveError(f"SHA-1 {found[:8]}, expected {published.sha1[:8]}")


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Turn what is raised for damaged archives, which may be an OSError, into an error of its own.

    Raises:
        DamagedArchiveError: the archive is damaged.
    """
    try:
        yield
    except UNREADABLE as error:
        raise DamagedArchiveError(f"not a usable zip archive: {error}") from error


def find_member(archive: zipfile.ZipFile, name: str, max_bytes: int) -> zipfile.ZipInfo:
    """Return an archive's one member.

    Raises:
        DamagedArchiveError: it has another name, is too large, or is not alone.
    """
    members = archive.infolist()
    if len(members) != 1:
        raise DamagedArchiveError(f"the archive holds {len(members)} files, expected one")
    if members[0].filename != name:
        raise DamagedArchiveError(f"the archive holds {members[0].filename[:80]!r}, expected '{name}'")
    if members[0].compress_type not in METHODS:
        raise DamagedArchiveError(f"'{name}' is compressed by method {members[0].compress_type}, expected 8")
    if members[0].file_size > max_bytes:
        raise DamagedArchiveError(f"'{name}' has {members[0].file_size} bytes, expected at most {max_bytes}")
    return members[0]


def write_and_hash(stream: IO[bytes], path: Path, size: int) -> str:
    """Copy a stream of an announced size to a file; return its SHA-1.

    Raises:
        DamagedArchiveError: it is longer.
    """
    digest, written = hashlib.sha1(usedforsecurity=False), 0
    with path.open("wb") as file:
        while chunk := read_chunk(stream):
            written += len(chunk)
            if written > size:
                raise DamagedArchiveError("the archive holds more than it announces")
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def read_chunk(stream: IO[bytes]) -> bytes:
    """Read on in an archive.

    Raises:
        DamagedArchiveError: the archive is damaged.
    """
    with reading():
        return stream.read(CHUNK)


def is_right(path: Path, sha1: str) -> bool:
    """Tell whether a file is there and has the SHA-1 that it should have."""
    try:
        with path.open("rb") as file:
            digest = hashlib.sha1(usedforsecurity=False)
            while chunk := file.read(CHUNK):
                digest.update(chunk)
    except OSError:
        return False
    return digest.hexdigest() == sha1
