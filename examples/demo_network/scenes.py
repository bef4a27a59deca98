"""Streets drawn from a seed: sky, houses, trees, road, cars, and signs on poles with their boxes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from signs import CLASSES, SIDE, Colour, Face, draw_lookalike, draw_sign

OVERSAMPLING = 2
SMALLEST, LARGEST = 0.1, 0.5  # of the picture's height: 24 to 120 pixels of 240


@dataclass(frozen=True)
class Scene:
    """A picture, uint8 BGR [h, w, 3], and its boxes, float32 [n, 5] of x1, y1, x2, y2 (pixels), class."""

    picture: np.ndarray
    boxes: np.ndarray


@dataclass
class Canvas:
    """What is being drawn: oversampled pixels, the horizon's row and the random source."""

    pixels: np.ndarray
    horizon: int
    rng: np.random.Generator

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon given in pixels."""
        cv2.fillPoly(
            self.pixels, [np.array(points, np.float64).round().astype(np.int32)], colour, cv2.LINE_AA
        )

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill an upright rectangle given in pixels."""
        cv2.rectangle(self.pixels, (round(x), round(y)), (round(x + width), round(y + height)), colour, -1)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle given in pixels."""
        cv2.circle(self.pixels, (round(x), round(y)), max(1, round(radius)), colour, -1, cv2.LINE_AA)

    def colour(self, base: Colour, spread: float = 25.0) -> Colour:
        """A colour near `base`."""
        mixed = np.clip(
            np.array(base) + self.rng.uniform(-spread, spread) + self.rng.normal(0, spread / 3, 3), 0, 255
        )
        return (int(mixed[0]), int(mixed[1]), int(mixed[2]))


def draw_scene(rng: np.random.Generator, width: int, height: int, poles: int | None = None) -> Scene:
    """Draw one street.

    Args:
        rng: the only source of chance.
        width: columns of the picture.
        height: rows of the picture.
        poles: how many poles with signs; drawn at random when not given.
    """
    canvas = draw_street(rng, width * OVERSAMPLING, height * OVERSAMPLING)
    boxes = plant_poles(canvas, draw_pole_count(rng) if poles is None else poles)
    for _ in range(rng.integers(0, 3)):
        draw_branch(canvas)
    picture = cv2.resize(canvas.pixels, (width, height), interpolation=cv2.INTER_AREA)
    return Scene(photograph(picture, rng), boxes / np.array([OVERSAMPLING] * 4 + [1], np.float32))


def draw_pole_count(rng: np.random.Generator) -> int:
    """One to five, few more often than many."""
    return int(rng.choice([1, 2, 3, 4, 5], p=[0.25, 0.3, 0.25, 0.12, 0.08]))


# Street ---------------------------------------------------------------------------------------------------


def draw_street(rng: np.random.Generator, width: int, height: int) -> Canvas:
    """Everything but the signs."""
    canvas = Canvas(np.zeros((height, width, 3), np.uint8), int(height * rng.uniform(0.45, 0.62)), rng)
    draw_sky(canvas)
    draw_hills(canvas)
    draw_ground(canvas)
    for _ in range(rng.integers(3, 8)):
        draw_house(canvas)
    draw_road(canvas)
    for _ in range(rng.integers(1, 6)):
        draw_tree(canvas)
    for _ in range(rng.integers(0, 4)):
        draw_car(canvas)
    for _ in range(rng.integers(0, 3)):
        draw_lamp(canvas)
    roughen(canvas)
    return canvas


def draw_sky(canvas: Canvas) -> None:
    """A gradient of one hour of the day, with clouds."""
    hours = [
        ((215, 150, 90), (240, 220, 195)),
        ((190, 180, 170), (220, 215, 210)),
        ((110, 70, 60), (120, 150, 235)),
    ]
    zenith, haze = hours[canvas.rng.choice(3, p=[0.5, 0.3, 0.2])]
    mix = np.linspace(0, 1, canvas.horizon + 1, dtype=np.float32)[:, None]
    rows = np.array(canvas.colour(zenith)) * (1 - mix) + np.array(canvas.colour(haze)) * mix
    sky = np.repeat(rows[:, None, :], canvas.width, axis=1)
    coarse = canvas.rng.uniform(0, 1, (6, 10)).astype(np.float32)
    clouds = cv2.resize(coarse, (canvas.width, canvas.horizon + 1), interpolation=cv2.INTER_CUBIC)
    cover = np.clip((clouds - canvas.rng.uniform(0.4, 0.8)) * 2.5, 0, 0.85)[:, :, None]
    canvas.pixels[: canvas.horizon + 1] = np.clip(sky * (1 - cover) + 238 * cover, 0, 255).astype(np.uint8)


def draw_hills(canvas: Canvas) -> None:
    """Two ridges behind the houses."""
    for base in ((150, 140, 105), (95, 120, 85)):
        steps = np.linspace(0, canvas.width, 12)
        ridge = canvas.horizon - canvas.height * canvas.rng.uniform(0.02, 0.16, 12)
        points = [
            (0.0, float(canvas.horizon)),
            *zip(steps, ridge, strict=True),
            (float(canvas.width), float(canvas.horizon)),
        ]
        canvas.polygon(points, canvas.colour(base))


def draw_ground(canvas: Canvas) -> None:
    """Grass, sand or pavement, darker towards the viewer."""
    base = ((75, 130, 95), (120, 150, 165), (135, 135, 135))[canvas.rng.integers(3)]
    shade = np.linspace(1.08, 0.75, canvas.height - canvas.horizon, dtype=np.float32)[:, None, None]
    canvas.pixels[canvas.horizon :] = np.clip(np.array(canvas.colour(base), np.float32) * shade, 0, 255)


def draw_house(canvas: Canvas) -> None:
    """A front with windows, a roof, now and then a shop's board."""
    rng = canvas.rng
    wide, tall = canvas.width * rng.uniform(0.1, 0.3), canvas.height * rng.uniform(0.12, 0.5)
    x, foot = rng.uniform(-0.1, 1.0) * canvas.width, canvas.horizon + canvas.height * rng.uniform(0.0, 0.06)
    bases: list[Colour] = [(110, 130, 175), (165, 175, 185), (90, 95, 150), (150, 130, 110), (175, 205, 215)]
    canvas.rectangle(x, foot - tall, wide, tall, canvas.colour(bases[rng.integers(len(bases))]))
    if rng.random() < 0.5:
        peak = foot - tall - canvas.height * rng.uniform(0.03, 0.12)
        points = [(x - 0.04 * wide, foot - tall), (x + wide / 2, peak), (x + 1.04 * wide, foot - tall)]
        canvas.polygon(points, canvas.colour((60, 60, 110)))
    draw_windows(canvas, x, foot - tall, wide, tall)
    if rng.random() < 0.4:
        board = canvas.colour((90, 90, 130), 90)
        canvas.rectangle(x + 0.1 * wide, foot - 0.3 * tall, 0.8 * wide, 0.1 * tall, board)


def draw_windows(canvas: Canvas, x: float, y: float, wide: float, tall: float) -> None:
    """A grid of panes, lit or dark."""
    columns, rows = canvas.rng.integers(2, 6), max(1, round(tall / canvas.height * 10))
    pane, lit = canvas.colour((105, 85, 70)), canvas.colour((150, 215, 240))
    for row in range(rows):
        for column in range(columns):
            left, top = x + wide * (column + 0.25) / columns, y + tall * (row + 0.25) / (rows + 0.6)
            colour = lit if canvas.rng.random() < 0.2 else pane
            canvas.rectangle(left, top, 0.5 * wide / columns, 0.5 * tall / (rows + 0.6), colour)


def draw_road(canvas: Canvas) -> None:
    """A road to the vanishing point, with a dashed middle and now and then a zebra crossing."""
    rng, height = canvas.rng, canvas.height
    vanish, near = canvas.width * rng.uniform(0.3, 0.7), canvas.width * rng.uniform(0.3, 0.7)
    half = canvas.width * rng.uniform(0.35, 0.7)
    far = 0.04 * canvas.width

    def across(depth: float, side: float) -> tuple[float, float]:
        centre = vanish + (near - vanish) * depth
        return centre + side * (far + (half - far) * depth), canvas.horizon + (
            height - canvas.horizon
        ) * depth

    def patch(begin: float, end: float, left: float, right: float, colour: Colour) -> None:
        canvas.polygon(
            [across(begin, left), across(begin, right), across(end, right), across(end, left)], colour
        )

    patch(0, 1.02, -1.15, 1.15, canvas.colour((150, 155, 160)))
    patch(0, 1.02, -1.0, 1.0, canvas.colour((85, 82, 80)))
    paint = canvas.colour((210, 215, 215), 15)
    for begin in np.linspace(0.02, 0.95, 7) ** 2:
        patch(begin, begin * 1.25 + 0.01, -0.02, 0.02, paint)
    if rng.random() < 0.35:
        begin = rng.uniform(0.3, 0.7)
        for left in np.linspace(-0.9, 0.78, 8):
            patch(begin, begin + 0.16, left, left + 0.12, paint)


def draw_tree(canvas: Canvas) -> None:
    """A trunk under a heap of leaves."""
    rng = canvas.rng
    size, x = canvas.height * rng.uniform(0.07, 0.22), rng.uniform(0, 1) * canvas.width
    foot = canvas.horizon + size * rng.uniform(0.1, 0.5)
    canvas.rectangle(
        x - 0.07 * size, foot - 1.1 * size, 0.14 * size, 1.1 * size, canvas.colour((50, 70, 95), 15)
    )
    draw_leaves(canvas, x, foot - 1.5 * size, 0.75 * size, 28)


def draw_leaves(canvas: Canvas, x: float, y: float, spread: float, count: int) -> None:
    """Blobs of one green around a point."""
    green: Colour = canvas.colour(
        ((50, 105, 60), (45, 130, 100), (60, 120, 175))[canvas.rng.choice(3, p=[0.6, 0.3, 0.1])]
    )
    for _ in range(count):
        dx, dy = canvas.rng.normal(0, 0.45, 2) * spread
        canvas.disc(x + dx, y + dy, spread * canvas.rng.uniform(0.15, 0.4), canvas.colour(green, 18))


def draw_car(canvas: Canvas) -> None:
    """A car from the side or from behind, with red lamps."""
    rng = canvas.rng
    size = canvas.height * rng.uniform(0.06, 0.2)
    x, foot = rng.uniform(0, 0.9) * canvas.width, canvas.horizon + size * rng.uniform(0.7, 1.2)
    bases: list[Colour] = [
        (40, 40, 170),
        (160, 160, 160),
        (60, 55, 50),
        (150, 90, 40),
        (225, 225, 225),
        (40, 170, 220),
    ]
    paint = canvas.colour(bases[rng.integers(len(bases))])
    long = size * (2.3 if rng.random() < 0.6 else 1.25)
    roof = [(0.2, -0.5), (0.32, -0.98), (0.72, -0.98), (0.85, -0.5)]
    canvas.polygon([(x + a * long, foot + b * size) for a, b in roof], paint)
    glass = [(0.26, -0.55), (0.35, -0.9), (0.69, -0.9), (0.79, -0.55)]
    canvas.polygon([(x + a * long, foot + b * size) for a, b in glass], canvas.colour((95, 80, 70)))
    canvas.rectangle(x, foot - 0.58 * size, long, 0.42 * size, paint)
    for side in (0.02, 0.9):
        canvas.rectangle(x + side * long, foot - 0.48 * size, 0.08 * long, 0.12 * size, (50, 40, 200))
    for side in (0.2, 0.8):
        canvas.disc(x + side * long, foot - 0.14 * size, 0.16 * size, (30, 30, 30))
        canvas.disc(x + side * long, foot - 0.14 * size, 0.07 * size, (150, 150, 150))


def draw_lamp(canvas: Canvas) -> None:
    """A lamp post or a traffic light."""
    rng = canvas.rng
    size, x = canvas.height * rng.uniform(0.15, 0.4), rng.uniform(0, 1) * canvas.width
    foot, thick = canvas.horizon + size * 0.35, max(2.0, size * 0.035)
    canvas.rectangle(x, foot - size * 1.3, thick, size * 1.3, canvas.colour((80, 80, 80)))
    if rng.random() < 0.5:
        canvas.rectangle(x, foot - size * 1.3, size * 0.3, thick, canvas.colour((80, 80, 80)))
        return
    canvas.rectangle(x - size * 0.07, foot - size * 1.3, size * 0.16, size * 0.4, (40, 40, 40))
    for row, lamp in enumerate([(40, 40, 220), (40, 190, 230), (80, 200, 60)]):
        glow: Colour = lamp if rng.random() < 0.5 else (60, 60, 60)
        canvas.disc(x + size * 0.01, foot - size * (1.22 - 0.12 * row), size * 0.05, glow)


def roughen(canvas: Canvas) -> None:
    """Texture at two scales, so that no surface is of one colour."""
    rough = np.zeros(canvas.pixels.shape[:2], np.float32)
    for cells, strength in ((24, 9.0), (120, 7.0)):
        grain = canvas.rng.normal(0, strength, (cells, cells)).astype(np.float32)
        rough += cv2.resize(grain, (canvas.width, canvas.height), interpolation=cv2.INTER_LINEAR)
    canvas.pixels = np.clip(canvas.pixels + rough[:, :, None], 0, 255).astype(np.uint8)


# Signs ----------------------------------------------------------------------------------------------------


def plant_poles(canvas: Canvas, count: int) -> np.ndarray:
    """Plant poles with signs and lookalikes, the far ones first; returns boxes [n, 5] in canvas pixels."""
    sizes = sorted(
        SMALLEST * (LARGEST / SMALLEST) ** canvas.rng.beta(1.0, 1.5, count + canvas.rng.integers(0, 3))
    )
    taken: list[np.ndarray] = []
    signs: list[np.ndarray] = []
    for size in sizes:
        plant_pole(canvas, float(size) * canvas.height, taken, signs)
    return np.array(signs, np.float32).reshape(-1, 5)


def plant_pole(canvas: Canvas, size: float, taken: list[np.ndarray], signs: list[np.ndarray]) -> None:
    """Plant one pole where its signs hide nobody else's; gives up after a few tries."""
    rng = canvas.rng
    stack = int(rng.choice([1, 2], p=[0.75, 0.25])) if size < 0.3 * canvas.height else 1
    for _ in range(8):
        x = rng.uniform(0.3 * size, canvas.width - 0.3 * size)
        y = canvas.horizon - size * rng.uniform(-0.3, 1.6)
        y = float(np.clip(y, 0.35 * size, canvas.height - 0.4 * size))
        area = np.array([x - 0.6 * size, y - 0.6 * size, x + 0.6 * size, y + (stack - 0.4) * 1.08 * size])
        if not any(overlaps(area, other) for other in taken):
            break
    else:
        return
    taken.append(area)
    draw_pole(canvas, x, y, canvas.horizon + size * rng.uniform(1.6, 2.6), size)
    for level in range(stack):
        hang_sign(canvas, x, y + level * 1.08 * size, size * rng.uniform(0.88, 1.0), signs)
    if rng.random() < 0.22:
        hide_part(canvas, area, size)


def overlaps(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two rectangles share a pixel."""
    return bool((np.minimum(first[2:], second[2:]) > np.maximum(first[:2], second[:2])).all())


def draw_pole(canvas: Canvas, x: float, top: float, foot: float, size: float) -> None:
    """A grey pole with a bright edge."""
    thick = max(2.0, 0.07 * size)
    grey = canvas.colour((120, 120, 120))
    canvas.rectangle(x - thick / 2, top, thick, foot - top, grey)
    canvas.rectangle(x - thick / 4, top, thick / 4, foot - top, (min(grey[0] + 50, 255),) * 3)


def hang_sign(canvas: Canvas, x: float, y: float, size: float, signs: list[np.ndarray]) -> None:
    """Draw a sign (or a lookalike, one time in four) in perspective and note its box."""
    rng = canvas.rng
    kind = int(rng.integers(len(CLASSES)))
    real = rng.random() < 0.75
    face = draw_sign(CLASSES[kind], rng) if real else draw_lookalike(rng)
    coverage = paste(canvas, face, tilt(x, y, size, rng))
    box = bounds(coverage)
    if real and box is not None and coverage.sum() / 255 > 0.2 * size * size:
        signs.append(np.array([*box, kind], np.float32))


def tilt(x: float, y: float, size: float, rng: np.random.Generator) -> np.ndarray:
    """Corners [4, 2] of a square seen from the side, turned and a little bent."""
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    corners[:, 0] *= rng.uniform(0.62, 1.0)
    angle = np.deg2rad(rng.normal(0, 6))
    corners = corners @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return (corners + rng.normal(0, 0.025, (4, 2))) * size + np.array([x, y])


def paste(canvas: Canvas, face: Face, corners: np.ndarray) -> np.ndarray:
    """Warp a face onto four corners of the canvas; returns its coverage, uint8 [h, w]."""
    extent = int(min(SIDE, max(8, np.ptp(corners[:, 1]) * 1.5)))
    pixels = cv2.resize(face.pixels, (extent, extent), interpolation=cv2.INTER_AREA)
    coverage = cv2.resize(face.coverage, (extent, extent), interpolation=cv2.INTER_AREA)
    flat = np.array([(0, 0), (extent, 0), (extent, extent), (0, extent)], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    frame = (canvas.width, canvas.height)
    warped = cv2.warpPerspective(
        pixels, matrix, frame, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    mask = cv2.warpPerspective(coverage, matrix, frame, flags=cv2.INTER_LINEAR)
    box = bounds(mask, 1)
    if box is not None:
        rows, columns = slice(box[1], box[3]), slice(box[0], box[2])
        share = mask[rows, columns, None].astype(np.float32) / 255
        mixed = canvas.pixels[rows, columns] * (1 - share) + warped[rows, columns] * share
        canvas.pixels[rows, columns] = mixed.astype(np.uint8)
    return mask


def bounds(coverage: np.ndarray, threshold: int = 128) -> tuple[int, int, int, int] | None:
    """Smallest box around what is covered, or None."""
    rows, columns = (
        np.flatnonzero((coverage >= threshold).any(axis=1)),
        np.flatnonzero((coverage >= threshold).any(axis=0)),
    )
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def hide_part(canvas: Canvas, area: np.ndarray, size: float) -> None:
    """Let leaves or another pole cover a part of a sign."""
    rng = canvas.rng
    x = area[0] if rng.random() < 0.5 else area[2]
    if rng.random() < 0.6:
        draw_leaves(canvas, x, rng.uniform(area[1], area[3]), 0.4 * size, 14)
    else:
        x = rng.uniform(area[0], area[2])
        canvas.rectangle(x, 0, 0.13 * size, canvas.height, canvas.colour((90, 90, 90)))


def draw_branch(canvas: Canvas) -> None:
    """Leaves that reach in from an edge."""
    x = canvas.rng.choice([0.0, 1.0]) * canvas.width
    spread = canvas.height * canvas.rng.uniform(0.04, 0.12)
    draw_leaves(canvas, float(x), canvas.rng.uniform(0, 0.5) * canvas.height, spread, 20)


# Camera ---------------------------------------------------------------------------------------------------


def photograph(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exposure, blur, noise and JPEG artefacts of a cheap camera."""
    pixels = picture.astype(np.float32) / 255
    pixels = pixels ** np.float32(rng.choice([rng.uniform(0.75, 1.3), rng.uniform(1.3, 2.2)], p=[0.8, 0.2]))
    pixels *= rng.uniform(0.94, 1.06, 3).astype(np.float32) * np.float32(rng.uniform(0.65, 1.1))
    pixels = blur(pixels, rng)
    pixels += rng.normal(0, rng.uniform(0.002, 0.03), picture.shape).astype(np.float32)
    exposed = np.clip(pixels * 255, 0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 95))]
    return cv2.imdecode(cv2.imencode(".jpg", exposed, quality)[1], cv2.IMREAD_COLOR)


def blur(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus, or moved, or neither; in proportion to the picture's height."""
    unit, kind = pixels.shape[0] / 240, rng.random()
    if kind < 0.4:
        return pixels
    if kind < 0.8:
        return cv2.GaussianBlur(pixels, (0, 0), unit * rng.uniform(0.3, 1.3))
    length = max(2, round(unit * rng.uniform(2, 5)))
    return cv2.blur(pixels, (length, 1))
