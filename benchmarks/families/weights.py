"""Seeded weights for symbols: He-normal layers, and BatchNorms that have seen a picture."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.families.family import Array, UserNetwork, mx
from gcv_edge.exporters.mxnet.random_weights import (
    BRANCH_GAIN,
    calibrate,
    draw_parameter,
    find_branch_ends,
    stream,
)
from gcv_edge.exporters.mxnet.symbol import parse_symbol
from gcv_edge.pictures import check_pictures

SLOPE = 0.25
L2_SCALE = 20.0
BACKGROUND = 6.5
GAIN = 3.0
"""What makes most places of a detector empty, and few alike: trained ones find nothing in a plain picture."""


def write_network(family: UserNetwork, path: Path, seed: int) -> None:
    """Write ``PATH-symbol.json`` and ``PATH-0000.params`` as a project does."""
    if family.is_written:
        family.build(path, seed)
        return
    symbol = family.build()
    symbol.save(f"{path}-symbol.json")
    weights = draw_weights(family, symbol, seed)
    kinds = dict.fromkeys(symbol.list_auxiliary_states(), "aux")
    named = {f"{kinds.get(name, 'arg')}:{name}": mx.nd.array(value) for name, value in weights.items()}
    mx.nd.save(f"{path}-0000.params", named)


def draw_weights(family: UserNetwork, symbol: Any, seed: int) -> dict[str, Array]:
    """Draw every parameter of a symbol; the last layers' results then deviate alike."""
    labels = {name: np.zeros(shape, np.float32) for name, shape in family.labels.items()}
    batches = [family.make_inputs(picture) | labels for picture in training_pictures(*family.size)]
    inputs = batches[0]
    arguments, _, states = symbol.infer_shape(**{name: array.shape for name, array in inputs.items()})
    shapes = dict(zip(symbol.list_arguments(), arguments, strict=True))
    shapes |= dict(zip(symbol.list_auxiliary_states(), states, strict=True))
    names = [name for name in shapes if name not in inputs]
    weights = {name: draw(name, shapes[name], stream(seed, index)) for index, name in enumerate(names)}
    trunk = symbol.get_internals()[family.trunk] if family.trunk else symbol
    parsed = parse_symbol(trunk.tojson(), family.name)
    for node in parsed.nodes:
        if node.op == "LeakyReLU" and len(node.inputs) == 2:
            weights[parsed.nodes[node.inputs[1].node].name][:] = SLOPE
    for name in find_branch_ends(parsed) & weights.keys():
        weights[name] *= np.float32(BRANCH_GAIN)
    calibrate(parsed, weights, batches, seed)
    if family.quiet is not None:
        find_little(weights, *family.quiet)
    return weights


def draw(name: str, shape: tuple[int, ...], random: np.random.Generator) -> Array:
    """Draw one parameter; what has no usual role is a scale, or a recurrent layer's."""
    drawn = draw_parameter(name, shape, random)
    if drawn is not None:
        return drawn
    if name.endswith("_scale"):
        return np.full(shape, L2_SCALE, np.float32)
    return np.asarray(random.uniform(-0.1, 0.1, shape), np.float32)


def find_little(weights: dict[str, Array], pattern: str, classes: int) -> None:
    """Make the background likely, in place."""
    for name, values in weights.items():
        if re.match(pattern, name):
            if name.endswith("_weight"):
                values *= np.float32(GAIN)
            else:
                values[::classes] += np.float32(BACKGROUND)


def training_pictures(height: int, width: int) -> list[Array]:
    """A real picture, noise, and both side by side."""
    pictures = check_pictures(height, width)
    half = np.arange(width)[None, :, None] < width // 2
    picture, noise = pictures["picture"], pictures["noise"]
    return [picture, noise, np.where(half, picture, noise)]
