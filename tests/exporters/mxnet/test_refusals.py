"""Inputs that MXNet itself refuses are answered on one line."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export

SIZES = "give a size that 32 divides, such as 1,3,96,128"


@pytest.mark.parametrize(
    ("name", "shape", "why"),
    [
        (
            "icnet_resnet50_citys",
            (97, 129),
            r"ICNet joins maps of several strides: '\w+' found \[1,128,13,17\], expected \[1,128,12,16\]: "
            + SIZES,
        ),
        (
            "psp_resnet101_citys",
            (97, 129),
            r"PSPNet joins maps of several strides: '\w+' found \[1,512,12,16\], expected \[1,-1,13,17\]: "
            + SIZES,
        ),
        (
            "faster_rcnn_resnet50_v1b_voc",
            (600, 2100),
            r"R-CNN has anchors for pictures up to one size only: '\w+' found 132 cells, expected at most "
            "128: give a smaller size",
        ),
        (
            "inceptionv3",
            (250, 350),
            r"Inception averages its last map in a window of one size: '\w+' found 6 cells, expected at "
            "least 8: give a larger size",
        ),
    ],
)
def test_zoo_networks(
    name: str,
    shape: tuple[int, int],
    why: str,
    mxnet: ModuleType,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    options = ExportOptions(input_shape=(1, 3, *shape))
    message = rf"^{name}: MXNet cannot trace it at \(1, 3, {shape[0]}, {shape[1]}\): {why}$"
    with pytest.raises(UnsupportedError, match=message):
        export(name, tmp_path / "net.onnx", options=options, random_weights=0)
    assert "infer_shape" not in capfd.readouterr().out


@pytest.mark.parametrize("name", ["icnet_resnet50_citys", "psp_resnet101_citys"])
def test_the_size_that_is_named_will_do(name: str, mxnet: ModuleType, tmp_path: Path) -> None:
    options = ExportOptions(input_shape=(1, 3, 96, 128))
    assert export(name, tmp_path / "net.onnx", options=options, random_weights=0, verify=False).path.exists()


def test_symbol_files(mxnet: ModuleType, tmp_path: Path) -> None:
    """MXNet's elementwise sum does not repeat a map of one number, as ONNX's does."""
    data = mxnet.sym.var("data")
    total = data + mxnet.sym.mean(data, axis=(2, 3), keepdims=True)
    total.save(str(tmp_path / "net-symbol.json"))
    mxnet.nd.save(str(tmp_path / "net-0000.params"), {"arg:unused": mxnet.nd.zeros(1)})
    options = ExportOptions(input_shape=(1, 3, 8, 8), task="tensors")
    with pytest.raises(
        UnsupportedError, match=r"^net: MXNet cannot run it at .* found \[1,3,1,1\], expected \[1,3,8,8\]"
    ) as found:
        export(str(tmp_path / "net-symbol.json"), tmp_path / "net.onnx", options=options)
    assert "\n" not in str(found.value)
    assert not (tmp_path / "net.onnx").exists()
