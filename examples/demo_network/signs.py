"""Faces of traffic signs and of things that look nearly like one, drawn flat on a square canvas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

SIDE = 256
RED, WHITE, BLACK = (40, 30, 190), (235, 235, 235), (30, 28, 28)
BLUE, YELLOW, GREEN = (165, 80, 20), (30, 190, 240), (70, 130, 40)
Colour = tuple[int, int, int]
Points = list[tuple[float, float]]


@dataclass
class Face:
    """A flat sign: BGR pixels [SIDE, SIDE, 3] and coverage [SIDE, SIDE], both uint8."""

    pixels: np.ndarray = field(default_factory=lambda: np.zeros((SIDE, SIDE, 3), np.uint8))
    coverage: np.ndarray = field(default_factory=lambda: np.zeros((SIDE, SIDE), np.uint8))

    def polygon(self, points: Points, colour: Colour) -> None:
        """Fill a polygon given in 0..1 of the canvas."""
        corners = np.round(np.array(points) * SIDE * 16).astype(np.int32)
        cv2.fillPoly(self.pixels, [corners], colour, cv2.LINE_AA, shift=4)
        cv2.fillPoly(self.coverage, [corners], 255, cv2.LINE_AA, shift=4)

    def disc(self, radius: float, colour: Colour, centre: tuple[float, float] = (0.5, 0.5)) -> None:
        """Fill a circle, radius and centre in 0..1 of the canvas."""
        middle = (round(centre[0] * SIDE * 16), round(centre[1] * SIDE * 16))
        cv2.circle(self.pixels, middle, round(radius * SIDE * 16), colour, -1, cv2.LINE_AA, shift=4)
        cv2.circle(self.coverage, middle, round(radius * SIDE * 16), 255, -1, cv2.LINE_AA, shift=4)

    def bar(self, start: tuple[float, float], end: tuple[float, float], width: float, colour: Colour) -> None:
        """Draw a straight stroke with round ends."""
        first, last = (tuple(round(v * SIDE) for v in point) for point in (start, end))
        cv2.line(self.pixels, first, last, colour, max(1, round(width * SIDE)), cv2.LINE_AA)

    def text(
        self, words: str, height: float, colour: Colour, centre_y: float = 0.5, bold: float = 0.045
    ) -> None:
        """Write words centred on the canvas, `height` the capitals' height in 0..1."""
        thickness = max(1, round(bold * SIDE))
        scale = height * SIDE / 21.0
        (width, tall), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_DUPLEX, scale, thickness)
        scale *= min(1.0, 0.78 * SIDE / width)
        (width, tall), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_DUPLEX, scale, thickness)
        origin = ((SIDE - width) // 2, round(centre_y * SIDE + tall / 2))
        cv2.putText(
            self.pixels, words, origin, cv2.FONT_HERSHEY_DUPLEX, scale, colour, thickness, cv2.LINE_AA
        )


def regular(corners: int, radius: float, turn: float = 0.0) -> Points:
    """Corners of a regular polygon around the middle; `turn` in degrees, 0 puts one corner on top."""
    angles = np.deg2rad(turn - 90 + 360 * np.arange(corners) / corners)
    return [(0.5 + radius * float(np.cos(a)), 0.5 + radius * float(np.sin(a))) for a in angles]


def triangle(margin: float, down: bool) -> Points:
    """An upright or hanging triangle, `margin` cut from every side."""
    top, bottom, side = 0.07 + 1.35 * margin, 0.93 - 0.75 * margin, 0.02 + 1.3 * margin
    points = [(0.5, top), (1 - side, bottom), (side, bottom)]
    return [(x, 1 - y) for x, y in points] if down else points


def square(margin: float) -> Points:
    """An upright square, `margin` cut from every side."""
    return [(margin, margin), (1 - margin, margin), (1 - margin, 1 - margin), (margin, 1 - margin)]


def draw_stop(face: Face, rng: np.random.Generator) -> None:
    """Red octagon that says STOP."""
    face.polygon(regular(8, 0.5, 22.5), WHITE)
    face.polygon(regular(8, rng.uniform(0.455, 0.48), 22.5), RED)
    face.text("STOP", 0.27, WHITE)


def draw_yield(face: Face, rng: np.random.Generator) -> None:
    """Hanging white triangle with a red rim."""
    face.polygon(triangle(0.0, down=True), RED)
    face.polygon(triangle(rng.uniform(0.1, 0.15), down=True), WHITE)


def draw_no_entry(face: Face, rng: np.random.Generator) -> None:
    """Red disc with a level white bar."""
    face.disc(0.49, WHITE)
    face.disc(rng.uniform(0.455, 0.48), RED)
    half = rng.uniform(0.07, 0.095)
    face.polygon([(0.16, 0.5 - half), (0.84, 0.5 - half), (0.84, 0.5 + half), (0.16, 0.5 + half)], WHITE)


def draw_speed_limit(face: Face, rng: np.random.Generator) -> None:
    """White disc with a red rim and a number."""
    face.disc(0.49, RED)
    face.disc(rng.uniform(0.36, 0.41), WHITE)
    face.text(str(rng.choice([20, 30, 40, 50, 60, 70, 80, 90, 100, 120])), 0.34, BLACK, bold=0.055)


def draw_walker(face: Face, colour: Colour) -> None:
    """A striding figure over a few stripes."""
    face.disc(0.052, colour, (0.52, 0.3))
    for start, end, width in (
        ((0.52, 0.38), (0.5, 0.55), 0.085),
        ((0.5, 0.55), (0.6, 0.74), 0.06),
        ((0.5, 0.55), (0.39, 0.74), 0.06),
        ((0.52, 0.41), (0.63, 0.52), 0.045),
        ((0.52, 0.41), (0.4, 0.51), 0.045),
    ):
        face.bar(start, end, width, colour)


def draw_pedestrian_crossing(face: Face, rng: np.random.Generator) -> None:
    """Blue square, white triangle, a figure that walks."""
    face.polygon(square(0.02), WHITE)
    face.polygon(square(rng.uniform(0.035, 0.06)), BLUE)
    face.polygon([(0.5, 0.1), (0.9, 0.82), (0.1, 0.82)], WHITE)
    draw_walker(face, BLACK)


def draw_priority_road(face: Face, rng: np.random.Generator) -> None:
    """Yellow diamond with a wide white rim."""
    face.polygon(regular(4, 0.5), BLACK)
    face.polygon(regular(4, 0.48), WHITE)
    face.polygon(regular(4, rng.uniform(0.3, 0.35)), YELLOW)


def draw_shop_board(face: Face, rng: np.random.Generator) -> None:
    """Hexagon or octagon that says anything but STOP."""
    corners, colour = int(rng.choice([6, 8])), (RED, BLUE, GREEN)[rng.integers(3)]
    face.polygon(regular(corners, 0.5, 22.5), WHITE)
    face.polygon(regular(corners, 0.46, 22.5), colour)
    words = ["SALE", "CAFE", "SHOP", "TAXI"] if colour == RED else ["SALE", "STOP", "BAR", "CAFE"]
    face.text(str(rng.choice(words)), 0.26, WHITE)


def draw_warning(face: Face, rng: np.random.Generator) -> None:
    """Upright triangle: a yield sign the other way round."""
    face.polygon(triangle(0.0, down=False), RED)
    face.polygon(triangle(0.11, down=False), WHITE)
    if rng.random() < 0.7:
        face.bar((0.5, 0.4), (0.5, 0.65), 0.07, BLACK)
        face.disc(0.04, BLACK, (0.5, 0.76))


def draw_filled_triangle(face: Face, rng: np.random.Generator) -> None:
    """Hanging triangle of one colour, or with a rim that isn't red."""
    rim = (RED, GREEN, BLUE)[rng.integers(3)]
    face.polygon(triangle(0.0, down=True), rim)
    if rim != RED:
        face.polygon(triangle(0.12, down=True), WHITE)


def draw_red_disc(face: Face, rng: np.random.Generator) -> None:
    """Red disc with nothing, an upright bar or a cross."""
    face.disc(0.49, WHITE)
    face.disc(0.46, RED)
    kind = rng.integers(3)
    if kind == 1:
        face.polygon([(0.41, 0.18), (0.59, 0.18), (0.59, 0.82), (0.41, 0.82)], WHITE)
    if kind == 2:
        face.bar((0.28, 0.28), (0.72, 0.72), 0.1, WHITE)
        face.bar((0.72, 0.28), (0.28, 0.72), 0.1, WHITE)


def draw_empty_ring(face: Face, rng: np.random.Generator) -> None:
    """A rim without a number, or a number on a rim that isn't red."""
    rim = (RED, BLUE, BLACK)[rng.integers(3)]
    face.disc(0.49, rim)
    face.disc(0.38, WHITE)
    if rim != RED:
        face.text(str(rng.choice([3, 7, 12, 30, 50, 70])), 0.34, BLACK, bold=0.055)
    elif rng.random() < 0.5:
        face.bar((0.3, 0.7), (0.7, 0.3), 0.07, RED)


def draw_arrow(face: Face, rng: np.random.Generator) -> None:
    """White arrow on a blue disc."""
    face.disc(0.49, WHITE)
    face.disc(0.46, BLUE)
    tip = (0.5, 0.2) if rng.random() < 0.5 else (0.8, 0.5)
    face.bar((1 - tip[0], 1 - tip[1]), tip, 0.09, WHITE)
    face.bar(tip, (tip[0] - 0.17, tip[1] + 0.17), 0.09, WHITE)
    other = (tip[0] + 0.17, tip[1] + 0.17) if tip[0] == 0.5 else (tip[0] - 0.17, tip[1] - 0.17)
    face.bar(tip, other, 0.09, WHITE)


def draw_parking(face: Face, rng: np.random.Generator) -> None:
    """Blue square with a letter, or with an empty white triangle."""
    face.polygon(square(0.02), WHITE)
    face.polygon(square(0.05), BLUE)
    if rng.random() < 0.7:
        face.text(str(rng.choice(["P", "H", "i", "U"])), 0.55, WHITE, bold=0.09)
    else:
        face.polygon([(0.5, 0.14), (0.88, 0.8), (0.12, 0.8)], WHITE)


def draw_road_works(face: Face, rng: np.random.Generator) -> None:
    """Diamond with an arrow, yellow all over or white all over."""
    face.polygon(regular(4, 0.5), BLACK)
    face.polygon(regular(4, 0.46), YELLOW if rng.random() < 0.7 else WHITE)
    face.bar((0.5, 0.7), (0.5, 0.32), 0.07, BLACK)
    face.bar((0.5, 0.3), (0.4, 0.42), 0.07, BLACK)
    face.bar((0.5, 0.3), (0.6, 0.42), 0.07, BLACK)


DrawFace = Callable[[Face, np.random.Generator], None]
SIGNS: dict[str, DrawFace] = {
    "stop": draw_stop,
    "yield": draw_yield,
    "no_entry": draw_no_entry,
    "speed_limit": draw_speed_limit,
    "pedestrian_crossing": draw_pedestrian_crossing,
    "priority_road": draw_priority_road,
}
CLASSES = tuple(SIGNS)
LOOKALIKES: tuple[DrawFace, ...] = (
    draw_shop_board,
    draw_warning,
    draw_filled_triangle,
    draw_red_disc,
    draw_empty_ring,
    draw_arrow,
    draw_parking,
    draw_road_works,
)


def draw_sign(name: str, rng: np.random.Generator) -> Face:
    """Draw one of `CLASSES`, worn by weather."""
    return draw_worn(SIGNS[name], rng)


def draw_lookalike(rng: np.random.Generator) -> Face:
    """Draw something that is no sign of `CLASSES`."""
    return draw_worn(LOOKALIKES[rng.integers(len(LOOKALIKES))], rng)


def draw_worn(draw: DrawFace, rng: np.random.Generator) -> Face:
    """Draw a face, then fade, tint, shade and soil it."""
    face = Face()
    draw(face, rng)
    pixels = face.pixels.astype(np.float32)
    grey = pixels.mean(axis=2, keepdims=True)
    pixels += (grey - pixels) * rng.uniform(0.0, 0.45)
    pixels *= rng.uniform(0.9, 1.08, size=3).astype(np.float32) * np.float32(rng.uniform(0.55, 1.1))
    slope = np.linspace(*rng.uniform(0.75, 1.15, size=2), SIDE, dtype=np.float32)
    pixels *= slope[:, None, None] if rng.random() < 0.5 else slope[None, :, None]
    if rng.random() < 0.5:
        spots = cv2.resize(
            rng.uniform(0, 1, (6, 6)).astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC
        )
        pixels *= 1 - rng.uniform(0.2, 0.5) * np.clip(spots * 2 - 1, 0, 1)[:, :, None]
    face.pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    return face
