"""The command itself: help, version, and what it says to words it does not know."""

from __future__ import annotations

import importlib.metadata
import json
import re

import pytest

import gcv_edge
from gcv_edge.cli.root import COMMANDS
from tests.cli.conftest import done, environment, failed, run, shell

HEAVY = {"cv2", "mxnet", "numpy", "onnx", "onnx_ir", "onnxruntime", "openvino", "rich"}


def test_version() -> None:
    assert done("--version") == f"gcv-edge {gcv_edge.__version__}\n"


def test_without_a_command_it_helps() -> None:
    assert done() == done("--help") == done("-h")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_listed_and_has_help(command: str) -> None:
    assert f"  {command} " in done("--help")
    page = done(command, "--help")
    assert page.startswith(f"Usage: gcv-edge {command} ")
    assert "--debug" in page


def test_help_names_every_option_of_export() -> None:
    page = done("export", "--help")
    options = ("--output", "--params", "--input-shape", "--classes", "--task", "--nms", "--dynamic-batch")
    for option in (*options, "--no-verify", "--mean", "--scale", "--bgr", "--box-format", "--json"):
        assert option in page


@pytest.mark.parametrize("arguments", [["--help"], ["export", "--help"], ["predict", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import json, sys\n"
        "from gcv_edge.cli import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    process = shell(["-c", code, *arguments])
    assert process.returncode == 0
    assert process.stdout.startswith("Usage: ")
    assert not HEAVY & set(json.loads(process.stderr))


def test_the_package_is_the_command() -> None:
    process = shell(["-m", "gcv_edge", "--version"])
    assert (process.returncode, process.stderr) == (0, "")
    assert process.stdout == f"gcv-edge {gcv_edge.__version__}\n"


def test_the_installed_script_is_the_command() -> None:
    scripts = importlib.metadata.entry_points(group="console_scripts", name="gcv-edge")
    if not scripts:
        pytest.skip("gcv-edge is not installed")
    assert {script.value for script in scripts} == {"gcv_edge.__main__:run"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["exprt"], "no such command 'exprt': did you mean 'export'? (see gcv-edge --help)"),
        (["predcit", "a", "b"], "no such command 'predcit': did you mean 'predict'?"),
        (
            ["xyz"],
            "no such command 'xyz': expected one of export, predict, val, verify, optimize, calibrate, "
            "prune, benchmark, info, list, doctor, demo",
        ),
        (["--verson"], "Did you mean --version?"),
        (["export", "a", "--dynamc-batch"], "Did you mean --dynamic-batch? (see gcv-edge export --help)"),
        (["predict", "a", "b", "--treshold", "1"], "Did you mean --threshold?"),
        (["export", "a", "--nms", "grph"], "'--nms': found 'grph', did you mean 'graph'?"),
        (["export", "a", "--nms", "xyz"], "found 'xyz', expected one of runtime, graph"),
        (["export", "a", "--task", "detecton"], "'--task': found 'detecton', did you mean 'detection'?"),
        (["export", "a", "--box-format", "xxyy"], "did you mean 'xyxy'?"),
        (["list", "--task", "poses"], "did you mean 'pose'?"),
        (["predict", "a", "b", "--engine", "openvno"], "did you mean 'openvino'?"),
        (["predict", "a", "b", "--precision", "f16"], "'--precision': found 'f16', did you mean 'bf16'?"),
        (["predict", "a", "b", "--threshold", "1.5"], "'--threshold': 1.5 is not in the range"),
        (["predict", "a", "b", "--threshold", "half"], "'half' is not a valid float"),
        (["predict", "a", "b", "--threshold", "nan"], "'nan' is not a number"),
        (["export"], "Missing argument 'SOURCE' (see gcv-edge export --help)"),
        (["predict", "a"], "Missing argument 'INPUT...'"),
        (["export", "a", "-o"], "'-o' requires an argument"),
        (["export", "a", "--random-weights", "few"], "'few' is not a valid int"),
        (["info", "a", "b"], "unexpected extra argument (b)"),
        (["doctor", "all"], "unexpected extra argument (all)"),
    ],
)
def test_unknown_words(arguments: list[str], message: str) -> None:
    said = re.sub(r"'(--[a-z-]+)'\?", r"\1?", failed(2, *arguments))  # Click 8.2 has no quotes there
    assert message in said


def test_nobody_reads_the_output() -> None:
    """As in ``gcv-edge list | head -0``: quiet, with the exit code of a broken pipe."""
    code = (
        "import os, subprocess, sys\n"
        "read, write = os.pipe(); os.close(read)\n"
        "sys.exit(subprocess.run([sys.executable, '-m', 'gcv_edge', '--help'], stdout=write).returncode)"
    )
    process = shell(["-c", code], env=environment(PYTHONUNBUFFERED="1"))
    assert (process.returncode, process.stderr) == (141, "")


def test_debug_shows_where_an_error_was() -> None:
    result = run("info", "nowhere.onnx", "--debug")
    assert result.exit_code == 1
    assert result.stderr.startswith("Traceback")
    assert result.stderr.endswith("Error: nowhere.onnx: no such file\n")
