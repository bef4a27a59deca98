"""What is asked of a calibration: the caller's options, and the network that they are for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import onnx_ir as ir

from gcv_edge.calibration.batches import FrameBatcher
from gcv_edge.calibration.bias_correction import KINDS
from gcv_edge.calibration.graph_rewrites import prepare
from gcv_edge.calibration.progress import CountedStages
from gcv_edge.calibration.qdq_placement import QdqPlacement, place
from gcv_edge.calibration.quantization_parameters import Target, comparison_engine, find_target
from gcv_edge.calibration.ranges import AUTO, MODES, find_mode
from gcv_edge.errors import GcvEdgeError, UnsupportedError, UsageError
from gcv_edge.measure.result_cache import environment, hash_file, key_of
from gcv_edge.metadata import ModelMetadata
from gcv_edge.runtime.modelfile import read_metadata

MIN_OPSET = 13
"""The first in which weights have a scale per channel."""


@dataclass(frozen=True)
class CalibrationOptions:
    """What a caller may choose beside network, pictures and target.

    Attributes:
        correction: of biases: ``auto``, ``none``, ``fast`` or ``full``.
        keep_float: names of layers that stay float in any case.
        data: name of the pictures, for the record.
        data_hash: of the pictures, for the record; empty: SHA-256 over the frames read.
        measured_hash: of the pictures that the score is measured on, for the record.
        score_hash: of what the score depends on beside the file (pictures, labels, metric). If it is empty,
            that is not known, and an interrupted call's scores are not used again.
        metric, measured: what the score is, for the record: ``top-1``; ``accuracy`` or ``agreement``.
        time_forms: time float and 8-bit forms on this machine.
        float_kernels: return layers to float that OpenVINO has no 8-bit kernel for here; for target x86.
        sensitivity: measure every layer's, not only where the search for float layers needs it.
        deadline: when that search ends at the latest, on the clock ``time.monotonic``.
    """

    correction: str = "auto"
    keep_float: tuple[str, ...] = ()
    data: str = ""
    data_hash: str = ""
    measured_hash: str = ""
    score_hash: str = ""
    metric: str = ""
    measured: str = ""
    time_forms: bool = True
    float_kernels: bool = True
    sensitivity: bool = False
    deadline: float = math.inf

    def __post_init__(self) -> None:
        if self.correction not in ("auto", *KINDS):
            raise UsageError(f"correction: found '{self.correction}', expected auto, {', '.join(KINDS)}")


@dataclass(frozen=True)
class CalibrationJob:
    """One calibration.

    Attributes:
        source: the float file.
        output: file to write.
        target: form of the 8-bit numbers.
        mode: how ranges are chosen, or ``auto``.
        options: the caller's.
        metadata: of the float file.
        floating: its network, prepared (``graph_rewrites.prepare``).
        placement: all that can be quantised of it.
        watch: times the stages and announces them.
    """

    source: Path
    output: Path
    target: Target
    mode: str
    options: CalibrationOptions
    metadata: ModelMetadata
    floating: ir.Model
    placement: QdqPlacement
    watch: CountedStages

    @property
    def layers(self) -> list[str]:
        """Names of the layers that can be quantised, in the graph's order."""
        return self.placement.layer_names

    @property
    def modes(self) -> tuple[str, ...]:
        """Ways to choose ranges that are compared."""
        return MODES if self.mode == AUTO else (self.mode,)

    @property
    def engine(self) -> str:
        """Engine in which 8-bit files are compared with the float file."""
        return comparison_engine(self.target)

    @cached_property
    def key(self) -> str:
        """Hash of what every result depends on: the float file, versions and the processor."""
        return key_of(hash_file(self.source), environment())

    def batcher(self) -> FrameBatcher:
        """Return a new maker of batches."""
        inputs = self.floating.graph.inputs
        dtype = inputs[0].dtype or ir.DataType.FLOAT
        return FrameBatcher(
            {value.name or "": lengths_of(value) for value in inputs}, self.metadata, dtype.numpy()
        )


def cache_path(output: Path) -> Path:
    """Name the hidden file beside an output in which an interrupted calibration leaves its results."""
    return output.with_name(f".{output.name}.calibration")


def open_job(
    source: Path, output: Path, target: str, mode: str, options: CalibrationOptions, watch: CountedStages
) -> CalibrationJob:
    """Load a network and make sure that what is asked can be done.

    Raises:
        UsageError: an unknown target, mode or layer.
        UnsupportedError: the network is 8-bit already, or has no layer that could be.
    """
    form, ranges = find_target(target), find_mode(mode)
    metadata = read_float_metadata(source)
    floating, placement = load_quantizable(source)
    check_names(options.keep_float, placement)
    return CalibrationJob(source, output, form, ranges, options, metadata, floating, placement, watch)


def read_float_metadata(source: Path) -> ModelMetadata:
    """Read the metadata of a file that is to be made smaller and faster.

    Raises:
        UnsupportedError: the network is 8-bit already.
    """
    metadata = read_metadata(source)
    if metadata.variant != "fp32":
        raise UnsupportedError(f"{source}: found variant '{metadata.variant}', expected 'fp32'")
    return metadata


def load_quantizable(source: Path) -> tuple[ir.Model, QdqPlacement]:
    """Load a float file; return its network, prepared, and all that can be quantised of it.

    Raises:
        UnsupportedError: its opset has one scale for all weights of a layer, or no layer can be quantised.
    """
    model = prepare(ir.load(source))
    opset, placement = model.opset_imports.get("", 0), place(model.graph)
    if opset < MIN_OPSET:
        raise UnsupportedError(
            f"{source}: found opset {opset}, expected {MIN_OPSET} or later, where weights have a scale per "
            "channel"
        )
    if not placement.layers:
        raise UnsupportedError(f"{source}: no layer can be quantised: it has no convolution or dense layer")
    return model, placement


def check_names(names: Iterable[str], placement: QdqPlacement) -> None:
    """Refuse layers that are not there."""
    layers = placement.layer_names
    for name in names:
        if name not in layers:
            raise UsageError(f"keep_float: found '{name}', expected names of layers, such as '{layers[0]}'")


def lengths_of(value: ir.Value) -> tuple[Any, ...]:
    """Return a graph input's shape, None where it is open.

    Raises:
        GcvEdgeError: it has none.
    """
    if value.shape is None:
        raise GcvEdgeError(f"input '{value.name}' has no shape")
    return tuple(dim if isinstance(dim, int) else None for dim in value.shape)
