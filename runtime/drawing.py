"""Drawing on frames: boxes, text, skeletons and tints that are readable on any picture."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gcv_edge.runtime.frames import Pixels

FONT = cv2.FONT_HERSHEY_SIMPLEX
GOLDEN_RATIO = 0.618033988749895
COCO_BONES = (
    (0, 1), (0, 2), (1, 3), (2, 4), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10),
    (5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
)  # fmt: skip
"""Pairs of COCO's 17 keypoints that are drawn as a line."""

Color = tuple[int, int, int]


def color_of(class_id: int) -> Color:
    """Return a class's colour: hues a golden angle apart, so that neighbours differ."""
    hue = (0.35 + class_id * GOLDEN_RATIO) % 1.0
    brightness = (1.0, 0.85, 0.7)[class_id % 3]
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.85, brightness)
    return round(blue * 255), round(green * 255), round(red * 255)


def line_width(canvas: Pixels) -> int:
    """Return a stroke's width that suits the frame's size."""
    return max(1, round(math.hypot(*canvas.shape[:2]) / 500))


def draw_box(canvas: Pixels, box: NDArray[np.float32], text: str, color: Color) -> None:
    """Draw a box with a name tag on its upper edge."""
    limit = 2 * max(canvas.shape)
    x1, y1, x2, y2 = (round(float(value)) for value in np.clip(np.nan_to_num(box), -limit, limit))
    cv2.rectangle(canvas, (x1, y1), (x2, y2), color, line_width(canvas), cv2.LINE_AA)
    draw_tag(canvas, text, (x1, y1), color)


def draw_tag(canvas: Pixels, text: str, corner: tuple[int, int], color: Color) -> None:
    """Write a name tag above a corner, or below it where the frame ends."""
    height = tag_size(canvas, text)[1]
    top = corner[1] - height if corner[1] >= height else corner[1]
    paint_tag(canvas, text, (corner[0], top), color)


def paint_tag(canvas: Pixels, text: str, place: tuple[int, int], color: Color) -> None:
    """Write text on a filled rectangle, moved inside the frame where it would leave it."""
    scale, stroke = text_size(canvas)
    width, height = tag_size(canvas, text)
    left = max(0, min(place[0], canvas.shape[1] - width))
    top = max(0, min(place[1], canvas.shape[0] - height))
    cv2.rectangle(canvas, (left, top), (left + width, top + height), color, cv2.FILLED)
    pad = line_width(canvas) + 1
    origin = (left + pad, top + pad + cv2.getTextSize(text, FONT, scale, stroke)[0][1])
    cv2.putText(canvas, text, origin, FONT, scale, ink_on(color), stroke, cv2.LINE_AA)


def tag_size(canvas: Pixels, text: str) -> tuple[int, int]:
    """Return width and height of a name tag."""
    (width, height), below = cv2.getTextSize(text, FONT, *text_size(canvas))
    pad = line_width(canvas) + 1
    return width + 2 * pad, height + below + 2 * pad


def text_size(canvas: Pixels) -> tuple[float, int]:
    """Return font scale and stroke that suit the frame's size."""
    scale = max(0.35, math.hypot(*canvas.shape[:2]) / 1600)
    return scale, max(1, round(scale * 1.6))


def ink_on(color: Color) -> Color:
    """Choose black or white text, whichever is easier to read on a colour (ITU-R BT.601 luma)."""
    blue, green, red = color
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return (0, 0, 0) if luma > 140 else (255, 255, 255)


def draw_lines(canvas: Pixels, lines: Sequence[tuple[str, Color]]) -> None:
    """Write lines of text under each other in the upper left corner."""
    top = 0
    for text, color in lines:
        paint_tag(canvas, text, (0, top), color)
        top += tag_size(canvas, text)[1]


def draw_skeleton(
    canvas: Pixels, points: NDArray[np.float32], visible: NDArray[np.bool_], color: Color
) -> None:
    """Draw keypoints as dots; COCO's 17 are joined by bones."""
    width = line_width(canvas)
    places = [(round(float(x)), round(float(y))) for x, y in np.nan_to_num(points)]
    for start, end in COCO_BONES if len(places) == 17 else ():
        if visible[start] and visible[end]:
            cv2.line(canvas, places[start], places[end], color, width, cv2.LINE_AA)
    for place, is_visible in zip(places, visible, strict=True):
        if is_visible:
            cv2.circle(canvas, place, 2 * width, (255, 255, 255), cv2.FILLED, cv2.LINE_AA)
            cv2.circle(canvas, place, 2 * width, color, width, cv2.LINE_AA)


def tint(canvas: Pixels, class_map: NDArray[Any], colors: Mapping[int, Color], opacity: float) -> None:
    """Mix the colours of classes into a frame; classes without a colour keep theirs."""
    if class_map.size == 0:
        return
    count = int(class_map.max()) + 1
    table, is_tinted = np.zeros((count, 3), np.uint8), np.zeros(count, bool)
    for class_id, color in colors.items():
        if class_id < count:
            table[class_id], is_tinted[class_id] = color, True
    mixed = cv2.addWeighted(np.ascontiguousarray(canvas), 1 - opacity, table[class_map], opacity, 0)
    np.copyto(canvas, mixed, where=is_tinted[class_map][:, :, None])


def paint_values(values: NDArray[np.float32], limits: tuple[float, float]) -> Pixels:
    """Paint numbers ``[h, w]`` from dark to bright (the colour map magma), BGR; those beyond limits alike."""
    low, high = limits
    width = high - low if high > low else 1.0
    parts = np.clip(np.nan_to_num((values - low) / width), 0, 1)
    painted = cv2.applyColorMap(np.rint(parts * 255).astype(np.uint8), cv2.COLORMAP_MAGMA)
    return np.asarray(painted, np.uint8)
