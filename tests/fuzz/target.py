"""What is fuzzed: a reader, and how inputs for it are made."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gcv_edge.errors import GcvEdgeError

MOST_BYTES = 1 << 20
"""Of one input."""

Make = Callable[[random.Random], bytes]
Mutate = Callable[[bytes, bytes, random.Random], bytes]


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        name: by which it is called for, and its folder in the corpus.
        make: draws an input.
        read: gives an input to the reader; the folder is for files, and may hold those of earlier inputs.
        covers: modules that take apart what the input holds, as paths in the repository.
        share: of all inputs; slow readers get few.
        refusals: errors by which it may refuse an input, in one line.
    """

    name: str
    make: Make
    read: Callable[[bytes, Path], object]
    covers: tuple[str, ...]
    share: int = 10
    refusals: tuple[type[Exception], ...] = (GcvEdgeError,)

    def input(self, seed: int, index: int) -> bytes:
        """Make one input; seed and index alone decide about it."""
        return self.make(random.Random(f"{seed} {self.name} {index}"))[:MOST_BYTES]


def mutating(seeds: Callable[[], Sequence[bytes]], mutate: Mutate) -> Make:
    """Make inputs of good ones: ``mutate`` is given one to change, and another to take from."""
    known = functools.cache(seeds)

    def make(dice: random.Random) -> bytes:
        return mutate(dice.choice(known()), dice.choice(known()), dice)

    return make
