"""Shapes that ONNX's inference does not find, measured by running the original."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx_ir as ir

from gcv_edge.exporters.onnx.inputs import ForeignInputs
from gcv_edge.exporters.onnx.reference import open_original
from gcv_edge.pictures import Inputs, noise_tensor, picture_tensor

NEAR = 64
"""Tensors before the outputs whose shapes are needed to read how they end."""


def measure_shapes(
    path: Path, entries: ForeignInputs, outputs: Sequence[ir.Value], tensors: frozenset[str]
) -> None:
    """Give outputs and what is before them the shapes that they have; nothing where the batch is open.

    A length that depends on what the input shows, or is 0 in all trials, keeps a name.
    """
    wanted = {
        value.name: value for value in values_before(outputs) if value.name in tensors and not is_known(value)
    }
    is_open = any(isinstance(length, str) for shape in entries.shapes.values() for length in shape)
    if not any(not is_known(value) for value in outputs) or is_open:
        return
    session = open_original(path, [name or "" for name in wanted])
    runs = [
        [array.shape for array in session.run(list(wanted), entries.feeds(tensors))]
        for tensors in trial_inputs(entries)
    ]
    for value, *shapes in zip(wanted.values(), *runs, strict=True):
        axes = enumerate(zip(*shapes, strict=True))
        value.shape = ir.Shape([close_length(found, f"{value.name}_{axis}") for axis, found in axes])


def trial_inputs(entries: ForeignInputs) -> list[Inputs]:
    """Make what a network is measured on: noises around 0 and, where it sees pictures, levels and a real one.

    A list may find nothing in noise, or nothing in levels where the network takes parts of 255.
    """
    shapes = {entry.name: tuple(map(int, entry.shape)) for entry in entries.fed}
    noises = [{name: noise_tensor(shape, seed) * np.float32(seed) for name, shape in shapes.items()}
              for seed in (1, 2)]  # fmt: skip
    if not entries.is_picture:
        return noises
    levels = {name: picture_tensor(shape) for name, shape in shapes.items()}
    unit = {name: picture / np.float32(255) for name, picture in levels.items()}
    return [*noises, levels, unit]


def close_length(found: Sequence[int], name: str) -> int | str:
    """Return the length that an axis has in all runs; a name where they differ, or where nothing is there."""
    return found[0] if len(set(found)) == 1 and found[0] else name


def values_before(outputs: Sequence[ir.Value]) -> list[ir.Value]:
    """Return outputs and the nearest values that they are computed from."""
    found = list(outputs)
    for value in found:
        producer = value.producer()
        makers = [other for other in producer.inputs if other is not None] if producer is not None else []
        computed = [other for other in makers if other.producer() is not None]
        found += [other for other in computed if all(other is not known for known in found)]
        if len(found) >= NEAR:
            break
    return found


def is_known(value: ir.Value) -> bool:
    """Whether every length of a shape is known."""
    return value.shape is not None and all(isinstance(length, int) for length in value.shape)
