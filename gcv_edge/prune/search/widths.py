"""Choosing the widths that lose least: at a cost, or at a speed that is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np

from gcv_edge.prune.fitting.sequential import Report
from gcv_edge.prune.results import Candidate
from gcv_edge.prune.search.allocation import Widths, allocate, descend, exchange
from gcv_edge.prune.search.joint_loss import JointLoss
from gcv_edge.prune.search.sensitivity import Tradeoff

SPARE = 1.01
"""How much faster than asked a network is to be: the next measurement may find one per cent less."""
ATTEMPTS, EXCHANGES = 6, 3
MISTRUST = 0.9
"""Part of the speed that must be predicted of widths before they are measured."""
CHOICES, DOUBT = 6, 0.98
"""Widths that are measured at the end, and the same for them, in units of what another network kept."""


class Attempt(NamedTuple):
    """Widths that were tried, the speed-up measured, and the loss expected."""

    widths: Widths
    speedup: float
    loss: float


@dataclass
class WidthSearch:
    """Finds widths by what spaces lose together.

    Attributes:
        tradeoff: what spaces lose alone, and what they save.
        joint: divergence at widths.
        time: measures how many times faster the network is at some widths.
        report: by the name of a stage, what tells how far it is.
        trail: takes the networks that are tried.
    """

    tradeoff: Tradeoff
    joint: JointLoss
    time: Callable[[Mapping[str, int]], float]
    report: Callable[[str], Report]
    trail: list[Candidate]

    def at_cost(self, share: float) -> Widths:
        """Return widths that cost a share of the whole network at most, or as little as can be."""
        limit = self.tradeoff.price({}) * share
        start = self._descend_to_cost(limit)
        self._note("widths", "one after the other", start)
        found = self._exchange(start, limit)
        self._note("exchange", "after exchanges", found)
        return found

    def at_speed(self, speedup: float) -> Widths:
        """Return widths that are measured to be that many times faster, or as fast as can be."""
        fast, slow = self._descend_to_speed(speedup)
        return self._exchange_for_speed(speedup, fast, slow) if fast.widths else fast.widths

    def _predict(self, widths: Mapping[str, int]) -> float:
        """Return the speed-up that is predicted."""
        return self.tradeoff.price({}) / self.tradeoff.price(widths)

    def _time(self, stage: str, what: str, widths: Widths) -> float:
        """Measure the speed-up at widths, and note what was found."""
        speedup = self.time(widths)
        self._note(stage, what, widths, speedup)
        return speedup

    def _note(self, stage: str, what: str, widths: Widths, speedup: float | None = None) -> None:
        """Note what was tried."""
        self.trail.append(Candidate(stage, what, speedup, self.joint(widths)))

    def _exchange(self, widths: Widths, limit: float) -> Widths:
        """Look for widths that lose less together."""
        return exchange(self.tradeoff, widths, limit, self.joint, self.report("exchange"))

    def _descend_to_cost(self, limit: float) -> Widths:
        """Make one space after the other narrower, down to a cost."""
        tell, whole, widths = self.report("widths"), self.tradeoff.price({}), Widths()
        for widths in descend(self.tradeoff, self.joint):
            now = self.tradeoff.price(widths)
            tell(*count_hundredths(whole - now, whole - limit))
            if now <= limit:
                break
        return widths

    def _descend_to_speed(self, speedup: float) -> tuple[Attempt, Attempt | None]:
        """Make one space after the other narrower, and measure the network once it may be fast enough.

        Returns:
            As ``choose_attempts``.
        """
        tell, widths = self.report("widths"), Widths()
        attempts: list[Attempt] = []
        for widths in descend(self.tradeoff, self.joint):
            predicted = self._predict(widths)
            tell(*count_hundredths(predicted - 1, speedup - 1))
            if predicted >= MISTRUST * speedup:
                measured = self._time("widths", f"{predicted:.2f}x promised", widths)
                attempts.append(Attempt(widths, measured, self.joint(widths)))
                if measured >= SPARE * speedup:
                    break
        if not attempts:
            attempts = [Attempt(widths, self.time(widths), self.joint(widths))]
        return choose_attempts(attempts, speedup)

    def _exchange_for_speed(self, speedup: float, fast: Attempt, slow: Attempt | None) -> Widths:
        """Exchange widths at the time that is wanted, from both sides of it.

        Args:
            speedup: that is wanted.
            fast: fast enough, or as fast as can be.
            slow: less fast, and loses less.

        Returns:
            Widths that lose least, of those that are measured to be fast enough.
        """
        goal = min(SPARE * speedup, fast.speedup)
        chosen, lost = fast.widths, self.joint(fast.widths)
        for start in [each.widths for each in (fast, slow) if each is not None]:
            limit = self.tradeoff.price(fast.widths) * fast.speedup / goal
            for _ in range(EXCHANGES):
                found = self._exchange(start, limit)
                faster = self._time("exchange", "after exchanges", found)
                if faster >= goal and self.joint(found) < lost:
                    chosen, lost = found, self.joint(found)
                if found == start or goal <= faster <= SPARE**2 * goal:
                    break
                limit *= faster / goal
        trust = fast.speedup / self._predict(fast.widths)
        better = self.joint.widths_with_loss_below(lost)
        likely = (w for w in better if trust * self._predict(w) >= DOUBT * goal)
        return self._first_fast(list(islice(likely, CHOICES)), goal) or chosen

    def _first_fast(self, likely: Sequence[Widths], goal: float) -> Widths | None:
        """Return the first of some widths that are measured to be fast enough; None where none are."""
        tell = self.report("choice")
        for number, widths in enumerate(likely):
            faster = self._time("choice", "looked at before", widths)
            tell(number + 1, len(likely))
            if faster >= goal:
                return widths
        return None


def allocate_for_speed(
    tradeoff: Tradeoff,
    speedup: float,
    time: Callable[[Mapping[str, int]], float],
    report: Report,
    trail: list[Candidate],
) -> Widths:
    """Allocate by what spaces lose alone, measure the network, and aim lower or higher.

    Args:
        tradeoff: what spaces lose alone, and what they save.
        speedup: that is wanted.
        time: measures how many times faster the network is at some widths.
        report: called with the number of attempts done and of all.
        trail: takes the networks that are tried.
    """
    aim, too_low, enough = speedup, 1.0, float("inf")
    attempts: list[Attempt] = []
    for number in range(ATTEMPTS):
        widths = allocate(tradeoff, tradeoff.price({}) / aim)
        measured, loss = time(widths), sum(tradeoff.expected_loss(widths).values())
        attempts.append(Attempt(widths, measured, loss))
        trail.append(Candidate("widths", f"aimed at {aim:.2f}x", measured, loss))
        report(number + 1, ATTEMPTS)
        if SPARE * speedup <= measured <= SPARE**3 * speedup:
            break
        if measured < SPARE * speedup:
            too_low = max(too_low, aim)
        else:
            enough = min(enough, aim)
        next_aim = aim * float(np.clip(SPARE * speedup / measured, 0.8, 1.3))
        aim = next_aim if too_low < next_aim < enough else float(np.sqrt(too_low * min(enough, 2 * aim)))
    return choose_attempts(attempts, speedup)[0].widths


def choose_attempts(attempts: Sequence[Attempt], wanted: float) -> tuple[Attempt, Attempt | None]:
    """Return the attempt that loses least of those that are fast enough, and the fastest of the slower ones.

    Where none is fast enough, the fastest takes the first place.
    """
    enough = [attempt for attempt in attempts if attempt.speedup >= wanted]
    by_speed = max(attempts, key=lambda attempt: attempt.speedup)
    fast = min(enough, key=lambda attempt: attempt.loss) if enough else by_speed
    slower = [attempt for attempt in attempts if attempt.speedup < min(wanted, fast.speedup)]
    return fast, max(slower, key=lambda attempt: attempt.speedup, default=None)


def count_hundredths(done: float, wanted: float) -> tuple[int, int]:
    """Express how far something is as a number of hundredths."""
    return min(100, round(100 * done / max(wanted, 1e-9))), 100
