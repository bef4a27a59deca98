"""What is measured: a file in a precision, or MXNet with the network that the file came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gcv_edge.benchmarking.accuracy import StageScores, last_of, read_scores
from gcv_edge.benchmarking.model_files import ModelFile


@dataclass(frozen=True)
class Variant:
    """Something that turns frames into results.

    Attributes:
        family: source that variants have in common; ratios are within it.
        name: tells people it from the others of its family: ``FP32``, ``pruned INT8 + BF16``.
        engine: ``openvino``, ``onnxruntime`` or ``mxnet``.
        model: the file; for MXNet the one that says how frames are prepared.
        precision: of float operations; for MXNet one of ``MXNET_MODES``.
        task: what the network is for.
        source, params: network that MXNet runs.
        seed: of random weights; None for others.
        size: of the file in bytes; None for MXNet.
        accuracy: against labels, that the file carries, 0 to 1, and ``metric`` what it is.
        agreement: with the network it was made from, 0 to 1, where no labels were there to hold it against.
        measured: all that the file's stages say of it.
        without: why an accuracy that is known of it cannot be compared with the family's; empty otherwise.
        is_int8: its heavy operators are of 8 bits.
        is_pruned: channels were taken out of it.
        stem: of the file's name, where others of the family are of the same form; else empty.
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
    measured: tuple[StageScores, ...] = ()
    without: str = ""
    is_int8: bool = False
    is_pruned: bool = False
    stem: str = ""
    origin: str = ""
    last_stage: str = ""
    is_reference: bool = False

    @property
    def title(self) -> str:
        """Engine and name, as columns of ratios are called."""
        return f"{self.engine} {self.name}"

    @property
    def is_float(self) -> bool:
        """Whether it computes what its file says, and that is of no 8 bits."""
        return self.precision == "f32" and not self.is_int8

    @property
    def is_baseline(self) -> bool:
        """Whether it is its family's plain form: the only one that computes what was exported."""
        return self.is_float and not self.is_pruned and not self.stem

    def to_job(self) -> dict[str, Any]:
        """Return what a worker needs to know."""
        keys = ("engine", "precision", "source", "params", "seed")
        return {"model": str(self.model), **{key: getattr(self, key) for key in keys}}


def make_variant(file: ModelFile, precision: str, engine: str) -> Variant:
    """Describe a file in a precision."""
    measured = read_scores(file.entries)
    agreement = last_of(measured, file.last_stage, False) if precision == "f32" else None
    return Variant(
        family=file.family,
        name=name_variant(file.is_pruned, file.is_int8, precision),
        engine=engine,
        model=file.path,
        precision=precision,
        task=file.metadata.task.name,
        size=file.path.stat().st_size,
        seed=file.origin.seed,
        agreement=agreement.after if agreement is not None else None,
        measured=measured,
        is_int8=file.is_int8,
        is_pruned=file.is_pruned,
        origin=file.origin.name,
        last_stage=file.last_stage,
    )


def name_variant(is_pruned: bool, is_int8: bool, precision: str, stem: str = "") -> str:
    """Spell what was done to a network: ``FP32``, ``BF16``, ``INT8 + BF16``, ``pruned INT8 (stem)``."""
    name = {"f32": "FP32", "bf16": "BF16"}.get(precision, precision)
    if is_int8:
        name = "INT8" if precision == "f32" else f"INT8 + {name}"
    return ("pruned " if is_pruned else "") + name + (f" ({stem})" if stem else "")


def make_names_unique(variants: Sequence[Variant]) -> list[Variant]:
    """Add the file's name to variants of a family that have the same name."""
    keys = [(variant.family, variant.name) for variant in variants]
    return [
        add_stem(variant) if keys.count(key) > 1 else variant
        for variant, key in zip(variants, keys, strict=True)
    ]


def add_stem(variant: Variant) -> Variant:
    """Add the file's name to a variant's."""
    stem = variant.model.stem
    name = name_variant(variant.is_pruned, variant.is_int8, variant.precision, stem)
    return replace(variant, name=name, stem=stem)
