"""Detectors are exported for pictures of any size: what sizes these get, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gcv_edge import Detector, load
from gcv_edge.calibration import CalibrationOptions, calibrate
from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.framing import FrameFit, parse_fit
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.operators.reshaping import apply_codes_to_axes
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from gcv_edge.runtime.opening import open_session
from gcv_edge.verify import verify_model
from tests.data.detectors.make_detectors import FOLDER
from tests.support.symbol_files import SymbolFile

SIZES = [(200, 150), (60, 110), (90, 90), (300, 40), (64, 48), (50, 120), (128, 100), (40, 41)]


def export_detector(name: str, path: Path, **options: Any) -> ExportResult:
    return export(str(FOLDER / f"{name}-symbol.json"), path, options=ExportOptions(**options), verify=False)


@pytest.fixture(scope="module", params=["faster_rcnn", "mask_rcnn_fpn"])
def of_any_size(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes pictures of any size."""
    path = tmp_path_factory.mktemp("nets") / "net.onnx"
    return export_detector(request.param, path, fit=parse_fit("short:80,128")).path


def test_a_file_says_which_sizes_its_pictures_get(of_any_size: Path) -> None:
    model = load(of_any_size)
    assert isinstance(model, Detector)
    assert model.input_size == (107, 80)
    assert model.metadata.preprocessing.own_size((1920, 1080)) == (128, 72)
    session = model.session
    assert session.has_own_sizes
    assert session.input_shape == (1, 3, 80, 107)
    for shape in ((1, 3, 80, 107), (1, 3, 128, 50), (1, 3, 33, 77)):
        outputs = session.run(np.zeros(shape, np.float32))
        assert {name: value.shape[0] for name, value in outputs.items()} == dict.fromkeys(outputs, 1)
    with pytest.raises(ValueError, match=r"batch: found shape \(2, 3, 80, 107\), expected \(1, 3, 80, 107\)"):
        session.run(np.zeros((2, 3, 80, 107), np.float32))


def test_one_shape_is_still_to_be_had(tmp_path: Path) -> None:
    result = export_detector("faster_rcnn", tmp_path / "net.onnx", input_shape=(1, 3, 96, 128))
    assert result.metadata.preprocessing.resize_type == "fit_to_window"
    assert not result.metadata.preprocessing.has_own_sizes
    assert open_session(result.path).input_shape == (1, 3, 96, 128)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {},
            UsageError,
            "faster_rcnn: its anchors are for sides of up to 128 pixels, found 1000",
        ),
        ({"input_shape": (1, 3, 96, 160)}, UsageError, "up to 128 pixels, found 160"),
        ({"fit": FrameFit("short", sides=(80, 129))}, UsageError, "found 129: give --fit short:SHORT,128"),
        ({"fit": FrameFit("keep")}, UsageError, "--fit keep: its pictures have a size of their own"),
        (
            {"fit": FrameFit("short", sides=(80, 128)), "input_shape": (1, 3, 96, 128)},
            UsageError,
            "--fit short is for GluonCV's R-CNNs, SSDs, YOLOv3 and CenterNets, without --input-shape",
        ),
        ({"dynamic_batch": True}, UnsupportedError, "one picture at a time"),
    ],
)
def test_what_an_rcnn_cannot_be_asked_for(
    options: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        export_detector("faster_rcnn", tmp_path / "net.onnx", **options)


def test_a_name_that_tells_nothing_is_asked_about(tmp_path: Path) -> None:
    for end in ("-symbol.json", "-0000.params"):
        (tmp_path / f"mine{end}").write_bytes((FOLDER / f"faster_rcnn{end}").read_bytes())
    source = str(tmp_path / "mine-symbol.json")
    with pytest.raises(UsageError, match=r"mine: neither file nor name tells .* give --fit short:SHORT,LONG"):
        export(source, tmp_path / "net.onnx", verify=False)
    options = ExportOptions(fit=parse_fit("short:80,128"))
    assert export(
        source, tmp_path / "net.onnx", options=options, verify=False
    ).metadata.preprocessing.has_own_sizes


def test_networks_of_one_size_refuse_others(tmp_path: Path) -> None:
    file = SymbolFile()
    source = file.save(tmp_path, file.op("softmax", "prob", file.classes(4)))
    options = ExportOptions(input_shape=(1, 3, 16, 16), fit=parse_fit("short:80,128"))
    with pytest.raises(UsageError, match="--fit short is for GluonCV's R-CNNs, SSDs"):
        export(source, tmp_path / "net.onnx", options=options)


def test_a_layer_that_wants_one_size_is_named(tmp_path: Path) -> None:
    """CenterNet takes pictures of any size, but a deformable convolution does not."""
    message = (
        r"_contrib_ModulatedDeformableConvolution .* axis 2 of .* must have a known length, .*: it does not "
        r"take every size of --fit short:80,128: give larger sides, or --input-shape 1,3,H,W for one size"
    )
    with pytest.raises(UnsupportedError, match=message):
        export_detector("center_net", tmp_path / "net.onnx", fit=parse_fit("short:80,128"))


def test_two_open_lengths_are_reshaped_by_their_axes() -> None:
    shape = (1, 8, "height", "width")
    assert apply_codes_to_axes(shape, (0, -4, -1, 4, 0, 0)) == [1, 2, 4, (2,), (3,)]
    assert apply_codes_to_axes((1, 2, "height", 2, "width", 2), (0, 0, -3, -3)) == [1, 2, (2, 3), (4, 5)]
    assert apply_codes_to_axes((1, 2, 3, "height", "width"), (0, -3, -2)) == [1, 6, (3,), (4,)]
    for codes in ((0, 0, -1), (0, 0, 0), (0, 0, -4, 2, -1, 0), (0, 0, 0, 0, 0)):
        with pytest.raises(ValueError):  # noqa: PT011
            apply_codes_to_axes(shape, codes)


@pytest.mark.parametrize(
    "text", ["short", "short:800", "short:0,800", "short:900,800", "short:1,9999", "short:a,b"]
)
def test_sides_are_two_numbers(text: str) -> None:
    with pytest.raises(UsageError, match=f"--fit {text}: expected short:SHORT,LONG such as short:800,1333"):
        parse_fit(text)


@pytest.mark.parametrize(
    ("name", "sides"),
    [
        ("faster_rcnn_resnet50_v1b_voc", (600, 1000)),
        ("doublehead_rcnn_resnet50_v1b_voc", (600, 1000)),
        ("faster_rcnn_resnet101_v1d_custom", (600, 1000)),
        ("mask_rcnn_fpn_resnet18_v1b_coco", (800, 1333)),
        ("faster_rcnn_fpn_syncbn_resnest50_coco", (800, 1333)),
        ("faster_rcnn_fpn_syncbn_resnest269_coco", (864, 1440)),
        ("ssd_300_vgg16_atrous_voc", None),
    ],
)
def test_names_tell_the_sizes_of_pictures(name: str, sides: tuple[int, int] | None) -> None:
    assert zoo.find_sides(name) == sides


@pytest.mark.slow  # builds every R-CNN of the zoo
def test_sides_are_the_zoos_own(gluoncv: Any) -> None:
    from gcv_edge.exporters.mxnet.live import find_own_sides
    from gcv_edge.exporters.mxnet.zoo_blocks import build_block

    for name in gluoncv.model_zoo.get_model_list():
        if "rcnn" in name and name != "custom_faster_rcnn_fpn":
            block = build_block(gluoncv, name, ("a", "b") if "custom" in name else ())
            assert find_own_sides(block) == zoo.find_sides(name), name


def test_a_file_is_calibrated_on_pictures_of_their_own_sizes(of_any_size: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (height, width, 3)).astype(np.uint8) for width, height in SIZES]
    options = CalibrationOptions(time_forms=False)
    result = calibrate(of_any_size, pictures, tmp_path / "int8.onnx", mode="minmax", options=options)
    assert result.layers > 5
    session = open_session(result.path)
    assert session.has_own_sizes
    assert (
        session.run(np.zeros((1, 3, 60, 90), np.float32)).keys() == open_session(of_any_size).outputs.keys()
    )


def test_a_file_is_held_against_its_source_upright_too(mxnet: object, tmp_path: Path) -> None:
    source = str(FOLDER / "faster_rcnn-symbol.json")
    options = ExportOptions(fit=parse_fit("short:80,128"))
    path = export(source, tmp_path / "net.onnx", options=options).path
    assert verify_model(path).passed
    verification = verify_model(path, against=source)
    assert verification.passed
    assert verification.reference.startswith("mxnet")
