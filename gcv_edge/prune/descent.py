"""Spaces made narrower one after the other, by what they lose together with those that are narrow already."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from gcv_edge.prune.allocation import LEAST_SAVING, mask_of, rate, read_losses
from gcv_edge.prune.costs import Cost
from gcv_edge.prune.sensitivity import Curves
from gcv_edge.prune.study import Study


@dataclass(order=True)
class Move:
    """A space made narrower: what is lost for the cost saved, tried or as its curve says."""

    rate: float
    name: str
    width: int
    saved: float
    is_tried: bool = False


def descend(
    study: Study, curves: Curves, cost: Cost, joint: Callable[[Mapping[str, int]], float]
) -> Iterator[dict[str, int]]:
    """Give widths that cost less and less, each time by the space that loses least for what it saves.

    What a space loses is read from its curve until it has been tried together with what is narrow already,
    and only those that promise most are tried (lazy greedy: M. Minoux, Accelerated greedy algorithms, 1978).

    Args:
        study: the network, its spaces ordered.
        curves: divergence by width, of each space alone.
        cost: of what is kept.
        joint: divergence at widths.
    """
    units = {space.name: space.units for space in study.free}
    alone = read_losses(study, curves)
    losses = {(name, width): loss for name, curve in alone.items() for width, loss in curve.items()}
    widths: dict[str, int] = {}
    while True:
        now = cost(mask_of(study, widths))
        moves = []
        for (name, width), loss in losses.items():
            if width < widths.get(name, units[name]):
                then = cost(mask_of(study, {**widths, name: width}))
                if then < now * (1 - LEAST_SAVING):
                    moves.append(Move(rate(loss, now - then), name, width, now - then))
        best = find_best(moves, widths, joint, losses)
        if best is None:
            return
        widths = {**widths, best.name: best.width}
        for width, loss in alone[best.name].items():
            losses[best.name, width] = loss - alone[best.name][best.width]
        yield widths


def find_best(
    moves: list[Move],
    widths: Mapping[str, int],
    joint: Callable[[Mapping[str, int]], float],
    losses: dict[tuple[str, int], float],
) -> Move | None:
    """Try the moves that promise most until one that was tried is best; note what those tried lose."""
    heapq.heapify(moves)
    while moves:
        move = heapq.heappop(moves)
        if move.is_tried:
            return move
        loss = joint({**widths, move.name: move.width}) - joint(widths)
        losses[move.name, move.width] = loss
        heapq.heappush(moves, replace(move, rate=rate(loss, move.saved), is_tried=True))
    return None
