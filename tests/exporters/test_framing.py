"""How frames are fitted into an input: by ``--fit``, else by one rule for all sources, which is printed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gcv_edge.errors import UsageError
from gcv_edge.exporters.framing import FrameFit, parse_fit
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from tests.support.foreign_files import ForeignFile, floats
from tests.support.symbol_files import SymbolFile

UNIT = ExportOptions(mean=(0.0,) * 3, scale=(255.0,) * 3)
CLASSES = 5


def export_symbol(folder: Path, options: ExportOptions) -> ExportResult:
    file = SymbolFile()
    softmax = file.op("softmax", "probabilities", file.dense("fc", file.trunk(), CLASSES, 8))
    return export(file.save(folder, softmax), folder / "out.onnx", options=options)


def export_onnx(folder: Path, options: ExportOptions) -> ExportResult:
    file = ForeignFile()
    file.vector(file.features(file.input("x", list(options.input_shape or ()))), 8, CLASSES, name="y")
    source = file.save(folder / "foreign.onnx", {"y": floats(1, CLASSES)})
    return export(str(source), folder / "out.onnx", options=options)


def export_torch(folder: Path, options: ExportOptions) -> ExportResult:
    pytest.importorskip("torch", reason="the extra [torch] is not installed", exc_type=ImportError)
    return export("torch_networks:classifier", folder / "out.onnx", options=options)


SOURCES = pytest.mark.parametrize("make", [export_symbol, export_onnx, export_torch])


@SOURCES
@pytest.mark.parametrize(
    ("size", "fitted", "note"),
    [
        ((224, 224), ("crop", 256), "assumed: the middle 87.5% of a frame is looked at (--fit)"),
        ((128, 160), ("crop", 147), "assumed: the middle 87.5% of a frame is looked at (--fit)"),
        ((32, 32), ("standard", 0), "assumed: frames are stretched to 32x32 (--fit)"),
        ((48, 96), ("standard", 0), "assumed: frames are stretched to 96x48 (--fit)"),
    ],
)
def test_a_classifier_that_nobody_knows_is_fitted_by_its_size_and_told(
    make: object, size: tuple[int, int], fitted: tuple[str, int], note: str, tmp_path: Path
) -> None:
    result = make(tmp_path, replace(UNIT, input_shape=(1, 3, *size)))  # type: ignore[operator]
    preprocessing = result.metadata.preprocessing
    assert (preprocessing.resize_type, preprocessing.crop_short) == fitted
    assert [line for line in result.notes if "--fit" in line] == [note]


@SOURCES
@pytest.mark.parametrize(
    ("asked", "fitted"),
    [
        ("stretch", ("standard", 0, 0.0)),
        ("crop", ("crop", 74, 0.0)),
        ("crop:1", ("crop", 64, 0.0)),
        ("crop:0.5", ("crop", 128, 0.0)),
        ("keep", ("fit_to_window", 0, 0.0)),
        ("letterbox:114", ("fit_to_window_letterbox", 0, 114.0)),
    ],
)
def test_what_is_asked_for_is_no_assumption(
    make: object, asked: str, fitted: tuple[str, int, float], tmp_path: Path
) -> None:
    options = replace(UNIT, input_shape=(1, 3, 64, 64), fit=parse_fit(asked))
    result = make(tmp_path, options)  # type: ignore[operator]
    found = result.metadata.preprocessing
    assert (found.resize_type, found.crop_short, found.pad_value) == fitted
    assert not any("--fit" in line for line in result.notes)


@pytest.mark.parametrize(
    "text", ["", "squash", "crop:", "crop:0", "crop:1.5", "crop:nan", "keep:256", "stretch:1", "letterbox:-1"]
)
def test_other_ways_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--fit .*: expected "):
        parse_fit(text)


@pytest.mark.parametrize(
    ("task", "asked", "message"),
    [
        ("segmentation", "crop", "--fit crop would lose the rim of the frame, which segmentation needs"),
        ("depth", "crop:0.9", "--fit crop would lose the rim of the frame, which depth needs"),
        ("pose", "stretch", "--fit is not for pose"),
    ],
)
def test_tasks_that_cannot_be_served_so(task: str, asked: str, message: str, tmp_path: Path) -> None:
    file = SymbolFile()
    source = file.save(tmp_path, file.conv("maps", file.data, 4 if task != "depth" else 1, 3))
    options = replace(UNIT, input_shape=(1, 3, 32, 32), task=task, fit=parse_fit(asked))
    with pytest.raises(UsageError, match="--fit") as error:
        export(source, tmp_path / "out.onnx", options=options)
    assert message in str(error.value)
    assert not (tmp_path / "out.onnx").exists()


def test_a_network_of_cifar_under_another_name_is_fitted_as_it_was_trained(
    testdata: Path, tmp_path: Path
) -> None:
    source = testdata / "gluoncv_cifar" / "cifar_resnet20_v1"
    for end in ("-symbol.json", "-0000.params"):
        shutil.copy(f"{source}{end}", tmp_path / f"animals{end}")
    options = ExportOptions(input_shape=(1, 3, 32, 32))
    named, renamed = (
        export(f"{path}-symbol.json", tmp_path / "out.onnx", options=options, verify=False).metadata
        for path in (source, tmp_path / "animals")
    )
    assert renamed.preprocessing.resize_type == named.preprocessing.resize_type


def test_a_known_name_says_how_its_frames_are_fitted(testdata: Path, tmp_path: Path) -> None:
    source = testdata / "gluoncv_cifar" / "cifar_resnet20_v1-symbol.json"
    result = export(str(source), tmp_path / "out.onnx", verify=False)
    assert result.metadata.preprocessing.resize_type == "standard"
    assert not any("--fit" in line for line in result.notes)


def test_a_detector_may_keep_the_shape_of_frames(testdata: Path, tmp_path: Path) -> None:
    source = testdata / "trained_ssd_300_mobilenet0.25_custom_bccd/ssd_300_mobilenet0.25_custom-symbol.json"
    options = ExportOptions(fit=FrameFit("letterbox"))
    result = export(str(source), tmp_path / "out.onnx", options=options, verify=False)
    assert result.metadata.preprocessing.resize_type == "fit_to_window_letterbox"
    with pytest.raises(UsageError, match="--fit crop would lose the rim of the frame, which detection needs"):
        export(
            str(source), tmp_path / "out.onnx", options=replace(options, fit=FrameFit("crop")), verify=False
        )
