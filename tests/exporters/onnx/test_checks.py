"""Files that engines die of are refused before any engine sees them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from tests.cli.conftest import error_line, shell
from tests.support.crashing_files import DEADLY, WRONG, write

MESSAGES = {
    "average pool of a huge stride": "AveragePool 'out': found strides=[4, 4294967296], expected 1 to 65536",
    "convolution without weights": "not a valid ONNX file (Node with schema(::Conv:11) has input size 1",
    "branch with a convolution without weights": "not a valid ONNX file (Node with schema(::Conv:11)",
    "branches thirty deep": "If 'inner': found 13 subgraphs in each other, expected 12 at most",
    "pool without an extent": "MaxPool 'out': found kernel_shape=[0, 0], expected 1 to 65536",
    "pool deep in its padding": "found pads=[9, 9, 9, 9], expected less than the kernel's 2",
    "convolution that stands still": "Conv 'out': found strides=[0, 0], expected 1 to 65536",
    "byte convolution that stands still": "ConvInteger 'sums': found strides=[0, 0], expected 1 to 65536",
    "branch with a pool without an extent": "MaxPool 'inner': found kernel_shape=[0, 0], expected 1 to 65536",
    "regions of no size": "RoiAlign 'out': found output_height=[0], expected 1 to 65536",
    "blocks of no size": "SpaceToDepth 'out': found blocksize=[0], expected 1 to 65536",
}


@pytest.mark.parametrize("is_ours", [False, True], ids=["foreign", "ours"])
@pytest.mark.parametrize("kind", DEADLY)
def test_what_kills_an_engine(kind: str, is_ours: bool, tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", DEADLY[kind], is_ours=is_ours)
    output = tmp_path / "out.onnx"
    process = shell(["-m", "gcv_edge", "export", file, "-o", output, "--task", "tensors"])
    assert process.returncode == 1
    line = error_line(process.stderr)
    assert line.startswith(f"{file}: ")
    assert MESSAGES[kind] in line
    assert not output.exists()


@pytest.mark.parametrize("kind", WRONG)
def test_what_makes_no_sense(kind: str, tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", WRONG[kind], is_ours=False)
    with pytest.raises(UnsupportedError) as refusal:
        export(str(file), tmp_path / "out.onnx", options=ExportOptions(task="tensors"))
    assert MESSAGES[kind] in str(refusal.value)
