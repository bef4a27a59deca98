"""The outputs of a foreign network, as detectors are recognised by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import onnx_ir as ir

from gcv_edge.errors import UsageError
from gcv_edge.exporters.builder import Shape
from gcv_edge.exporters.onnx.boxes import Size
from gcv_edge.exporters.onnx.options import Adoption

Names = Sequence[str]
"""Outputs that a family uses, in order."""


@dataclass(frozen=True)
class Outputs:
    """A foreign detector's outputs.

    Attributes:
        values: by name.
        shapes: of the values.
        operators: kinds of operators in the graph.
        size: height and width of the input.
        classes: number of class names given; 0 for none.
        adoption: what the user says of the outputs.
        notes: what the file's makers wrote into it.
        is_asked: the user says that it is a detector.
        source: for messages.
    """

    values: Mapping[str, ir.Value]
    shapes: Mapping[str, Shape]
    operators: frozenset[str]
    size: Size
    classes: int
    adoption: Adoption
    notes: Mapping[str, str]
    is_asked: bool
    source: str

    def single(self, rank: int = 3) -> str | None:
        """Name of the only output, if it has that rank and is not of whole numbers."""
        (name, *more) = self.values
        return name if not more and name in self.find(rank, is_whole=False) else None

    def is_whole(self, name: str) -> bool:
        """Whether an output holds whole numbers."""
        dtype = self.values[name].dtype
        return dtype is not None and dtype.is_integer()

    def find(self, rank: int, last: int | None = None, is_whole: bool | None = None) -> list[str]:
        """Names of outputs of a rank, of a length of the last axis, and of whole numbers or not."""
        return [
            name
            for name, shape in self.shapes.items()
            if len(shape) == rank
            and (last is None or shape[-1] == last)
            and (is_whole is None or self.is_whole(name) == is_whole)
        ]

    def count_classes(self) -> int:
        """Return the number of classes of a list, which does not show it itself.

        Raises:
            UsageError: no names are given.
        """
        if not self.classes:
            raise UsageError(
                f"{self.source}: a list of detections does not say how many classes there are: "
                "name them with --classes"
            )
        return self.classes
