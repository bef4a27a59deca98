"""What an interrupted run has found out, in one file beside its output, each result under a key of its own.

A key is a hash of all that its result depends on. A result whose key is another one is not used.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

import gcv_edge
from gcv_edge import _core
from gcv_edge.cpus import usable_cpus
from gcv_edge.files import replacing
from gcv_edge.measure.engine import describe_processor
from gcv_edge.measure.isa import VARIABLES
from gcv_edge.measure.machine import find_version

Arrays = Mapping[str, NDArray[Any]]

LOG = logging.getLogger(__name__)

PACKAGES = ("numpy", "onnx", "onnx-ir", "onnxruntime", "opencv-python-headless", "openvino")
BLOCK = 1 << 20
HASH_BYTES = 32


@dataclass
class Entry:
    """A result on disk.

    Attributes:
        key: hash of all that it depends on.
        value: what JSON can spell.
        arrays: what it cannot.
    """

    key: str
    value: Any
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


class ResultCache:
    """All results of a run; the file is replaced as a whole whenever one changes.

    Args:
        path: the file. A damaged one counts as none, which is logged as a warning.

    Attributes:
        resumed: a result of an earlier run was used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.resumed = False
        self._entries: dict[str, Entry] = {}
        try:
            self._entries = read_entries(path)
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            LOG.warning("%s: is ignored, everything is computed anew: %s", path, error)
        self._earlier = dict(self._entries)

    def at(self, name: str, *parts: Any) -> CachedResult:
        """Return a result, known or not.

        Args:
            name: under which one result is kept.
            parts: all that it depends on, as ``key_of`` takes it.
        """
        return CachedResult(self, name, key_of(*parts))

    def has(self, name: str) -> bool:
        """Tell whether there is a result of that name, whatever its key."""
        return name in self._entries

    def read(self, name: str, key: str) -> Entry | None:
        """Return a result, None where it is not known or depends on something else."""
        entry = self._entries.get(name)
        if entry is None or entry.key != key:
            return None
        self.resumed = self.resumed or self._earlier.get(name) is entry
        return entry

    def write(self, name: str, entry: Entry) -> None:
        """Keep a result."""
        self._entries[name] = entry
        write_entries(self.path, self._entries)

    def discard(self) -> None:
        """Remove the file: the run is done."""
        self.path.unlink(missing_ok=True)


class CachedResult:
    """One result.

    Args:
        cache: where it is kept.
        name: under which.
        key: hash of all that it depends on.
    """

    def __init__(self, cache: ResultCache, name: str, key: str) -> None:
        self._cache, self._name, self.key = cache, name, key

    @property
    def value(self) -> Any:
        """What is known, None where nothing is."""
        entry = self._cache.read(self._name, self.key)
        return None if entry is None else entry.value

    @property
    def arrays(self) -> Arrays:
        """The arrays that are known."""
        entry = self._cache.read(self._name, self.key)
        return {} if entry is None else entry.arrays

    def keep(self, value: Any, arrays: Arrays | None = None) -> None:
        """Keep what was found out: a value that JSON can spell, and arrays."""
        self._cache.write(self._name, Entry(self.key, value, dict(arrays or {})))


def read_entries(path: Path) -> dict[str, Entry]:
    """Read a cache file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is damaged.
    """
    with path.open("rb") as stream:
        if stream.read(HASH_BYTES) != hash_rest(stream):
            raise ValueError("found a damaged file, expected what an interrupted run wrote")
        stream.seek(HASH_BYTES)
        try:
            return load_entries(stream)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # the hash is right: somebody else wrote it
            raise ValueError(f"found what no run writes, expected results: {error}") from error


def load_entries(stream: BinaryIO) -> dict[str, Entry]:
    """Read the archive of a cache file."""
    with np.load(stream, allow_pickle=False) as archive:
        stored = json.loads(str(archive["entries"]))
        entries = {name: Entry(str(key), value) for name, (key, value) in stored.items()}
        for member in archive.files[1:]:
            name, array = member.split("/", 1)
            entries[name].arrays[array] = archive[member]
    return entries


def write_entries(path: Path, entries: Mapping[str, Entry]) -> None:
    """Write a cache file: a SHA-256 of the rest, and an ``.npz``."""
    values = {name: (entry.key, entry.value) for name, entry in entries.items()}
    arrays = {f"{name}/{place}": a for name, entry in entries.items() for place, a in entry.arrays.items()}
    with replacing(path) as temporary, temporary.open("wb+") as stream:
        stream.write(bytes(HASH_BYTES))
        np.savez(stream, entries=np.array(json.dumps(values)), **arrays)
        stream.seek(HASH_BYTES)
        digest = hash_rest(stream)
        stream.seek(0)
        stream.write(digest)


def key_of(*parts: Any) -> str:
    """Hash parts: arrays by their content, all else by ``repr``."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            hash_array(digest, part)
        else:
            digest.update(f"{part!r}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


def hash_array(digest: Any, array: NDArray[Any]) -> None:
    """Add an array with its type and shape to a hash."""
    digest.update(f"{array.dtype} {array.shape}\0".encode())
    digest.update(np.ascontiguousarray(array).data)


def hash_file(path: Path) -> str:
    """Return a file's SHA-256, hexadecimal."""
    with path.open("rb") as stream:
        return hash_rest(stream).hex()


def hash_rest(stream: BinaryIO) -> bytes:
    """Return the SHA-256 of what is left of a stream."""
    digest = hashlib.sha256()
    while block := stream.read(BLOCK):
        digest.update(block)
    return digest.digest()


def environment() -> dict[str, Any]:
    """Return what numbers depend on beside what they are made of: versions, and what the processor may do."""
    return {
        "versions": {"gcv-edge": gcv_edge.__version__, **{name: find_version(name) for name in PACKAGES}},
        **describe_processor(),
        "isa": (_core.isa(), *(os.environ.get(cap, "") for cap in VARIABLES)),
        "threads": usable_cpus(),
    }
