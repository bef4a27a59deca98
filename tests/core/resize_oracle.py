"""OpenCV's ways to resize pictures in NumPy: slow, plain, and equal to ``gcv_edge._core`` bit by bit."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Levels = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Box = tuple[float, float, float, float]

ONE = 2048
"""1 in OpenCV's fixed-point weights."""
HALF_UP = np.float32(1 / 4096)


class Side(NamedTuple):
    """A side of a target whose pixels sample ``[origin, origin + extent)`` of a side of the frame."""

    origin: float
    extent: float
    target: int
    frame: int

    @property
    def step(self) -> float:
        return 1 / (self.target / self.extent)

    @property
    def inside(self) -> Flags:
        centre = self.origin + (np.arange(self.target) + 0.5) * self.step
        return (centre >= 0) & (centre < self.frame)

    def linear_positions(self) -> Floats:
        return (self.origin + (np.arange(self.target) + 0.5) * self.step - 0.5).astype(np.float32)


class Matrix(NamedTuple):
    """Weights ``[target, frame]``, the weight of the padding per target pixel, and their sum."""

    weights: Floats
    outside: Floats
    total: float
    inside: Flags


def resample(
    frame: Levels, source: Box, size: tuple[int, int], interpolation: str = "bilinear", pad: float = 0
) -> tuple[Levels, Flags]:
    """Samples [h, w, c] of a source rectangle, and which of them lie in the frame."""
    columns = Side(source[0], source[2], size[0], frame.shape[1])
    rows = Side(source[1], source[3], size[1], frame.shape[0])
    if interpolation == "by_size":
        grows, shrinks = columns.step < 1 and rows.step < 1, columns.step > 1 and rows.step > 1
        interpolation = "area" if shrinks else "bicubic" if grows else "bilinear"
    if interpolation == "bilinear" or (interpolation == "area" and min(columns.step, rows.step) < 1):
        samples = blend(frame, columns, rows, interpolation)
        return samples, rows.inside[:, None] & columns.inside[None, :]
    makers = {"nearest": nearest, "bicubic": bicubic, "lanczos": lanczos}
    if interpolation == "warp":
        return weigh(frame, warp(columns, is_row=False), warp(rows, is_row=True), pad, HALF_UP)
    half_up = False
    if interpolation == "area":
        whole = is_whole(columns) and is_whole(rows)
        half_up = whole and columns.step == rows.step == 2
        make = whole_cells if whole else cells
    else:
        make = makers[interpolation]
    rounding = HALF_UP if half_up else np.float32(0)
    return weigh(frame, make(columns), make(rows), pad, rounding, are_levels=interpolation == "lanczos")


def blend(frame: Levels, columns: Side, rows: Side, interpolation: str) -> Levels:
    """Two taps in 11-bit weights, cut to 16 bits in between: OpenCV's INTER_LINEAR."""
    left, right, first, second = two_taps(columns, interpolation, is_row=False)
    top, bottom, upper, lower = two_taps(rows, interpolation, is_row=True)
    levels = frame.astype(np.int64)
    mixed = (levels[:, left] * first[:, None] + levels[:, right] * second[:, None]) >> 4
    upper, lower = upper[:, None, None], lower[:, None, None]
    return (((mixed[top] * upper >> 16) + (mixed[bottom] * lower >> 16) + 2) >> 2).astype(np.uint8)


def two_taps(side: Side, interpolation: str, is_row: bool) -> tuple[NDArray[np.int64], ...]:
    """Two pixels and their weights per target pixel; columns at the frame's edges have one."""
    last = side.frame - 1
    if interpolation == "area":
        growth = side.target / side.extent
        at = np.arange(side.target)
        index = np.clip(np.floor(side.origin + at * side.step), -1, side.frame)
        beyond = (side.origin * growth + (at + 1) - (index + 1) * growth).astype(np.float32)
        fraction = np.where(beyond <= 0, np.float32(0), beyond - np.floor(beyond))
    else:
        positions = side.linear_positions()
        index = np.floor(positions)
        fraction = positions - index
    if not is_row:
        fraction = np.where((index < 0) | (index >= last), np.float32(0), fraction)
    weights = (np.rint((np.float32(1) - fraction) * np.float32(ONE)), np.rint(fraction * np.float32(ONE)))
    pixels = (np.clip(index, 0, last), np.clip(index + 1, 0, last))
    return tuple(part.astype(np.int64) for part in (*pixels, *weights))


def weigh(
    frame: Levels,
    columns: Matrix,
    rows: Matrix,
    pad: float,
    rounding: np.float32,
    *,
    are_levels: bool = False,
) -> tuple[Levels, Flags]:
    """Sums of frame pixels, columns first, each in its order and in float32."""
    level = np.float32(pad)
    wide = np.zeros((frame.shape[0], len(columns.weights), frame.shape[2]), np.float32)
    wide += (columns.outside * level)[:, None]
    for x in range(frame.shape[1]):
        wide += frame[:, x, None, :].astype(np.float32) * columns.weights[:, x, None]
    if are_levels:
        wide = np.clip(np.rint(wide), 0, 255)
    sums = np.zeros((len(rows.weights), *wide.shape[1:]), np.float32)
    sums += (rows.outside * level * np.float32(columns.total))[:, None, None]
    for y in range(frame.shape[0]):
        sums += wide[y] * rows.weights[:, y, None, None]
    scale = np.float32(1) / (np.float32(columns.total) * np.float32(rows.total))
    levels = np.rint(np.clip(sums * scale + rounding, 0, 255)).astype(np.uint8)
    return levels, rows.inside[:, None] & columns.inside[None, :]


def collect(side: Side, taps: dict[int, list[tuple[int, float]]], total: float) -> Matrix:
    """Weights as a matrix; pixels outside the frame are those of its edge."""
    weights = np.zeros((side.target, side.frame), np.float32)
    for target, row in taps.items():
        for index, weight in row:
            weights[target, min(max(index, 0), side.frame - 1)] += np.float32(weight)
    return Matrix(weights, np.zeros(side.target, np.float32), total, side.inside)


def pixels_inside(side: Side) -> list[int]:
    return [int(i) for i in np.flatnonzero(side.inside)]


def nearest(side: Side) -> Matrix:
    """OpenCV's INTER_NEAREST: the pixel that a target pixel's corner lies in."""
    return collect(side, {i: [(math.floor(side.origin + i * side.step), 1)] for i in pixels_inside(side)}, 1)


def bicubic(side: Side) -> Matrix:
    """Keys' kernel with a = -0.75 in 11-bit weights."""
    one, a = np.float32(1), np.float32(-0.75)
    taps = {}
    for i in pixels_inside(side):
        position = side.linear_positions()[i]
        index = math.floor(position)
        x = position - np.float32(index)
        y = one - x
        before = ((a * (x + one) - np.float32(5) * a) * (x + one) + np.float32(8) * a) * (
            x + one
        ) - np.float32(4) * a
        left = ((a + np.float32(2)) * x - (a + np.float32(3))) * x * x + one
        right = ((a + np.float32(2)) * y - (a + np.float32(3))) * y * y + one
        weights = (before, left, right, one - before - left - right)
        taps[i] = [(index - 1 + k, np.rint(weight * np.float32(ONE))) for k, weight in enumerate(weights)]
    return collect(side, taps, ONE)


def lanczos(side: Side) -> Matrix:
    """Pillow's LANCZOS: three lobes, as wide as the pixels of the target, in 22-bit weights."""
    widening = max(side.step, 1.0)
    taps = {}
    for i in pixels_inside(side):
        centre = side.origin + (i + 0.5) * side.step
        first = int(max(centre - 3 * widening + 0.5, 0))
        end = int(min(centre + 3 * widening + 0.5, side.frame))
        distances = (np.arange(first, end) - centre + 0.5) / widening
        parts = np.where(np.abs(distances) < 3, np.sinc(distances) * np.sinc(distances / 3), 0)
        weights = np.rint(parts / sum(parts) * (1 << 22)) / (1 << 22)
        taps[i] = [(first + k, weight) for k, weight in enumerate(weights)]
    return collect(side, taps, 1)


def is_whole(side: Side) -> bool:
    if side.origin < 0 or side.origin + side.extent > side.frame:
        return False
    return all(
        abs(number - round(number)) < 1e-12 * abs(number) or not number for number in (side.step, side.origin)
    )


def whole_cells(side: Side) -> Matrix:
    """Sums of whole pixels."""
    cell, origin = round(side.step), round(side.origin)
    taps = {i: [(origin + i * cell + k, 1.0) for k in range(cell)] for i in pixels_inside(side)}
    return collect(side, taps, cell)


def cells(side: Side) -> Matrix:
    """OpenCV's INTER_AREA: each pixel counts with the part of it that a target pixel covers."""
    taps = {}
    for i in pixels_inside(side):
        start = side.origin + i * side.step
        begin, end = max(start, 0.0), min(start + side.step, side.frame)
        cell = end if start < 0 else min(side.step, side.frame - begin)
        last = min(math.floor(end), side.frame - 1)
        following = min(math.ceil(begin), last)
        row = [(following - 1, (following - begin) / cell)] if following - begin > 1e-3 else []
        row += [(k, 1 / cell) for k in range(following, last)]
        if end - last > 1e-3:
            row.append((last, min(end - last, 1.0, cell) / cell))
        taps[i] = row
    return collect(side, taps, 1)


def warp(side: Side, is_row: bool) -> Matrix:
    """OpenCV's warpAffine: positions in 32nds of a pixel; what lies outside the frame is padding.

    Columns add two rounded numbers, rows round their sum.
    """
    weights = np.zeros((side.target, side.frame), np.float32)
    outside, inside = np.zeros(side.target, np.float32), np.zeros(side.target, bool)
    for i in range(side.target):
        column = np.rint(side.origin * 1024) + np.rint(side.step * i * 1024)
        row = np.rint((side.origin + side.step * i) * 1024)
        position = (int(row if is_row else column) + 16) >> 5
        index, fraction = position >> 5, (position & 31) / 32
        inside[i] = -1 <= index < side.frame
        for pixel, weight in ((index, 1 - fraction), (index + 1, fraction)):
            if 0 <= pixel < side.frame:
                weights[i, pixel] += np.float32(weight)
            else:
                outside[i] += np.float32(weight)
    return Matrix(weights, outside, 1, inside)
