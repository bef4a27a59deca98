"""Windows that layers and pools slide over maps: strides, dilations and what is padded."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import onnx_ir as ir
import torch.nn.functional as F  # noqa: N812

from gcv_edge.prune.student.registry import Tensor, computes


@dataclass(frozen=True)
class Window:
    """A window, with a number for each axis that it slides along.

    Attributes:
        kernel, strides, dilations: as ONNX has them.
        begin, end: positions that are padded.
    """

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    begin: tuple[int, ...]
    end: tuple[int, ...]

    @classmethod
    def of(cls, node: ir.Node, kernel: Sequence[int], lengths: Sequence[int]) -> Window:
        """Read a node's attributes; ``auto_pad`` depends on the lengths of the map."""
        read, rank = node.attributes, len(kernel)
        strides, dilations = (tuple(read.get_ints(key, [1] * rank)) for key in ("strides", "dilations"))
        pads = tuple(read.get_ints("pads", [0] * 2 * rank))
        window = cls(tuple(kernel), strides, dilations, pads[:rank], pads[rank:])
        automatic = read.get_string("auto_pad", "NOTSET")
        return window.pad_same(lengths, automatic == "SAME_LOWER") if automatic[:4] == "SAME" else window

    @property
    def reach(self) -> list[int]:
        """Positions from the window's first to its last, both counted."""
        return [(k - 1) * d + 1 for k, d in zip(self.kernel, self.dilations, strict=True)]

    def pad_same(self, lengths: Sequence[int], lower: bool) -> Window:
        """Pad so that a map becomes shorter by the strides alone; an odd position goes to the lower side."""
        each = zip(lengths, self.strides, self.reach, strict=True)
        sums = [max(0, (math.ceil(n / stride) - 1) * stride + reach - n) for n, stride, reach in each]
        less, more = tuple(n // 2 for n in sums), tuple(n - n // 2 for n in sums)
        return replace(self, begin=more if lower else less, end=less if lower else more)

    def round_up(self, lengths: Sequence[int]) -> tuple[int, ...]:
        """Return positions missing after the map for a last window that begins inside it or its padding."""
        missing = []
        each = zip(lengths, self.strides, self.reach, self.begin, self.end, strict=True)
        for length, stride, reach, begin, end in each:
            count = math.ceil((length + begin + end - reach) / stride) + 1
            if (count - 1) * stride >= length + begin:
                count -= 1
            missing.append(max(0, (count - 1) * stride + reach - length - begin - end))
        return tuple(missing)


def pad(x: Tensor, begin: Sequence[int], end: Sequence[int], value: float = 0.0) -> Tensor:
    """Add positions around the last axes."""
    pairs = [number for pair in reversed(list(zip(begin, end, strict=True))) for number in pair]
    return F.pad(x, pairs, value=value) if any(pairs) else x


MAX_POOLS = (F.max_pool1d, F.max_pool2d, F.max_pool3d)


@computes("MaxPool")
def pool_maximum(node: ir.Node, x: Tensor) -> Tensor:
    """Largest number in each window."""
    window = Window.of(node, node.attributes.get_ints("kernel_shape"), x.shape[2:])
    padded = pad(x, window.begin, add(window.end, rounding(node, window, x)), -math.inf)
    function = MAX_POOLS[len(window.kernel) - 1]
    return function(padded, window.kernel, window.strides, 0, window.dilations)


@computes("AveragePool")
def pool_average(node: ir.Node, x: Tensor) -> Tensor:
    """Mean of each window; what is padded counts where the node says so, what is rounded up to never does."""
    window = Window.of(node, node.attributes.get_ints("kernel_shape"), x.shape[2:])
    rounded = rounding(node, window, x)
    counted = x.new_ones(1, 1, *x.shape[2:])
    value = float(node.attributes.get_int("count_include_pad", 0))
    counts = slide_sum(
        pad(pad(counted, window.begin, window.end, value), [0] * len(rounded), rounded), window
    )
    return slide_sum(pad(x, window.begin, add(window.end, rounded)), window) / counts


def slide_sum(x: Tensor, window: Window) -> Tensor:
    """Sum of each window, by a convolution of every channel for itself."""
    channels, rank = x.shape[1], len(window.kernel)
    ones = x.new_ones(channels, 1, *window.kernel)
    function = (F.conv1d, F.conv2d, F.conv3d)[rank - 1]
    return function(x, ones, None, window.strides, 0, window.dilations, channels)


def rounding(node: ir.Node, window: Window, x: Tensor) -> tuple[int, ...]:
    """Return what ``ceil_mode`` adds after the map."""
    return (
        window.round_up(x.shape[2:]) if node.attributes.get_int("ceil_mode", 0) else (0,) * len(window.kernel)
    )


def add(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
    """Add lengths axis by axis."""
    return tuple(a + b for a, b in zip(first, second, strict=True))


@computes("GlobalAveragePool")
def pool_all(node: ir.Node, x: Tensor) -> Tensor:  # noqa: ARG001
    """Mean of each map."""
    return x.mean(dim=tuple(range(2, x.ndim)), keepdim=True)


@computes("GlobalMaxPool")
def pool_all_maximum(node: ir.Node, x: Tensor) -> Tensor:  # noqa: ARG001
    """Largest number of each map."""
    return x.amax(dim=tuple(range(2, x.ndim)), keepdim=True)
