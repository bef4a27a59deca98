"""How a benchmark is run."""

from __future__ import annotations

from dataclasses import dataclass

from gcv_edge.measure.isa import ISAS
from gcv_edge.runtime.sessions import HINTS, check_choice, check_count

FEWEST_SECONDS = 0.01
FEWEST_ROUNDS = 3
"""A median of fewer says little; a limit does not go below it."""


@dataclass(frozen=True)
class Settings:
    """How a benchmark is run.

    Attributes:
        hint: ``latency`` (one call after the other) or ``throughput`` (as many at once as the engine has
            streams).
        batches: frames per call; every variant is measured with each.
        threads: CPU threads; None for all that the process may use.
        isa: instruction set above which nothing may go: one of ``measure.isa.ISAS``.
        rounds: turns of each variant.
        seconds: of each turn; a call that takes longer is finished.
        rest: seconds between turns, in which the threads of the one before fall asleep.
        limit: seconds that the rounds of one batch may take: after ``FEWEST_ROUNDS`` no further round begins
            that would end later; None for no limit.
        patience: seconds that a variant may take to load, or for one turn; one that takes longer is ended
            and left out; None for no limit.
    """

    hint: str = "latency"
    batches: tuple[int, ...] = (1,)
    threads: int | None = None
    isa: str = "native"
    rounds: int = 7
    seconds: float = 1.0
    rest: float = 0.25
    limit: float | None = None
    patience: float | None = None

    def __post_init__(self) -> None:
        check_choice("hint", self.hint, HINTS)
        check_choice("isa", self.isa, tuple(ISAS))
        check_count("threads", self.threads)
        check_count("rounds", self.rounds)
        if not self.batches:
            raise ValueError("batches: found none, expected one or more")
        for batch in self.batches:
            check_count("batch", batch)
        if not self.seconds >= FEWEST_SECONDS:
            raise ValueError(f"seconds: found {self.seconds}, expected {FEWEST_SECONDS} or more")
        if not self.rest >= 0:
            raise ValueError(f"rest: found {self.rest}, expected 0 or more")
        for name in ("limit", "patience"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name}: found {value}, expected more than 0, or None")
