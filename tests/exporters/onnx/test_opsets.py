"""Files of older and newer opsets compute what they did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gcv_edge.errors import ModelFileError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from tests.support.foreign_files import ForeignFile, floats, noise, run_file

OPTIONS = ExportOptions(task="tensors")


def upsample(file: ForeignFile, x: str, mode: str, factors: list[float]) -> str:
    if file.opset < 9:
        return file.op("Upsample", x, mode=mode, scales=[float(factor) for factor in factors])
    kind = "Upsample" if file.opset == 9 else "Resize"
    return file.op(kind, x, file.constant(factors), mode=mode)


def computed_upsample(file: ForeignFile, x: str, mode: str, factors: list[float]) -> str:
    """Scales as PyTorch 1.0 wrote them: from shapes that the graph computes."""
    lengths = file.op("Cast", file.op("Shape", x), to=1)
    larger = file.op("Floor", file.op("Mul", lengths, file.constant(factors)))
    scales = file.op("Div", larger, lengths)
    return file.op("Upsample" if file.opset == 9 else "Resize", x, scales, mode=mode)


@pytest.mark.parametrize(
    ("opset", "make", "mode", "factors", "why"),
    [
        (7, upsample, "linear", [1, 1, 2, 2], "scales are an attribute"),
        (7, upsample, "nearest", [1, 1, 3, 2], "scales are an attribute"),
        (9, upsample, "linear", [1, 1, 2, 2], "scales are an input"),
        (9, upsample, "linear", [1, 1, 1.5, 2.5], "elements are not repeated a whole number of times"),
        (9, computed_upsample, "linear", [1, 1, 2, 2], "scales are computed"),
        (10, upsample, "linear", [1, 1, 2, 2], "the first Resize"),
        (10, upsample, "nearest", [1, 1, 1.5, 1.5], "rounds down"),
        (10, upsample, "nearest", [1, 1, 0.4, 0.4], "rounds up"),
        (10, upsample, "linear", [1, 1, 0.5, 0.5], "maps shrink"),
        (10, computed_upsample, "linear", [1, 1, 3, 2], "scales are computed"),
    ],
)
def test_old_resizes(
    opset: int, make: Callable[..., str], mode: str, factors: list[float], why: str, tmp_path: Path
) -> None:
    file = ForeignFile(opset)
    x = file.features(file.input("x", [1, 3, 16, 24]))
    file.conv(make(file, x, mode, factors), 8, 5, name="maps")
    source = file.save(tmp_path / "old.onnx", {"maps": floats(1, 5, "h", "w")})
    check_same(source, tmp_path, noise(1, 3, 16, 24), why)


def gelu(file: ForeignFile, x: str) -> str:
    return file.op("Gelu", x)


def gelu_by_tanh(file: ForeignFile, x: str) -> str:
    return file.op("Gelu", x, approximate="tanh")


def grid_sample(file: ForeignFile, x: str) -> str:
    return file.op("GridSample", x, file.numbers(1, 4, 4, 2), mode="cubic")


def filled(file: ForeignFile, x: str) -> str:
    return file.op("Add", x, file.op("ConstantOfShape", file.op("Shape", x)))


@pytest.mark.parametrize("opset", [20, 21, 22])
@pytest.mark.parametrize("make", [gelu, gelu_by_tanh, grid_sample, filled])
def test_newer_opsets(opset: int, make: Callable[..., str], tmp_path: Path) -> None:
    file = ForeignFile(opset)
    x = file.features(file.input("x", [1, 3, 16, 24]))
    file.conv(make(file, x), 8, 5, name="maps")
    source = file.save(tmp_path / "new.onnx", {"maps": floats(1, 5, "h", "w")})
    check_same(source, tmp_path, noise(1, 3, 16, 24), make.__name__)


def check_same(source: Path, tmp_path: Path, x: np.ndarray, why: str) -> None:
    result = export(str(source), tmp_path / "adopted.onnx", options=OPTIONS)
    assert result.verification is not None
    assert result.verification.reference.startswith("original in onnxruntime")
    found, expected = run_file(result.path, x=x)["maps"], run_file(source, x=x)["maps"]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5, err_msg=why)


@pytest.mark.parametrize(
    ("opset", "kind", "message"),
    [
        (6, "Relu", "found opset 6, expected 7 or later"),
        (24, "Swish", "cannot be brought to opset 19"),
    ],
)
def test_what_has_no_way_back(opset: int, kind: str, message: str, tmp_path: Path) -> None:
    file = ForeignFile(opset)
    file.op(kind, file.input("x", [1, 3, 8, 8]), name="y")
    source = file.save(tmp_path / "file.onnx", {"y": floats(1, 3, 8, 8)})
    with pytest.raises(ModelFileError, match=message):
        export(str(source), tmp_path / "adopted.onnx", options=OPTIONS)
