"""Write ``vectors.txt``: inputs and expected results of the native core, for pytest and ctest alike.

The expectations come from the NumPy oracle (tests/core/oracle.py), never from the native code.
Run: ``python -m tests.data.core.make_vectors``.

Format, in words separated by white space: ``case TOPIC NAME``, then any number of
``tensor NAME DIMENSIONS SIZE... VALUE...`` (numbers as C's strtod reads them, floats in hexadecimal, so
exact) and ``text NAME VALUE``, then ``end``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tests.core import oracle, yuv_oracle

HERE = Path(__file__).resolve().parent
MEAN, SCALE = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
GREY_MEAN, GREY_SCALE = (33.3184,), (78.5675,)
SHAPES = {"bgr": (3,), "rgb": (3,), "gray": (1,), "bgra": (4,), "rgba": (4,)}

# name, pixel format, frame size, source, target, input size, reverse_channels; interpolation, if not bilinear
PREPROCESS: list[Any] = [
    ("shrink", "bgr", (37, 23), (0, 0, 37, 23), (0, 0, 20, 12), (20, 12), True),
    ("grow", "rgb", (5, 4), (0, 0, 5, 4), (0, 0, 33, 9), (33, 9), True),
    ("letterbox", "bgra", (30, 16), (0, 0, 30, 16), (0, 4, 18, 10), (18, 18), False),
    ("identity", "rgba", (26, 7), (0, 0, 26, 7), (0, 0, 26, 7), (26, 7), True),
    ("crop", "gray", (50, 31), (13.5, 2.25, 24, 27.5), (0, 0, 17, 17), (17, 17), False),
    ("outside", "bgr", (12, 10), (-4, -3.5, 20, 17), (1, 2, 16, 14), (18, 17), True),
    ("one pixel", "bgr", (1, 1), (0, 0, 1, 1), (0, 0, 3, 2), (3, 2), False),
    ("nearest", "bgr", (37, 23), (0, 0, 37, 23), (0, 0, 50, 12), (50, 12), True, "nearest"),
    ("area", "rgb", (37, 23), (0, 0, 37, 23), (0, 0, 20, 9), (20, 9), True, "area"),
    ("whole area", "bgra", (40, 24), (0, 0, 40, 24), (0, 0, 20, 12), (20, 12), True, "area"),
    ("thirds", "bgr", (36, 24), (0, 0, 36, 24), (0, 0, 12, 6), (12, 6), True, "area"),
    ("enlarged area", "bgr", (7, 5), (0, 0, 7, 5), (0, 0, 30, 12), (30, 12), True, "area"),
    ("bicubic", "bgr", (9, 6), (0, 0, 9, 6), (0, 0, 35, 20), (35, 20), False, "bicubic"),
    ("bicubic of few pixels", "gray", (3, 2), (0, 0, 3, 2), (0, 0, 18, 18), (18, 18), True, "bicubic"),
    ("cropped bicubic", "rgba", (50, 31), (13.5, 2.25, 24, 27.5), (0, 0, 17, 17), (17, 17), True, "bicubic"),
    ("by size, area", "bgr", (37, 23), (0, 0, 37, 23), (0, 0, 20, 9), (20, 9), True, "by_size"),
    ("by size, bicubic", "bgr", (8, 5), (0, 0, 8, 5), (0, 0, 20, 9), (20, 9), True, "by_size"),
    ("by size, bilinear", "bgr", (8, 23), (0, 0, 8, 23), (0, 0, 20, 9), (20, 9), True, "by_size"),
    ("warp", "bgr", (30, 20), (-3.25, -8.5, 36, 36), (0, 0, 24, 24), (24, 24), True, "warp"),
    ("lanczos, smaller", "bgr", (37, 23), (0, 0, 37, 23), (0, 0, 20, 9), (20, 9), True, "lanczos"),
    ("lanczos, larger", "rgba", (8, 5), (-1.5, 0, 8, 5), (0, 0, 20, 9), (20, 9), True, "lanczos"),
]
# the same, for a network that sees grey
GREY: list[Any] = [
    ("shrink", "bgr", (37, 23), (0, 0, 37, 23), (0, 0, 20, 12), (20, 12), True),
    ("letterbox", "rgba", (30, 16), (0, 0, 30, 16), (0, 4, 18, 10), (18, 18), False),
    ("identity", "rgb", (40, 7), (0, 0, 40, 7), (0, 0, 40, 7), (40, 7), True),
    ("grey frame", "gray", (50, 31), (13.5, 2.25, 24, 27.5), (0, 0, 17, 17), (17, 17), False),
    ("area", "bgr", (37, 23), (0, 0, 37, 23), (0, 0, 20, 9), (20, 9), True, "area"),
]
# name, pixel format, frame size, source, target, input size, reverse_channels, interpolation, matrix, range
YUV: list[Any] = [
    (
        "shrink",
        "nv12",
        (38, 24),
        (0, 0, 38, 24),
        (0, 0, 20, 12),
        (20, 12),
        True,
        "bilinear",
        "bt601",
        "limited",
    ),
    ("grow", "nv21", (6, 4), (0, 0, 6, 4), (0, 0, 33, 9), (33, 9), False, "bilinear", "bt709", "limited"),
    (
        "letterbox",
        "i420",
        (30, 16),
        (0, 0, 30, 16),
        (0, 4, 18, 10),
        (18, 18),
        True,
        "bilinear",
        "bt601",
        "full",
    ),
    (
        "crop",
        "yuyv",
        (50, 31),
        (13.5, 2.25, 24, 27.5),
        (0, 0, 17, 17),
        (17, 17),
        True,
        "bilinear",
        "bt709",
        "full",
    ),
    (
        "outside",
        "uyvy",
        (12, 11),
        (-4, -3.5, 20, 17),
        (1, 2, 16, 14),
        (18, 17),
        True,
        "bilinear",
        "bt601",
        "limited",
    ),
    ("two pixels", "nv12", (2, 2), (0, 0, 2, 2), (0, 0, 5, 3), (5, 3), True, "bilinear", "bt601", "limited"),
    (
        "identity",
        "i420",
        (72, 6),
        (0, 0, 72, 6),
        (0, 0, 72, 6),
        (72, 6),
        False,
        "bilinear",
        "bt601",
        "limited",
    ),
    (
        "nearest",
        "yuyv",
        (38, 23),
        (0, 0, 38, 23),
        (0, 0, 50, 12),
        (50, 12),
        True,
        "nearest",
        "bt601",
        "limited",
    ),
    ("area", "nv12", (38, 22), (0, 0, 38, 22), (0, 0, 20, 9), (20, 9), True, "area", "bt709", "limited"),
    (
        "bicubic",
        "uyvy",
        (50, 31),
        (13.5, 2.25, 24, 27.5),
        (0, 0, 17, 17),
        (17, 17),
        True,
        "bicubic",
        "bt601",
        "full",
    ),
    (
        "warp",
        "nv21",
        (30, 20),
        (-3.25, -8.5, 36, 36),
        (0, 0, 24, 24),
        (24, 24),
        True,
        "warp",
        "bt601",
        "limited",
    ),
]
# name, anchors, classes, different scores, score_threshold, iou_threshold, nms_topk, post_nms, class_agnostic
DETECT = [
    ("all", 40, 3, 1000, 0.01, 0.45, -1, -1, 0),
    ("limits", 60, 4, 1000, 0.2, 0.5, 50, 10, 0),
    ("equal scores", 50, 3, 4, 0.1, 0.3, 60, -1, 0),
    ("agnostic", 40, 3, 30, 0.1, 0.3, -1, -1, 1),
    ("no suppression", 10, 2, 30, 0.5, 1, -1, -1, 0),
    ("odd numbers", 60, 2, 9, 0.01, 0.2, -1, -1, 0),
]

# name, cells of the mask, extent, frame size
MASKS = [
    ("inside", (7, 5), (10.25, 3.5, 61.75, 22.0), (80, 30)),
    ("across", (14, 14), (-20.5, 4.0, 45.0, 60.25), (40, 33)),
    ("small", (14, 14), (3.0, 4.0, 9.0, 12.0), (20, 20)),
    ("outside", (4, 4), (100.0, 4.0, 120.0, 9.0), (20, 10)),
    ("empty", (4, 4), (9.0, 4.0, 9.0, 9.0), (20, 10)),
    ("odd numbers", (9, 8), (-2.0, 1.0, 70.0, 20.0), (66, 21)),
]


def make_preprocess(
    generator: np.random.Generator, channels: int = 3
) -> Iterator[tuple[str, Mapping[str, ArrayLike | str]]]:
    """Frames and the network inputs they become."""
    mean, scale = (MEAN, SCALE) if channels == 3 else (GREY_MEAN, GREY_SCALE)
    for name, pixel_format, size, source, target, inputs, reverse, *rest in (
        PREPROCESS if channels == 3 else GREY
    ):
        interpolation = rest[0] if rest else "bilinear"
        frame = generator.integers(0, 256, (size[1], size[0], *SHAPES[pixel_format]), np.uint8)
        arguments = (frame, pixel_format, source, target, inputs, mean, scale, reverse, 114.5, interpolation)
        numbers, levels = oracle.preprocess(*arguments)
        yield (
            name,
            {
                "pixel_format": pixel_format,
                "interpolation": interpolation,
                "frame": frame,
                "source": source,
                "target": target,
                "mean": np.float32(mean),
                "scale": np.float32(scale),
                "rest": [reverse, 114.5],
                "numbers": numbers,
                "levels": levels,
            },
        )


def make_yuv(generator: np.random.Generator) -> Iterator[tuple[str, Mapping[str, ArrayLike | str]]]:
    """Frames of luma and chroma and the network inputs that they become."""
    for name, pixel_format, size, source, target, inputs, reverse, interpolation, matrix, range_ in YUV:
        frame = generator.integers(0, 256, yuv_oracle.frame_shape(pixel_format, size), np.uint8)
        arguments = (frame, pixel_format, source, target, inputs, MEAN, SCALE, reverse, 114.5, interpolation)
        numbers, levels = oracle.preprocess(*arguments, matrix, range_)
        yield (
            name,
            {
                "pixel_format": pixel_format,
                "interpolation": interpolation,
                "matrix": matrix,
                "range": range_,
                "size": size,
                "frame": frame,
                "source": source,
                "target": target,
                "mean": np.float32(MEAN),
                "scale": np.float32(SCALE),
                "rest": [reverse, 114.5],
                "numbers": numbers,
                "levels": levels,
            },
        )


def make_detect(generator: np.random.Generator) -> Iterator[tuple[str, Mapping[str, ArrayLike | str]]]:
    """Boxes and scores, and what is left of them."""
    for name, anchors, classes, count, *settings in DETECT:
        centre, half = generator.uniform(0, 60, (anchors, 2)), generator.uniform(2, 20, (anchors, 2))
        boxes = np.concatenate([centre - half, centre + half], 1).astype(np.float32)
        scores = (generator.integers(0, count + 1, (anchors, classes)) / count).astype(np.float32)
        if name == "odd numbers":
            boxes[::5, 1], boxes[::7, 2], boxes[3::11] = np.nan, np.inf, 4
            scores[::6, 0], scores[::9, 1] = np.nan, np.inf
        kept = oracle.detect(boxes, scores, *settings)  # type: ignore[arg-type]
        given = {"boxes": boxes, "scores": scores, "settings": np.float32(settings)}
        yield name, {**given, **dict(zip(("kept_boxes", "kept_scores", "kept_ids"), kept, strict=True))}


def make_heatmaps(generator: np.random.Generator) -> Iterator[tuple[str, Mapping[str, ArrayLike | str]]]:
    """Heat maps and their key points."""
    maps = generator.normal(0, 1, (5, 12, 9)).astype(np.float32)
    maps[1] = -1
    maps[2, ::2] = np.nan
    source, target, inputs = (12.5, -3.0, 96.0, 128.0), (2, 0, 188, 256), (192, 256)
    keypoints, scores = oracle.decode_heatmaps(maps, source, target, inputs)
    yield (
        "peaks",
        {
            "maps": maps,
            "source": source,
            "target": target,
            "input": inputs,
            "keypoints": keypoints,
            "peaks": scores,
        },
    )


def make_segment(generator: np.random.Generator) -> Iterator[tuple[str, Mapping[str, ArrayLike | str]]]:
    """Logits and the class of every frame pixel."""
    for name, cells, frame, target in [
        ("grow", (9, 7), (75, 31), (0, 10, 96, 44)),
        ("shrink", (24, 16), (13, 9), (0, 0, 96, 64)),
    ]:
        logits = generator.normal(0, 1, (5, cells[1], cells[0])).astype(np.float32)
        source, inputs = (0.0, 0.0, float(frame[0]), float(frame[1])), (96, 64)
        ids = oracle.segment(logits, source, target, inputs, frame)
        yield name, {"logits": logits, "source": source, "target": target, "input": inputs, "ids": ids}


def make_masks(generator: np.random.Generator) -> Iterator[tuple[str, Mapping[str, ArrayLike | str]]]:
    """Masks in frames, and the pixels that they cover."""
    for name, cells, extent, frame in MASKS:
        mask = generator.random(cells[::-1]).astype(np.float32)
        if name == "odd numbers":
            mask[::3, 1], mask[1::4], mask[2, ::5] = np.nan, np.inf, -3
        covered = oracle.paste_mask(mask, extent, frame)
        yield name, {"mask": mask, "extent": np.float32(extent), "covered": covered}


def make_maps(generator: np.random.Generator) -> Iterator[tuple[str, Mapping[str, ArrayLike | str]]]:
    """Maps and what they become in a frame."""
    for name, cells, frame, target in [
        ("grow", (9, 7), (75, 31), (0, 10, 96, 44)),
        ("shrink", (24, 16), (13, 9), (0, 0, 96, 64)),
        ("one cell", (1, 1), (18, 3), (0, 0, 96, 64)),
    ]:
        values = generator.normal(0, 1, cells[::-1]).astype(np.float32)
        source, inputs = (-1.5, 2.0, 70.0, 25.0), (96, 64)
        stretched = oracle.resize_map(values, source, target, inputs, frame)
        yield (
            name,
            {"values": values, "source": source, "target": target, "input": inputs, "stretched": stretched},
        )


def make_pixels(generator: np.random.Generator) -> Iterator[tuple[str, Mapping[str, ArrayLike | str]]]:
    """Pictures as a network gives them, and their pixels."""
    for name, channels, low, high, reverse in [
        ("tanh", 3, -1.0, 1.0, True),
        ("halves", 3, 0.0, 255.0, False),
        ("gray", 1, 0.0, 1.0, False),
    ]:
        image = generator.normal(0, 1, (channels, 5, 37)).astype(np.float32)
        if name == "halves":
            image = (generator.integers(-4, 520, image.shape) / 2).astype(np.float32)
        image.ravel()[::17] = np.resize(np.float32([np.nan, np.inf, -np.inf, 3e38]), image.ravel()[::17].size)
        pixels = oracle.to_pixels(image, low, high, reverse)
        yield name, {"image": image, "limits": np.float32([low, high, reverse]), "pixels": pixels}


def make_classes(generator: np.random.Generator) -> Iterator[tuple[str, Mapping[str, ArrayLike | str]]]:
    """Logits, their probabilities, and the best classes."""
    for name, count, k, odd in [
        ("many", 100, 5, []),
        ("equal", 30, 30, []),
        ("one", 1, 5, []),
        ("not numbers", 20, 18, [np.nan, -np.inf]),
        ("infinite", 20, 20, [np.inf, np.nan]),
        ("least", 3, 3, [-np.inf, -np.inf, -np.inf]),
    ]:
        logits = (generator.normal(0, 4, count).round(0 if name == "equal" else 3)).astype(np.float32)
        logits[: 3 * len(odd)] = np.resize(np.float32(odd), min(3 * len(odd), count)) if odd else []
        best = oracle.top_k(logits, k)
        softmax, sigmoid = oracle.softmax(logits), oracle.sigmoid(logits)
        yield name, {"logits": logits, "softmax": softmax, "sigmoid": sigmoid, "best": best}


def spell(value: float) -> str:
    """Spell a number so that strtod reads the same one."""
    number = float(value)
    if number.is_integer() and abs(number) < 2**31:
        return str(int(number))
    mantissa, exponent, power = number.hex().partition("p")
    return mantissa.rstrip("0") + exponent + power


def format_case(topic: str, name: str, parts: Mapping[str, ArrayLike | str]) -> Iterator[str]:
    """Lines of one case."""
    yield f"case {topic} {name.replace(' ', '_')}"
    for key, part in parts.items():
        if isinstance(part, str):
            yield f"text {key} {part}"
            continue
        array = np.asarray(part)
        yield f"tensor {key} {array.ndim} {' '.join(map(str, array.shape))}"
        yield " ".join(map(spell, array.ravel()))
    yield "end"


def main(folder: Path = HERE) -> None:
    """Write the file."""
    generator = np.random.default_rng(2024)
    topics = {
        "preprocess": make_preprocess,
        "detect": make_detect,
        "heatmaps": make_heatmaps,
        "segment": make_segment,
        "masks": make_masks,
        "maps": make_maps,
        "pixels": make_pixels,
        "classes": make_classes,
        "grey": functools.partial(make_preprocess, channels=1),
        "yuv": make_yuv,
    }
    lines = [
        line
        for topic, make in topics.items()
        for name, parts in make(generator)
        for line in format_case(topic, name, parts)
    ]
    (folder / "vectors.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
