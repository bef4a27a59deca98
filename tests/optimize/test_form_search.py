"""Which form of a network wins, and what a search tries."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest

from gcv_edge import load
from gcv_edge.calibration.quantization_parameters import TARGETS
from gcv_edge.cpus import own_target, usable_cpus
from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.measure.engine import stream_counts
from gcv_edge.measure.networks import BATCHES
from gcv_edge.metadata import RunSettings, format_run
from gcv_edge.optimize import Goal, Observer, OptimizeOptions, form_trials, optimize, search_forms
from gcv_edge.optimize.form_text import describe_setting
from gcv_edge.optimize.forms import Form, choose, pareto, why_not
from gcv_edge.pipeline import append_metadata
from gcv_edge.prune import gate
from gcv_edge.runtime.modelfile import read_metadata
from tests.cli.conftest import done, failed, run
from tests.support.task_networks import KINDS, write_network

FORMS = [
    Form("float", points=90, drop=0, drop_at_most=0, milliseconds=10),
    Form("8 bits", points=89.8, drop=0.2, drop_at_most=0.6, milliseconds=4),
    Form("pruned 1.5x", points=89.7, drop=0.3, drop_at_most=0.8, milliseconds=7),
    Form("pruned 1.5x, 8 bits", points=89.5, drop=0.5, drop_at_most=0.9, milliseconds=3),
    Form("pruned 3x", points=80, drop=10, drop_at_most=11, milliseconds=2),
]
QUICK = OptimizeOptions(mode="minmax", is_quick=True, samples=12)


@pytest.mark.parametrize(
    ("goal", "name"),
    [
        (Goal(1), "pruned 1.5x, 8 bits"),
        (Goal(0.7), "8 bits"),
        (Goal(0.1), "float"),
        (Goal(None), "pruned 3x"),
        (Goal(None, target_ms=5), "8 bits"),
        (Goal(None, target_ms=2.5), "pruned 3x"),
        (Goal(1, target_ms=20), "float"),
        (Goal(1, target_ms=2.5), None),
    ],
)
def test_the_form_that_wins(goal: Goal, name: str | None) -> None:
    best = choose(FORMS, goal)
    assert (best and best.name) == name


def test_why_the_others_lost() -> None:
    goal = Goal(0.7)
    best = choose(FORMS, goal)
    assert [why_not(form, best, goal) for form in FORMS] == [
        "2.50x the time",
        "",
        "loses 0.30 (0.80 at most, at 90 % confidence), allowed are 0.7",
        "loses 0.50 (0.90 at most, at 90 % confidence), allowed are 0.7",
        "loses 10.00 (11.00 at most, at 90 % confidence), allowed are 0.7",
    ]
    goal = Goal(None, target_ms=8)
    reasons = [why_not(form, choose(FORMS, goal), goal) for form in FORMS]
    assert reasons == ["slower than 8 ms", "", *["fast enough, less accurate"] * 3]


def test_pictures_per_second_count_where_they_are_asked_for() -> None:
    slow, fast = (Form(name, drop_at_most=0, per_second=rate) for name, rate in (("a", 10), ("b", 20)))
    assert choose([slow, fast], Goal(1, hint="throughput")) == fast


def test_the_line_of_forms_that_nothing_beats() -> None:
    assert [form.name for form in pareto(FORMS)] == ["pruned 3x", "pruned 1.5x, 8 bits", "8 bits", "float"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hint": "speed"}, "hint: found 'speed', expected one of latency, throughput"),
        ({"target_ms": 0}, "target_ms: found 0, expected more than 0 milliseconds"),
        ({"target_ms": 1, "hint": "throughput"}, "target_ms is of one picture: expected the hint latency"),
        ({"minutes": 0}, "minutes: found 0, expected more than 0"),
    ],
)
def test_goals_that_are_none(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Goal(**wrong)
    assert str(caught.value) == message


def test_a_search(workplace: Path) -> None:
    found = search_forms("net.onnx", "labelled.csv", Goal(100, minutes=5), QUICK)
    names = [form.name for form in found.forms if form.precision == "f32"]
    assert names[:4] == ["float", "8 bits", "pruned 1.5x", "pruned 1.5x, 8 bits"]
    assert "pruned 2x" in names
    assert found.best == choose(found.forms, found.goal)
    assert all(form.drop == pytest.approx(found.forms[0].points - form.points) for form in found.forms)  # type: ignore[operator]
    assert found.path == Path("net_optimized.onnx")
    assert load(found.path).labels == load("net.onnx").labels
    assert not list(workplace.glob(".*"))


def test_the_limit_of_accuracy(workplace: Path) -> None:
    """Twenty pictures prove nothing of others: only the float file is within 0 points."""
    found = search_forms("net.onnx", "labelled.csv", Goal(0, minutes=5), QUICK)
    assert found.best is not None
    assert found.best.name == "float"
    tried = {form.name for form in found.forms}
    assert {"pruned 1.5x", "pruned 1.3x", "pruned 1.15x"} <= {name.partition(",")[0] for name in tried}


@pytest.mark.parametrize("max_drop", [0, None])
def test_a_target_that_nothing_reaches(workplace: Path, max_drop: float | None) -> None:
    """Pruning is asked for as much as is ever tried, once."""
    found = search_forms("net.onnx", "labelled.csv", Goal(max_drop, target_ms=1e-6, minutes=5), QUICK)
    assert (found.path, found.best) == (None, None)
    forms = [form.name for form in found.forms] + [note.partition(":")[0] for note in found.notes]
    pruned = [name.partition(",")[0].removesuffix(" in bf16") for name in forms if name.startswith("pruned")]
    assert list(dict.fromkeys(pruned)) == ["pruned 3x"]


def test_a_target_that_a_pruned_form_reaches(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = {"float": 4.0, "8 bits": 2.0, "pruned 2.1x": 1.9, "pruned 2.1x, 8 bits": 1.05}
    monkeypatch.setattr(
        form_trials, "time_forms", lambda forms: {name: [times.get(name, 0.9)] for name in forms}
    )
    monkeypatch.setattr(form_trials, "has_bf16", lambda: False)
    found = search_forms("net.onnx", "labelled.csv", Goal(None, target_ms=1.0, minutes=5), QUICK)
    assert [form.name for form in found.forms[::2]] == ["float", "pruned 2.1x", "pruned 2.32x"]
    assert found.best is not None
    assert found.best.milliseconds == 0.9


def test_enough_pictures_tell_which_form_loses_least(workplace: Path) -> None:
    """As many as for a limit, though none is asked for."""
    goals = Goal(None, target_ms=1e6, minutes=0.0001), Goal(1, minutes=0.0001)
    counts = [
        len(found.baseline.split.evaluation)  # type: ignore[union-attr]
        for found in (search_forms("net.onnx", "pictures", goal, QUICK) for goal in goals)
    ]
    assert counts == [20, 20]


def test_results_that_cannot_be_compared_can_be_fast_enough(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_network(Path("regression.onnx"), KINDS["regression"])
    goal = Goal(None, target_ms=1e6, minutes=5)
    found = search_forms("regression.onnx", "pictures", goal, QUICK)
    assert [form.drop for form in found.forms] == [None] * len(found.forms)
    assert found.path is not None
    with pytest.raises(UsageError, match="max_drop: the network finds nothing"):
        search_forms("regression.onnx", "pictures", Goal(1), QUICK)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speedup": 1.5}, "speedup: found 1.5, expected none"),
        ({"macs": 0.5, "int8": False}, "macs: found 0.5, expected none"),
        ({"macs": 0.5, "distill": 3}, "macs: found 0.5, expected none"),
        ({"time_budget": 9.0}, "time_budget: found 9.0, expected none: give it to Goal.minutes instead"),
        ({"deadline": 9.0}, "deadline: found 9.0, expected none: give it to Goal.minutes instead"),
    ],
)
def test_options_that_a_search_decides_are_refused(
    workplace: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        search_forms("net.onnx", "labelled.csv", Goal(), OptimizeOptions(**options))


def test_what_is_left_out_of_the_data_is_told(workplace: Path) -> None:
    Path("pictures/00.png").write_text("none")
    said = run(
        *("optimize", "net.onnx", "--data", "labelled.csv", "--max-drop", "100", "--time-budget", "0.0001"),
        "--json",
    )
    assert said.exit_code == 0
    assert "Skipped pictures/00.png: found no picture" in said.stderr
    assert [one["name"] for one in json.loads(said.stdout)["dataset"]["skipped"]] == ["pictures/00.png"]
    assert "--seed" in failed(2, "optimize", "net.onnx", "--data", "labelled.csv", "--seed", "-1")


def test_prunings_that_are_slower_are_left_out(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SLOWEST", 1e9)
    found = search_forms("net.onnx", "labelled.csv", Goal(100, minutes=5), QUICK)
    assert [form.name for form in found.forms if form.precision == "f32"] == ["float", "8 bits"]
    assert [note.partition(":")[0] for note in found.notes] == [
        *("pruned 1.5x", "pruned 1.3x", "pruned 1.15x")
    ]
    assert all("times as long as the whole one" in note for note in found.notes)
    assert found.path == Path("net_optimized.onnx")


def test_throughput(workplace: Path) -> None:
    """Each form is judged at its best batch and streams; the file that won stores its own."""
    found = search_forms("net.onnx", "labelled.csv", Goal(100, hint="throughput", minutes=0.0001), QUICK)
    assert found.notes == ("0.0001 minutes were over before all forms were tried (--time-budget)",)
    assert [form.name for form in found.forms if form.precision == "f32"] == ["float"]
    assert all(form.per_second > 0 for form in found.forms)
    assert all(form.batch in BATCHES and form.streams in stream_counts() for form in found.forms)
    best = found.best
    assert best is not None
    assert found.path is not None
    run = RunSettings(best.precision, best.batch, best.streams, usable_cpus())
    assert read_metadata(found.path).run == run
    network = load(found.path, precision="auto", hint="throughput")
    assert (network.session.precision, network.session.streams) == (best.precision, best.streams)
    streams = f"batch {best.batch}, {best.streams} stream"
    assert list(describe_setting(found))[-1].startswith(
        f"Open it with load(..., hint='throughput'): {streams}"
    )
    shown = done("info", found.path)
    assert f"Runs best   precision {best.precision}; with many pictures at once: batch {best.batch} " in shown
    assert json.loads(done("info", found.path, "--json"))["run"] == vars(run)
    quantized = optimize(found.path, "labelled.csv", QUICK)
    assert read_metadata(quantized.path).run == RunSettings()


def test_the_setting_is_the_winners_alone(workplace: Path) -> None:
    """Another search replaces it, and a pruned file has none."""
    append_metadata(Path("net.onnx"), format_run(RunSettings("bf16", 8, 2, 64)))
    assert "Runs best" in done("info", "net.onnx")
    found = search_forms("net.onnx", "labelled.csv", Goal(100, minutes=0.0001), QUICK)
    assert found.path is not None
    assert found.best is not None
    assert read_metadata(found.path).run == RunSettings(found.best.precision)
    pruned = optimize("net.onnx", "labelled.csv", OptimizeOptions(macs=0.7, int8=False, samples=12))
    assert read_metadata(pruned.path).run == RunSettings()
    assert "Runs best" not in done("info", pruned.path)


def test_a_search_for_float_layers_that_was_cut_short_is_told(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(form_trials, "SEARCHING_SHARE", 0.0)
    found = search_forms("net.onnx", "labelled.csv", Goal(0, minutes=5), QUICK)
    assert "8 bits: time was up before the search for layers that stay float ended" in found.notes


def test_an_interrupted_search_goes_on(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting(Observer):
        def pruned(self, result: object) -> None:
            raise KeyboardInterrupt

    made: list[str] = []
    real = form_trials.optimize

    def count(*arguments: Any, **options: Any) -> Any:
        made.append(str(arguments[2].speedup))
        return real(*arguments, **{**options, "observer": Interrupting()})

    monkeypatch.setattr(form_trials, "optimize", count)
    with pytest.raises(KeyboardInterrupt):
        search_forms("net.onnx", "labelled.csv", Goal(100, minutes=5), QUICK)
    assert made == ["None", "1.5"]
    assert not Path("net_optimized.onnx").exists()
    monkeypatch.setattr(
        form_trials, "optimize", lambda *args, **options: made.append("again") or real(*args, **options)
    )
    found = search_forms("net.onnx", "labelled.csv", Goal(100, minutes=5), QUICK)
    assert found.path == Path("net_optimized.onnx")
    assert made == ["None", "1.5", *["again"] * 3]  # pruned 1.5, 2 and 3 times; not calibrated again


def test_forms_for_another_machine_are_refused(workplace: Path) -> None:
    other = next(name for name in TARGETS if name != own_target())
    options = OptimizeOptions(target=other)
    with pytest.raises(UsageError, match=f"found {other}; forms are timed, expected {own_target()}"):
        search_forms("net.onnx", "labelled.csv", Goal(), options)


def test_what_an_interrupted_search_made_elsewhere_is_not_used(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    real = form_trials.optimize

    def stop_at_pruning(*arguments: Any, **options: Any) -> Any:
        made.append(str(arguments[2].speedup))
        if arguments[2].speedup:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(form_trials, "optimize", stop_at_pruning)
    for version in ("1", "1", "2"):
        monkeypatch.setattr(form_trials, "environment", lambda version=version: {"version": version})
        with pytest.raises(KeyboardInterrupt):
            search_forms("net.onnx", "labelled.csv", Goal(100, minutes=5), QUICK)
    assert made == ["None", "1.5", "1.5", "None", "1.5"]


@pytest.mark.parametrize(
    "work",
    [
        lambda: search_forms("net.onnx", "nothing", Goal()),
        lambda: optimize("net.onnx", "nothing"),
    ],
)
def test_a_file_of_8_bits_is_refused_before_pictures_are_read(
    workplace: Path, work: Callable[[], object]
) -> None:
    model = onnx.load("net.onnx")
    (entry,) = (entry for entry in model.metadata_props if entry.key == "gcv_edge variant")
    entry.value = "int8"
    onnx.save(model, "net.onnx")
    with pytest.raises(UnsupportedError, match=r"net\.onnx: found variant 'int8', expected 'fp32'"):
        work()


def test_the_command(workplace: Path) -> None:
    said = done(
        "optimize", "net.onnx", "--data", "labelled.csv", "--max-drop", "100", "--time-budget", "0.0001"
    )
    assert "form" in said
    assert "wins" in said
    assert "net_optimized.onnx: float" in said
    result = run(
        "optimize",
        "net.onnx",
        "--data",
        "labelled.csv",
        "--target-ms",
        "0.000001",
        "--time-budget",
        "0.0001",
        "--json",
    )
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert found["best"] is None
    assert set(found["pareto"]) <= {form["name"] for form in found["forms"]}
    assert "no form needs 1e-06 ms; the fastest is float" in result.stderr
    assert "--data" in failed(2, "optimize", "net.onnx")
