"""What the runtime returns: one frozen, checked dataclass per task."""

from __future__ import annotations

import functools
import html
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gcv_edge import _core
from gcv_edge.metadata import ACTIVATIONS
from gcv_edge.runtime import drawing
from gcv_edge.runtime.frames import Pixels, check_color, copy_of_size, copy_to_draw
from gcv_edge.runtime.palettes import find_palette
from gcv_edge.runtime.rows import Row, coco_results, encode_png, import_for, object_rows
from gcv_edge.runtime.sessions import check_choice

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]


@dataclass(frozen=True)
class Speed:
    """Where a result's time went, milliseconds.

    Examples:
        >>> Speed(preprocess_ms=1.0, inference_ms=4.0, postprocess_ms=0.5).total_ms
        5.5
    """

    preprocess_ms: float = 0.0
    inference_ms: float = 0.0
    postprocess_ms: float = 0.0

    @property
    def total_ms(self) -> float:
        """All stages together."""
        return self.preprocess_ms + self.inference_ms + self.postprocess_ms

    def to_dict(self) -> dict[str, float]:
        """Return the stages for JSON, rounded to microseconds."""
        return {
            "preprocess_ms": round(self.preprocess_ms, 3),
            "inference_ms": round(self.inference_ms, 3),
            "postprocess_ms": round(self.postprocess_ms, 3),
        }


@dataclass(frozen=True, eq=False)
class Detections:
    """Objects found in a frame, best first.

    ``class_ids, scores, boxes = detections`` unpacks in GluonCV's order. Indexing with a slice, a mask or an
    array of positions gives fewer Detections.

    Attributes:
        boxes: ``(n, 4)`` float32: x1, y1, x2, y2 in pixels of the frame.
        scores: ``(n,)`` float32.
        class_ids: ``(n,)`` int32, from 0.
        labels: the network's class names, by class id; empty where the file has none.
        speed: stage timings.

    Examples:
        >>> boxes = np.array([[10, 10, 50, 80], [0, 0, 20, 20]])
        >>> found = Detections(boxes, np.array([0.9, 0.3]), np.array([1, 0]), ("cat", "dog"))
        >>> found.names
        ['dog', 'cat']
        >>> len(found.over(0.5))
        1
        >>> class_ids, scores, boxes = found
    """

    boxes: Floats
    scores: Floats
    class_ids: Integers
    labels: tuple[str, ...] = ()
    speed: Speed = field(default_factory=Speed)

    def __post_init__(self) -> None:
        freeze(self, "scores", np.float32, (None,))
        count = len(self.scores)
        freeze(self, "boxes", np.float32, (count, 4))
        freeze(self, "class_ids", np.int32, (count,))

    def __len__(self) -> int:
        return len(self.scores)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.class_ids, self.scores, self.boxes))

    def __getitem__(self, index: int | slice | NDArray[Any] | list[int]) -> Detections:
        chosen = slice_of(index, len(self))
        return replace(
            self, boxes=self.boxes[chosen], scores=self.scores[chosen], class_ids=self.class_ids[chosen]
        )

    @property
    def names(self) -> list[str]:
        """Class name of each detection."""
        return [class_name(self.labels, int(class_id)) for class_id in self.class_ids]

    def over(self, threshold: float) -> Detections:
        """Keep the detections with a score over a threshold."""
        return self[self.scores > threshold]

    def plot(self, frame: ArrayLike, threshold: float = 0.5) -> Pixels:
        """Draw boxes, names and scores over a threshold on a copy of the frame."""
        canvas = copy_to_draw(frame)
        shown = self.over(threshold)
        for box, score, class_id, name in zip(
            shown.boxes, shown.scores, shown.class_ids, shown.names, strict=True
        ):
            drawing.draw_box(canvas, box, f"{name} {score:.2f}", drawing.color_of(int(class_id)))
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers for JSON."""
        rows = zip(self.class_ids, self.names, self.scores, self.boxes, strict=True)
        return {
            "detections": [
                {"class_id": int(class_id), "label": name, "score": float(score), "box": box.tolist()}
                for class_id, name, score, box in rows
            ],
            "speed": self.speed.to_dict(),
        }

    def _repr_html_(self) -> str:
        """Return a table for notebooks; ``plot`` gives the picture."""
        boxes = [", ".join(f"{edge:.0f}" for edge in box) for box in self.boxes]
        scores = [f"{score:.2f}" for score in self.scores]
        return format_table(
            repr(self), ("class", "score", "box"), zip(self.names, scores, boxes, strict=True)
        )

    def to_row(self) -> Row:
        """Return columns of a table: ``boxes`` (x1, y1, x2, y2), ``scores``, ``class_ids`` and ``labels``."""
        return {
            "boxes": self.boxes.tolist(),
            "scores": self.scores.tolist(),
            "class_ids": self.class_ids.tolist(),
            "labels": self.names,
        }

    def to_coco(self, image_id: int | str) -> list[Row]:
        """Return COCO's results: a dictionary per object, ``category_id`` being the class id and 1."""
        return coco_results(self.to_row(), image_id)

    def to_dataframe(self) -> Any:
        """Return a ``pandas.DataFrame`` of a row per object.

        Raises:
            GcvEdgeError: pandas is not installed.
        """
        columns = ["class_id", "label", "score", "x1", "y1", "x2", "y2"]
        rows = object_rows(self.to_row())
        return import_for("to_dataframe", "pandas").DataFrame(rows, columns=None if rows else columns)

    def to_supervision(self) -> Any:
        """Return ``supervision.Detections`` of the same objects.

        Raises:
            GcvEdgeError: supervision is not installed.
        """
        supervision = import_for("to_supervision", "supervision")
        return supervision.Detections(
            xyxy=self.boxes,
            confidence=self.scores,
            class_id=self.class_ids.astype(int),
            data={"class_name": np.array(self.names, dtype=str)},
            **self._extra_of_supervision(),
        )

    def _extra_of_supervision(self) -> dict[str, Any]:
        return {}

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in Counter(self.names).most_common())
        return f"Detections({len(self)}{': ' if counts else ''}{counts}; {self.speed.total_ms:.1f} ms)"


MOST_ROWS = 20
"""Of a table in a notebook."""


def format_table(caption: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table as HTML; labels are escaped, and what comes after the first rows is counted."""

    def line(tag: str, cells: Iterable[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    lines = [line("td", row) for row in rows]
    more = f"<p>and {len(lines) - MOST_ROWS} more</p>" if len(lines) > MOST_ROWS else ""
    body = line("th", heads) + "".join(lines[:MOST_ROWS])
    return f"<p>{html.escape(caption)}</p><table>{body}</table>{more}"


class Prediction(NamedTuple):
    """One class with its probability, or its score where the network has no activation."""

    class_id: int
    label: str
    probability: float


@dataclass(frozen=True, eq=False)
class Classification:
    """What a frame shows: one class of many, or several.

    Attributes:
        logits: ``(C,)`` float32, as the network gives them.
        labels: class names; empty where the file has none.
        speed: stage timings.
        activation: what makes probabilities of the logits: ``softmax`` (one class of many), ``sigmoid``
            (each class by itself) or ``none`` (the logits are scores already).

    Examples:
        >>> found = Classification(np.array([0.0, 2.0]), ("cat", "dog"))
        >>> found.top(1)[0].label
        'dog'
        >>> found.lines(1)
        ['dog 88.1%']
    """

    logits: Floats
    labels: tuple[str, ...] = ()
    speed: Speed = field(default_factory=Speed)
    activation: str = "softmax"

    def __post_init__(self) -> None:
        freeze(self, "logits", np.float32, (None,))
        check_choice("activation", self.activation, ACTIVATIONS)

    @functools.cached_property
    def probabilities(self) -> Floats:
        """The activation of the logits, ``(C,)``: softmax's sum to 1, sigmoid's are each from 0 to 1."""
        if self.activation == "none":
            return self.logits
        activate = _core.softmax if self.activation == "softmax" else _core.sigmoid
        return activate(np.ascontiguousarray(self.logits))

    def top(self, k: int = 5) -> list[Prediction]:
        """Return the k most probable classes, best first; by their logits, where 1 and almost 1 differ."""
        best = _core.top_k(np.ascontiguousarray(self.logits), k)
        return [
            Prediction(int(i), class_name(self.labels, int(i)), float(self.probabilities[i])) for i in best
        ]

    def lines(self, k: int) -> list[str]:
        """Name the k most probable classes: ``cat 98.0%``, or ``cat 3.5`` where there is no activation."""
        style = ".4g" if self.activation == "none" else ".1%"
        return [f"{label} {score:{style}}" for _, label, score in self.top(k)]

    def __len__(self) -> int:
        return len(self.logits)

    def plot(self, frame: ArrayLike, k: int = 3) -> Pixels:
        """Write the k most probable classes in the corner of a copy of the frame."""
        canvas = copy_to_draw(frame)
        colors = [drawing.color_of(class_id) for class_id, _, _ in self.top(k)]
        drawing.draw_lines(canvas, list(zip(self.lines(k), colors, strict=True)))
        return canvas

    def to_dict(self, k: int = 5) -> dict[str, Any]:
        """Return the k most probable classes for JSON."""
        return {"top": [prediction._asdict() for prediction in self.top(k)], "speed": self.speed.to_dict()}

    def _repr_html_(self) -> str:
        """Return the most probable classes as a table for notebooks."""
        rows = ((label, f"{score:.4g}") for _, label, score in self.top(5))
        return format_table(repr(self), ("class", "probability"), rows)

    def to_row(self, k: int = 5) -> Row:
        """Return columns of a table: ``class_ids``, ``labels`` and ``scores`` of the k best classes."""
        best = self.top(k)
        return {
            "class_ids": [one.class_id for one in best],
            "labels": [one.label for one in best],
            "scores": [one.probability for one in best],
        }

    def __repr__(self) -> str:
        best = "".join(f"{line}; " for line in self.lines(1))
        return f"Classification({best}{self.speed.total_ms:.1f} ms)"


@dataclass(frozen=True, eq=False)
class Segmentation:
    """A class for every pixel.

    Attributes:
        class_map: ``(h, w)`` uint8 or int32 class ids, in pixels of the frame.
        labels: class names; empty where the file has none.
        speed: stage timings.

    Examples:
        >>> found = Segmentation(np.array([[0, 1], [1, 1]], np.uint8), ("road", "car"))
        >>> found.areas
        {1: 3, 0: 1}
    """

    class_map: NDArray[Any]
    labels: tuple[str, ...] = ()
    speed: Speed = field(default_factory=Speed)

    def __post_init__(self) -> None:
        kept = np.uint8 if np.asarray(self.class_map).dtype == np.uint8 else np.int32
        freeze(self, "class_map", kept, (None, None))

    def __len__(self) -> int:
        return len(self.areas)

    @functools.cached_property
    def areas(self) -> dict[int, int]:
        """Pixels of each class that occurs, by class id, largest first."""
        counts = np.bincount(self.class_map.ravel())
        present = sorted(np.flatnonzero(counts), key=lambda class_id: -counts[class_id])
        return {int(class_id): int(counts[class_id]) for class_id in present}

    def plot(
        self, frame: ArrayLike, opacity: float = 0.5, palette: str = "auto", color: str = "bgr"
    ) -> Pixels:
        """Tint a copy of the frame by class.

        Args:
            frame: as given to ``run``.
            opacity: part of the class's colour, 0 to 1.
            palette: ``voc``, ``ade20k``, ``cityscapes`` or ``mhp``: the colours that GluonCV paints;
                ``golden``: hues far apart; ``auto``: that of the data set with as many classes as there are
                labels, else golden. The background, class 0 of voc, mhp and golden, is not tinted.
            color: order of the frame's channels, ``bgr`` or ``rgb``.

        Raises:
            ValueError: the frame has another size, or the palette or colour order is unknown.
        """
        height, width = self.class_map.shape
        canvas = copy_of_size(frame, (width, height))
        colors = find_palette(palette, self.labels).tints(self.areas, check_color(color))
        drawing.tint(canvas, self.class_map, colors, opacity)
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """Return the map's size and every class's share of it for JSON."""
        height, width = self.class_map.shape
        classes = [
            {
                "class_id": class_id,
                "label": class_name(self.labels, class_id),
                "pixels": pixels,
                "share": pixels / (height * width),
            }
            for class_id, pixels in self.areas.items()
        ]
        return {"width": width, "height": height, "classes": classes, "speed": self.speed.to_dict()}

    def to_row(self) -> Row:
        """Return the column of a table: ``label_map``, a grey PNG of the class ids (16 bits if over 255)."""
        return {"label_map": encode_png(self.class_map)}

    def __repr__(self) -> str:
        height, width = self.class_map.shape
        shares = ", ".join(
            f"{pixels / (height * width):.0%} {class_name(self.labels, class_id)}"
            for class_id, pixels in list(self.areas.items())[:3]
        )
        return f"Segmentation({width}x{height}: {shares}; {self.speed.total_ms:.1f} ms)"


@dataclass(frozen=True, eq=False)
class Poses:
    """Keypoints of people (or other things with joints).

    Attributes:
        keypoints: ``(n, K, 2)`` float32: x, y in pixels of the frame.
        scores: ``(n, K)`` float32: height of each keypoint's peak.
        boxes: ``(n, 4)`` float32: where each was looked for, pixels of the frame.
        labels: keypoint names; empty where the file has none.
        speed: stage timings, all boxes together.

    Examples:
        >>> joints = np.array([[[10, 12], [30, 40]]])
        >>> found = Poses(joints, np.array([[0.9, 0.1]]), np.array([[0, 0, 50, 50]]))
        >>> found.keypoints[0][found.scores[0] > 0.5].tolist()
        [[10.0, 12.0]]
    """

    keypoints: Floats
    scores: Floats
    boxes: Floats
    labels: tuple[str, ...] = ()
    speed: Speed = field(default_factory=Speed)

    def __post_init__(self) -> None:
        freeze(self, "scores", np.float32, (None, None))
        count, joints = self.scores.shape
        freeze(self, "keypoints", np.float32, (count, joints, 2))
        freeze(self, "boxes", np.float32, (count, 4))

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: int | slice | NDArray[Any] | list[int]) -> Poses:
        chosen = slice_of(index, len(self))
        return replace(
            self, keypoints=self.keypoints[chosen], scores=self.scores[chosen], boxes=self.boxes[chosen]
        )

    def plot(self, frame: ArrayLike, threshold: float = 0.2) -> Pixels:
        """Draw joints with a score over a threshold, and bones between them, on a copy of the frame."""
        canvas = copy_to_draw(frame)
        for index, (points, scores) in enumerate(zip(self.keypoints, self.scores, strict=True)):
            drawing.draw_skeleton(canvas, points, scores > threshold, drawing.color_of(index))
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists and numbers for JSON."""
        names = [class_name(self.labels, i, "keypoint") for i in range(self.scores.shape[1])]
        poses = [
            {
                "box": box.tolist(),
                "keypoints": [
                    {"name": name, "x": float(x), "y": float(y), "score": float(score)}
                    for name, (x, y), score in zip(names, points, scores, strict=True)
                ],
            }
            for box, points, scores in zip(self.boxes, self.keypoints, self.scores, strict=True)
        ]
        return {"poses": poses, "speed": self.speed.to_dict()}

    def to_row(self) -> Row:
        """Return columns of a table: ``boxes``, and ``keypoints``: x, y, score of each joint of each."""
        points = np.concatenate([self.keypoints, self.scores[..., None]], axis=2)
        return {"boxes": self.boxes.tolist(), "keypoints": points.tolist()}

    def to_coco(self, image_id: int | str) -> list[Row]:
        """Return COCO's results of keypoints; a person's score is the mean of its joints'."""
        return coco_results(self.to_row(), image_id)

    def __repr__(self) -> str:
        return f"Poses({len(self)} x {self.scores.shape[1]} keypoints; {self.speed.total_ms:.1f} ms)"


def freeze(result: object, name: str, dtype: type, shape: tuple[int | None, ...]) -> None:
    """Turn a field into an array of a type and check its shape (None: any length)."""
    value: NDArray[Any] = np.asarray(getattr(result, name), dtype)
    fits = value.ndim == len(shape) and all(n in (None, m) for n, m in zip(shape, value.shape, strict=True))
    if not fits:
        expected = ", ".join("n" if length is None else str(length) for length in shape)
        raise ValueError(f"{name}: found shape {value.shape}, expected ({expected})")
    object.__setattr__(result, name, value)


def slice_of(index: Any, count: int) -> Any:
    """Turn a single position into a slice, so that indexing keeps every axis."""
    if not isinstance(index, (int, np.integer)) or isinstance(index, bool):
        return index
    if not -count <= index < count:
        raise IndexError(f"found index {index}, expected one of {count} rows")
    return slice(int(index) % count, int(index) % count + 1)


def class_name(labels: tuple[str, ...], class_id: int, kind: str = "class") -> str:
    """Return a class's name, or ``class 3`` where the file has none."""
    return labels[class_id] if 0 <= class_id < len(labels) else f"{kind} {class_id}"
