"""How the window of a convolution or a pooling slides: ONNX's attributes, with its defaults."""

from __future__ import annotations

from dataclasses import dataclass

import onnx_ir as ir

UNPADDED = ("NOTSET", "VALID")
"""Values of ``auto_pad`` that add no padding."""


@dataclass(frozen=True)
class SlidingWindow:
    """Attributes of a Conv, ConvTranspose, MaxPool or AveragePool, with a number for each of its axes.

    Attributes:
        strides, dilations: as ONNX has them.
        pads: positions added before each axis, then those after each; meant where ``auto_pad`` is ``NOTSET``.
        auto_pad: ``NOTSET``, ``VALID``, ``SAME_UPPER`` or ``SAME_LOWER``.
        group: number of groups.
    """

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    auto_pad: str
    group: int

    @classmethod
    def of(cls, node: ir.Node, rank: int) -> SlidingWindow:
        """Read a node's attributes; the window slides along ``rank`` axes."""
        read = node.attributes
        return cls(
            strides=tuple(read.get_ints("strides", [1] * rank)),
            dilations=tuple(read.get_ints("dilations", [1] * rank)),
            pads=tuple(read.get_ints("pads", [0] * 2 * rank)),
            auto_pad=read.get_string("auto_pad", "NOTSET"),
            group=read.get_int("group", 1),
        )

    @property
    def is_padded(self) -> bool:
        """Whether the input is padded, by numbers or automatically."""
        return any(self.pads) or self.auto_pad not in UNPADDED
