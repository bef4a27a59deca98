"""Checking that an exported file computes what its source computes.

The file runs in ONNX Runtime on a black, a noisy and a real picture, one by one and as a batch of three. Its
outputs are held against MXNet's own where MXNet is installed, else against OpenVINO's; later, on the device,
against the numbers that this check left in the file.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.agreement import (
    ROUNDED_TOLERANCE,
    TOLERANCE,
    Array,
    Comparison,
    Outputs,
    comparable,
    compare_all,
    has_proposals,
    lists_peaks,
    output_scale,
    rounded_error,
    scaled_error,
)
from gcv_edge.errors import MissingExtraError, ModelFileError, UnsupportedError
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pictures import NOISE_SEED, Inputs, check_inputs, noise_inputs
from gcv_edge.runtime.memory import give_back
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.runtime.sessions import Session, SessionOptions, open_session
from gcv_edge.store import find_model
from gcv_edge.tasks import TENSORS

if TYPE_CHECKING:
    from gcv_edge.exporters.source import Batch, Reference

InputMaker = Callable[[Mapping[str, tuple[int, ...]], ModelMetadata], Mapping[str, Inputs]]
"""Makes what a network is tried on, by kind, for the shapes of its inputs."""

Samples = Sequence[Mapping[str, Any]]
"""Numbers of outputs as they are stored in a file (``sample_outputs``)."""

PART = re.compile(r"\.part(\d+)$")
"""End of the name of a part of a network."""

MILLIONTH = 1e-6

STORED_TOLERANCE = 2e-3
"""The same against stored numbers, which another CPU made."""

SORTED_TOLERANCE = 2e-2
"""The same for sorted numbers, among which another CPU's rounding may have exchanged a few."""

SORTED_ENDS = 0.01
"""Part of the smallest and of the largest sorted numbers that is not stored."""

TOGETHER = 3
"""Pictures in the batch that is tried."""

SAMPLES = 64
"""Numbers of each output that go into the file."""


@dataclass(frozen=True)
class Verification:
    """The verdict on a file.

    Attributes:
        reference: whose numbers the file's were held against.
        comparisons: one per output, and one for a detector's final list.
        inputs: pictures used.
        batches: batch sizes used.
        noise: outputs of the file for the noisy picture in ONNX Runtime, where they were computed.
    """

    reference: str
    comparisons: tuple[Comparison, ...]
    inputs: tuple[str, ...]
    batches: tuple[int, ...]
    noise: Outputs | None = field(default=None, repr=False, compare=False)

    @property
    def passed(self) -> bool:
        """Whether every comparison passed."""
        return bool(self.comparisons) and all(comparison.passed for comparison in self.comparisons)

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into the file."""
        return {
            "passed": self.passed,
            "reference": self.reference,
            "inputs": list(self.inputs),
            "batches": list(self.batches),
            "comparisons": [
                {"name": c.name, "max_error": float(f"{c.max_error:.3g}"), "tolerance": c.tolerance}
                for c in self.comparisons
            ],
        }


@dataclass(frozen=True)
class Runs:
    """Outputs of a file and of its reference for the same inputs.

    Attributes:
        reference: whose numbers ``expected`` are.
        found, expected: outputs by name, one entry per run.
        inputs: pictures used.
        batches: batch sizes used.
    """

    reference: str
    found: list[dict[str, Array]]
    expected: list[dict[str, Array]]
    inputs: tuple[str, ...]
    batches: tuple[int, ...]


def verify_model(
    path: str | os.PathLike[str], *, against: str | None = None, params: str | os.PathLike[str] | None = None
) -> Verification:
    """Check a file against its source, or against the numbers stored in it.

    Args:
        path: the file, or its name in the store.
        against: zoo name, symbol file or factory that the file was exported from; needs MXNet.
        params: parameters that go with ``against``.

    Raises:
        GcvEdgeError: a file cannot be read, or MXNet is needed and missing, or computes this source wrongly.
    """
    file = find_model(path)
    metadata = read_metadata(file)
    if against is None:
        return check_stored(file, metadata)
    try:
        from gcv_edge.exporters.loading import load_source
        from gcv_edge.exporters.source import ExportOptions
    except ImportError as missing:
        raise MissingExtraError(f"--against {against}", "export") from missing
    part = PART.search(metadata.source)
    shape, *further = open_session(file).inputs.values()
    options = ExportOptions(
        input_shape=None if part else (1, *shape[1:]),
        further_shapes=() if part else tuple(further),
        labels=metadata.labels,
        task=metadata.task.name,
        part=int(part.group(1)) if part else None,
    )
    exported = load_source(against, params, options).convert(options)
    reference = exported.make_reference()
    if reference is None and importlib.util.find_spec("mxnet") is None:
        raise MissingExtraError(f"--against {against}", "mxnet")
    if reference is None:
        raise UnsupportedError("; ".join([f"--against {against}: it cannot be compared", *exported.notes]))
    return check_export(file, metadata, reference)


def check_export(file: Path, metadata: ModelMetadata, reference: Reference | None) -> Verification:
    """Hold a file's outputs in ONNX Runtime against a reference's (None: OpenVINO's).

    Where they differ and the reference itself is undecided about the black picture, that is left out.
    """
    reference = reference or EngineReference(open_session(file))
    runs = run_both(file, metadata, reference, "onnxruntime")
    comparisons = compare_all(runs.found, runs.expected, metadata)
    is_good = all(comparison.passed for comparison in comparisons)
    if not is_good and "black" in runs.inputs and is_undecided(file, metadata, reference):
        runs = run_both(file, metadata, reference, "onnxruntime", without_black)
        comparisons = compare_all(runs.found, runs.expected, metadata)
    noise = dict(zip(runs.inputs, runs.found, strict=False))["noise"]
    return Verification(runs.reference, comparisons, runs.inputs, runs.batches, noise)


def is_undecided(file: Path, metadata: ModelMetadata, reference: Reference) -> bool:
    """Whether a millionth more than black gives another result.

    Of maps that are constant, InstanceNorm's variance is rounding, and what follows is that, magnified.
    """
    black = check_inputs(open_session(file).inputs, metadata)["black"]
    lighter = {name: array + np.float32(MILLIONTH) for name, array in black.items()}
    found, expected = reference.run(unnamed(lighter)), reference.run(unnamed(black))
    return any(scaled_error(name, found[name], value) > TOLERANCE for name, value in expected.items())


def without_black(shapes: Mapping[str, tuple[int, ...]], metadata: ModelMetadata) -> dict[str, Inputs]:
    """Make the inputs of ``check_inputs`` but for the black picture."""
    return {kind: inputs for kind, inputs in check_inputs(shapes, metadata).items() if kind != "black"}


def run_both(
    file: Path,
    metadata: ModelMetadata,
    reference: Reference | None,
    engine: str,
    make_inputs: InputMaker = check_inputs,
    is_joined: bool = True,
) -> Runs:
    """Run a file in an engine and its reference (None: OpenVINO) on the same inputs, one by one and joined.

    A detector that chooses inside its graph does not see the black picture: among equals it takes any.
    """
    found, inputs, kinds = run_file(file, metadata, engine, make_inputs, is_joined)
    give_back()
    reference = reference or EngineReference(open_session(file))
    expected = [reference.run(unnamed(data)) for data in inputs]
    batches = (1, TOGETHER) if len(inputs) > len(kinds) else (1,)
    return Runs(reference.name, found, expected, kinds, batches)


def run_file(
    file: Path, metadata: ModelMetadata, engine: str, make_inputs: InputMaker, is_joined: bool
) -> tuple[list[dict[str, Array]], list[Inputs], tuple[str, ...]]:
    """Run a file in an engine, which is gone before the reference takes as much memory again.

    Returns:
        outputs; the inputs, one by one and joined; their kinds.
    """
    single = open_session(file, SessionOptions(engine=engine))
    kinds = dict(make_inputs(single.inputs, metadata))
    is_alone = chooses_regions(single, metadata) or metadata.task is TENSORS
    if is_alone or lists_peaks("scores", metadata.detection):
        kinds.pop("black", None)
    inputs = list(kinds.values())
    found = [run_session(single, data) for data in inputs]
    if is_joined and not is_alone:
        order = [index % len(kinds) for index in range(TOGETHER)]
        inputs.append(stack_outputs([inputs[index] for index in order]))
        if single.dynamic_batch:
            found.append(run_together(file, inputs[-1], engine))
        else:
            found.append(stack_outputs([found[index] for index in order]))
    return found, inputs, tuple(kinds)


def chooses_regions(session: Session, metadata: ModelMetadata) -> bool:
    """Whether a detector has two stages: it takes one picture, and of a black one's equals arbitrary ones."""
    settings = metadata.detection
    if settings is not None and settings.nms == "graph":
        return settings.topk_per_class
    return len(session.outputs.get("boxes", ())) == 4


def run_together(file: Path, batch: Inputs, engine: str) -> dict[str, Array]:
    """Run a file whose batch is open on several pictures at once."""
    count = len(next(iter(batch.values())))
    return run_session(open_session(file, SessionOptions(engine=engine), batch=count), batch)


def unnamed(inputs: Inputs) -> Batch:
    """Return the only input without its name: other frameworks call it otherwise."""
    return next(iter(inputs.values())) if len(inputs) == 1 else inputs


class EngineReference:
    """An engine in the role of the reference."""

    def __init__(self, session: Session) -> None:
        self.name = session.engine
        self._session = session

    def run(self, batch: Batch) -> dict[str, Array]:
        """Compute the file's outputs, picture by picture."""
        if isinstance(batch, Mapping):
            return self._session.run(batch)
        (name,) = self._session.inputs
        return stack_outputs([run_session(self._session, {name: picture[None]}) for picture in batch])


def run_session(session: Session, batch: Inputs) -> dict[str, Array]:
    """Run a batch that fits, or one picture repeated to the file's fixed batch."""
    if {name: array.shape for name, array in batch.items()} == session.inputs:
        return session.run(batch)
    size = session.input_shape[0]
    outputs = session.run({name: np.repeat(array, size, axis=0) for name, array in batch.items()})
    return {name: value[:1] for name, value in outputs.items()}


def stack_outputs(outputs: Sequence[Outputs]) -> dict[str, Array]:
    """Join the outputs of single pictures to those of a batch."""
    return {name: np.concatenate([one[name] for one in outputs]) for name in outputs[0]}


def sample_outputs(
    file: Path, metadata: ModelMetadata, outputs: Outputs | None = None
) -> list[dict[str, Any]]:
    """Make the numbers that go into the file: samples of each output for the noisy picture.

    Args:
        file: the model.
        metadata: the file's own.
        outputs: for the noisy picture, where they are known.
    """
    if metadata.detection is not None and metadata.detection.nms == "graph":
        return []
    if outputs is None:
        outputs = run_noise(open_session(file, SessionOptions(engine="onnxruntime")), metadata)
    kinds = {name: arrangement(name, outputs, metadata) for name in outputs}
    arranged = {name: arrange(name, value, kinds[name]) for name, value in outputs.items()}
    return [
        {
            "input": "noise",
            "seed": NOISE_SEED,
            "output": name,
            "order": kinds[name],
            "shape": list(value.shape),
            "indices": (positions := sample_positions(value.size, kinds[name])).tolist(),
            "values": [float(f"{number:.8g}") for number in value.ravel()[positions]],
            "scale": float(f"{output_scale(value):.8g}"),
        }
        for name, value in arranged.items()
    ]


def compare_samples(samples: Samples, earlier: Samples) -> tuple[Comparison, ...]:
    """Compare stored numbers of two exports, where both sampled the same places of the same output."""
    key = ("input", "seed", "output", "shape", "indices")
    places = {json.dumps([test.get(name) for name in key]): test for test in earlier}
    found = ((test, places.get(json.dumps([test.get(name) for name in key]))) for test in samples)
    return tuple(
        Comparison(
            f"{test['output']} (earlier export)", sample_error(test, other), stored_tolerance(test, False)
        )
        for test, other in found
        if other is not None
    )


def sample_error(test: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """Largest difference of two sets of samples, in units of the output's scale."""
    difference = np.asarray(test["values"], np.float64) - np.asarray(other["values"], np.float64)
    return float(np.abs(difference).max(initial=0.0) / float(test["scale"]))


def arrangement(name: str, outputs: Outputs, metadata: ModelMetadata) -> str:
    """Choose in which order an output's numbers are stored: its own, unless rounding may change that."""
    unsure = has_proposals(outputs) or lists_peaks(name, metadata.detection)
    return "sorted" if unsure else "own"


def arrange(name: str, output: Array, order: str) -> Array:
    """Bring an output's numbers into an order; the shape stays."""
    values = comparable(name, output)
    return np.sort(values, axis=None).reshape(values.shape) if order == "sorted" else values


def sample_positions(size: int, order: str) -> NDArray[np.int64]:
    """Positions spread evenly over an output."""
    margin = int(SORTED_ENDS * size) if order == "sorted" else 0
    return np.unique(np.linspace(margin, size - 1 - margin, min(SAMPLES, size)).astype(np.int64))


def run_noise(session: Session, metadata: ModelMetadata) -> dict[str, Array]:
    """Run the noisy picture."""
    return run_session(session, noise_inputs(session.inputs, metadata))


def check_stored(file: Path, metadata: ModelMetadata) -> Verification:
    """Hold the engines of this machine against the numbers in the file.

    Raises:
        ModelFileError: the file holds none.
    """
    if not metadata.self_test:
        in_graph = metadata.detection is not None and metadata.detection.nms == "graph"
        cure = "a list made in the graph has none" if in_graph else "export it with verification"
        raise ModelFileError(file, f"no self-test in the file: {cure}, or use --against")
    engines = ["openvino"]
    if importlib.util.find_spec("onnxruntime") is not None:
        engines.append("onnxruntime")
    comparisons = []
    for engine in engines:
        outputs = run_noise(open_session(file, SessionOptions(engine=engine)), metadata)
        for test in metadata.self_test:
            is_rounded = metadata.variant == "int8"
            error = stored_error(outputs, test, file, is_rounded)
            tolerance = stored_tolerance(test, is_rounded)
            comparisons.append(Comparison(f"{test['output']} ({engine})", error, tolerance))
    reference = metadata.verification.get("reference", "export")
    return Verification(f"numbers stored at export ({reference})", tuple(comparisons), ("noise",), (1,))


def stored_tolerance(test: Mapping[str, Any], is_rounded: bool) -> float:
    """Choose how far samples may be off."""
    if is_rounded:
        return ROUNDED_TOLERANCE
    return SORTED_TOLERANCE if test.get("order") == "sorted" else STORED_TOLERANCE


def stored_error(outputs: Outputs, test: Mapping[str, Any], file: Path, is_rounded: bool) -> float:
    """Largest difference from stored samples, in units of the output's scale; see ``rounded_error``."""
    try:
        value = outputs[test["output"]]
        if list(value.shape) != test["shape"]:
            return float("inf")
        arranged = arrange(test["output"], value, test.get("order", "own"))
        found = arranged.ravel()[np.asarray(test["indices"], np.int64)]
        expected = np.asarray(test["values"])
        if is_rounded:
            return rounded_error(found, expected)
        return float(np.abs(found - expected).max() / float(test["scale"]))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelFileError(file, f"metadata key 'gcv_edge self_test' is damaged ({error})") from error
