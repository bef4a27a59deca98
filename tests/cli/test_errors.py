"""Errors as users make them: one line, the right exit code, and the folder as it was."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gcv_edge import pipeline, store
from tests.cli.conftest import (
    EXPORT_MODULES,
    MXNET_MODULES,
    PICTURE,
    SHAPE,
    WITHOUT_EXPORT,
    WITHOUT_MXNET,
    contents,
    error_line,
    failed,
    run,
    shell,
    verify_without,
)
from tests.runtime.conftest import build_model
from tests.support.demo_files import PARAMS, SYMBOL

OTHER_PARAMS = Path(__file__).parents[1] / "data" / "mxnet_files" / "v1.9-0000.params"
SIZE = ("--input-shape", SHAPE)
EXPORT = ("export", "net-symbol.json", *SIZE)
TO = ("-o", "out.onnx")
ADOPT = ("--task", "classification", "--mean", "0", "--scale", "255")


@pytest.fixture(scope="module")
def desk(signs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with good files, and with files that are not what their names say."""
    folder = tmp_path_factory.mktemp("desk")
    for original, name in (
        (SYMBOL, "net-symbol.json"),
        (PARAMS, "net-0000.params"),
        (SYMBOL, "alone-symbol.json"),
        (OTHER_PARAMS, "other.params"),
        (signs, "signs.onnx"),
        (PICTURE, "town.jpg"),
        (PICTURE, "jpeg-symbol.json"),
        (PICTURE, "jpeg.params"),
        (PICTURE, "jpeg.onnx"),
    ):
        shutil.copy(original, folder / name)
    for name, part in (("half", 0.5), ("most", 0.9999)):
        cut(SYMBOL, folder / f"{name}-symbol.json", part)
        cut(PARAMS, folder / f"{name}.params", part)
        cut(signs, folder / f"{name}.onnx", part)
    cut(PICTURE, folder / "head.jpg", 0.005)
    (folder / "foreign.onnx").write_bytes(build_model("classification", 1, (32, 32)).SerializeToString())
    (folder / "foreign_detector.onnx").write_bytes(build_model("detection", 1, (32, 32)).SerializeToString())
    (folder / "empty.onnx").touch()
    (folder / "file").write_text("a file")
    (folder / "five.txt").write_text("a\nb\nc\nd\ne\n")
    (folder / "gap.txt").write_text("a\n\nc\nd\ne\nf\n")
    (folder / "folder").mkdir()
    return folder


def cut(source: Path, target: Path, part: float) -> None:
    """Write the beginning of a file, as a broken download leaves it."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * part)])


@pytest.fixture(autouse=True)
def at_desk(desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk)
    monkeypatch.setenv("GCV_EDGE_HOME", str(tmp_path / "home"))


def refused(code: int, *arguments: object) -> str:
    """Run a command that must fail and leave no trace; return its one line."""
    before = contents(Path())
    message = failed(code, *arguments)
    assert contents(Path()) == before
    assert not store.models_folder().exists()
    return message


@pytest.mark.parametrize(
    ("code", "arguments", "message"),
    [
        (1, ["nowhere-symbol.json", *SIZE], "nowhere-symbol.json: no such file"),
        (1, ["nowhere/net-symbol.json", *SIZE], "nowhere/net-symbol.json: no such file"),
        (1, ["folder", *SIZE], "folder: expected NAME-symbol.json"),
        (1, ["file", *SIZE], "file: expected NAME-symbol.json"),
        (1, ["town.jpg", *SIZE], "town.jpg: expected NAME-symbol.json"),
        (1, ["net-0000.params", *SIZE], "net-0000.params: parameters are no network: give NAME-symbol.json"),
        (
            1,
            ["jpeg-symbol.json", "--params", "net-0000.params", *SIZE],
            "jpeg-symbol.json: not an MXNet symbol",
        ),
        (
            1,
            ["half-symbol.json", "--params", "net-0000.params", *SIZE],
            "half-symbol.json: not an MXNet symbol",
        ),
        (
            1,
            ["most-symbol.json", "--params", "net-0000.params", *SIZE],
            "most-symbol.json: not an MXNet symbol",
        ),
        (1, ["alone-symbol.json", *SIZE], "alone-0000.params"),
        (1, ["net-symbol.json", "--params", "nowhere.params", *SIZE], "nowhere.params: No such file"),
        (1, ["net-symbol.json", "--params", "folder", *SIZE], "folder: is a folder"),
        (
            1,
            ["net-symbol.json", "--params", "jpeg.params", *SIZE],
            "jpeg.params: not a usable MXNet parameter",
        ),
        (1, ["net-symbol.json", "--params", "net-symbol.json", *SIZE], "not a usable MXNet parameter file"),
        (
            1,
            ["net-symbol.json", "--params", "half.params", *SIZE],
            "half.params: not a usable MXNet parameter",
        ),
        (
            1,
            ["net-symbol.json", "--params", "most.params", *SIZE],
            "most.params: not a usable MXNet parameter",
        ),
        (1, ["net-symbol.json", "--params", "other.params", *SIZE], "the parameters of another network?"),
        (2, ["net-symbol.json"], "give --input-shape 1,3,HEIGHT,WIDTH"),
        (2, ["net-symbol.json", "--input-shape", "256"], "'256': expected numbers N,C,H,W"),
        (2, ["net-symbol.json", "--input-shape", "1,3,0,256"], "expected numbers N,C,H,W"),
        (2, ["net-symbol.json", "--input-shape", "1,3,-1,256"], "expected numbers N,C,H,W"),
        (2, ["net-symbol.json", "--input-shape", ""], "expected numbers N,C,H,W"),
        (1, ["net-symbol.json", "--input-shape", "1,1,256,256"], "weight has shape (8, 3, 3, 3)"),
        (1, ["net-symbol.json", "--input-shape", "1,3,2048,2048"], "yolo"),
        (2, ["net-symbol.json", *SIZE, "--classes", "a,b"], "2 class names given, but the network has 6"),
        (
            2,
            ["net-symbol.json", *SIZE, "--classes", "five.txt"],
            "5 class names given, but the network has 6",
        ),
        (2, ["net-symbol.json", *SIZE, "--classes", "gap.txt"], "gap.txt: found an empty name"),
        (2, ["net-symbol.json", *SIZE, "--classes", "a,,c,d,e,f"], "found an empty name"),
        (2, ["net-symbol.json", *SIZE, "--classes", ""], "found an empty name"),
        (2, ["net-symbol.json", *SIZE, "--classes", "empty.onnx"], "found an empty name"),
        (2, ["net-symbol.json", *SIZE, "--classes", "nowhere.txt"], "--classes nowhere.txt: No such file"),
        (2, ["net-symbol.json", *SIZE, "--classes", "town.jpg"], "found no text, expected one name per line"),
        (2, ["net-symbol.json", *SIZE, "--classes", "folder"], "--classes folder: Is a directory"),
        (1, ["net-symbol.json", *SIZE, "--task", "pose"], "its head is for detection, not for pose"),
        (2, ["net-symbol.json", *SIZE, "--boxes", "b"], "--boxes is for .onnx sources"),
        (2, ["net-symbol.json", *SIZE, "--background"], "--background is for .onnx sources"),
        (2, ["net-symbol.json", *SIZE, "--image-range", "1"], "expected two numbers such as -1,1"),
        (2, ["net-symbol.json", *SIZE, "--image-range", "1,1"], "expected two numbers such as -1,1"),
        (2, ["net-symbol.json", *SIZE, "--part", "2"], "this one has no parts"),
        (2, ["net-symbol.json", *SIZE, "--box-format", "xywh"], "--box-format is for .onnx sources"),
        (2, ["net-symbol.json", *SIZE, "--random-weights", "1"], "--random-weights is for zoo names"),
        (1, ["nowhere.onnx", *ADOPT], "nowhere.onnx: no such file"),
        (1, ["jpeg.onnx", *ADOPT], "jpeg.onnx: not a valid ONNX file"),
        (1, ["empty.onnx", *ADOPT], "empty.onnx: not a valid ONNX file"),
        (1, ["half.onnx", *ADOPT], "half.onnx: not a valid ONNX file"),
        (1, ["most.onnx", *ADOPT], "most.onnx: not a valid ONNX file"),
        (2, ["signs.onnx", *ADOPT], "signs.onnx: was written by gcv-edge and needs no export"),
        (2, ["foreign.onnx"], "is for is not certain: give --task classification, embedding"),
        (2, ["foreign.onnx", "--task", "classification"], "say how its input is normalised: --mean R,G,B"),
        (2, ["foreign.onnx", *ADOPT[:4]], "say how its input is normalised: --mean R,G,B --scale R,G,B"),
        (2, ["foreign.onnx", *ADOPT[:5], "0"], "--scale 0: expected three numbers"),
        (2, ["foreign.onnx", *ADOPT[:5], "1,2"], "--scale 1,2: expected three numbers"),
        (2, ["foreign.onnx", *ADOPT[:5], "nan"], "--scale nan: expected three numbers"),
        (2, ["foreign.onnx", *ADOPT[:3], "a,b,c", "--scale", "1"], "--mean a,b,c: expected three numbers"),
        (2, ["foreign.onnx", *ADOPT, "--input-shape", "1,3,64,64"], "its input is [1, 3, 32, 32]"),
        (2, ["foreign.onnx", *ADOPT, "--classes", "a,b"], "2 class names given, but the network has 3"),
        (
            1,
            ["foreign.onnx", "--task", "segmentation", *ADOPT[2:]],
            "expected [N, C, H, W] for segmentation; --task tensors",
        ),
        (
            2,
            ["foreign.onnx", "--task", "detection", *ADOPT[2:]],
            "outputs logits [1, 3] are of no detector that is recognised",
        ),
        (2, ["foreign.onnx", *ADOPT, "--outputs", "logit"], "no such tensor: did you mean logits"),
        (2, ["foreign_detector.onnx", "--head", "yolov", *ADOPT[2:]], "did you mean 'yolov8'?"),
        (
            1,
            ["foreign_detector.onnx", *ADOPT],
            "found no known head for classification among its outputs 'boxes', 'scores': --outputs chooses",
        ),
        (
            2,
            ["foreign_detector.onnx", "--task", "detection", *ADOPT[2:], "--boxes", "b"],
            "no output 'b' among",
        ),
        (2, ["nowhere_at_all:factory"], "No module named 'nowhere_at_all'"),
        (2, ["json:nothing"], "has no attribute 'nothing'"),
    ],
)
def test_export(code: int, arguments: list[str], message: str) -> None:
    assert message in refused(code, "export", *arguments, *TO)


@pytest.mark.parametrize(
    ("code", "output", "message"),
    [
        (1, "nowhere/out.onnx", "nowhere: no such folder"),
        (1, "file/out.onnx", "file: not a folder"),
        (1, "/proc/out.onnx", "/proc: cannot be written: "),
        (1, "/sys/kernel/out.onnx", "/sys/kernel: "),
        (2, "folder", "-o folder: expected a name that ends in .onnx"),
        (2, "out.txt", "-o out.txt: expected a name that ends in .onnx"),
        (2, "", "expected a name that ends in .onnx"),
        (1, "a" * 300 + ".onnx", "name too long"),
    ],
)
def test_places_that_cannot_be_written(code: int, output: str, message: str) -> None:
    assert message.lower() in refused(code, *EXPORT, "-o", output).lower()


def test_a_source_is_not_written_over() -> None:
    assert "is the source itself" in refused(
        2, "export", "foreign.onnx", *ADOPT, "-o", "../desk0/foreign.onnx"
    )


def test_a_store_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCV_EDGE_HOME", "file")
    assert refused(1, *EXPORT, "--no-verify").startswith("file/models: the model store cannot be made")


def test_an_older_file_survives_a_failed_export(tmp_path: Path) -> None:
    older = tmp_path / "out.onnx"
    older.write_text("older")
    refused(1, *EXPORT, "--params", "half.params", "-o", older)
    assert contents(tmp_path) == {"out.onnx": contents(tmp_path)["out.onnx"]}
    assert older.read_text() == "older"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ssd_512_mobilenet1.0_voc", "pip install 'gcv-edge[mxnet]'"),
        ("nothing_of_that_name", "pip install 'gcv-edge[mxnet]'"),
    ],
)
def test_a_zoo_name_without_mxnet(name: str, message: str) -> None:
    before = contents(Path())
    process = shell(["-c", WITHOUT_MXNET, "export", name, *TO])
    assert process.returncode == 1
    assert message in error_line(process.stderr)
    assert process.stdout == ""
    assert contents(Path()) == before


def test_a_zoo_name_that_gluoncv_has_not(gluoncv: object) -> None:
    assert "did you mean ssd_512_mobilenet1.0_voc" in refused(1, "export", "ssd_512_mobilenet1.0_vok", *TO)


def test_verify_against_a_source_without_mxnet(tmp_path: Path) -> None:
    process = verify_without(MXNET_MODULES, tmp_path, "signs.onnx", "--against", "net-symbol.json")
    assert process.returncode == 1
    assert "pip install 'gcv-edge[mxnet]'" in error_line(process.stderr)


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        ([*EXPORT, *TO], "export"),
        (["export", "mobilenet0.25"], "export"),
        (["demo", "-o", "demo"], "export"),
        (["predict", "signs.onnx", "town.jpg", "--engine", "onnxruntime"], "onnxruntime"),
    ],
)
def test_what_the_base_install_cannot_do(arguments: list[str], extra: str) -> None:
    before = contents(Path())
    process = shell(["-c", WITHOUT_EXPORT, *arguments])
    assert process.returncode == 1
    assert error_line(process.stderr).endswith(f"needs the extra [{extra}]: pip install 'gcv-edge[{extra}]'")
    assert contents(Path()) == before


@pytest.mark.parametrize("line", ["info signs.onnx", "predict signs.onnx town.jpg", "list"])
def test_what_the_base_install_can_do(line: str) -> None:
    process = shell(["-c", WITHOUT_EXPORT, *line.split()])
    assert (process.returncode, process.stderr) == (0, "")


def test_the_base_install_verifies_in_its_own_engine(tmp_path: Path) -> None:
    process = verify_without(EXPORT_MODULES, tmp_path, "signs.onnx")
    assert (process.returncode, process.stderr) == (0, "")
    assert "(openvino)" in process.stdout
    assert "(onnxruntime)" not in process.stdout


def test_the_base_install_has_no_source_to_verify_against(tmp_path: Path) -> None:
    process = verify_without(EXPORT_MODULES, tmp_path, "signs.onnx", "--against", "net-symbol.json")
    assert process.returncode == 1
    assert error_line(process.stderr).endswith("needs the extra [export]: pip install 'gcv-edge[export]'")


NO_MODELS = [
    ("nowhere.onnx", "nowhere.onnx: no such file"),
    ("sings.onnx", "sings.onnx: no such file; did you mean signs.onnx"),
    ("nowhere", "model 'nowhere' is neither a file nor in the model store"),
    ("folder", "found a folder, expected an .onnx file"),
    ("half.onnx", "half.onnx: is truncated or damaged"),
    ("most.onnx", "most.onnx: is truncated or damaged"),
    ("empty.onnx", "empty.onnx: is empty, expected an ONNX model"),
    ("file", "file: is"),
    ("net-symbol.json", "net-symbol.json: is not an ONNX model"),
    ("net-0000.params", "net-0000.params: is not an ONNX model"),
    ("foreign.onnx", "this file was not written by gcv-edge (gcv-edge export foreign.onnx --task"),
]


@pytest.mark.parametrize(("model", "message"), NO_MODELS)
@pytest.mark.parametrize("command", ["predict", "info", "verify"])
def test_no_models(command: str, model: str, message: str) -> None:
    arguments = [command, model, "town.jpg"][: 3 if command == "predict" else 2]
    assert message in refused(1, *arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["town.jpg", "signs.onnx"], "town.jpg: found a picture, expected a model (usage: gcv-edge predict"),
        (["jpeg.onnx", "town.jpg"], "jpeg.onnx: found a picture, expected a model"),
        (["signs.onnx", "signs.onnx"], "signs.onnx: found a model, expected a picture"),
        (["signs.onnx", "net-0000.params"], "net-0000.params: found a model, expected a picture"),
        (["signs.onnx", "nowhere.jpg"], "nowhere.jpg: no such file or folder"),
        (["signs.onnx", ""], "found an empty name, expected a picture"),
        (["signs.onnx", "head.jpg"], "head.jpg: found no picture, expected JPEG, PNG"),
        (["signs.onnx", "folder"], "folder: found no pictures, expected .jpg"),
        (["signs.onnx", "file"], "file: cannot be opened as a picture or video"),
        (["signs.onnx", "town.jpg", "--save", "file"], "file: found a file, expected a folder"),
        (["signs.onnx", "town.jpg", "--save", "file/out"], "file/out: "),
        (["signs.onnx", "town.jpg", "--save", "/proc/out"], "/proc/out: "),
        (["signs.onnx", "town.jpg", "--save", "/sys/kernel/out"], "/sys/kernel/out: "),
        (["signs.onnx", "town.jpg", "--save", "."], "town.jpg: is the input itself"),
    ],
)
def test_predict(arguments: list[str], message: str) -> None:
    assert message in refused(1, "predict", *arguments)


def test_places_without_a_name() -> None:
    message = "found an empty name, expected a folder to write to"
    assert refused(2, "predict", "signs.onnx", "town.jpg", "--save", "") == message
    assert refused(2, "demo", "-o", "") == message


@pytest.mark.parametrize(
    ("code", "arguments", "message"),
    [
        (1, ["jpeg.onnx"], "jpeg.onnx: is not an ONNX model"),
        (1, ["signs.onnx", "--against", "nowhere-symbol.json"], "nowhere-symbol.json: no such file"),
        (
            1,
            ["signs.onnx", "--against", "net-symbol.json", "--params", "half.params"],
            "half.params: not a usable",
        ),
        (2, ["signs.onnx", "--params", "net-0000.params"], "--params: needs --against SOURCE"),
    ],
)
def test_verify(code: int, arguments: list[str], message: str) -> None:
    assert message in refused(code, "verify", *arguments)


def test_a_model_without_a_verdict(tmp_path: Path) -> None:
    assert run(*EXPORT, "--no-verify", "-o", tmp_path / "bare.onnx").exit_code == 0
    assert "no self-test in the file" in failed(1, "verify", tmp_path / "bare.onnx")


@pytest.mark.parametrize("place", ["file", "file/out", "/proc/out"])
def test_demo(place: str) -> None:
    assert refused(1, "demo", "-o", place).startswith(f"{place}: ")


def test_an_error_nobody_thought_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(pipeline, "export", fail)
    result = run(*EXPORT)
    assert result.exit_code == 1
    assert result.stderr == "Error: RuntimeError: two lines (unexpected: --debug shows where it was)\n"
