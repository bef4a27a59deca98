"""Reading what a symbol does to its picture before its first layer, off pictures of random numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.channel_maps import ChannelMap
from gcv_edge.exporters.mxnet.inference import Weights
from gcv_edge.exporters.mxnet.picture_front import (
    Front,
    compute,
    find_front,
    last_map,
    map_at,
    name_operators,
)
from gcv_edge.exporters.mxnet.picture_input import LEVELS, TO_FRONT, PictureInput, is_of_unit
from gcv_edge.exporters.mxnet.symbol import Symbol

Array = NDArray[Any]
Shape = tuple[int, ...]

NORMALIZED = 2.5
"""About how far the numbers of a normalised picture reach, to either side."""

SIDES = ((5, 6), (2, 5, 6))
"""Sides of the pictures and clips on which a symbol's first operators are computed."""

PICTURES, MOST_NUMBERS = 4, 1 << 20
"""How many pictures, and how many numbers of an input as large as the network's at most."""


def read_picture_input(symbol: Symbol, weights: Weights, name: str, shape: Shape | None) -> PictureInput:
    """Follow the only input of a symbol up to its first layer.

    Args:
        symbol, weights: the network's.
        name: of the input.
        shape: of the input, with channels first or last, where it is known.
    """
    variable = next(index for index, node in enumerate(symbol.nodes) if node.name == name)
    front = find_front(symbol, weights, variable)
    goal = next(front.closed())
    best, reach = PictureInput(variable, variable, np.ones(1), np.zeros(1)), (variable, False)
    for white, tried, is_last in attempts(front, shape) if goal != variable else ():
        found = last_map(front, draw(tried, 0, white), is_last)
        if found is not None and (found[0], found[1].is_straight) > reach:
            reach = found[0], found[1].is_straight
            best = describe(front, *found, tried, is_last, white)
        if reach == (goal, True):
            break
    return replace(best, unread=find_unread(front, best.end))


def attempts(front: Front, known: Shape | None) -> Iterator[tuple[float, Shape, bool]]:
    """Give white and shapes of pictures to try, and whether their channels are last.

    Small ones do, unless operators before the first layer are made for pictures of the network's own size.
    """
    shapes = [shape for sides in SIDES for channels in (3, 1) for shape in both_orders((channels, *sides))]
    if known is not None and len(known) in TO_FRONT and np.prod(known[1:]) <= MOST_NUMBERS:
        computed = (compute(front, draw(shape, 0, LEVELS)).keys() for shape, _ in shapes)
        if not any(front.sources.keys() <= places for places in computed):
            shapes += [((PICTURES, *known[1:]), False), ((PICTURES, *known[1:]), True)]
            shapes += both_orders(known[1:])[1:]
    yield from ((white, *shape) for white in (LEVELS, 1.0) for shape in shapes)


def both_orders(picture: Shape) -> list[tuple[Shape, bool]]:
    """Give the shapes of pictures with channels first and last."""
    return [((PICTURES, *picture), False), ((PICTURES, *picture[1:], picture[0]), True)]


def draw(shape: Shape, low: float, high: float) -> Array:
    """Draw pictures of random numbers, the same every time."""
    return np.random.default_rng(0).uniform(low, high, shape).astype(np.float32)


def describe(
    front: Front, end: int, found: ChannelMap, shape: Shape, is_last: bool, white: float
) -> PictureInput:
    """Describe what becomes of a picture up to a node."""
    normalized = draw(shape, -NORMALIZED, NORMALIZED)
    made = compute(front, normalized)
    is_free = map_at(made, end, normalized, is_last) is not None
    if is_of_unit(found.gain, found.shift):
        found = map_at(compute(front, draw(shape, 0, 1)), end, draw(shape, 0, 1), is_last) or found
    signed = draw(shape, -1, 1)
    lets_signed = white == 1 and map_at(compute(front, signed), end, signed, is_last) is not None
    mean, scale = neat(-found.shift / found.gain, white), neat(1 / found.gain)
    return PictureInput(
        front.variable,
        end,
        1 / scale,
        -mean / scale,
        is_channels_last=is_last and found.is_straight,
        is_plain=found.is_plain,
        is_learned=any(front.symbol.nodes[place].op == "BatchNorm" for place in front.sources[end]),
        operators=name_operators(front, made, end),
        white=0.0 if is_free else white,
        black=-1.0 if lets_signed and not is_free else 0.0,
    )


def neat(numbers: Array, white: float = 0.0) -> Array:
    """Take off what float32 adds: digits after the sixth, and what is nothing beside white."""
    rounded = np.array([float(f"{number:.6g}") for number in numbers])
    return np.where(np.abs(rounded) < 1e-6 * white, 0.0, rounded)


def find_unread(front: Front, end: int) -> str:
    """Name an operator behind a node that computes with all of the picture, before any layer."""
    if any(user not in front.sources for user in front.users.get(end, ())):
        return ""
    later = (place for place in sorted(front.sources) if place > end and front.is_arithmetic(place))
    return next((front.symbol.nodes[place].name for place in later), "")
