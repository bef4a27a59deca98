"""What a symbol does to its picture before its first layer: normalisation, and channels moved to the front.

``gluoncv.utils.export_block`` puts both in front of a network by default, face networks subtract 127.5 and
multiply by 0.0078125, and MXNet's own ResNets begin with a BatchNorm called ``bn_data``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.convert import Weights, needed_nodes
from gcv_edge.exporters.mxnet.outputs import WRAPPERS
from gcv_edge.exporters.mxnet.symbol import Node, Symbol

Array = NDArray[Any]

TO_FRONT = {4: (0, 3, 1, 2), 5: (0, 4, 1, 2, 3)}
"""Axes that bring pictures and clips from channels last to channels first, by rank."""

WHITENING = re.compile(r"(resnetv2|wideresnet)\d*_batchnorm0")
"""The first layer of GluonCV's ResNet V2 and WideResNet, which see pictures that are normalised already."""

LEVELS = 255.0
"""White, where a network wants levels; where it wants numbers from 0 to 1, levels are divided by it."""


@dataclass(frozen=True)
class PictureInput:
    """What becomes of a picture before the first layer.

    Attributes:
        variable: the input's node.
        end: the last node that only normalises or moves axes; the variable itself where there is none.
        gain, shift: what is computed of a number, for each channel or for all: ``gain x + shift``.
        is_channels_last: the input is ``[N, H, W, C]`` (clips ``[N, T, H, W, C]``).
        is_learned: statistics of training take part, which do not tell the unit.
        operators: names of the operators that normalise.
    """

    variable: int
    end: int
    gain: Array
    shift: Array
    is_channels_last: bool = False
    is_learned: bool = False
    operators: tuple[str, ...] = ()

    @property
    def normalizes(self) -> bool:
        """Whether the network normalises its input itself.

        One that only enlarges what it is given takes numbers that are normalised: GluonCV's SSD on VGG.
        """
        is_enlarging = self.gain.max() >= 1 and not self.shift.any()
        return bool(self.operators) and (self.is_cut_off or not is_enlarging)

    @property
    def unit(self) -> float:
        """How many levels make up 1 in the input: 255 where its own normalisation is of numbers up to 1."""
        if not self.normalizes or self.is_learned:
            return 1.0
        mean, scale = self.statistics
        return LEVELS if max(scale.max(), np.abs(mean).max()) <= 1 else 1.0

    @property
    def statistics(self) -> tuple[Array, Array]:
        """Mean and scale of its own normalisation, in units of the input: ``(x - mean) / scale``."""
        return -self.shift / self.gain, 1 / self.gain

    @property
    def is_cut_off(self) -> bool:
        """Whether the graph begins behind all this, which the runtime does instead."""
        return self.is_channels_last and self.end != self.variable

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


def read_picture_input(symbol: Symbol, weights: Weights, name: str) -> PictureInput:
    """Follow the only input of a symbol up to its first layer."""
    variable = next(index for index, node in enumerate(symbol.nodes) if node.name == name)
    users = find_users(symbol)
    found = PictureInput(variable, variable, np.ones(1), np.zeros(1))
    while len(users.get(found.end, ())) == 1:
        following = pass_node(found, symbol, users[found.end][0], weights)
        if following is None:
            break
        found = following
    return found


def find_users(symbol: Symbol) -> dict[int, list[int]]:
    """Nodes that take each node's result, of those that the heads need."""
    users: dict[int, list[int]] = {}
    for index in sorted(needed_nodes(symbol, symbol.heads)):
        for source in {entry.node for entry in symbol.nodes[index].inputs}:
            users.setdefault(source, []).append(index)
    return users


def pass_node(found: PictureInput, symbol: Symbol, index: int, weights: Weights) -> PictureInput | None:
    """Go on behind a node that normalises or moves the channels; None where another follows."""
    node = symbol.nodes[index]
    if node.op in WRAPPERS or node.op in ("Cast", "Dropout"):
        return replace(found, end=index)
    if node.op in ("transpose", "_np_transpose"):
        axes = Attributes(node).get_int_tuple("axes", ())
        is_front = TO_FRONT.get(len(axes)) == axes and not found.is_channels_last
        return replace(found, end=index, is_channels_last=True) if is_front else None
    step = (
        scalar_step(node) or constant_step(node, symbol, found, weights) or norm_step(node, symbol, weights)
    )
    if step is None:
        return None
    gain, shift = step
    return replace(
        found,
        end=index,
        gain=found.gain * gain,
        shift=found.shift * gain + shift,
        is_learned=found.is_learned or node.op == "BatchNorm",
        operators=(*found.operators, node.name),
    )


def scalar_step(node: Node) -> tuple[Array, Array] | None:
    """Gain and shift of an operator with a number."""
    if node.op not in ("_plus_scalar", "_minus_scalar", "_mul_scalar", "_div_scalar"):
        return None
    return affine(node.op.split("_")[1], np.array([Attributes(node).get_float("scalar")]))


def constant_step(
    node: Node, symbol: Symbol, found: PictureInput, weights: Weights
) -> tuple[Array, Array] | None:
    """Gain and shift of an operator with a constant for each channel."""
    kinds = {"broadcast_add": "plus", "broadcast_sub": "minus", "broadcast_minus": "minus",
             "broadcast_plus": "plus", "broadcast_mul": "mul", "broadcast_div": "div"}  # fmt: skip
    if node.op not in kinds or node.inputs[0].node != found.end:
        return None
    constant = weights.get(symbol.nodes[node.inputs[1].node].name)
    if constant is None or constant.size not in (1, max(constant.shape, default=1)):
        return None
    return affine(kinds[node.op], np.asarray(constant, np.float64).reshape(-1))


def affine(kind: str, numbers: Array) -> tuple[Array, Array] | None:
    """Gain and shift of one arithmetic operation; None where it cannot be undone."""
    one, zero = np.ones_like(numbers), np.zeros_like(numbers)
    if kind in ("plus", "minus"):
        return one, numbers if kind == "plus" else -numbers
    if not np.all(numbers):
        return None
    return (numbers if kind == "mul" else 1 / numbers), zero


def norm_step(node: Node, symbol: Symbol, weights: Weights) -> tuple[Array, Array] | None:
    """Gain and shift of a BatchNorm right behind the input."""
    if node.op != "BatchNorm" or WHITENING.search(node.name) or len(node.inputs) != 5:
        return None
    names = [symbol.nodes[entry.node].name for entry in node.inputs[1:]]
    attrs = Attributes(node)
    if any(name not in weights for name in names) or attrs.get_int("axis", 1) != 1:
        return None
    parameters = [np.asarray(weights[name], np.float64) for name in names]
    if len({array.shape for array in parameters}) > 1:
        return None
    gamma, beta, mean, variance = parameters
    gain = 1 / np.sqrt(variance + attrs.get_float("eps", 1e-3))
    if not attrs.get_bool("fix_gamma", True):
        gain = gain * gamma
    return (gain, beta - mean * gain) if np.all(gain) else None


def show_levels(numbers: Sequence[float] | Array) -> str:
    """Spell numbers for each channel: one where all are the same."""
    shown = [f"{float(number):.5g}" for number in np.asarray(numbers).reshape(-1)]
    return shown[0] if len(set(shown)) == 1 else ",".join(shown)
