"""Vectors that are near each other for pictures of the same thing (re-identification, retrieval)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gcv_edge.runtime import drawing
from gcv_edge.runtime.frames import Pixels, copy_to_draw
from gcv_edge.runtime.model import FrameGeometry, Model
from gcv_edge.runtime.results import Floats, Speed, freeze
from gcv_edge.runtime.rows import Row
from gcv_edge.runtime.sessions import Array
from gcv_edge.tasks import EMBEDDING

STRIPE_PART = 12
"""The stripe that shows a vector is this part of the frame's height."""


@dataclass(frozen=True, eq=False)
class Embedding:
    """A picture as a vector.

    Attributes:
        vector: ``(C,)`` float32, as the network gives it.
        speed: stage timings.

    Examples:
        >>> one, other = Embedding(np.array([1.0, 0.0])), Embedding(np.array([0.0, 1.0]))
        >>> one.similarity(other)
        0.0
    """

    vector: Floats
    speed: Speed = field(default_factory=Speed)

    def __post_init__(self) -> None:
        freeze(self, "vector", np.float32, (None,))

    @functools.cached_property
    def direction(self) -> Floats:
        """The vector at length 1, ``(C,)``; zeros stay zeros."""
        length = float(np.linalg.norm(self.vector))
        return self.vector / np.float32(length) if length > 0 else self.vector

    def similarity(self, other: Embedding) -> float:
        """Cosine of the angle between two vectors, from -1 to 1.

        Raises:
            ValueError: they are of different lengths.
        """
        if len(self) != len(other):
            raise ValueError(f"other: found {len(other)} numbers, expected {len(self)}")
        return float(np.clip(self.direction @ other.direction, -1, 1))

    def __len__(self) -> int:
        return len(self.vector)

    def plot(self, frame: ArrayLike) -> Pixels:
        """Draw the vector as a stripe of colours at the bottom of a copy of the frame."""
        canvas = copy_to_draw(frame)
        height = max(1, canvas.shape[0] // STRIPE_PART)
        columns = np.arange(canvas.shape[1]) * len(self) // canvas.shape[1]
        limit = float(np.abs(self.vector).max(initial=0.0))
        canvas[-height:] = drawing.paint_values(self.vector[columns][None], (-limit, limit))
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """Return the vector as a list for JSON."""
        return {"vector": self.vector.tolist(), "speed": self.speed.to_dict()}

    def to_row(self) -> Row:
        """Return the column of a table: ``embedding``, the vector."""
        return {"embedding": self.vector.tolist()}

    def __repr__(self) -> str:
        return f"Embedding({len(self)} numbers; {self.speed.total_ms:.1f} ms)"


class Embedder(Model[Embedding]):
    """Turns pictures into vectors: ``Embedder("reid").run(a).similarity(embedder.run(b))``.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> embedder = Embedder("reid.onnx")
        >>> round(embedder.run(frame).similarity(embedder.run(frame)), 3)
        1.0
    """

    task = EMBEDDING

    def _decode(
        self,
        outputs: Mapping[str, Array],
        geometry: FrameGeometry,  # noqa: ARG002
    ) -> Embedding:
        return Embedding(np.array(outputs["logits"], np.float32).reshape(-1))
