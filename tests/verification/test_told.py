"""What a verdict stands on is printed where the file is made, checked and looked at, and stored in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gcv_edge.cli import main
from gcv_edge.errors import VerificationError
from gcv_edge.pipeline import verify_export
from gcv_edge.runtime.modelfile import read_metadata
from tests.support import trial_networks
from tests.support.trial_networks import METADATA, OtherFramework, scaled, write

REMARK = "logits: the same on black as on picture, within 0.002 of its deviation"
NORMALISED = ("--task", "classification", "--mean", "123.675,116.28,103.53", "--scale", "58.4,57.1,57.4")
NOTE = "left out: 'age', an output of shape [1, 1]"


def printed(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def bright(tmp_path: Path) -> Path:
    """A verified file with a remark and a note."""
    file = write(tmp_path / "bright.onnx", trial_networks.bright)
    verify_export(file, METADATA, OtherFramework(file), notes=(NOTE,))
    return file


def test_the_file_keeps_its_verdict(bright: Path) -> None:
    metadata = read_metadata(bright)
    assert metadata.verification["remarks"] == [REMARK]
    assert metadata.verification["notes"] == [NOTE]
    assert [test["output"] for test in metadata.self_test] == ["logits"]


@pytest.mark.parametrize("command", ["info", "verify"])
def test_commands_print_what_was_not_covered(command: str, bright: Path) -> None:
    lines = printed(command, bright).splitlines()
    assert [line for line in lines if line.lower().startswith("remark") and line.endswith(REMARK)]
    assert [line for line in lines if line.lower().startswith("note") and line.endswith(NOTE)]


@pytest.mark.parametrize("command", ["info", "verify"])
def test_programs_read_it_too(command: str, bright: Path) -> None:
    facts = json.loads(printed(command, bright, "--json"))
    verdict = facts.get("verification", facts)
    assert verdict["remarks"] == [REMARK]
    assert verdict["notes"] == [NOTE]


def test_an_export_prints_remarks(tmp_path: Path) -> None:
    foreign = write(tmp_path / "foreign.onnx", trial_networks.bright, is_foreign=True)
    output = tmp_path / "net.onnx"
    lines = printed("export", foreign, *NORMALISED, "-o", output).splitlines()
    assert f"remark: {REMARK}" in lines
    assert any(" on black, noise, picture (batches 1, 3): logits off by " in line for line in lines)


def test_a_failure_names_output_picture_and_figures(tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", scaled(1))
    with pytest.raises(VerificationError, match=r"'logits' on \w+ differs from another framework by 0\.\d"):
        verify_export(file, METADATA, OtherFramework(file, lambda value: value * 1.1))


def test_an_unstable_output_leaves_no_numbers(tmp_path: Path) -> None:
    file = write(tmp_path / "net.onnx", trial_networks.chaotic)
    with pytest.raises(VerificationError, match="'logits' is unstable on every picture"):
        verify_export(file, METADATA, OtherFramework(file))
