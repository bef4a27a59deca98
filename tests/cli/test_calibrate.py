"""``gcv-edge calibrate`` and ``export --calibrate``, on networks of two convolutions and the shipped one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import onnx
import pytest

from gcv_edge.calibration import quantization_parameters, ranges
from gcv_edge.calibration import run as stages
from gcv_edge.cli import int8_text, optimizing
from gcv_edge.cli.int8_text import describe_speed
from gcv_edge.metadata import ClipSettings
from gcv_edge.optimize.dataset_split import SplitOptions, split_dataset
from gcv_edge.tasks import CLASSIFICATION
from tests.cli.coloured import COLOURS
from tests.cli.conftest import CLASSES_FILE, DEMO, QUICK, contents, done, error_line, failed, run, shell
from tests.cli.test_interruptions import FULL_DISK
from tests.runtime.conftest import Maker, solid

NAIVE = ("--calib-mode", "naive")
SAME_ANYWHERE = (*NAIVE, "--target", "portable")
"""No layer returns to float because the machine at hand has no 8-bit kernel for it."""


def record(path: str) -> dict[str, Any]:
    entries = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    found: dict[str, Any] = json.loads(entries["gcv_edge calibration"])
    return found


def test_labelled_pictures(make_net: Maker, colours: Path) -> None:
    printed = done("calibrate", make_net("classification"), "--data", colours)
    lines = printed.splitlines()
    assert lines[0].startswith(
        "colours (class folders): 6 of 12 pictures to calibrate, 1 of them to choose the recipe; "
        "6 others to measure, at random (seed 0); sha256 "
    )
    assert lines[1] == "Measured: top-1 against the labels"
    assert lines[2].startswith("net_int8.onnx: 8 bits for ")
    assert "Lost: 0.00 points of top-1 on 6 pictures not calibrated on (16.02 at most, at 90 % " in printed
    assert "Fastest on this machine: " in printed
    assert "Warning: calibrated on " in printed
    assert [row.split()[1] for row in lines if row.startswith(("fp32 ", "int8 "))] == ["100.00", "100.00"]
    assert sorted(path.name for path in Path().glob("*net*")) == ["net.onnx", "net_int8.onnx"]
    assert done("val", "net_int8.onnx", colours).count("100.00") == 6
    assert "int8" in done("info", "net_int8.onnx")


@pytest.mark.parametrize(
    ("is_exact", "target", "is_warned"),
    [(False, "x86", True), (False, "portable", False), (True, "x86", False)],
)
def test_a_processor_whose_sums_overflow_is_named(
    make_net: Maker,
    colours: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_exact: bool,
    target: str,
    is_warned: bool,
) -> None:
    monkeypatch.setattr(int8_text, "adds_8_bit_exactly", lambda: is_exact)
    printed = done("calibrate", make_net("classification"), "--data", colours, *NAIVE, "--target", target)
    assert ("Warning: this processor has no VNNI" in printed) == is_warned


def test_json_and_the_record_in_the_file(make_net: Maker, colours: Path) -> None:
    options = ("--num-samples", "4", "--target", "portable", "--keep-float", "conv1", "-o", "small.onnx")
    found = json.loads(
        done("calibrate", make_net("classification"), "--data", colours, *NAIVE, *options, "--json")
    )
    assert (found["path"], found["float_path"]) == ("small.onnx", "net.onnx")
    assert (found["metric"], found["measured"]) == ("top-1", "accuracy")
    dataset, calibration = found["dataset"], found["calibration"]
    assert (dataset["total"], dataset["calibrated_on"], dataset["measured_on"]) == (12, 4, 8)
    assert dataset["fingerprint"] == calibration["data_hash"] != dataset["measured_fingerprint"]
    assert (calibration["target"], calibration["mode"], calibration["drop"]) == ("portable", "minmax", 0)
    assert calibration["kept_float"]["conv1"] == "asked for"
    stored = record("small.onnx")
    assert stored["data"].startswith("colours (class folders): 4 of 12 pictures")
    assert stored["data"].endswith("; top-1 (accuracy)")
    assert stored["data_hash"] == dataset["fingerprint"]
    assert stored["measured_hash"] == dataset["measured_fingerprint"]
    assert (stored["score_before"], stored["score_after"]) == (100, 100)
    assert (stored["metric"], stored["measured"]) == ("top-1", "accuracy")


def test_pictures_without_labels(make_net: Maker, pictures: Path) -> None:
    printed = done("calibrate", make_net("classification"), "--data", pictures, *NAIVE, "--max-drop", "20")
    assert "Measured: top-1 agreement with the float file, since there are no labels" in printed
    assert "Lost: 0.00 points of top-1 agreement on 6 pictures not calibrated on (16.02 at most, " in printed
    assert "confidence), allowed are 20" in printed


def test_labels_of_another_model(make_net: Maker, colours: Path) -> None:
    (colours / "red").rename(colours / "crimson")
    printed = done("calibrate", make_net("classification"), "--data", colours, *NAIVE)
    assert "Warning: labels are not used: " in printed
    assert "Measured: top-1 agreement with the float file" in printed


def test_boxes_in_a_table(make_net: Maker, pictures: Path) -> None:
    rows = [f"{path.name},0,0,8,8,{path.stem[:-1]}" for path in sorted(pictures.iterdir())]
    Path("labels").mkdir()
    Path("labels/boxes.csv").write_text("\n".join(rows))
    options = ("--data", "labels/boxes.csv", "--pictures", pictures, *NAIVE, "--json")
    found = json.loads(done("calibrate", make_net("detection"), *options))
    assert (found["metric"], found["measured"]) == ("VOC07 mAP", "accuracy")


def test_a_name_in_the_store(make_net: Maker, pictures: Path) -> None:
    make_net("classification").rename("kept.onnx")
    models = Path("../home/models")
    models.mkdir(parents=True)
    Path("kept.onnx").rename(models / "kept.onnx")
    done("calibrate", "kept", "--data", pictures, *NAIVE)
    assert "kept_int8" in done("list")
    assert (models / "kept_int8.onnx").is_file()


def test_nothing_to_compare(make_net: Maker, here: Path) -> None:
    """A detector that sees nothing."""
    Path("dark").mkdir()
    for number in range(4):
        cv2.imwrite(f"dark/{number}.png", solid(number, 0, 0))
    model = make_net("detection")
    printed = done("calibrate", model, "--data", "dark", *NAIVE)
    assert "Measured: nothing, the network's results cannot be compared on these pictures" in printed
    assert "Lost" not in printed
    refused = run("calibrate", model, "--data", "dark", *NAIVE, "--max-drop", "1")
    assert (refused.exit_code, refused.stderr.startswith("Error: --max-drop: ")) == (2, True)


def test_layers_return_to_float(make_net: Maker, colours: Path) -> None:
    model = make_net("classification", ballast=3000.0)
    lost = json.loads(done("calibrate", model, "--data", colours, *SAME_ANYWHERE, "--json"))["calibration"]
    assert lost["drop"] > 30
    kept = done("calibrate", model, "--data", colours, *SAME_ANYWHERE, "--max-drop", "20")
    assert "conv2 (accuracy)" in kept
    assert "Lost: 0.00 points of top-1 on 6 pictures not calibrated on (16.02 at most, at 90 %" in kept


def test_too_few_pictures_to_tell(make_net: Maker, colours: Path) -> None:
    result = run("calibrate", make_net("classification"), "--data", colours, *NAIVE, "--max-drop", "0.5")
    assert result.exit_code == 3
    assert result.stderr == (
        "Error: net_int8_over_max_drop.onnx: not enough pictures to tell: lost 0.00 points of top-1 (16.02 "
        "at most, at 90 % confidence), allowed are 0.5; measuring needs about 193 pictures, found 6; kept "
        "under this name\n"
    )


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_too_much_is_lost(make_net: Maker, colours: Path, options: tuple[str, ...]) -> None:
    model = make_net("classification", ballast=3000.0)
    limits = ("--max-drop", "0.5", "--time-budget", "0")
    result = run("calibrate", model, "--data", colours, *SAME_ANYWHERE, *limits, *options)
    assert result.exit_code == 3
    assert result.stderr.startswith("Error: net_int8_over_max_drop.onnx: lost ")
    assert " points of top-1 (" in result.stderr
    assert result.stderr.endswith(" confidence), allowed are 0.5; kept under this name\n")
    if options:
        assert json.loads(result.stdout)["calibration"]["passed"] is False
    else:
        assert "Warning: the time budget ended the search" in result.stdout
    assert sorted(path.name for path in Path().glob("*net*")) == ["net.onnx", "net_int8_over_max_drop.onnx"]


def test_an_interrupt_and_the_same_command_again(
    make_net: Maker, colours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("calibrate", make_net("classification"), "--data", colours, *NAIVE)
    with monkeypatch.context() as patch:
        patch.setattr(stages, "choose_candidate", interrupt)
        result = run(*command)
    assert result.exit_code == 130
    assert result.stderr == "Interrupted: net_int8.onnx was not written; run the same command to continue\n"
    assert not Path("net_int8.onnx").exists()
    assert json.loads(done(*command, "--json"))["calibration"]["resumed"]
    assert [path.name for path in Path().glob(".*")] == []


def test_an_interrupt_at_once(make_net: Maker, colours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_net("classification")
    before = contents(Path())
    monkeypatch.setattr(stages, "collect_data", interrupt)
    result = run("calibrate", model, "--data", colours)
    assert result.exit_code == 130
    assert result.stderr == "Interrupted: net_int8.onnx was not written; there was no result to keep yet\n"
    assert contents(Path()) == before


def test_no_room(make_net: Maker, colours: Path) -> None:
    """Neither for the networks that are tried nor for what is found out."""
    model = make_net("classification")
    before = contents(Path())
    process = shell(["-c", FULL_DISK, 300, "calibrate", model, "--data", colours, *NAIVE])
    assert process.returncode == 1
    assert error_line(process.stderr).endswith("File too large")
    assert contents(Path()) == before


def test_a_damaged_file_of_findings_is_told_in_one_line(make_net: Maker, colours: Path) -> None:
    model = make_net("classification")
    Path(".net_int8.onnx.calibration").write_text('{"key": "", "entries": {}}')
    process = shell(["-m", "gcv_edge", "calibrate", model, "--data", colours, *SAME_ANYWHERE])
    assert process.returncode == 0
    assert process.stderr == (
        ".net_int8.onnx.calibration: is ignored, everything is computed anew: found a damaged file, expected "
        "what an interrupted run wrote\n"
    )
    assert [path.name for path in Path().glob(".*")] == []


def interrupt(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_damaged_pictures_are_told(make_net: Maker, pictures: Path) -> None:
    (pictures / "a.png").write_text("no picture")
    result = run("calibrate", make_net("classification"), "--data", pictures, *NAIVE)
    assert result.exit_code == 0
    assert result.stderr == "Skipped a.png: found no picture, expected JPEG, PNG or the like\n"


@pytest.mark.parametrize(
    ("code", "options", "said"),
    [
        (1, ("--data", "missing"), "missing: no such file or folder"),
        (
            1,
            ("--data", "one"),
            "one: found 1 picture, expected at least 2: to calibrate on and to measure on",
        ),
        (1, ("--data", "flat", "-o", "nowhere/net.onnx"), "nowhere: no such folder"),
        (1, ("--data", "flat", "--split", "test"), "flat: found no folder 'test'"),
        (2, ("--data", "flat", "-o", "net.onnx"), "-o net.onnx: is the source itself"),
        (2, ("--data", "flat", "--keep-float", "conv7"), "keep_float: found 'conv7'"),
        (2, ("--data", "flat", "--keep-float", "conv1,"), "--keep-float conv1,: found an empty name"),
        (2, ("--data", "flat", "--target", "x68"), "did you mean 'x86'?"),
        (2, ("--data", "flat", "--calib-mode", "entropie"), "did you mean 'entropy'?"),
        (2, ("--data", "flat", "--max-drop", "-1"), "--max-drop"),
        (2, ("--data", "flat", "--max-drop", "nan"), "--max-drop"),
        (2, ("--data", "flat", "--num-samples", "0"), "--num-samples"),
        (2, (), "Missing option '--data'"),
    ],
)
def test_what_is_refused(
    make_net: Maker, pictures: Path, code: int, options: tuple[str, ...], said: str
) -> None:
    Path("one").mkdir()
    cv2.imwrite("one/only.png", solid(9, 9, 9))
    model = make_net("classification")
    before = contents(Path())
    assert said in error_of(code, model, *options)
    assert contents(Path()) == before


def error_of(code: int, model: object, *options: object) -> str:
    return failed(code, "calibrate", model, *options)


def test_networks_that_cannot_be_calibrated(make_net: Maker, make_model: Maker, pictures: Path) -> None:
    assert "no layer can be quantised" in error_of(1, make_model("classification"), "--data", pictures)
    clips = make_model("clip", clip=ClipSettings((0, 2, 4, 6), 8))
    assert "calibrating action on a data set is not" in error_of(1, clips, "--data", pictures)
    done("calibrate", make_net("classification"), "--data", pictures, *NAIVE)
    assert "expected 'fp32'" in error_of(1, "net_int8.onnx", "--data", pictures)


@pytest.mark.parametrize("opset", [13, 17])
def test_files_of_an_older_opset(make_net: Maker, pictures: Path, opset: int) -> None:
    """With everything that is tried, full bias correction among it."""
    model = make_net("classification", opset=opset)
    found = json.loads(done("calibrate", model, "--data", pictures, "--json"))
    assert any("full bias correction" in recipe for recipe in found["calibration"]["candidates"])
    assert onnx.load("net_int8.onnx").opset_import[0].version == opset


def test_an_opset_without_scales_per_channel(make_net: Maker, pictures: Path) -> None:
    model = make_net("classification", opset=12)
    assert error_of(1, model, "--data", pictures).startswith("net.onnx: found opset 12, expected 13 or later")


def test_export_calibrates_what_it_has_verified(here: Path) -> None:
    command = ("export", *QUICK, "--classes", CLASSES_FILE, "-o", "net.onnx", "--calibrate", DEMO)
    found = json.loads(done(*command, *SAME_ANYWHERE, "--num-samples", "2", "--max-drop", "100", "--json"))
    assert (found["path"], found["int8"]["path"]) == ("net.onnx", "net_int8.onnx")
    assert found["int8"]["metric"] == "matched detections"
    assert found["int8"]["calibration"]["max_drop"] == 100
    assert (found["int8"]["dataset"]["calibrated_on"], found["int8"]["dataset"]["measured_on"]) == (2, 4)
    assert {path.name for path in Path().iterdir()} == {"net.onnx", "net_int8.onnx"}


def test_exports_of_the_same_network_are_the_same_file(here: Path) -> None:
    """So that an interrupted ``export --calibrate`` goes on where it was."""
    for name in ("one.onnx", "two.onnx"):
        done("export", *QUICK, "-o", name)
    assert Path("one.onnx").read_bytes() == Path("two.onnx").read_bytes()


@pytest.mark.parametrize(
    "option",
    [("--num-samples", "9"), ("--max-drop", "1"), ("--target", "arm"), NAIVE, ("--report", "page.html")],
)
def test_options_that_need_pictures(here: Path, option: tuple[str, ...]) -> None:
    assert failed(2, "export", *QUICK, "-o", "net.onnx", *option) == f"{option[0]} is for --calibrate DATA"
    assert failed(2, "export", *QUICK, "-o", "net.onnx", *option, "--calibrate", "none") == (
        "--calibrate none: no such file or folder"
    )
    assert contents(here) == {}


def test_no_picture_is_calibrated_and_measured_on(colours: Path) -> None:
    labels = tuple(COLOURS)
    first, again = (split_dataset(colours, CLASSIFICATION, labels, SplitOptions(5)) for _ in range(2))
    calibrated, measured = set(first.calibration.names()), set(first.evaluation.names())
    assert (len(calibrated), len(measured), calibrated & measured) == (5, 7, set())
    assert calibrated == set(again.calibration.names())
    assert first.has_labels


def test_words_are_the_library_s() -> None:
    assert set(optimizing.MODES) == {ranges.AUTO, *ranges.MODES, *ranges.GLUONCV_NAMES}
    assert set(optimizing.TARGETS) == set(quantization_parameters.TARGETS)


@pytest.mark.parametrize(
    ("times", "fastest", "said"),
    [
        (
            {"fp32": 8.0, "bf16": 3.0, "int8": 2.0, "int8+bf16": 2.5},
            "int8",
            "the 8-bit file (int8), 4.00x as fast as fp32, 1.50x as fast as bf16",
        ),
        ({"fp32": 8.0, "int8": 10.0}, "fp32", "the float file (fp32), 1.25x as fast as int8"),
    ],
)
def test_speed_in_words(times: dict[str, float], fastest: str, said: str) -> None:
    assert describe_speed(times, fastest) == f"Fastest on this machine: {said}"


def test_help_of_both_commands() -> None:
    for command in ("calibrate", "export"):
        printed = done(command, "--help")
        assert "--num-samples" in printed
        assert "this machine's" in printed
