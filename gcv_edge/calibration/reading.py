"""Reading the pictures: a few are held out, the others are counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gcv_edge.calibration.feeding import Batch

HELD_OUT = 32
"""Batches held out at most."""

EVERY = 4
"""Of how many batches one is held out."""

TRIED = 8
"""Batches kept for full bias correction."""


def count_held_out(batches: int) -> int:
    """Count the batches that are held out of so many."""
    return min(HELD_OUT, batches // EVERY)


@dataclass
class Split:
    """Divides a stream of batches.

    Attributes:
        held_out: what recipes are compared on; filled here unless the caller has some.
        tried: the first few of the others.
    """

    held_out: list[Batch] = field(default_factory=list)
    tried: list[Batch] = field(default_factory=list)
    _is_given: bool = False

    @classmethod
    def given(cls, held_out: list[Batch]) -> Split:
        """Start with the caller's own pictures to compare on."""
        return cls(held_out, _is_given=True)

    def divide(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the batches that are not held out."""
        for index, batch in enumerate(batches):
            if not self._is_given and index % EVERY == EVERY - 1 and len(self.held_out) < HELD_OUT:
                self.held_out.append(batch)
                continue
            if len(self.tried) < TRIED:
                self.tried.append(batch)
            yield batch

    def settle(self) -> None:
        """Use what was counted where there was too little to hold out."""
        self.held_out = self.held_out or list(self.tried)
