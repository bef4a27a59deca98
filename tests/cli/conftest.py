"""Running commands as users do, and what they run on."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import gcv_edge
from gcv_edge.cli import main
from tests.cli.coloured import colours, make_net, pictures  # noqa: F401
from tests.runtime.conftest import make_model  # noqa: F401
from tests.support.demo_files import DEMO, SYMBOL

CLASSES_FILE = DEMO / "classes.txt"
PICTURE = DEMO / "town.jpg"
SHAPE = ",".join(map(str, json.loads((DEMO / "demo.json").read_text())["input_shape"]))
SIZED = (SYMBOL, "--input-shape", SHAPE)
QUICK = (*SIZED, "--no-verify")


def run(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="gcv-edge")


def done(*arguments: object) -> str:
    """Run a command that must succeed without a word on standard error; return what it prints."""
    result = run(*arguments)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def failed(code: int, *arguments: object) -> str:
    """Run a command that must fail; return its one line on standard error, without ``Error: ``."""
    result = run(*arguments)
    assert result.exit_code == code, result.output
    return error_line(result.stderr)


def error_line(stderr: str) -> str:
    """Return the text of the only line on standard error."""
    assert stderr.startswith("Error: ")
    assert stderr.endswith("\n")
    assert stderr.count("\n") == 1, stderr
    assert "Traceback" not in stderr
    assert "(unexpected" not in stderr
    return stderr.removeprefix("Error: ").removesuffix("\n")


def shell(command: list[object], **options: object) -> subprocess.CompletedProcess[str]:
    """Run a Python process that can import the package under test."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment(), **options}
    line = [sys.executable, *map(str, command)]
    return subprocess.run(line, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload]


def environment(**extra: str) -> dict[str, str]:
    """Return this process's environment, in which the package under test can be imported from any folder."""
    root = str(Path(gcv_edge.__file__).parents[1])
    return {**os.environ, "PYTHONPATH": root, **extra}


HIDE = """\
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in missing else find(name, *rest)
sys.modules.update(dict.fromkeys(missing))
"""
"""Lets nothing import the modules in ``missing``."""

WITHOUT = HIDE + "from gcv_edge.cli import main\nmain(sys.argv[1:])\n"
"""The command in a process where ``missing`` modules cannot be imported."""

MXNET_MODULES = "missing = ('mxnet', 'gluoncv')\n"
EXPORT_MODULES = "missing = ('mxnet', 'gluoncv', 'onnx', 'onnx_ir', 'onnxruntime')\n"
WITHOUT_MXNET = MXNET_MODULES + WITHOUT
WITHOUT_EXPORT = EXPORT_MODULES + WITHOUT
"""The base install."""


def verify_without(missing: str, folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``gcv-edge verify`` where neither it nor the process that it starts can import some modules."""
    (folder / "sitecustomize.py").write_text(missing + HIDE)
    places = os.pathsep.join([str(folder), environment()["PYTHONPATH"]])
    return shell(["-m", "gcv_edge", "verify", *arguments], env=environment(PYTHONPATH=places))


def contents(folder: Path) -> dict[str, str]:
    """List a folder with all that is below it, hidden files included, by relative path."""
    return {str(path.relative_to(folder)): fingerprint(path) for path in sorted(folder.rglob("*"))}


def fingerprint(path: Path) -> str:
    """Return what tells a file's content from another's; a slash for a folder."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "/"


@pytest.fixture(scope="session")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped network, exported and verified by the command."""
    target = tmp_path_factory.mktemp("signs") / "signs.onnx"
    printed = done("export", *SIZED, "--classes", CLASSES_FILE, "-o", target)
    assert "verified against" in printed
    return target


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, beside an empty model store."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GCV_EDGE_HOME", str(tmp_path / "home"))
    return folder
