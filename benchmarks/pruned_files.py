"""What is asked of a pruned network, and what becomes of it in 8 bits."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import onnx_ir as ir

from benchmarks.records import Record
from gcv_edge.calibration import CalibrationOptions, calibrate
from gcv_edge.graph.writing import write_model
from gcv_edge.measure.networks import compare_speed
from gcv_edge.runtime.modelfile import read_entries


def spell_goal(asked: float, by_macs: bool) -> dict[str, Any]:
    """Ask for a speed-up, or for the work that would be left if time followed it."""
    return {"macs": 1 / asked} if by_macs else {"speedup": asked}


def in_8_bits(
    source: Path, pruned: ir.Model, frames: Iterable[Any], score: Callable[[Path], float], whole: float
) -> Record:
    """Calibrate a pruned network; what that loses of the whole float network's score, and how fast it is."""
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "pruned.onnx"
        pruned.metadata_props.update(read_entries(source))
        write_model(pruned, small)
        result = calibrate_quickly(small, frames)
        after, float_after = score(result), score(small)
        return {
            "score": round(after, 2),
            "drop": round(whole - after, 2),
            "more": round(float_after - after, 2),
            "speedup": round(speed_up(source, result), 3),
        }


def calibrate_quickly(path: Path, frames: Iterable[Any]) -> Path:
    """Make an 8-bit file beside a float one; layers that 8 bits make slower here stay float."""
    output = path.with_name(f"{path.stem}_int8.onnx")
    return calibrate(path, frames, output, options=CalibrationOptions()).path


def speed_up(before: Path, after: Path) -> float:
    """Return how many times as fast as another a file is."""
    seconds = compare_speed([before, after])
    return seconds[0] / seconds[1]


def tell(stage: str, done: int, total: int) -> None:
    """Show how far a stage is."""
    print(f"{stage} {done}/{total}", end="\n" if done == total else "\r", file=sys.stderr, flush=True)
