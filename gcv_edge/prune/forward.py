"""Running a graph and looking at tensors inside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.engines import import_onnxruntime
from gcv_edge.prune.inputs import Batch, Pictures
from gcv_edge.prune.trace import shape_of
from gcv_edge.runtime.cpus import usable_cpus

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
        values = {value.name: value for node in model.graph for value in node.outputs}
        values |= {value.name: value for value in model.graph.inputs}
        self.names = [name for name in dict.fromkeys(names) if name in values]
        self._input = model.graph.inputs[0]
        self._session = open_graph(model, [values[name] for name in self.names if name != self._input.name])
        self.batch = choose_batch(self._input, [values[name] for name in self.names])

    def run(self, batch: Batch) -> Tensors:
        """Compute the tensors of a batch."""
        assert self._input.name is not None
        wanted = [name for name in self.names if name != self._input.name]
        found = (
            dict(zip(wanted, self._session.run(wanted, {self._input.name: batch}), strict=True))
            if wanted
            else {}
        )
        if self._input.name in self.names:
            found[self._input.name] = batch
        return found

    def stream(self, pictures: Pictures) -> Iterator[Tensors]:
        """Compute the tensors of all pictures, batch by batch."""
        return (self.run(batch) for batch in whole_batches(pictures, self.batch, is_fixed(self._input)))


def open_graph(model: ir.Model, outputs: Sequence[ir.Value]) -> Any:
    """Load a graph with other outputs into ONNX Runtime."""
    proto = ir.to_proto(model)
    if outputs:
        del proto.graph.output[:]
        proto.graph.output.extend(ir.to_proto(value) for value in outputs)
    return start_session(proto)


def start_session(proto: onnx.ModelProto) -> Any:
    """Load a model into ONNX Runtime."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = usable_cpus()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(proto.SerializeToString(), options, ["CPUExecutionProvider"])


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
