"""Whether numbers are those of a picture, enlarged and shifted channel by channel, by the numbers alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

CLOSE = 5e-3
"""Largest difference, in parts of what a channel spans: rounding to levels or to float16 is no other map."""

ALIKE = 0.999
"""Correlation of a channel with the one that it was made of."""


@dataclass(frozen=True)
class ChannelMap:
    """What became of a picture: channel ``i`` times ``gain[i]`` plus ``shift[i]``, in another order or place.

    Attributes:
        gain, shift: by channel of the picture; of its middle, where they differ by place.
        is_straight: every axis is in the place of a picture with channels first.
        is_plain: channels keep their order and have one gain and shift each, unlike those of a mean picture.
    """

    gain: Array
    shift: Array
    is_straight: bool
    is_plain: bool


def find_map(pictures: Array, found: Array) -> ChannelMap | None:
    """Say how numbers were made of pictures ``[N, C, ...]``; None where it is in no such way."""
    if not np.all(np.isfinite(found)):
        return None
    for aligned, is_straight in align(pictures, found.astype(np.float64)):
        result = fit_channels(pictures, aligned, is_straight) or fit_places(pictures, aligned, is_straight)
        if result is not None:
            return result
    return None


def align(pictures: Array, found: Array) -> Iterator[tuple[Array, bool]]:
    """Give the numbers with a picture's axes, every way that fits, and say whether they were so already."""
    if found.size != pictures.size or found.shape[:1] != pictures.shape[:1]:
        return
    if found.ndim != pictures.ndim:
        yield found.reshape(pictures.shape), False
        return
    for axes in permutations(range(1, found.ndim)):
        turned = found.transpose(0, *axes)
        if turned.shape == pictures.shape:
            yield turned, axes == tuple(sorted(axes))


def fit_channels(pictures: Array, found: Array, is_straight: bool) -> ChannelMap | None:
    """Fit one gain and shift for each channel, whatever their order."""
    given, made = rows_of(pictures), rows_of(found)
    if not np.all(np.ptp(made, axis=1)):
        return None
    likeness = np.abs(np.corrcoef(made, given)[: len(made), len(made) :])
    order = likeness.argmax(axis=1)
    if likeness.max(axis=1).min() < ALIKE or len(set(order)) < len(order):
        return None
    lines = np.array([np.polyfit(given[source], row, 1) for source, row in zip(order, made, strict=True)])
    errors = np.abs(lines[:, :1] * given[order] + lines[:, 1:] - made).max(axis=1)
    if np.any(errors > CLOSE * np.ptp(made, axis=1)):
        return None
    gain, shift = lines[np.argsort(order)].T
    return ChannelMap(gain, shift, is_straight, bool(np.all(order == np.arange(len(order)))))


def fit_places(pictures: Array, found: Array, is_straight: bool) -> ChannelMap | None:
    """Fit a gain and shift for each number of a picture: what a mean picture was taken from."""
    given, made = pictures - pictures.mean(axis=0), found - found.mean(axis=0)
    gain = (given * made).sum(axis=0) / np.square(given).sum(axis=0)
    shift = found.mean(axis=0) - gain * pictures.mean(axis=0)
    errors = np.abs(gain * pictures + shift - found).max()
    if errors > CLOSE * np.ptp(found) or not np.all(gain):
        return None
    middle = [np.median(rows_of(each[None]), axis=1) for each in (gain, shift)]
    return ChannelMap(middle[0], middle[1], is_straight, False)


def rows_of(pictures: Array) -> Array:
    """Give the numbers of each channel as a row."""
    return np.moveaxis(pictures, 1, 0).reshape(pictures.shape[1], -1)
