"""Running a graph in ONNX Runtime with a look at values inside it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.engines import import_onnxruntime
from gcv_edge.exporters.writing import write_model
from gcv_edge.runtime.cpus import usable_cpus
from gcv_edge.runtime.onnxruntime_session import QUIET


class Probe:
    """A model whose inner values can be read.

    Args:
        model: the graph; left as it is.
        values: names to read beside the outputs.
    """

    def __init__(self, model: ir.Model, values: Sequence[str] = ()) -> None:
        runtime = import_onnxruntime()
        settings = runtime.SessionOptions()
        settings.intra_op_num_threads = usable_cpus()
        settings.log_severity_level = QUIET
        settings.enable_cpu_mem_arena = False
        self._session = runtime.InferenceSession(
            serialize(model, values), settings, providers=["CPUExecutionProvider"]
        )
        self.outputs = [value.name or "" for value in model.graph.outputs]
        given = {port.name for port in self._session.get_inputs()}
        self._names = [name for name in dict.fromkeys([*self.outputs, *values]) if name not in given]

    def run(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Compute outputs and values by name; inputs are among them."""
        found = self._session.run(self._names, dict(batch))
        return {**batch, **dict(zip(self._names, found, strict=True))}


def serialize(model: ir.Model, values: Sequence[str]) -> bytes:
    """Return a model's file, with inner values among its outputs."""
    descriptor, name = tempfile.mkstemp(suffix=".onnx")
    os.close(descriptor)
    try:
        write_model(model, Path(name))
        content: bytes = Path(name).read_bytes()
    finally:
        Path(name).unlink()
    inputs = {value.name for value in (*model.graph.inputs, *model.graph.outputs)}
    extra = [onnx.helper.make_empty_tensor_value_info(value) for value in values if value not in inputs]
    addition = onnx.ModelProto(graph=onnx.GraphProto(output=extra))
    outputs: bytes = addition.SerializeToString()
    return content + outputs
