"""Layers as matrices: rows of what they read, and their weights to match."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.values import constant_of, name_of
from gcv_edge.prune.labels import Labels
from gcv_edge.prune.trace import Layer

Matrix = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Reader:
    """A layer that reads channels, as ``outputs = matrix · columns + bias``.

    Attributes:
        layer: the layer.
        source, result: names of the tensors read and written.
        columns: label of each column: every weight of a channel has its own where ``by_patch``, else each
            channel has one, and all offsets of the kernel are treated alike.
        by_patch: columns are the numbers under the kernel.
        transposed: the weights are stored input by output.
        run: positions of one channel that follow each other in a dense layer's input.
        strides, dilations, pads: of a convolution.
        kernel: its lengths.
    """

    layer: Layer
    source: str
    result: str
    columns: Labels
    by_patch: bool
    transposed: bool
    run: int
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    kernel: tuple[int, ...]

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.columns)


class Heir(NamedTuple):
    """A layer that takes over when a branch that is added to its result goes as a whole.

    Attributes:
        layer: its name.
        target: name of the sum in the whole network, which its result becomes.
    """

    layer: str
    target: str


def read_layer(node: ir.Node, layer: Layer, limit: int) -> Reader:
    """Describe a layer of one group; up to ``limit`` columns it is treated by patch."""
    weight, read = constant_of(node.inputs[1]), node.attributes
    assert weight is not None
    rank = weight.ndim - 2 if layer.op_type in ("Conv", "ConvTranspose") else 0
    is_plain = read.get_string("auto_pad", "NOTSET") == "NOTSET"
    by_patch = layer.op_type != "ConvTranspose" and is_plain and layer.kernel * len(layer.inputs) <= limit
    run = 1 if by_patch or rank else run_length(layer.inputs)
    columns = np.repeat(layer.inputs, layer.kernel) if by_patch else layer.inputs[::run]
    stored = read.get_int("transB", 0) == 0 if layer.op_type == "Gemm" else layer.op_type != "Conv"
    return Reader(
        layer=layer,
        source=name_of(node.inputs[0]),
        result=name_of(node.outputs[0]),
        columns=columns,
        by_patch=by_patch,
        transposed=stored,
        run=run,
        strides=tuple(read.get_ints("strides", [1] * rank)),
        dilations=tuple(read.get_ints("dilations", [1] * rank)),
        pads=tuple(read.get_ints("pads", [0] * 2 * rank)),
        kernel=tuple(weight.shape[2:]) if rank else (),
    )


def run_length(labels: Labels) -> int:
    """Return how many positions of one channel follow each other, the same number for each."""
    changes = np.flatnonzero(np.diff(labels))
    run = int(changes[0]) + 1 if changes.size else len(labels)
    if len(labels) % run or not np.array_equal(np.repeat(labels[::run], run), labels):
        return 1
    return run


def to_matrix(reader: Reader, weight: Matrix) -> Matrix:
    """Arrange weights as ``[rows, columns]``; without patches, each offset of the kernel has its own rows."""
    if reader.transposed:
        weight = np.swapaxes(weight, 0, 1)
    if reader.by_patch:
        return weight.reshape(len(weight), -1)
    table = weight.reshape(len(weight), weight.shape[1] // reader.run, -1)
    return np.swapaxes(table, 1, 2).reshape(-1, table.shape[1])


def from_matrix(reader: Reader, matrix: Matrix, outputs: int) -> Matrix:
    """Arrange a matrix as weights; undoes ``to_matrix``."""
    if reader.by_patch:
        weight = matrix.reshape(outputs, -1, *reader.kernel)
    else:
        table = np.swapaxes(matrix.reshape(outputs, -1, matrix.shape[1]), 1, 2)
        weight = (
            table.reshape(outputs, matrix.shape[1], *reader.kernel)
            if reader.kernel
            else table.reshape(outputs, -1)
        )
    return np.swapaxes(weight, 0, 1) if reader.transposed else weight


def sample_rows(
    reader: Reader, source: Matrix, count: int, random: np.random.Generator
) -> tuple[Matrix, NDArray[np.int64]]:
    """Take rows of columns at random positions of each picture.

    Args:
        reader: the layer.
        source: what it reads, ``[n, channels, ...]``.
        count: positions per picture, at most.
        random: chooses them.

    Returns:
        ``[n · positions, columns]``, and the positions (of the result where by patch).
    """
    if not reader.kernel:
        return dense_rows(reader, source, count, random)
    lengths = output_lengths(reader, source.shape[2:]) if reader.by_patch else source.shape[2:]
    places = choose_places(math.prod(lengths), count, random)
    if not reader.by_patch:
        return pick(source, places), places
    padded = pad(source, reader.pads)
    offsets = kernel_offsets(reader, padded.shape[2:])
    starts = np.ravel_multi_index(
        [
            axis * stride
            for axis, stride in zip(np.unravel_index(places, lengths), reader.strides, strict=True)
        ],
        padded.shape[2:],
    )
    flat = padded.reshape(*padded.shape[:2], -1)[:, :, (starts[:, None] + offsets).ravel()]
    table = flat.reshape(*flat.shape[:2], len(places), len(offsets)).transpose(0, 2, 1, 3)
    return table.reshape(-1, flat.shape[1] * len(offsets)), places


def dense_rows(
    reader: Reader, source: Matrix, count: int, random: np.random.Generator
) -> tuple[Matrix, NDArray[np.int64]]:
    """Take rows of a dense layer's input: all, or in runs one per position."""
    if reader.run == 1:
        return source.reshape(-1, source.shape[-1]), np.zeros(0, np.int64)
    table = source.reshape(len(source), -1, reader.run)
    places = choose_places(reader.run, count, random)
    return pick(table, places), places


def choose_places(length: int, count: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Choose positions without repeating one."""
    if count >= length:
        return np.arange(length)
    return np.sort(random.choice(length, count, replace=False)).astype(np.int64)


def pick(tensor: Matrix, places: NDArray[np.int64]) -> Matrix:
    """Take positions of maps ``[n, channels, ...]`` as rows ``[n · positions, channels]``."""
    chosen = tensor.reshape(*tensor.shape[:2], -1)[:, :, places]
    return chosen.transpose(0, 2, 1).reshape(-1, tensor.shape[1])


def output_lengths(reader: Reader, lengths: Sequence[int]) -> tuple[int, ...]:
    """Return the size of a convolution's result."""
    rank = len(lengths)
    return tuple(
        (
            lengths[i]
            + reader.pads[i]
            + reader.pads[i + rank]
            - reader.dilations[i] * (reader.kernel[i] - 1)
            - 1
        )
        // reader.strides[i]
        + 1
        for i in range(rank)
    )


def pad(tensor: Matrix, pads: Sequence[int]) -> Matrix:
    """Put zeros around maps."""
    rank = len(pads) // 2
    return np.pad(tensor, [(0, 0), (0, 0), *((pads[i], pads[i + rank]) for i in range(rank))])


def kernel_offsets(reader: Reader, lengths: Sequence[int]) -> NDArray[np.int64]:
    """Return the distance of each number under the kernel from the first, in a flattened map."""
    steps = itertools.product(
        *(range(0, k * d, d) for k, d in zip(reader.kernel, reader.dilations, strict=True))
    )
    return np.array([np.ravel_multi_index(step, tuple(lengths)) for step in steps], np.int64)
