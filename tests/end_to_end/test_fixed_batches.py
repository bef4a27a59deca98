"""Files of a fixed batch are calibrated, pruned and measured by the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gcv_edge import load
from gcv_edge.benchmarking import Settings, benchmark, list_variants
from gcv_edge.calibration import CalibrationOptions, calibrate
from gcv_edge.errors import GcvEdgeError, UnsupportedError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.prune import prune
from gcv_edge.prune.fitting.calibration_set import noise_frames
from tests.support.symbol_files import Entry, SymbolFile

SIDE = 16


def frames(count: int) -> list[np.ndarray]:
    return list(noise_frames(count, (SIDE, SIDE), seed=count))


def write(folder: Path, batch: int, width: int = 16) -> Path:
    """A classifier of a fixed batch, one of whose layers has channels that may go."""
    net = SymbolFile()
    first: Entry = net.op("Activation", "relu", net.conv("first", net.data, width, 3), act_type="relu")
    net.channels = width
    shape = (batch, 3, SIDE, SIDE)
    source = net.save(folder, net.classes(4, first))
    return export(
        source, folder / "net.onnx", options=ExportOptions(shape, mean=(127.0,), scale=(64.0,))
    ).path


@pytest.mark.parametrize(
    ("batch", "given", "counted", "compared"),
    [(1, 20, 15, 5), (4, 34, 24, 8), (16, 20, 16, 16), (16, 5, 5, 5)],
)
def test_calibration_counts_pictures(
    batch: int, given: int, counted: int, compared: int, tmp_path: Path
) -> None:
    options = CalibrationOptions(correction="fast", time_forms=False)
    result = calibrate(
        write(tmp_path, batch), frames(given), tmp_path / "q.onnx", mode="minmax", options=options
    )
    assert (result.pictures, result.held_out) == (counted, compared)
    assert load(result.path).run_batch(frames(3))[2].top is not None


@pytest.mark.parametrize("batch", [1, 4, 16])
def test_pruning_of_a_fixed_batch(batch: int, tmp_path: Path) -> None:
    result = prune(write(tmp_path, batch), frames(20), tmp_path / "p.onnx", macs=0.7)
    assert result.widths == {"first": (16, 8)}


@pytest.mark.parametrize("batch", [1, 4, 16])
def test_layers_too_narrow_to_prune_are_named(batch: int, tmp_path: Path) -> None:
    source = write(tmp_path, batch, width=8)
    with pytest.raises(UnsupportedError, match=r"no channels can go: layers keep a multiple of 8, .* has 8$"):
        prune(source, frames(20), tmp_path / "p.onnx", macs=0.7)


def test_a_benchmark_says_which_batch_a_file_takes(tmp_path: Path) -> None:
    variants = list_variants([write(tmp_path, 4)], ("f32",))
    with pytest.raises(
        GcvEdgeError, match="found a fixed batch of 4, expected one that divides 1: --batch 4"
    ):
        benchmark(variants, Settings(rounds=3, seconds=0.02))
    found = benchmark(variants, Settings(batches=(4,), rounds=3, seconds=0.02))
    assert [row.batch for row in found.rows] == [4]
