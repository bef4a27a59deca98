"""Running a graph and looking at tensors inside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.probing import Probe
from gcv_edge.graph.values import name_of, shape_of
from gcv_edge.prune.inputs import Batch, Pictures

Tensors = dict[str, NDArray[np.float32]]

BATCH_NUMBERS = 12_000_000
"""Numbers of tensors that are looked at in one batch, at most; bounds memory."""
MAX_BATCH = 32


class Forward:
    """A graph ready to compute some of its tensors.

    Args:
        model: the graph; its constants are copied.
        names: tensors to return; those that the graph does not have are left out.
    """

    def __init__(self, model: ir.Model, names: Sequence[str]) -> None:
        self._probe = Probe(model, names)
        self._input = model.graph.inputs[0]
        self.batch = choose_batch(self._input, values_of(model, names))

    def run(self, batch: Batch) -> Tensors:
        """Compute the tensors of a batch."""
        return self._probe.run({name_of(self._input): batch})

    def stream(self, pictures: Pictures) -> Iterator[Tensors]:
        """Compute the tensors of all pictures, batch by batch."""
        return (self.run(batch) for batch in whole_batches(pictures, self.batch, is_fixed(self._input)))


def values_of(model: ir.Model, names: Sequence[str]) -> list[ir.Value]:
    """Return tensors by their names, each once; those that the graph does not have are left out."""
    values = ir.convenience.create_value_mapping(model.graph, include_subgraphs=False)
    return [values[name] for name in dict.fromkeys(names) if name in values]


def is_fixed(value: ir.Value) -> bool:
    """Tell whether a tensor's batch is fixed."""
    return isinstance(shape_of(value)[0], int)


def choose_batch(source: ir.Value, looked_at: Sequence[ir.Value]) -> int:
    """Choose how many pictures to compute at once."""
    length = shape_of(source)[0]
    if isinstance(length, int):
        return length
    numbers = sum(math.prod(n for n in shape_of(value)[1:] if isinstance(n, int)) for value in looked_at)
    return max(1, min(MAX_BATCH, BATCH_NUMBERS // max(1, numbers)))


def whole_batches(pictures: Pictures, size: int, fixed: bool) -> Iterator[Batch]:
    """Give batches; a fixed batch is filled up with the pictures' first."""
    return (fill_up(batch, size) if fixed else batch for batch in pictures.batches(size))


def fill_up(batch: Batch, size: int) -> Batch:
    """Repeat the first pictures of a batch that is too small."""
    if len(batch) == size:
        return batch
    return np.concatenate([batch] * math.ceil(size / len(batch)))[:size]
