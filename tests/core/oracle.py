"""NumPy versions of everything in ``gcv_edge._core``: slow, plain, and equal to it bit by bit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.core import yuv_oracle
from tests.core.resize_oracle import resample

Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]
Target = tuple[int, int, int, int]

CHANNELS = {"bgr": (0, 1, 2), "rgb": (2, 1, 0), "gray": (0, 0, 0), "bgra": (0, 1, 2), "rgba": (2, 1, 0)}


def preprocess(
    frame: NDArray[np.uint8],
    pixel_format: str,
    source: Box,
    target: Target,
    input_size: tuple[int, int],
    mean: tuple[float, ...],
    scale: tuple[float, ...],
    reverse_channels: bool,
    pad_value: float,
    interpolation: str = "bilinear",
    matrix: str = "bt601",
    range_: str = "limited",
) -> tuple[Floats, NDArray[np.uint8]]:
    """The input as normalised numbers and as levels, [3, H, W] each; [1, H, W] with one mean."""
    if pixel_format in yuv_oracle.FORMATS:
        frame, pixel_format = yuv_oracle.to_rgb(frame, pixel_format, matrix, range_), "rgb"
    picture = frame[:, :, None] if frame.ndim == 2 else frame
    samples, inside = resample(picture, source, target[2:], interpolation, pad_value)
    samples = samples[:, :, CHANNELS[pixel_format]]
    if len(mean) == 1:
        samples = to_grey(samples)[:, :, None]
    elif reverse_channels:
        samples = samples[:, :, ::-1]
    area = (slice(target[1], target[1] + target[3]), slice(target[0], target[0] + target[2]))
    numbers = np.empty((len(mean), input_size[1], input_size[0]), np.float32)
    levels = np.full(numbers.shape, int(np.floor(np.clip(pad_value, 0, 255) + 0.5)), np.uint8)
    for c in range(len(mean)):
        factor = np.float32(1) / np.float32(scale[c])
        numbers[c] = (np.float32(pad_value) - np.float32(mean[c])) * factor
        scaled = (samples[:, :, c].astype(np.float32) - np.float32(mean[c])) * factor
        numbers[c][area] = np.where(inside, scaled, numbers[c][area])
        levels[c][area] = np.where(inside, samples[:, :, c], levels[c][area])
    return numbers, levels


def to_grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """BT.601's luma of BGR pixels, with OpenCV's 15-bit weights."""
    weighed = pixels.astype(np.int64) @ np.array([3735, 19235, 9798])
    return ((weighed + (1 << 14)) >> 15).astype(np.uint8)


def detect(
    boxes: Floats,
    scores: Floats,
    score_threshold: float,
    iou_threshold: float,
    nms_topk: int,
    post_nms: int,
    class_agnostic: bool,
    topk_per_class: bool = False,
) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """MXNet's box_nms, one candidate after another; its index is class * anchors + anchor."""
    anchors, classes = scores.shape
    rows = (boxes if boxes.ndim == 3 else np.repeat(boxes[:, None], classes, 1)).transpose(1, 0, 2)
    rows, ids = rows.reshape(-1, 4), np.repeat(np.arange(classes, dtype=np.int32), anchors)
    flat = scores.T.ravel()
    candidates = np.flatnonzero(flat > np.float32(score_threshold))
    candidates = candidates[np.argsort(-flat[candidates], kind="stable")]
    if nms_topk > 0 and topk_per_class:
        ranks = [np.sum(ids[candidates[:i]] == ids[index]) for i, index in enumerate(candidates)]
        candidates = candidates[np.array(ranks, int) < nms_topk]
    elif nms_topk > 0:
        candidates = candidates[:nms_topk]
    kept: list[int] = []
    for index in candidates:
        rivals = [k for k in kept if class_agnostic or ids[k] == ids[index]] if 0 < iou_threshold < 1 else []
        if not any(iou(rows[k], rows[index]) > np.float32(iou_threshold) for k in rivals):
            kept.append(int(index))
    chosen = np.array(kept[:post_nms] if post_nms > 0 else kept, np.int64)
    return rows[chosen], flat[chosen], ids[chosen]


def iou(a: Floats, b: Floats) -> np.float32:
    """Overlap as box_nms computes it: no + 1, negative sides have area 0, 0 / 0 is NaN."""
    with np.errstate(all="ignore"):
        shared = side_overlap(a[0], a[2], b[0], b[2]) * side_overlap(a[1], a[3], b[1], b[3])
        return np.float32(shared / (area(a) + area(b) - shared))


def side_overlap(a1: np.float32, a2: np.float32, b1: np.float32, b2: np.float32) -> np.float32:
    """Shared length of two sides; the order of the comparisons decides what NaN does."""
    width = (a2 if a2 < b2 else b2) - (a1 if a1 > b1 else b1)
    return width if width > 0 else np.float32(0)


def area(box: Floats) -> np.float32:
    """Area of a box; 0 if a side is negative."""
    width, height = box[2] - box[0], box[3] - box[1]
    return np.float32(0) if width < 0 or height < 0 else width * height


def to_frame(boxes: Floats, source: Box, target: Target, frame_size: tuple[int, int]) -> Floats:
    """Boxes in frame pixels, clipped to the frame; NaN becomes 0."""
    mapped = boxes.astype(np.float64)
    for axis in (0, 1):
        points = (mapped[:, axis::2] - target[axis]) * source[2 + axis] / target[2 + axis] + source[axis]
        mapped[:, axis::2] = np.clip(np.nan_to_num(points, nan=0.0, posinf=np.inf), 0, frame_size[axis])
    return mapped.astype(np.float32)


def decode_heatmaps(
    heatmaps: Floats, source: Box, target: Target, input_size: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Peaks with GluonCV's quarter-pixel shift, in frame pixels."""
    keypoints = np.zeros((len(heatmaps), 2), np.float32)
    scores = np.zeros(len(heatmaps), np.float32)
    height, width = heatmaps.shape[1:]
    for k, cells in enumerate(heatmaps):
        if not np.isnan(cells).all():
            scores[k] = np.nanmax(cells)
        y, x = divmod(int(np.nanargmax(cells)), width) if scores[k] > 0 else (0, 0)
        point = np.array([x, y], np.float64)
        if 1 < x < width - 1 and 1 < y < height - 1:
            slopes = [cells[y, x + 1] - cells[y, x - 1], cells[y + 1, x] - cells[y - 1, x]]
            point += 0.25 * np.nan_to_num(np.sign(slopes))
        in_input = point * input_size / (width, height)
        keypoints[k] = (in_input - target[:2]) * np.array(source[2:]) / target[2:] + source[:2]
    return keypoints, scores


def segment(
    logits: Floats, source: Box, target: Target, input_size: tuple[int, int], frame_size: tuple[int, int]
) -> NDArray[np.int64]:
    """Class ids [H, W] of the frame: bilinear logits, then argmax."""
    tall = resize_map(logits, source, target, input_size, frame_size)
    return np.argmax(np.where(np.isnan(tall), -np.inf, tall), axis=0)


def resize_map(
    values: Floats, source: Box, target: Target, input_size: tuple[int, int], frame_size: tuple[int, int]
) -> Floats:
    """Maps [..., h, w] of the input, stretched to the pixels [..., H, W] of the frame."""
    height, width = values.shape[-2:]
    columns = sample_cells(source[0], source[2], target[0], target[2], input_size[0], width, frame_size[0])
    lines = sample_cells(source[1], source[3], target[1], target[3], input_size[1], height, frame_size[1])
    return stretch(values, *columns, *lines)


def stretch(
    maps: Floats,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    fx: Floats,
    top: NDArray[np.int64],
    below: NDArray[np.int64],
    fy: Floats,
) -> Floats:
    """Maps [..., h, w] interpolated along columns, then along rows."""
    bottom = np.where(fy == 0, top, below)
    with np.errstate(all="ignore"):
        wide = maps[..., left] + (maps[..., right] - maps[..., left]) * fx
        return np.asarray(wide[..., top, :] + (wide[..., bottom, :] - wide[..., top, :]) * fy[:, None])


def sample_cells(
    origin: float, extent: float, begin: int, size: int, inputs: int, cells: int, frame: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Left and right cell and the right one's part for each frame pixel; only cells in the target count."""
    cell = inputs / cells
    first = min(max(int(np.ceil(begin / cell - 0.5)), 0), cells - 1)
    last = min(max(int(np.ceil((begin + size) / cell - 0.5)) - 1, first), cells - 1)
    in_input = (np.arange(frame) + 0.5 - origin) * size / extent + begin
    position = np.clip(in_input * cells / inputs - 0.5, first, last)
    left = position.astype(np.int64)
    return left, np.minimum(left + 1, last), (position - left).astype(np.float32)


def paste_mask(mask: Floats, extent: Box, frame_size: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels [H, W] of the frame where a mask that fades to 0 around itself is at least 0.5."""
    padded = np.pad(mask, 1)
    first, left, right, fx = sample_mask(extent[0], extent[2], mask.shape[1], frame_size[0])
    start, top, below, fy = sample_mask(extent[1], extent[3], mask.shape[0], frame_size[1])
    covered = np.zeros(frame_size[::-1], np.bool_)
    area = (slice(start, start + len(top)), slice(first, first + len(left)))
    covered[area] = stretch(padded, left, right, fx, top, below, fy) >= np.float32(0.5)
    return covered


def sample_mask(
    low: float, high: float, cells: int, frame: int
) -> tuple[int, NDArray[np.int64], NDArray[np.int64], Floats]:
    """First pixel that a mask covers, then left and right cell and the right one's part for each pixel."""
    low, high = float(np.float32(low)), float(np.float32(high))
    if not (np.isfinite(low) and np.isfinite(high) and high > low):
        none = np.zeros(0, np.int64)
        return 0, none, none, np.zeros(0, np.float32)
    margin = 0.5 * (high - low) / cells
    first = int(np.clip(np.floor(low - margin + 0.5), 0, frame))
    last = int(np.clip(np.ceil(high + margin - 0.5), 0, frame))
    position = np.clip((np.arange(first, last) + 0.5 - low) / (high - low) * cells + 0.5, 0, cells + 1)
    left = position.astype(np.int64)
    return first, left, np.minimum(left + 1, cells + 1), (position - left).astype(np.float32)


def to_pixels(image: Floats, low: float, high: float, reverse_channels: bool) -> NDArray[np.uint8]:
    """Pixels [h, w, C] of a picture [C, h, w]: low becomes 0 and high 255, NaN 0."""
    with np.errstate(all="ignore"):
        factor = np.float32(255) / (np.float32(high) - np.float32(low))
        scaled = np.nan_to_num((image - np.float32(low)) * factor, nan=0, posinf=np.inf, neginf=-np.inf)
    levels = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
    return np.moveaxis(levels[::-1] if reverse_channels else levels, 0, -1)


def softmax(logits: Floats) -> Floats:
    """Probabilities; NaN stays NaN and takes no part, infinite logits share everything."""
    best = logits[~np.isnan(logits)].max(initial=-np.inf)
    with np.errstate(all="ignore"):
        weights = np.where(logits == best, 1.0, np.exp(logits.astype(np.float64) - best))
        total = np.cumsum(weights[~np.isnan(weights)])[-1:].sum()
        return (weights / total).astype(np.float32)


def sigmoid(logits: Floats) -> Floats:
    """Probabilities, each by itself."""
    with np.errstate(over="ignore"):
        return (1 / (1 + np.exp(-logits.astype(np.float64)))).astype(np.float32)


def top_k(scores: Floats, k: int) -> NDArray[np.int64]:
    """Positions of the k largest, largest first; stable, NaN last."""
    return np.argsort(np.where(np.isnan(scores), np.nan, -scores), kind="stable")[: max(k, 0)]


def fit_sides(frame: tuple[int, int], short: int, long: int) -> tuple[int, int]:
    """Size (width, height) that a frame gets in proportion, as GluonCV's ``resize_short_within`` does it."""
    scale = short / min(frame)
    if np.round(scale * max(frame)) > long:
        scale = long / max(frame)
    width, height = (max(int(np.round(side * scale)), 1) for side in frame)
    return width, height
