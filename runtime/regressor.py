"""Numbers that a network measures in a picture: an age, an angle, a quality."""

from __future__ import annotations

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
from gcv_edge.tasks import REGRESSION

SHOWN_VALUES = 3


@dataclass(frozen=True, eq=False)
class Regression:
    """What a network measures in a frame.

    Attributes:
        values: ``(C,)`` float32, as the network gives them.
        labels: their names; empty where the file has none.
        speed: stage timings.

    Examples:
        >>> Regression(np.array([31.5]), ("age",)).values.tolist()
        [31.5]
    """

    values: Floats
    labels: tuple[str, ...] = ()
    speed: Speed = field(default_factory=Speed)

    def __post_init__(self) -> None:
        freeze(self, "values", np.float32, (None,))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def lines(self) -> list[str]:
        """Each value as text, behind its name where it has one: ``age 31.2``."""
        names = dict(enumerate(self.labels))
        return [f"{names.get(i, '')} {value:.4g}".strip() for i, value in enumerate(self.values)]

    def plot(self, frame: ArrayLike) -> Pixels:
        """Write the values in the corner of a copy of the frame."""
        canvas = copy_to_draw(frame)
        drawing.draw_lines(canvas, [(line, drawing.color_of(i)) for i, line in enumerate(self.lines)])
        return canvas

    def to_dict(self) -> dict[str, Any]:
        """Return the values as a list for JSON, and their names."""
        return {"values": self.values.tolist(), "labels": list(self.labels), "speed": self.speed.to_dict()}

    def to_row(self) -> Row:
        """Return the column of a table: ``values``."""
        return {"values": self.values.tolist()}

    def __repr__(self) -> str:
        more = ", ..." if len(self) > SHOWN_VALUES else ""
        return f"Regression({', '.join(self.lines[:SHOWN_VALUES])}{more}; {self.speed.total_ms:.1f} ms)"


class Regressor(Model[Regression]):
    """Measures something in a frame: ``Regressor("age").run(frame).values[0]``.

    Examples:
        >>> frame = read_picture("street.jpg")
        >>> result = Regressor("age.onnx").run(frame)
        >>> len(result.values) == len(result)
        True
    """

    task = REGRESSION

    def _decode(
        self,
        outputs: Mapping[str, Array],
        geometry: FrameGeometry,  # noqa: ARG002
    ) -> Regression:
        values = np.array(outputs["values"], np.float32).reshape(-1)
        return Regression(values, self.labels)
