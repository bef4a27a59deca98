"""What is asked of a calibration, and the network that it is asked of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import onnx_ir as ir

from gcv_edge.calibration.feeding import Feeder
from gcv_edge.calibration.options import CalibrationOptions
from gcv_edge.calibration.placement import Placement
from gcv_edge.calibration.recipes import Workshop
from gcv_edge.calibration.targets import Target, find_target
from gcv_edge.calibration.thresholds import find_mode
from gcv_edge.errors import GcvEdgeError, UnsupportedError, UsageError
from gcv_edge.measure.findings import environment, hash_file, key_of
from gcv_edge.metadata import ModelMetadata
from gcv_edge.pipeline import Stages
from gcv_edge.runtime.modelfile import read_metadata

MIN_OPSET = 13
"""The first in which weights have a scale per channel."""


@dataclass(frozen=True)
class Job:
    """One calibration.

    Attributes:
        source: the float file.
        output: file to write.
        target: form of the 8-bit numbers.
        mode: how ranges are chosen, or ``auto``.
        options: further choices.
        metadata: of the float file.
        floating: the network, prepared.
        placement: where it can be quantised.
        watch: times the stages and announces them.
    """

    source: Path
    output: Path
    target: Target
    mode: str
    options: CalibrationOptions
    metadata: ModelMetadata
    floating: ir.Model
    placement: Placement
    watch: Stages

    @property
    def layers(self) -> list[str]:
        """Names of the layers that can be quantised, in the graph's order."""
        return [layer.name or "" for layer in self.placement.layers]

    @property
    def findings_path(self) -> Path:
        """File beside the output that keeps what has been found out."""
        return self.output.with_name(f".{self.output.name}.calibration")

    @cached_property
    def key(self) -> str:
        """What every finding depends on: the float file, versions and the processor."""
        return key_of(hash_file(self.source), environment())

    def feeder(self) -> Feeder:
        """Return a new maker of batches."""
        inputs = self.floating.graph.inputs
        dtype = inputs[0].dtype or ir.DataType.FLOAT
        return Feeder({value.name or "": lengths_of(value) for value in inputs}, self.metadata, dtype.numpy())


def open_job(
    source: Path, output: Path, target: str, mode: str, options: CalibrationOptions, watch: Stages
) -> Job:
    """Load a network and make sure that what is asked can be done.

    Raises:
        UsageError: an unknown target, mode or layer.
        UnsupportedError: the network is 8-bit already, or has nothing that could be.
    """
    form, ranges = find_target(target), find_mode(mode)
    metadata = read_metadata(source)
    if metadata.variant != "fp32":
        raise UnsupportedError(f"{source}: found variant '{metadata.variant}', expected 'fp32'")
    floating, placement = Workshop(source, form).placement()
    check_network(source, floating, placement)
    check_names(options.keep_float, placement)
    return Job(source, output, form, ranges, options, metadata, floating, placement, watch)


def check_network(source: Path, model: ir.Model, placement: Placement) -> None:
    """Refuse a network that cannot be quantised."""
    opset = model.opset_imports.get("", 0)
    if opset < MIN_OPSET:
        raise UnsupportedError(
            f"{source}: found opset {opset}, expected {MIN_OPSET} or later, where weights have a scale per "
            "channel"
        )
    if not placement.layers:
        raise UnsupportedError(f"{source}: no layer can be quantised: it has no convolution or dense layer")


def check_names(names: Iterable[str], placement: Placement) -> None:
    """Refuse layers that are not there."""
    layers = {layer.name for layer in placement.layers}
    for name in names:
        if name not in layers:
            raise UsageError(
                f"keep_float: found '{name}', expected names of layers, such as '{next(iter(layers))}'"
            )


def lengths_of(value: ir.Value) -> tuple[Any, ...]:
    """Return a graph input's shape, None where it is open.

    Raises:
        GcvEdgeError: it has none.
    """
    if value.shape is None:
        raise GcvEdgeError(f"input '{value.name}' has no shape")
    return tuple(dim if isinstance(dim, int) else None for dim in value.shape)
