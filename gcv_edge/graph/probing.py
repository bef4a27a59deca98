"""Running a graph, or a part of it, in ONNX Runtime with a look at values inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.cpus import usable_cpus
from gcv_edge.engines import onnxruntime_settings, open_onnxruntime
from gcv_edge.graph.values import name_of
from gcv_edge.graph.writing import encode_model


class Probe:
    """The part of a graph that computes some of its values.

    Args:
        model: the graph; left as it is.
        names: values to give, inputs among them; those that the graph does not have are left out.
        sources: values to begin with (default: the graph's inputs).
        keep_memory: keep the memory of one run for the next. That is quicker, but the memory of a run with
            other shapes comes on top.

    Attributes:
        names: of the values that it gives.
        sources: names of the values that it reads.
    """

    def __init__(
        self,
        model: ir.Model,
        names: Sequence[str],
        sources: Sequence[str] = (),
        *,
        keep_memory: bool = False,
    ) -> None:
        there = value_names(model.graph)
        begin = [name for name in sources or map(name_of, model.graph.inputs) if name in there]
        self.names = [name for name in dict.fromkeys(names) if name in there]
        self._computed = [name for name in self.names if name not in begin]
        self._fed: list[str] = []
        if self._computed:
            part = extract(model, begin, self._computed)
            self._fed = list(map(name_of, part.graph.inputs))
            self._session = onnxruntime_session(b"".join(encode_model(part)), keep_memory)
        self.sources = list(dict.fromkeys([*self._fed, *(name for name in self.names if name in begin)]))

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Compute the values of a batch, by name."""
        found = {name: feeds[name] for name in self.sources}
        if self._computed:
            results = self._session.run(self._computed, {name: feeds[name] for name in self._fed})
            found |= zip(self._computed, results, strict=True)
        return {name: found[name] for name in self.names}


def value_names(graph: ir.Graph) -> set[str | None]:
    """Return the names of a graph's inputs, constants and computed values."""
    computed = {value.name for node in graph for value in node.outputs}
    return {value.name for value in graph.inputs} | set(graph.initializers) | computed


def extract(model: ir.Model, sources: Sequence[str], outputs: Sequence[str]) -> ir.Model:
    """Copy the nodes that compute values from others; sources that none of them reads are left out."""
    graph = ir.convenience.extract(model.graph, sources, outputs)
    for value in [value for value in graph.inputs if not value.uses()]:
        graph.inputs.remove(value)
    return ir.Model(graph, ir_version=model.ir_version)


def onnxruntime_session(model: bytes, keep_memory: bool = False) -> Any:
    """Open a model in ONNX Runtime on the CPU; ``keep_memory`` as ``Probe``."""
    settings = onnxruntime_settings(usable_cpus())
    settings.enable_cpu_mem_arena = keep_memory
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return open_onnxruntime(model, settings)
