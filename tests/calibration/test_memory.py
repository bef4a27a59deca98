"""Calibration needs no more memory for many pictures than for some."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import ModelMetadata, format_metadata
from gcv_edge.tasks import CLASSIFICATION
from tests.support.calibration_graphs import Net, drawn

PROGRAM = """
import resource, sys
import numpy as np
from gcv_edge.calibration import CalibrationOptions, calibrate

random = np.random.RandomState(0)
frames = (random.randint(0, 256, (24, 24, 3), np.uint8) for _ in range(int(sys.argv[2])))
options = CalibrationOptions(correction="none", time_forms=False)
result = calibrate(sys.argv[1], frames, sys.argv[1] + ".int8.onnx", mode="mse", options=options)
print(result.pictures + result.held_out, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(path: Path, pictures: int) -> int:
    """Kilobytes that a process took at most."""
    command = [sys.executable, "-c", PROGRAM, str(path), str(pictures)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    read, kilobytes = map(int, run.stdout.split())
    assert read == pictures
    return kilobytes


@pytest.mark.parametrize(
    "pictures",
    [
        1500,
        # What the README says; five times 300 would show the same growth, in every run.
        pytest.param(5000, marks=pytest.mark.slow),
    ],
)
def test_many_pictures_take_hardly_more_than_300(pictures: int, tmp_path: Path) -> None:
    net = Net(channels=3, size=24)
    value = net.relu(net.conv(net.relu(net.conv(net.data, 16, name="one")), 32, stride=2, name="other"))
    flat = net.graph.op("Flatten", [net.graph.op("GlobalAveragePool", [value], "mean")], "flat", axis=1)
    model = net.model(
        logits=net.graph.op("Gemm", [flat, net.graph.constant(drawn(9, 4, 32))], "dense", transB=1)
    )
    model.metadata_props.update(format_metadata(ModelMetadata(CLASSIFICATION)))
    write_model(model, tmp_path / "net.onnx")
    assert peak(tmp_path / "net.onnx", pictures) < 1.2 * peak(tmp_path / "net.onnx", 300)
