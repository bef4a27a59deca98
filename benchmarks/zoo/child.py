"""What the sweep does with one name, in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from benchmarks.children import one_line
from benchmarks.memory import with_peak
from benchmarks.records import Record
from benchmarks.workers import FAILED, PARITY, PASSED, SPEED
from benchmarks.zoo.inputs import seeded_inputs
from benchmarks.zoo.parity import Parity, measure
from benchmarks.zoo.speed import measure_speed
from benchmarks.zoo.ties import excuse_ties
from benchmarks.zoo.variants import list_variants
from benchmarks.zoo.verdicts import UNBUILDABLE, UNBUILDABLE_NAMES
from gcv_edge.agreement import compare_all
from gcv_edge.cpus import usable_cpus
from gcv_edge.engines import ENGINES
from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.loading import MxnetSource, open_mxnet
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.live import load_zoo_network, zoo_shape
from gcv_edge.exporters.mxnet.parts import list_inputs, split_network
from gcv_edge.exporters.mxnet.symbol import Symbol
from gcv_edge.exporters.source import ExportOptions, Reference
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pipeline import ExportResult, export_loaded
from gcv_edge.verification.runs import Runs, run_both

CUSTOM_CLASSES = ("apple", "pear", "plum")


class CachedReference:
    """A reference that computes each input once.

    Attributes:
        name: the reference's.
        inputs: what it was asked for, in order.
    """

    def __init__(self, reference: Reference) -> None:
        self.name = reference.name
        self.inputs: list[Any] = []
        self._reference = reference
        self._outputs: dict[bytes, dict[str, Any]] = {}

    def run(self, inputs: Any) -> dict[str, Any]:
        """Return what the reference computes."""
        self.inputs.append(inputs)
        key = fingerprint(inputs)
        if key not in self._outputs:
            self._outputs[key] = self._reference.run(inputs)
        return self._outputs[key]


def fingerprint(inputs: Any) -> bytes:
    """Return bytes that are the same for the same arrays."""
    arrays = inputs.values() if isinstance(inputs, Mapping) else [inputs]
    return b"".join(str(array.shape).encode() + np.ascontiguousarray(array).tobytes() for array in arrays)


def run(phases: Sequence[str], name: str, seed: int, folder: str) -> Record:
    """Return the record of some phases of one name; the exported file lies in a folder meanwhile."""
    path = Path(folder) / "model.onnx"
    try:
        parts = [run_phases(phases, *part, path) for part in load_parts(name, seed)]
    except UnsupportedError as error:
        verdict = UNBUILDABLE if name in UNBUILDABLE_NAMES else FAILED
        return {"name": name, "verdict": verdict, "reason": one_line(error)}
    return {"name": name} | join(parts)


def load_parts(name: str, seed: int) -> Iterator[tuple[MxnetSource, ExportOptions]]:
    """Build a zoo network with random weights; give each of the parts in which it is exported."""
    options = ExportOptions(
        labels=CUSTOM_CLASSES if "custom" in name else (),
        input_shape=zoo_shape(name) if zoo.find_sides(name) is not None else None,
    )
    network = load_zoo_network(name, None, None, options.labels, seed)
    count = len(split_network(network, options)) if len(list_inputs(network)) > 1 else 1
    for index in range(1, count + 1):
        chosen = replace(options, part=index) if count > 1 else options
        yield open_mxnet(network, chosen), chosen


def join(parts: Sequence[Record]) -> Record:
    """Make one record of those of a network's parts."""
    if len(parts) == 1:
        return dict(parts[0])
    kinds = set().union(*(part.get("variants", ()) for part in parts))
    return {
        **parts[-1],
        "variants": sorted(kinds),
        "verdict": FAILED if FAILED in [part.get("verdict") for part in parts] else PASSED,
        "reason": "; ".join(part["reason"] for part in parts if part.get("reason")),
        "parts": list(parts),
    }


def run_phases(phases: Sequence[str], source: MxnetSource, options: ExportOptions, path: Path) -> Record:
    """Export, and do what is asked for with the file."""
    result, peak = with_peak(lambda: export_loaded(source, path, options, verify=False))
    params = sum(np.asarray(array).nbytes for array in source.network.weights.values())
    record = describe_symbol(source.network.symbol) | describe_file(path, result.metadata)
    record["export"] = describe_export(result, peak, params)
    if PARITY in phases:
        record |= compare(source, options, result, tuple(record["inputs"][0][-2:]))
    if SPEED in phases and record.get("verdict") != FAILED:
        speed = measure_speed(source.network, path, result.metadata)
        record |= {"speed": speed, "threads": usable_cpus()}
    return record


def compare(
    source: MxnetSource, options: ExportOptions, result: ExportResult, size: tuple[int, int]
) -> Record:
    """Hold both engines against MXNet."""
    reference = source.convert(options).make_reference()
    assert reference is not None
    cached = CachedReference(reference)
    problems, parities = [], {}
    for engine in ENGINES:
        cached.inputs.clear()
        runs = run_both(result.path, result.metadata, cached, engine, seeded_inputs, is_joined=False)
        parity = measure(runs, result.metadata, size)
        if parity.missed and result.metadata.detection is not None:
            excuse_ties(parity, cached, list(cached.inputs), result.metadata.detection)
        parities[engine] = parity.to_dict()
        problems += find_problems(engine, runs, result.metadata, parity)
    return {"parity": parities, "verdict": FAILED if problems else PASSED, "reason": "; ".join(problems)}


def describe_symbol(symbol: Symbol) -> Record:
    """Count MXNet's operators, and list their kinds."""
    operators = [node.op for node in symbol.nodes if not node.is_variable]
    return {
        "operators": len(operators),
        "distinct": len(set(operators)),
        "variants": sorted(list_variants(symbol)),
    }


def describe_file(path: Path, metadata: ModelMetadata) -> Record:
    """Read what the exported file is."""
    graph = onnx.load(str(path), load_external_data=False).graph
    inputs = [[d.dim_value for d in value.type.tensor_type.shape.dim] for value in graph.input]
    return {
        "task": metadata.task.name,
        "variant": metadata.variant,
        "inputs": inputs,
        "nodes": len(graph.node),
        "bytes": path.stat().st_size,
    }


def describe_export(result: ExportResult, peak: int | None, params: int) -> Record:
    """Say what the export took; the parameters, which are loaded before, count as its memory too."""
    return {
        "seconds": round(result.seconds["convert"] + result.seconds["write"], 3),
        "params_bytes": params,
        "peak_over_params": round((peak + params) / params, 2) if peak is not None else None,
    }


def find_problems(engine: str, runs: Runs, metadata: ModelMetadata, parity: Parity) -> list[str]:
    """Say in which ways an engine's outputs are not MXNet's; an export also checks ONNX Runtime's itself."""
    problems = []
    if parity.worst > parity.tolerance:
        name = max(parity.errors, key=lambda key: parity.errors[key])
        problems.append(f"{engine}: {name} differs by {parity.worst:.2g}, allowed {parity.tolerance:g}")
    if parity.missed:
        problems.append(f"{engine}: {len(parity.missed)} of {parity.rows} rows not found")
    if engine == "onnxruntime":
        refused = [row for row in compare_all(runs.found, runs.expected, metadata) if not row.passed]
        problems += [
            f"export refuses '{row.name}': {row.max_error:.2g}, allowed {row.tolerance:g}" for row in refused
        ]
    return problems
