"""Model files: what they say of themselves, and which are of one network."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from gcv_edge.benchmarking.accuracy import CALIBRATION, PRUNING, STAGES
from gcv_edge.errors import UsageError
from gcv_edge.metadata import ModelMetadata, parse_metadata
from gcv_edge.runtime.modelfile import read_entries
from gcv_edge.store import find_model

HASH_DIGITS = 8
RANDOM = re.compile(r"(?P<name>.+) \(random weights, seed (?P<seed>\d+)\)$")
"""How ``pipeline.export`` tells a file whose weights were drawn."""


class Origin(NamedTuple):
    """Name of what a file was exported from, and the seed of its weights where they are random."""

    name: str
    seed: int | None = None


@dataclass(frozen=True)
class ModelFile:
    """A model file and what it says of itself.

    Attributes:
        path: of the file.
        metadata: what it says.
        entries: the same as it is spelt.
        family: what files of one network have in common.
    """

    path: Path
    metadata: ModelMetadata
    entries: dict[str, str] = field(repr=False)
    family: str = ""

    @property
    def source(self) -> str:
        """What it was exported from, as the file tells it; else its own name."""
        return self.metadata.source or self.path.stem

    @property
    def origin(self) -> Origin:
        """What it was exported from, apart from how its weights were made."""
        found = RANDOM.match(self.source)
        return Origin(found["name"], int(found["seed"])) if found is not None else Origin(self.source)

    @property
    def is_int8(self) -> bool:
        """Whether its heavy operators are of 8 bits."""
        return "int8" in self.metadata.variant or CALIBRATION in self.entries

    @property
    def is_pruned(self) -> bool:
        """Whether channels were taken out of it."""
        return "pruned" in self.metadata.variant or PRUNING in self.entries

    @property
    def last_stage(self) -> str:
        """Stage that made this file; what earlier ones measured is of the network before."""
        return STAGES[CALIBRATION if self.is_int8 else PRUNING]


def open_files(models: Sequence[str | os.PathLike[str]]) -> list[ModelFile]:
    """Read what files say of themselves.

    Raises:
        ModelNotFoundError, ModelFileError, MetadataError: as ``Model``.
        UsageError: a file is given twice.
    """
    files: list[ModelFile] = []
    for model in models:
        path = find_model(model).resolve()
        if path in [file.path for file in files]:
            raise UsageError(f"{os.fspath(model)}: is given twice")
        entries = read_entries(path)
        files.append(ModelFile(path, parse_metadata(entries, str(path)), entries))
    return name_families(files)


def name_families(files: Sequence[ModelFile]) -> list[ModelFile]:
    """Say which files are of one network: those of one source by its content; names tell too little.

    A file that does not tell its source's hash is taken for one of that name.
    """
    hashes: dict[str, set[str]] = {}
    for file in files:
        hashes.setdefault(file.source, set()).add(file.metadata.source_hash)
    return [replace(file, family=name_family(file, hashes[file.source])) for file in files]


def name_family(file: ModelFile, hashes: set[str]) -> str:
    """Name a network by its source, and by the source's hash where others are called the same."""
    digest = file.metadata.source_hash
    several = len(hashes - {""}) > 1
    return f"{file.source} (sha256 {digest[:HASH_DIGITS]})" if several and digest else file.source
