"""Sources that are not there, shapes of another form, extras that cannot be had: one line that says so."""

from __future__ import annotations

import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from gcv_edge import errors
from tests.cli.conftest import MXNET_MODULES, WITHOUT, WITHOUT_MXNET, done, error_line, failed, shell
from tests.support.demo_files import PARAMS, SYMBOL


@pytest.mark.parametrize(
    "suffix",
    [".pt", ".pth", ".torchscript", ".onnx", ".json", ".params", ".xml", ".bin", ".tflite", ".h5", ".mar"],
)
@pytest.mark.parametrize("folder", ["", "folder/"])
def test_a_missing_source_is_missing_whatever_reads_it(here: Path, suffix: str, folder: str) -> None:
    assert failed(1, "export", f"{folder}net{suffix}") == f"{folder}net{suffix}: no such file"


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".torchscript", ".xml", ".json", ".params", ".onnx"])
@pytest.mark.parametrize("command", ["info", "verify", "val", "predict"])
def test_a_missing_model_is_missing_whatever_its_suffix(here: Path, command: str, suffix: str) -> None:
    Path("data").mkdir()
    Path("clip.mp4").touch()
    more = {"val": ["data"], "predict": ["clip.mp4"]}.get(command, [])
    assert failed(1, command, f"net{suffix}", *more) == f"net{suffix}: no such file"


def test_a_missing_source_without_mxnet(here: Path) -> None:
    process = shell(["-c", WITHOUT_MXNET, "export", "net.pt"])
    assert (process.returncode, error_line(process.stderr)) == (1, "net.pt: no such file")


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_weights_of_torch_are_no_network(here: Path, suffix: str) -> None:
    Path(f"net{suffix}").write_bytes(b"PK\3\4")
    message = failed(1, "export", f"net{suffix}")
    assert message.startswith(f"net{suffix}: weights of torch are no network: give package.module:factory")


@pytest.mark.parametrize(
    ("shape", "count", "meant"),
    [
        ("320,256", 2, "1,3,320,256"),
        ("320x256", 2, "1,3,320,256"),
        ("3,320,256", 3, "1,3,320,256"),
        ("1,1,3,320,256", 5, "1,3,320,256"),
    ],
)
def test_the_form_of_a_shape(here: Path, shape: str, count: int, meant: str) -> None:
    shown = shape.replace("x", ",")
    message = failed(2, "export", SYMBOL, "--params", PARAMS, "--input-shape", shape)
    assert message == (
        f"traffic_signs: --input-shape {shown}: found {count} numbers, expected N,C,H,W such as {meant}"
    )


@pytest.mark.skipif(find_spec("gluoncv") is None, reason="needs the extra [mxnet]")
def test_the_form_of_a_shape_for_a_zoo_name(here: Path) -> None:
    process = shell(["-m", "gcv_edge", "export", "mobilenet0.25", "--input-shape", "320,320"])
    assert process.returncode == 2
    assert error_line(process.stderr) == (
        "mobilenet0.25: --input-shape 320,320: found 2 numbers, expected N,C,H,W such as 1,3,320,320"
    )


class Version(NamedTuple):
    """What ``sys.version_info`` holds."""

    major: int
    minor: int
    micro: int = 0
    releaselevel: str = "final"
    serial: int = 0


@pytest.mark.parametrize(("minor", "can_install"), [(10, True), (12, True), (13, False), (14, False)])
def test_what_is_said_of_a_missing_mxnet_depends_on_python(
    here: Path, monkeypatch: pytest.MonkeyPatch, minor: int, can_install: bool
) -> None:
    for name in ("mxnet", "gluoncv"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(sys, "version_info", Version(3, minor))
    message = failed(1, "export", "mobilenet0.25")
    assert ("pip install 'gcv-edge[mxnet]'" in message) is can_install
    assert (f"MXNet needs Python 3.12 or older, found 3.{minor}" in message) is not can_install


def test_the_list_does_not_advise_what_cannot_be_installed(here: Path) -> None:
    newer = "from gcv_edge import errors\nerrors.LAST_OF_MXNET = (3, 9)\n"
    code = MXNET_MODULES + WITHOUT.replace("main(sys", newer + "main(sys")
    process = shell(["-c", code, "list"])
    assert "MXNet needs Python 3.9 or older, found 3." in process.stdout, process.stderr
    assert "pip install 'gcv-edge[mxnet]'" not in process.stdout


def test_nor_does_the_doctor(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = metadata.version

    def version(name: str) -> str:
        if name == "mxnet":
            raise metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(errors, "LAST_OF_MXNET", (3, 9))
    (line,) = [line for line in done("doctor").splitlines() if line.startswith("mxnet ")]
    assert "absent  MXNet needs Python 3.9 or older, found 3." in line
