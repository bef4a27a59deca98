"""What a symbol does to its picture before its first layer: normalisation, and channels moved to the front.

``gluoncv.utils.export_block`` puts both in front of a network by default, face networks subtract 127.5 and
multiply by 0.0078125, and MXNet's own ResNets begin with a BatchNorm called ``bn_data``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.symbol import Symbol

Array = NDArray[Any]

TO_FRONT = {4: (0, 3, 1, 2), 5: (0, 4, 1, 2, 3)}
"""Axes that bring pictures and clips from channels last to channels first, by rank."""

LEVELS = 255.0
"""White, where a network wants levels; where it wants numbers from 0 to 1, levels are divided by it."""

NOTHING = 1e-3
"""Shifts and changes of gain up to this are there for numbers' sake: ``x + 1e-5``."""

TRAINED_ON_LEVELS = "bn_data"
"""How MXNet's examples and face networks call the BatchNorm of levels, untrained ones too."""

BELOW = -0.05
"""A mean below this is no picture's own: the network takes numbers that are normalised already."""


@dataclass(frozen=True)
class PictureInput:
    """What becomes of a picture before the first layer.

    Attributes:
        variable: the input's node.
        end: the last node that only normalises or moves axes; the variable itself where there is none.
        gain, shift: what is computed of a number, for each channel of the input: ``gain x + shift``.
        is_channels_last: the input is ``[N, H, W, C]`` (clips ``[N, T, H, W, C]``).
        is_plain: channels keep their order, and all places have the same gain and shift.
        is_learned: statistics of training take part, by which the unit is judged.
        operators: names of the operators that compute.
        white: 255 or 1 where only levels, or only numbers up to 1, come through (``clip``); else 0.
        black: least number that comes through then, 0 or -1.
        unread: name of an operator that computes with the picture in another way; empty where none does.
    """

    variable: int
    end: int
    gain: Array
    shift: Array
    is_channels_last: bool = False
    is_plain: bool = True
    is_learned: bool = False
    operators: tuple[str, ...] = ()
    white: float = 0.0
    black: float = 0.0
    unread: str = ""

    @property
    def normalizes(self) -> bool:
        """Whether the network normalises its input itself.

        One that only enlarges what it is given, as GluonCV's SSD on VGG does, or shifts it up, takes numbers
        that are normalised.
        """
        if not self.operators or self.white:
            return bool(self.operators)
        is_shifted = bool(np.any(np.abs(self.shift) > NOTHING))
        is_enlarging = bool(np.all(np.abs(self.gain) >= 1 - NOTHING))
        if self.is_learned:
            return (is_shifted or not is_enlarging) and not self.is_of_normalized
        return (is_shifted or not is_enlarging) and bool(self.statistics[0].min() >= BELOW)

    @property
    def is_of_normalized(self) -> bool:
        """Whether a BatchNorm was trained on pictures that were normalised before, as its statistics say."""
        mean, scale = self.statistics
        is_about_one = bool(np.all((np.abs(scale) > 1 / 3) & (np.abs(scale) < 3) & (np.abs(mean) < 3)))
        return is_about_one and not any(TRAINED_ON_LEVELS in name for name in self.operators)

    @property
    def is_only_scaled(self) -> bool:
        """Whether numbers are only divided, and not by 255: what was subtracted before is not known."""
        is_shifted = self.is_learned or self.white or np.any(np.abs(self.shift) > NOTHING)
        return not is_shifted and bool(np.any(np.abs(LEVELS * self.gain - 1) > 0.01))

    @property
    def unit(self) -> float:
        """How many levels make up 1 in the input: 255 where its own normalisation is of numbers up to 1."""
        if not self.normalizes:
            return 1.0
        if self.white:
            return LEVELS / (self.white - self.black)
        if self.is_learned:
            mean, scale = self.statistics
            return LEVELS if np.all((mean > -0.5) & (mean < 1.5) & (np.abs(scale) < 0.6)) else 1.0
        return LEVELS if is_of_unit(self.gain, self.shift) else 1.0

    @property
    def levels(self) -> tuple[float, float]:
        """Mean and scale of levels in front of the network's own normalisation."""
        return 0 - self.black * self.unit, self.unit

    @property
    def statistics(self) -> tuple[Array, Array]:
        """Mean and scale of its own normalisation, in units of the input: ``(x - mean) / scale``."""
        return -self.shift / self.gain, 1 / self.gain

    @property
    def is_cut_off(self) -> bool:
        """Whether the graph begins behind all this, which the runtime does instead."""
        is_simple = self.is_plain and not self.white
        return self.is_channels_last and is_simple and (self.normalizes or not self.operators)

    def cut(self, symbol: Symbol) -> Symbol:
        """Return the symbol whose input is the normalised picture, channels first; places stay the same."""
        if not self.is_cut_off:
            return symbol
        nodes = list(symbol.nodes)
        nodes[self.end] = symbol.nodes[self.variable]
        nodes[self.variable] = replace(symbol.nodes[self.variable], name="")
        return replace(symbol, nodes=tuple(nodes))

    def join(self, cut: Symbol, original: Symbol) -> Symbol:
        """Undo ``cut`` in a symbol to which operators were added."""
        nodes = list(cut.nodes)
        for index in (self.end, self.variable) if self.is_cut_off else ():
            nodes[index] = original.nodes[index]
        return replace(cut, nodes=tuple(nodes))

    def restore(self, batch: Array) -> Array:
        """Turn a batch for the exported file into one for the symbol itself."""
        if not self.is_channels_last:
            return batch
        if self.is_cut_off:
            gain, shift = (along_channels(array, batch.ndim) for array in (self.gain, self.shift))
            batch = ((batch.astype(np.float64) - shift) / gain).astype(np.float32)
        return np.ascontiguousarray(np.moveaxis(batch, 1, -1))


def along_channels(array: Array, rank: int) -> Array:
    """Give numbers for each channel the axes of ``[N, C, ...]``."""
    return array.reshape(1, -1, *(1,) * (rank - 2))


def is_of_unit(gain: Array, shift: Array) -> bool:
    """Tell a normalisation of numbers up to 1, which is also read best off such numbers."""
    return bool(max(np.abs(1 / gain).max(), np.abs(shift / gain).max()) <= 1)


def show_levels(numbers: Sequence[float] | Array) -> str:
    """Spell numbers for each channel: one where all are the same."""
    shown = [f"{float(number):.5g}" for number in np.asarray(numbers).reshape(-1)]
    return shown[0] if len(set(shown)) == 1 else ",".join(shown)
