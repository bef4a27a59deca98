"""``--json`` means the same in every command, and points are 0 to 100 in all of them."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import click
import pytest

from gcv_edge.cli.root import COMMANDS
from tests.cli.conftest import done, run
from tests.runtime.conftest import Maker

WITHOUT_JSON = {"demo"}
"""It is for people."""


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - WITHOUT_JSON))
def test_every_command_has_the_same_flag(name: str) -> None:
    module = importlib.import_module(COMMANDS[name][0])
    command = getattr(module, COMMANDS[name][0].rpartition(".")[2])
    (option,) = [param for param in command.params if "--json" in param.opts]
    assert isinstance(option, click.Option)
    assert option.is_flag
    assert option.name == "as_json"


def test_documents_and_nothing_else(make_net: Maker, colours: Path) -> None:
    """With notes on standard error, where there are any."""
    net = make_net("classification")
    picture = colours / "red/0.png"
    for line in (
        ["info", net],
        ["list"],
        ["doctor"],
        ["predict", net, picture, "--save", "out"],
        ["val", net, colours],
        ["benchmark", net, "--rounds", "1", "--seconds", "0.01", "--precision", "f32", "--csv", "all.csv"],
        ["calibrate", net, "--data", colours, "--calib-mode", "naive"],
    ):
        assert isinstance(json.loads(run(*line, "--json").stdout), (dict, list)), line


def test_points_are_of_a_hundred(make_net: Maker, colours: Path) -> None:
    """The same network on the same pictures, by all commands that measure it."""
    (colours / "red/0.png").rename(colours / "blue/9.png")
    net = make_net("classification")
    measured = json.loads(done("val", net, colours, "--json"))
    assert measured["value"] == pytest.approx(100 * 11 / 12)
    assert measured["figures"]["top-1"] == measured["value"]
    assert max(row["value"] for row in measured["classes"]) == 100
    assert "top-1 91.67 %" in done("val", net, colours)
    found = json.loads(done("calibrate", net, "--data", colours, "--calib-mode", "naive", "--json"))
    after = found["calibration"]["score_after"]
    assert 50 < after <= 100
    options = ("--rounds", "1", "--seconds", "0.01", "--precision", "f32", "--json")
    (row,) = json.loads(done("benchmark", "net_int8.onnx", *options))["rows"]
    assert row["accuracy"] == pytest.approx(after)
    assert [one["after"] for one in row["measured"]] == [pytest.approx(after)]
