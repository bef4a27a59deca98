"""What is measured: a file in a precision, or MXNet with the network that the file came from."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gcv_edge.benchmarking.accuracy import CALIBRATION, PRUNING, STAGES, Measured, last_of, read_measured
from gcv_edge.errors import UsageError
from gcv_edge.metadata import ModelMetadata, parse_metadata
from gcv_edge.runtime.modelfile import read_entries
from gcv_edge.store import find_model

PRECISIONS = ("f32", "bf16")
HASH_DIGITS = 8
REFERENCES = ("mxnet", "onnxruntime", "openvino")
MXNET_MODES = {"unfused": "FP32", "fused": "FP32 fused", "int8": "INT8"}
RANDOM = re.compile(r"(?P<name>.+) \(random weights, seed (?P<seed>\d+)\)$")


@dataclass(frozen=True)
class Variant:
    """Something that turns frames into results.

    Attributes:
        family: source that variants have in common; ratios are within it.
        name: what tells it from the others of its family: ``FP32``, ``pruned INT8 + BF16``.
        engine: ``openvino``, ``onnxruntime`` or ``mxnet``.
        model: the file; for MXNet the one that says how frames are prepared.
        precision: of float operations; for MXNet one of ``MXNET_MODES``.
        task: what the network is for.
        source, params, seed: network that MXNet runs, where it is not the file's own.
        size: of the file in bytes; None for MXNet.
        accuracy: against labels, that the file carries, 0 to 1, and ``metric`` what it is.
        agreement: with the network it was made from, 0 to 1, where no labels were there to hold it against.
        measured: all that the file's stages say of it.
        without: why an accuracy that is known of it cannot be compared with the family's; empty otherwise.
        is_int8: its heavy operators are of 8 bits.
        origin: name of what the file was exported from.
        last_stage: stage that made the file.
        is_reference: others are held against it, and it is not recommended.
    """

    family: str
    name: str
    engine: str
    model: Path
    precision: str = "f32"
    task: str = ""
    source: str | None = None
    params: str | None = None
    seed: int | None = None
    size: int | None = None
    accuracy: float | None = None
    metric: str = ""
    agreement: float | None = None
    measured: tuple[Measured, ...] = ()
    without: str = ""
    is_int8: bool = False
    origin: str = ""
    last_stage: str = ""
    is_reference: bool = False

    @property
    def title(self) -> str:
        """Engine and name, as columns of ratios are called."""
        return f"{self.engine} {self.name}"

    def to_job(self) -> dict[str, Any]:
        """Return what a worker needs to know."""
        keys = ("engine", "precision", "source", "params", "seed")
        return {"model": str(self.model), **{key: getattr(self, key) for key in keys}}


@dataclass(frozen=True)
class File:
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
        """Name of what it was exported from, else its own."""
        return self.metadata.source or self.path.stem

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


def open_files(models: Sequence[str | os.PathLike[str]]) -> list[File]:
    """Read what files say of themselves.

    Raises:
        ModelNotFoundError, ModelFileError, MetadataError: as ``Model``.
        UsageError: a file is given twice.
    """
    files: list[File] = []
    for model in models:
        path = find_model(model).resolve()
        if path in [file.path for file in files]:
            raise UsageError(f"{os.fspath(model)}: is given twice")
        entries = read_entries(path)
        files.append(File(path, parse_metadata(entries, str(path)), entries))
    return name_families(files)


def name_families(files: Sequence[File]) -> list[File]:
    """Say which files are of one network: those of one source by its content; names tell too little.

    A file that does not tell its source's hash is taken for one of that name.
    """
    hashes: dict[str, set[str]] = {}
    for file in files:
        hashes.setdefault(file.source, set()).add(file.metadata.source_hash)
    return [replace(file, family=name_family(file, hashes[file.source])) for file in files]


def name_family(file: File, hashes: set[str]) -> str:
    """Name a network by its source, and by the source's hash where others are called the same."""
    digest = file.metadata.source_hash
    several = len(hashes - {""}) > 1
    return f"{file.source} (sha256 {digest[:HASH_DIGITS]})" if several and digest else file.source


def list_variants(
    models: Sequence[str | os.PathLike[str]],
    precisions: Sequence[str] = PRECISIONS,
    engine: str = "openvino",
) -> list[Variant]:
    """List the variants of some files: each in each precision that the engine has.

    Raises:
        ModelNotFoundError, ModelFileError, MetadataError: as ``Model``.
        UsageError: a file is given twice.
    """
    files = open_files(models)
    chosen = [name for name in precisions if engine == "openvino" or name != "bf16"]
    found = [make_variant(file, precision, engine) for file in files for precision in chosen]
    return share_accuracy(files, tell_apart(found))


def make_variant(file: File, precision: str, engine: str) -> Variant:
    """Describe a file in a precision."""
    measured = read_measured(file.entries)
    agreement = last_of(measured, file.last_stage, False) if precision == "f32" else None
    return Variant(
        family=file.family,
        name=name_variant(file.is_pruned, file.is_int8, precision),
        engine=engine,
        model=file.path,
        precision=precision,
        task=file.metadata.task.name,
        size=file.path.stat().st_size,
        agreement=agreement.after if agreement is not None else None,
        measured=measured,
        is_int8=file.is_int8,
        origin=file.source,
        last_stage=file.last_stage,
    )


def name_variant(is_pruned: bool, is_int8: bool, precision: str) -> str:
    """Spell what was done to a network: ``FP32``, ``BF16``, ``INT8``, ``INT8 + BF16``, ``pruned INT8``."""
    name = {"f32": "FP32", "bf16": "BF16"}.get(precision, precision)
    if is_int8:
        name = "INT8" if precision == "f32" else f"INT8 + {name}"
    return f"pruned {name}" if is_pruned else name


def tell_apart(variants: Sequence[Variant]) -> list[Variant]:
    """Add the file's name to variants of a family that are called alike."""
    keys = [(variant.family, variant.name) for variant in variants]
    return [
        replace(variant, name=f"{variant.name} ({variant.model.stem})") if keys.count(key) > 1 else variant
        for variant, key in zip(variants, keys, strict=True)
    ]


Key = tuple[str, str]
"""Pictures and metric: what figures must have in common to be compared."""


def share_accuracy(files: Sequence[File], variants: Sequence[Variant]) -> list[Variant]:
    """Give every variant the accuracy that was measured of it on the pictures that most of its family share.

    A figure may stand in another file: a network before pruning is the whole one, and after it the pruned
    float one. Before calibration it is the float one, which of a pruned file tells only where pruning itself
    measured nothing.
    """
    noted: dict[tuple[str, str], dict[Key, float]] = {}
    for file in files:
        for one in read_measured(file.entries):
            for name, value in name_measured(one, file.is_pruned) if one.is_accuracy else ():
                noted.setdefault((file.family, name), {}).setdefault(key_of(one, file.path), value)
    figures = [
        own_figures(variant) | noted.get((variant.family, name_float(variant)), {}) for variant in variants
    ]
    return [
        choose_figure(variant, found, common_key(variant.family, variants, figures))
        for variant, found in zip(variants, figures, strict=True)
    ]


def name_float(variant: Variant) -> str:
    """Return the name under which stages note a float file; none for 8 bits and other precisions."""
    return variant.name if variant.precision == "f32" and not variant.is_int8 else ""


def key_of(one: Measured, path: Path) -> Key:
    """Return what tells a figure's pictures and metric; pictures that are not told are those of its file."""
    return one.pictures or str(path), one.metric


def own_figures(variant: Variant) -> dict[Key, float]:
    """Return what a variant's own file says of it."""
    found = last_of(variant.measured, variant.last_stage, True)
    is_measured = found is not None and variant.precision == "f32"
    return {key_of(found, variant.model): found.after} if found is not None and is_measured else {}


def common_key(
    family: str, variants: Sequence[Variant], figures: Sequence[Mapping[Key, float]]
) -> Key | None:
    """Choose the pictures and metric that most of a family have a figure of, the first of equals."""
    keys = [
        key
        for variant, found in zip(variants, figures, strict=True)
        if variant.family == family
        for key in found
    ]
    return max(keys, key=keys.count, default=None)


def choose_figure(variant: Variant, figures: Mapping[Key, float], key: Key | None) -> Variant:
    """Give a variant its figure, or the reason why it has none."""
    if key in figures and key is not None:
        return replace(variant, accuracy=figures[key], metric=key[1])
    if figures:
        return replace(variant, without="it was measured on other pictures, or by another metric")
    if variant.precision != "f32" and any(one.is_accuracy for one in variant.measured):
        return replace(variant, without=f"its file was measured in f32, not in {variant.precision}")
    return variant


def name_measured(one: Measured, is_pruned: bool) -> list[tuple[str, float]]:
    """Name the float variants that a stage measured, surest first."""
    whole, pruned = (name_variant(state, False, "f32") for state in (False, True))
    if one.stage == STAGES[PRUNING]:
        return [(whole, one.before), (pruned, one.after)]
    return [(pruned if is_pruned else whole, one.before)]


def list_references(
    variants: Sequence[Variant],
    against: str,
    *,
    source: str | None = None,
    params: str | None = None,
    modes: Sequence[str] = tuple(MXNET_MODES),
) -> list[Variant]:
    """List what the variants are held against: for every family what its plainest file is, elsewhere.

    Args:
        variants: of ``list_variants``.
        against: one of ``REFERENCES``.
        source: for MXNet: zoo name, symbol file or factory, where it is not what the file remembers.
        params: parameters that go with ``source``.
        modes: for MXNet: which of ``MXNET_MODES``.

    Raises:
        UsageError: ``source`` goes with MXNet and with one family only.
    """
    families = list(dict.fromkeys(variant.family for variant in variants))
    plain = [plainest([variant for variant in variants if variant.family == family]) for family in families]
    if source is not None and (against != "mxnet" or len(plain) > 1):
        raise UsageError(f"--source {source}: goes with --against mxnet and the files of one network")
    if against != "mxnet":
        return [make_reference(variant, against) for variant in plain]
    return [
        replace(
            variant,
            engine="mxnet",
            name=MXNET_MODES[mode],
            precision=mode,
            size=None,
            accuracy=variant.accuracy if mode != "int8" and variant.name == "FP32" else None,
            agreement=None,
            measured=(),
            is_reference=True,
            **find_source(variant, source, params),
        )
        for variant in plain
        for mode in modes
    ]


def plainest(variants: Sequence[Variant]) -> Variant:
    """Choose the variant that the least was done to; the first of equals."""
    return min(variants, key=lambda variant: ("pruned" in variant.name, "INT8" in variant.name))


def make_reference(variant: Variant, engine: str) -> Variant:
    """Run a file in full precision in an engine."""
    name = variant.name.split(" + ")[0].replace("BF16", "FP32")
    return replace(variant, engine=engine, name=name, precision="f32", is_reference=True)


def find_source(variant: Variant, source: str | None, params: str | None) -> dict[str, Any]:
    """Find the network that MXNet has to run: the one given, else the zoo name that the file remembers."""
    if source is not None:
        return {"source": source, "params": params, "seed": None}
    random = RANDOM.match(variant.origin)
    if random is not None:
        return {"source": random["name"], "params": params, "seed": int(random["seed"])}
    return {"source": variant.origin, "params": params, "seed": None}
