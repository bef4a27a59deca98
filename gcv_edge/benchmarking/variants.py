"""What is measured: a file in a precision, or MXNet with the network that the file came from."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gcv_edge.benchmarking.accuracy import CALIBRATION, PRUNING, STAGES, Measured, last_of, read_measured
from gcv_edge.errors import UsageError
from gcv_edge.metadata import ModelMetadata, parse_metadata
from gcv_edge.runtime.modelfile import read_entries
from gcv_edge.store import find_model

PRECISIONS = ("f32", "bf16")
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
    """A model file and what it says of itself."""

    path: Path
    metadata: ModelMetadata
    entries: dict[str, str] = field(repr=False)

    @property
    def family(self) -> str:
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
    return files


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
    accuracy, agreement = (last_of(measured, file.last_stage, kind) for kind in (True, False))
    return Variant(
        family=file.family,
        name=name_variant(file.is_pruned, file.is_int8, precision),
        engine=engine,
        model=file.path,
        precision=precision,
        task=file.metadata.task.name,
        size=file.path.stat().st_size,
        accuracy=accuracy.after if accuracy is not None else None,
        metric=accuracy.metric if accuracy is not None else "",
        agreement=agreement.after if agreement is not None else None,
        measured=measured,
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


def share_accuracy(files: Sequence[File], variants: Sequence[Variant]) -> list[Variant]:
    """Give networks that carry no accuracy the one that a stage of another file measured of them.

    A network before pruning is the whole one, and after it the pruned float one. Before calibration it is the
    float one, which of a pruned file tells only where pruning itself measured nothing.
    """
    noted: dict[tuple[str, str], tuple[float, str]] = {}
    for file in files:
        for one in read_measured(file.entries):
            if one.is_accuracy:
                for name, value in name_measured(one, file.is_pruned):
                    noted.setdefault((file.family, name), (value, one.metric))
    return [add_accuracy(variant, noted.get((variant.family, variant.name))) for variant in variants]


def name_measured(one: Measured, is_pruned: bool) -> list[tuple[str, float]]:
    """Name the float variants that a stage measured, surest first."""
    whole, pruned = (name_variant(state, False, "f32") for state in (False, True))
    if one.stage == STAGES[PRUNING]:
        return [(whole, one.before), (pruned, one.after)]
    return [(pruned if is_pruned else whole, one.before)]


def add_accuracy(variant: Variant, noted: tuple[float, str] | None) -> Variant:
    """Give a variant that has none the accuracy that was noted of it."""
    if noted is None or variant.accuracy is not None:
        return variant
    return replace(variant, accuracy=noted[0], metric=noted[1])


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
    random = RANDOM.match(variant.family)
    if random is not None:
        return {"source": random["name"], "params": params, "seed": int(random["seed"])}
    return {"source": variant.family, "params": params, "seed": None}
