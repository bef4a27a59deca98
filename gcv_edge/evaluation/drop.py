"""What a file loses against another on the same pictures, with an error bar."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gcv_edge.points import MOST_POINTS, allowed_loss

CONFIDENCE = 0.9
"""Of the statement that no more is lost than ``Drop.upper``; one-sided."""
QUANTILE = 1.2816
"""Of the normal distribution, at that confidence."""
COLLAPSE = 5.0
"""Points of a class that are worth a line."""
FEWEST_PICTURES = 20
"""Pictures of which the bootstrap says little: where none of a few changed, it sees no error at all."""
FEWEST = 10
"""Labelled objects or pictures of a class under which its figure says little."""


@dataclass(frozen=True)
class Score:
    """What a file reaches on pictures, in points of 0 to 100.

    Attributes:
        points: on all pictures.
        resampled: on data sets drawn from them, the same draws for every file; empty where only the points
            are known, which then count as exact.
        pictures: that were measured on.
        is_share: the points are the share of pictures that are right.
        classes: points by class, of those with enough labels.
    """

    points: float
    resampled: tuple[float, ...] = ()
    pictures: int = 0
    is_share: bool = False
    classes: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "points": self.points,
            "resampled": list(self.resampled),
            "pictures": self.pictures,
            "is_share": self.is_share,
            "classes": dict(self.classes),
        }

    @classmethod
    def from_dict(cls, entries: Mapping[str, Any]) -> Score:
        """Read what ``to_dict`` wrote."""
        return cls(**{**entries, "resampled": tuple(entries["resampled"])})


Measure = Callable[[Path], Score | float]
"""What a model file reaches on pictures, in points, more is better; a float counts as exact."""


def as_score(found: Score | float) -> Score:
    """Return what a ``Measure`` says as a score."""
    return found if isinstance(found, Score) else Score(float(found))


@dataclass(frozen=True)
class Collapse:
    """A class that loses much more than the whole.

    Attributes:
        name: of the class.
        before, after: its points.
    """

    name: str
    before: float
    after: float

    def __str__(self) -> str:
        return f"{self.name} {self.before:.1f} -> {self.after:.1f}"


@dataclass(frozen=True)
class Drop:
    """Points lost.

    Attributes:
        points: on the pictures measured on.
        by_chance: how much more may be lost on other pictures of the kind, at ``CONFIDENCE``; falls with the
            square root of their number.
        unseen: as much, where none of the pictures that were seen changed; of a share of right pictures it
            falls with their number.
        pictures: measured on.
    """

    points: float
    by_chance: float = 0.0
    unseen: float = 0.0
    pictures: int = 0

    @property
    def upper(self) -> float:
        """Points lost at most on pictures of this kind, at ``CONFIDENCE``."""
        return self.points + max(self.by_chance, self.unseen)

    def is_within(self, limit: float | None) -> bool:
        """Whether no more than ``limit`` is lost, at ``CONFIDENCE``; always without a limit, and at 100."""
        return self.upper <= allowed_loss(limit)

    def is_undecided(self, limit: float | None) -> bool:
        """Whether these pictures lose no more than ``limit``, but are too few to say so of others."""
        return limit is not None and self.points <= limit < self.upper

    def pictures_needed(self, limit: float) -> int | None:
        """Estimate how many pictures would tell; None where no number would."""
        room = limit - self.points
        if room <= 0:
            return None
        if self.unseen == MOST_POINTS:
            return FEWEST_PICTURES
        return math.ceil(self.pictures * max((self.by_chance / room) ** 2, self.unseen / room))


def find_drop(before: Score, after: Score) -> Drop:
    """Compare two files' scores on the same pictures.

    The error bar is the bootstrap's of the paired difference. Of a share of right pictures it is at least
    that of Agresti and Min (2005), which knows that no change in 40 pictures is no proof of none in 4,000; of
    other figures, fewer than ``FEWEST_PICTURES`` tell nothing.
    """
    lost = before.points - after.points
    if not before.resampled or len(before.resampled) != len(after.resampled):
        return Drop(lost, pictures=after.pictures)
    draws = np.array(before.resampled) - np.array(after.resampled)
    by_chance = max(0.0, float(np.quantile(draws, CONFIDENCE) - draws.mean()))
    return Drop(lost, by_chance, find_unseen(after), after.pictures)


def find_unseen(score: Score) -> float:
    """Points that may be lost on pictures unlike all that were measured."""
    if score.is_share:
        return QUANTILE * MOST_POINTS / (score.pictures + 2)
    return MOST_POINTS if score.pictures < FEWEST_PICTURES else 0.0


def over_limit(output: Path) -> Path:
    """Name a file that loses more than it may: ``net_int8.onnx`` becomes ``net_int8_over_max_drop.onnx``."""
    return output.with_name(f"{output.stem}_over_max_drop{output.suffix}")


def find_collapses(before: Score, after: Score) -> list[Collapse]:
    """List the classes that lose more than ``COLLAPSE`` points, the worst first."""
    pairs = [
        Collapse(name, points, after.classes[name])
        for name, points in before.classes.items()
        if name in after.classes
    ]
    fallen = [pair for pair in pairs if pair.before - pair.after > COLLAPSE]
    return sorted(fallen, key=lambda pair: pair.after - pair.before)
