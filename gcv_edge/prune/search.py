"""Finding the widths that lose least: at a cost, or at a speed that is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from gcv_edge.prune.allocation import allocate, expected_loss, mask_of
from gcv_edge.prune.costs import Cost
from gcv_edge.prune.descent import descend
from gcv_edge.prune.exchange import Joint, Widths, exchange
from gcv_edge.prune.result import Step
from gcv_edge.prune.sensitivity import Curves
from gcv_edge.prune.study import Study

Report = Callable[[int, int], None]
"""Called with how much of how much is done."""

SPARE = 1.01
"""How much faster than asked a network is to be: the next measurement may find one per cent less."""
ATTEMPTS, EXCHANGES = 6, 3
MISTRUST = 0.9
"""Part of the speed that the table of layers must promise of widths before they are measured."""
CHOICES, DOUBT = 6, 0.98
"""Widths that are measured at the end, and the same for them, in units of what another network kept."""


class Attempt(NamedTuple):
    """Widths that were tried, the speed-up measured, and the loss expected."""

    widths: Widths
    speedup: float
    loss: float


class Search:
    """Finds widths.

    Args:
        study: the network, its spaces ordered.
        curves: divergence by width, of each space alone.
        cost: of what is kept.
        joint: divergence at widths; None where there is no time for that, and curves must do.
        time: measures how many times faster the network is at some widths.
        trail: where what was tried is noted.
        report: by the name of a stage, what tells how far it is.
    """

    def __init__(
        self,
        study: Study,
        curves: Curves,
        cost: Cost,
        joint: Joint | None,
        time: Callable[[Mapping[str, int]], float],
        trail: list[Step],
        report: Callable[[str], Report],
    ) -> None:
        self._study, self._curves, self._cost = study, curves, cost
        self._joint, self._time = joint, time
        self._trail, self._report = trail, report
        self._whole = self._price({})

    def at_cost(self, share: float) -> Widths:
        """Return widths that cost a share of the whole network at most, or as little as can be."""
        limit = self._whole * share
        if self._joint is None:
            return allocate(self._study, self._curves, self._cost, limit)
        start = self._come_down(self._joint, limit)
        self._note(self._joint, "widths", "one after the other", start)
        found = self._exchange(self._joint, start, limit)
        self._note(self._joint, "exchange", "after exchanges", found)
        return found

    def at_speed(self, speedup: float) -> Widths:
        """Return widths that are measured to be that many times faster, or as fast as can be."""
        if self._joint is None:
            return self._aim(speedup)[0].widths
        fast, slow = self._approach(self._joint, speedup)
        return self._exchange_for_speed(self._joint, speedup, fast, slow) if fast.widths else fast.widths

    def _price(self, widths: Mapping[str, int]) -> float:
        """Return the cost of widths."""
        return self._cost(mask_of(self._study, widths))

    def _promise(self, widths: Mapping[str, int]) -> float:
        """Return the speed-up that the table of layers promises."""
        return self._whole / self._price(widths)

    def _note(self, joint: Joint, stage: str, what: str, widths: Widths) -> float:
        """Measure widths, note what was found, and return the speed-up."""
        speedup = self._time(widths)
        self._trail.append(Step(stage, what, speedup, joint(widths)))
        return speedup

    def _come_down(self, joint: Joint, limit: float) -> Widths:
        """Make one space after the other narrower, down to a cost."""
        tell, widths = self._report("widths"), Widths()
        for widths in descend(self._study, self._curves, self._cost, joint):
            now = self._price(widths)
            tell(*part_of(self._whole - now, self._whole - limit))
            if now <= limit:
                break
        return widths

    def _approach(self, joint: Joint, speedup: float) -> tuple[Attempt, Attempt | None]:
        """Make one space after the other narrower, and measure the network once it may be fast enough.

        Returns:
            As ``choose_attempts``.
        """
        tell, widths = self._report("widths"), Widths()
        attempts: list[Attempt] = []
        for widths in descend(self._study, self._curves, self._cost, joint):
            promised = self._promise(widths)
            tell(*part_of(promised - 1, speedup - 1))
            if promised >= MISTRUST * speedup:
                measured = self._note(joint, "widths", f"{promised:.2f}x promised", widths)
                attempts.append(Attempt(widths, measured, joint(widths)))
                if measured >= SPARE * speedup:
                    break
        if not attempts:
            attempts = [Attempt(widths, self._time(widths), joint(widths))]
        return choose_attempts(attempts, speedup)

    def _exchange(self, joint: Joint, widths: Widths, limit: float) -> Widths:
        """Look for widths that lose less together."""
        return exchange(self._study, self._curves, self._cost, widths, limit, joint, self._report("exchange"))

    def _exchange_for_speed(
        self, joint: Joint, speedup: float, fast: Attempt, slow: Attempt | None
    ) -> Widths:
        """Do so at the time wanted, from both sides of it.

        Args:
            joint: divergence at widths.
            speedup: that is wanted.
            fast: fast enough, or as fast as can be.
            slow: less fast, and loses less.

        Returns:
            Widths that lose least, of those that are measured to be fast enough.
        """
        goal = min(SPARE * speedup, fast.speedup)
        chosen, lost = fast.widths, joint(fast.widths)
        for start in [each.widths for each in (fast, slow) if each is not None]:
            limit = self._price(fast.widths) * fast.speedup / goal
            for _ in range(EXCHANGES):
                found = self._exchange(joint, start, limit)
                faster = self._note(joint, "exchange", "after exchanges", found)
                if faster >= goal and joint(found) < lost:
                    chosen, lost = found, joint(found)
                if found == start or goal <= faster <= SPARE**2 * goal:
                    break
                limit *= faster / goal
        trust = fast.speedup / self._promise(fast.widths)
        return self._look_again(joint, lost, goal, trust) or chosen

    def _look_again(self, joint: Joint, lost: float, goal: float, trust: float) -> Widths | None:
        """Return those of all widths looked at that lose least and are fast enough; None where none does.

        Args:
            joint: what each lost.
            lost: what they must lose less than.
            goal: speed-up.
            trust: speed-up of some widths, over what the table of layers promises of them; those of which it
                promises too little are not measured.
        """
        likely = (widths for widths in joint.below(lost) if trust * self._promise(widths) >= DOUBT * goal)
        tries, tell = list(islice(likely, CHOICES)), self._report("choice")
        for number, widths in enumerate(tries):
            faster = self._note(joint, "choice", "looked at before", widths)
            tell(number + 1, len(tries))
            if faster >= goal:
                return widths
        return None

    def _aim(self, speedup: float) -> tuple[Attempt, Attempt | None]:
        """Allocate by the curves alone, measure the network, and aim lower or higher.

        Returns:
            As ``choose_attempts``.
        """
        tell = self._report("widths")
        aim = speedup
        attempts: list[Attempt] = []
        too_low, enough = 1.0, float("inf")
        for number in range(ATTEMPTS):
            widths = allocate(self._study, self._curves, self._cost, self._whole / aim)
            measured = self._time(widths)
            loss = sum(expected_loss(self._study, self._curves, widths).values())
            attempts.append(Attempt(widths, measured, loss))
            self._trail.append(Step("widths", f"aimed at {aim:.2f}x", measured, loss))
            tell(number + 1, ATTEMPTS)
            if SPARE * speedup <= measured <= SPARE**3 * speedup:
                break
            if measured < SPARE * speedup:
                too_low = max(too_low, aim)
            else:
                enough = min(enough, aim)
            next_aim = aim * float(np.clip(SPARE * speedup / measured, 0.8, 1.3))
            aim = next_aim if too_low < next_aim < enough else float(np.sqrt(too_low * min(enough, 2 * aim)))
        return choose_attempts(attempts, speedup)


def choose_attempts(attempts: Sequence[Attempt], wanted: float) -> tuple[Attempt, Attempt | None]:
    """Return the attempt that loses least of those that are fast enough, and the fastest of the slower ones.

    Where none is fast enough, the fastest takes the first place.
    """
    enough = [attempt for attempt in attempts if attempt.speedup >= wanted]
    by_speed = max(attempts, key=lambda attempt: attempt.speedup)
    fast = min(enough, key=lambda attempt: attempt.loss) if enough else by_speed
    slower = [attempt for attempt in attempts if attempt.speedup < min(wanted, fast.speedup)]
    return fast, max(slower, key=lambda attempt: attempt.speedup, default=None)


def part_of(done: float, wanted: float) -> tuple[int, int]:
    """Express how far something is as a number of hundredths."""
    return min(100, round(100 * done / max(wanted, 1e-9))), 100
