"""Many pictures at once through a network whose file takes one: pruning looks at hundreds of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.nodes import nodes_before
from gcv_edge.graph.probing import Probe
from gcv_edge.graph.values import name_of, shape_of
from gcv_edge.prune.fitting.activations import numbers_per_picture
from gcv_edge.prune.fitting.outputs import find_heads, gives_logits

PICTURES = "gcv_edge_pictures"
"""Name of the dimension that is open while the network is worked on."""

MOST_NUMBERS = 150_000_000
"""Of a picture's activations; pictures of more are looked at one by one anyway."""

TRIED = 2
TOLERANCE = 1e-3
"""Part of a tensor's largest number by which pictures may differ, together and alone."""


def open_batch(model: ir.Model) -> ir.Model:
    """Return a copy that takes any number of pictures; the model itself if it computes something else then.

    What comes after the last layers, such as decoding, may go on working for one picture alone: then no
    picture is sent through it while the network is worked on.

    Args:
        model: of one input. What it is tried on is noise.
    """
    if len(model.graph.inputs) != 1 or shape_of(model.graph.inputs[0])[:1] != (1,):
        return model
    ends = [find_heads(model)]
    if gives_logits(model):
        ends.insert(0, [name_of(model.graph.outputs[0])])
    for names in ends:
        opened = open_before(model, names)
        if opened is not None:
            return opened
    return model


def open_before(model: ir.Model, names: Sequence[str]) -> ir.Model | None:
    """Return a copy that takes any number of pictures up to the tensors ``names``; None where that fails."""
    if numbers_per_picture(list(batched_values(model, names))) > MOST_NUMBERS:
        return None
    opened = model.clone()
    for value in batched_values(opened, names):
        value.shape = ir.Shape([PICTURES, *shape_of(value)[1:]])
    return opened if computes_each_alone(model, opened, names) else None


def close_batch(model: ir.Model) -> None:
    """Let a network that was opened take one picture again, in place."""
    results = (value for node in model.graph for value in node.outputs)
    for value in [*model.graph.inputs, *results]:
        if value.shape is not None and shape_of(value)[:1] == (PICTURES,):
            value.shape = ir.Shape([1, *shape_of(value)[1:]])


def computes_each_alone(model: ir.Model, opened: ir.Model, ends: Sequence[str]) -> bool:
    """Whether a batch gives each picture what it gives alone, in all float tensors before and at ``ends``."""
    (source,) = model.graph.inputs
    names = [name_of(value) for value in batched_values(model, ends) if value is not source]
    lengths = [length for length in shape_of(source)[1:] if isinstance(length, int)]
    pictures = np.random.default_rng(0).standard_normal((TRIED, *lengths), np.float32)
    try:
        together = Probe(opened, names).run({name_of(source): pictures})
    except Exception:  # ONNX Runtime has no class for shapes that do not fit
        return False
    alone = Probe(model, names)
    for number in range(TRIED):
        for name, expected in alone.run({name_of(source): pictures[number : number + 1]}).items():
            found = together[name]
            if found.shape != (TRIED, *expected.shape[1:]):
                return False
            allowed = TOLERANCE * float(np.abs(expected).max(initial=0))
            if not np.allclose(found[number], expected[0], 0, allowed, equal_nan=True):
                return False
    return True


def batched_values(model: ir.Model, ends: Sequence[str]) -> Iterator[ir.Value]:
    """Yield the float tensors before and at ``ends`` whose first dimension is the picture's."""
    before = nodes_before(model, ends)
    for value in [*model.graph.inputs, *(value for node in before for value in node.outputs)]:
        if value.dtype == ir.DataType.FLOAT and value.shape is not None and shape_of(value)[:1] == (1,):
            yield value
