"""Which accuracy is known of a variant: its own file's, or another's of the family that tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gcv_edge.benchmarking.accuracy import PRUNING, STAGES, StageScores, last_of, read_scores
from gcv_edge.benchmarking.model_files import ModelFile
from gcv_edge.benchmarking.variants import Variant

Key = tuple[str, str]
"""Pictures and metric: what figures must have in common to be compared."""


def assign_accuracies(files: Sequence[ModelFile], variants: Sequence[Variant]) -> list[Variant]:
    """Assign every variant the accuracy that was measured of it on pictures that most of its family share.

    A figure may stand in another file: a network before pruning is the whole one, and after it the pruned
    float one. Before calibration it is the float one, which of a pruned file tells only where pruning itself
    measured nothing.
    """
    noted: dict[tuple[str, bool], dict[Key, float]] = {}
    for file in files:
        for one in read_scores(file.entries):
            for is_pruned, value in float_scores(one, file.is_pruned) if one.is_accuracy else ():
                noted.setdefault((file.family, is_pruned), {}).setdefault(key_of(one, file.path), value)
    figures = [own_figures(variant) | noted_figures(variant, noted) for variant in variants]
    return [
        choose_figure(variant, found, common_key(variant.family, variants, figures))
        for variant, found in zip(variants, figures, strict=True)
    ]


def noted_figures(variant: Variant, noted: Mapping[tuple[str, bool], dict[Key, float]]) -> dict[Key, float]:
    """Return what stages noted of a float file; they do not tell which, where there are several."""
    return noted.get((variant.family, variant.is_pruned), {}) if variant.is_float and not variant.stem else {}


def key_of(one: StageScores, path: Path) -> Key:
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


def float_scores(one: StageScores, is_pruned: bool) -> list[tuple[bool, float]]:
    """List whether a float network that a stage measured was pruned, and its score, surest first.

    Args:
        one: what the stage measured.
        is_pruned: the file that tells of it is pruned.
    """
    if one.stage == STAGES[PRUNING]:
        return [(False, one.before), (True, one.after)]
    return [(is_pruned, one.before)]
