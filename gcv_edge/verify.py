"""Checking that an exported file computes what its source computes.

The file runs in ONNX Runtime on a black, a noisy and a real picture, one by one and as a batch of three. Its
outputs are held against MXNet's own where MXNet is installed, else against OpenVINO's; later, on the device,
against the numbers that this check left in the file.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcv_edge.agreement import (
    Comparison,
    Spreads,
    at_picture,
    compare_run,
    count_detections,
    measure_spreads,
)
from gcv_edge.engines import choose_engine, installed_engines, require_openvino
from gcv_edge.errors import MissingExtraError, ModelFileError, UnsupportedError
from gcv_edge.exporters.framing import own_fit
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pictures import NOISE_SEED, noise_seeds
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions
from gcv_edge.store import find_model
from gcv_edge.tasks import TENSORS
from gcv_edge.verification.remarks import remark
from gcv_edge.verification.runs import Trial, openvino_reference, run_both, run_noise
from gcv_edge.verification.samples import stored_error, stored_tolerance
from gcv_edge.verification.stability import Movements, set_unstable_aside
from gcv_edge.verification.verdict import Verification

if TYPE_CHECKING:
    from gcv_edge.exporters.source import Reference

Progress = Callable[[str], None]

PART = re.compile(r"\.part(\d+)$")
"""End of the name of a part of a network."""


def ignore(stage: str) -> None:
    """Tell nobody."""


def verify_model(
    path: str | os.PathLike[str],
    *,
    against: str | None = None,
    params: str | os.PathLike[str] | None = None,
    progress: Progress = ignore,
) -> Verification:
    """Check a file against its source, or against the numbers stored in it.

    Args:
        path: the file, or its name in the store.
        against: zoo name, symbol file or factory that the file was exported from; needs MXNet.
        params: parameters that go with ``against``.
        progress: called with the name of what runs the file, before it opens it.

    Raises:
        GcvEdgeError: a file cannot be read, or MXNet is needed and missing, or computes this source wrongly.
    """
    file = find_model(path)
    metadata = read_metadata(file)
    if against is None:
        return check_stored(file, metadata, progress)
    try:
        from gcv_edge.exporters.loading import load_source
        from gcv_edge.exporters.source import ExportOptions
    except ImportError as missing:
        raise MissingExtraError(f"--against {against}", "export") from missing
    part = PART.search(metadata.source)
    progress(choose_engine())
    shape, *further = open_session(file).inputs.values()
    fit = own_fit(metadata.preprocessing)
    options = ExportOptions(
        input_shape=None if part or fit else (1, *shape[1:]),
        further_shapes=() if part else tuple(further),
        labels=metadata.labels,
        task=metadata.task.name,
        part=int(part.group(1)) if part else None,
        fit=fit,
    )
    progress("the source")
    exported = load_source(against, params, options).convert(options)
    reference = exported.make_reference()
    if reference is None and importlib.util.find_spec("mxnet") is None:
        raise MissingExtraError(f"--against {against}", "mxnet")
    if reference is None:
        raise UnsupportedError("; ".join([f"--against {against}: it cannot be compared", *exported.notes]))
    progress(f"onnxruntime or {reference.name}")
    return check_export(file, metadata, reference)


def check_export(file: Path, metadata: ModelMetadata, reference: Reference | None) -> Verification:
    """Hold a file's outputs in ONNX Runtime against a reference's (None: OpenVINO's).

    An output that differs no more than rounding alone moves the reference's own is told, and judged by the
    other pictures.

    Raises:
        MissingExtraError: there is no reference, and OpenVINO is not installed.
    """
    if reference is None:
        require_openvino("verification without the source's framework")
    runs = run_both(file, metadata, reference, "onnxruntime")
    trials, alone = runs.trials(), runs.trials()[: len(runs.inputs)]
    spreads = measure_spreads(runs.expected, metadata)
    movements = Movements(lambda: reference or openvino_reference(file), metadata, spreads, trials)
    comparisons, unstable = set_unstable_aside(compare_trials(trials, metadata, spreads), movements)
    told = [f"{name}: unstable on {kind}, {what}; not counted" for (name, kind), what in unstable.items()]
    noise = dict(zip(runs.inputs, runs.found, strict=False))["noise"]
    return Verification(
        reference=runs.reference,
        comparisons=refuse_empty_lists(comparisons, alone, metadata),
        inputs=runs.inputs,
        batches=runs.batches,
        engine=runs.engine,
        shapes=runs.shapes,
        seeds=noise_seeds(runs.inputs),
        remarks=(*told, *remark(alone, metadata, spreads)),
        noise={name: value for name, value in noise.items() if (name, "noise") not in unstable},
        spreads=spreads,
    )


def compare_trials(trials: Sequence[Trial], metadata: ModelMetadata, spreads: Spreads) -> list[Comparison]:
    """Compare every output on every picture."""
    filled = {name for trial in trials for name, value in trial.expected.items() if value.size}
    trials = [leave_empty_out(trial, filled) for trial in trials] if metadata.task is TENSORS else trials
    return [
        comparison
        for trial in trials
        for comparison in at_picture(
            compare_run(trial.found, trial.expected, metadata, spreads), trial.picture
        )
    ]


def leave_empty_out(trial: Trial, filled: set[str]) -> Trial:
    """Leave out lists that are empty on both sides on this picture, but not on every other."""
    empty = {
        name
        for name in filled & trial.found.keys() & trial.expected.keys()
        if trial.found[name].shape == trial.expected[name].shape and not trial.found[name].size
    }
    found, expected = (
        {name: value for name, value in outputs.items() if name not in empty}
        for outputs in (trial.found, trial.expected)
    )
    return replace(trial, found=found, expected=expected)


def refuse_empty_lists(
    comparisons: Sequence[Comparison], alone: Sequence[Trial], metadata: ModelMetadata
) -> tuple[Comparison, ...]:
    """Let a comparison of lists alone fail where no list holds a detection: nothing was compared."""
    settings = metadata.detection
    is_only = [comparison.name for comparison in comparisons] == ["detections"]
    if settings is None or not is_only or count_detections([trial.found for trial in alone], settings):
        return tuple(comparisons)
    return (replace(comparisons[0], problem="hold no detection on any picture: nothing was compared"),)


def check_stored(file: Path, metadata: ModelMetadata, progress: Progress) -> Verification:
    """Run the engines of this machine, and hold them against the numbers in the file.

    Raises:
        ModelFileError: the file holds none.
        GcvEdgeError: no engine is installed.
    """
    choose_engine()
    comparisons = []
    for engine in installed_engines():
        progress(engine)
        comparisons += compare_stored(file, metadata, engine)
    if not metadata.self_test:
        in_graph = metadata.detection is not None and metadata.detection.nms == "graph"
        why = "lists made in the graph have none" if in_graph else "it was exported without verification"
        raise ModelFileError(file, f"no self-test in the file: {why}; use --against SOURCE")
    stored = metadata.verification
    return Verification(
        reference=f"numbers stored at export ({stored.get('reference', 'export')})",
        comparisons=tuple(comparisons),
        inputs=("noise",),
        batches=(1,),
        seeds={"noise": NOISE_SEED},
        remarks=read_lines(stored.get("remarks")),
        notes=read_lines(stored.get("notes")),
    )


def compare_stored(file: Path, metadata: ModelMetadata, engine: str) -> list[Comparison]:
    """Hold an engine against the numbers in the file."""
    outputs = run_noise(open_session(file, SessionOptions(engine=engine)), metadata)
    is_rounded = metadata.variant == "int8"
    return [
        Comparison(
            f"{test['output']} ({engine})",
            stored_error(outputs, test, file, is_rounded),
            stored_tolerance(test, is_rounded),
            picture="noise",
        )
        for test in metadata.self_test
    ]


def read_lines(stored: Any) -> tuple[str, ...]:
    """Return lines that a file holds; none for anything else."""
    return tuple(map(str, stored)) if isinstance(stored, list) else ()
