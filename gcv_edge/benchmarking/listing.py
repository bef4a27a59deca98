"""Which variants some files have, and what they are held against."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gcv_edge.benchmarking.known_accuracy import assign_accuracies
from gcv_edge.benchmarking.model_files import open_files
from gcv_edge.benchmarking.variants import Variant, make_names_unique, make_variant, name_variant
from gcv_edge.engines import choose_engine
from gcv_edge.errors import UsageError

PRECISIONS = ("f32", "bf16")
REFERENCES = ("mxnet", "onnxruntime", "openvino")
MXNET_MODES = {"unfused": "FP32", "fused": "FP32 fused", "int8": "INT8"}


def list_variants(
    models: Sequence[str | os.PathLike[str]],
    precisions: Sequence[str] = PRECISIONS,
    engine: str | None = None,
) -> list[Variant]:
    """List the variants of some files: each in each precision that the engine has.

    Raises:
        ModelNotFoundError, ModelFileError, MetadataError: as ``Model``.
        UsageError: a file is given twice.
    """
    files = open_files(models)
    engine = choose_engine(engine)
    chosen = [name for name in precisions if engine == "openvino" or name != "bf16"]
    found = [make_variant(file, precision, engine) for file in files for precision in chosen]
    return assign_accuracies(files, make_names_unique(found))


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
        raise UsageError(f"--source {source}: needs --against mxnet and the files of one network")
    if against != "mxnet":
        return [make_reference(variant, against) for variant in plain]
    return [
        replace(
            variant,
            engine="mxnet",
            name=MXNET_MODES[mode],
            precision=mode,
            size=None,
            accuracy=variant.accuracy if mode != "int8" and variant.is_baseline else None,
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
    return min(variants, key=lambda variant: (variant.is_pruned, variant.is_int8))


def make_reference(variant: Variant, engine: str) -> Variant:
    """Run a file in full precision in an engine."""
    name = name_variant(variant.is_pruned, variant.is_int8, "f32", variant.stem)
    return replace(variant, engine=engine, name=name, precision="f32", is_reference=True)


def find_source(variant: Variant, source: str | None, params: str | None) -> dict[str, Any]:
    """Find the network that MXNet has to run: the one given, else the zoo name that the file remembers."""
    if source is not None:
        return {"source": source, "params": params, "seed": None}
    return {"source": variant.origin, "params": params}
