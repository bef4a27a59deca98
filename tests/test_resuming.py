"""Interrupted runs: one thing is changed before the same call, at every stage, and no stale number is left.

Cached results that depend on what is changed are spoilt on disk: one that were used nevertheless would show
in the finished file, which must be that of an uninterrupted run, byte for byte.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnx_ir as ir
import pytest

import gcv_edge
from gcv_edge import _core, load
from gcv_edge.calibration import CalibrationOptions, CalibrationResult, calibrate
from gcv_edge.cpus import is_x86
from gcv_edge.measure.result_cache import Entry, read_entries, write_entries
from gcv_edge.optimize.baseline import Baseline
from gcv_edge.optimize.dataset_split import DatasetSplit, SplitOptions, split_dataset
from gcv_edge.optimize.evaluator import choose_evaluator
from gcv_edge.prune import PruneResult, prune, width_choice
from gcv_edge.prune.fitting.calibration_set import noise_frames
from gcv_edge.runtime.pixel_limit import limit_pixels
from gcv_edge.tasks import CLASSIFICATION
from tests.prune.conftest import write_small
from tests.support.small_graphs import Graph

ENGINE = "onnxruntime"
LABELS = ("a", "b", "c", "d")
COUNT = 18
QUICK = CalibrationOptions(correction="fast", time_forms=False)
Frames = Iterable[Any]


@dataclass(frozen=True)
class World:
    """All that a run depends on.

    Attributes:
        folder: with ``small.onnx``, ``list.csv`` and its pictures.
        count: pictures to calibrate on.
        frames: gives them as the run reads them.
        has_hash: it is said what the score depends on.
        has_score: there is one.
        options: of the calibration.
        arguments: of the call.
    """

    folder: Path
    count: int = 9
    frames: Callable[[Frames], Frames] = lambda frames: frames
    has_hash: bool = True
    has_score: bool = True
    options: CalibrationOptions = QUICK
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        return self.folder / "small.onnx"

    def split(self) -> DatasetSplit:
        return split_dataset(self.folder / "list.csv", CLASSIFICATION, LABELS, SplitOptions(self.count))

    def baseline(self) -> Baseline:
        split, network = self.split(), load(self.source, engine=ENGINE)
        evaluator = choose_evaluator(network, split, ENGINE)
        return Baseline(self.source, split.calibration.frames, split, evaluator, ENGINE)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("origin")
    graph = Graph()
    write_small(
        folder / "small.onnx", model=graph.end(graph.block(graph.block(graph.data, 16), 16, kernel=1))
    )
    frames = list(noise_frames(COUNT, (12, 10), seed=7))
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{number:02}.bmp"), frame)
    rows = (f"{number:02}.bmp,{LABELS[number % 4]}\n" for number in range(COUNT))
    (folder / "list.csv").write_text("".join(rows))
    return folder


def pictures(world: World, part: str) -> list[Path]:
    """The files of a part of the data set."""
    return [world.folder / name for name in getattr(world.split(), part).names()]


def change_picture(world: World, part: str) -> World:
    """Change one byte; it is no early one, and the file's size stays."""
    path = pictures(world, part)[6]
    content = bytearray(path.read_bytes())
    content[-30] ^= 0x80
    path.write_bytes(content)
    return world


def swap_pictures(world: World) -> World:
    first, second = pictures(world, "calibration")[5:7]
    before = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(before)
    return world


def correct_label(world: World, part: str) -> World:
    name, path = pictures(world, part)[3].name, world.folder / "list.csv"
    lines = path.read_text().splitlines()
    changed = [f"{name},{'b' if line[-1] == 'a' else 'a'}" if line[:6] == name else line for line in lines]
    path.write_text("\n".join(changed))
    return world


def change_weight(world: World) -> World:
    model = ir.load(world.source)
    value = next(v for v in model.graph.initializers.values() if len(v.shape or ()) == 4)
    value.const_value = ir.Tensor(1.25 * value.const_value.numpy(), name=value.name)
    ir.save(model, world.source)
    return world


def option(**changes: Any) -> Callable[[World], World]:
    return lambda world: replace(world, options=replace(world.options, **changes))


def argument(**changes: Any) -> Callable[[World], World]:
    return lambda world: replace(world, arguments={**world.arguments, **changes})


def other_package(patch: pytest.MonkeyPatch, package: str) -> None:
    version = importlib.metadata.version
    patch.setattr(importlib.metadata, "version", lambda name: "99.9" if name == package else version(name))


@contextlib.contextmanager
def older_core() -> Iterator[None]:
    """Let this package's own code use the oldest instruction set that the processor has."""
    before, oldest = _core.isa(), _core.available_isas()[0]
    if oldest == before:
        pytest.skip("this processor has one instruction set")
    _core.set_isa(oldest)
    try:
        yield
    finally:
        _core.set_isa(before)


@dataclass(frozen=True)
class Change:
    """One thing that is changed after an interruption.

    Attributes:
        name: of the row.
        results: those that depend on it.
        make: changes the world.
        patch: changes versions and variables.
        machine: changes the processor meanwhile.
    """

    name: str
    results: str
    make: Callable[[World], World] = lambda world: world
    patch: Callable[[pytest.MonkeyPatch], None] = lambda patch: None
    machine: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext

    def depends(self, results: str) -> bool:
        """Tell whether one of some results is among those that depend on it."""
        return self.results == "ALL" or bool(set(self.results.split(", ")) & set(results.split(", ")))


class Interruption(KeyboardInterrupt):
    """So that no other one is taken for it."""


def floats(path: Path) -> int:
    """Layers whose weights are not rounded."""
    graph = onnx.load(path).graph
    stored = {value.name for value in graph.initializer if value.data_type == onnx.TensorProto.FLOAT}
    return sum(node.input[1] in stored for node in graph.node if node.op_type in ("Conv", "Gemm"))


def run_calibration(world: World, output: Path, stop: str | None = None) -> CalibrationResult:
    """Calibrate as the command does; stop at the beginning of a stage."""
    baseline = world.baseline()
    assert baseline.evaluator is not None
    points = baseline.evaluator.score

    def progress(stage: str, done: int, total: int) -> None:
        if stage == stop:
            raise Interruption

    scoring: dict[str, Any] = {
        "score": lambda path: points(path).points + 50 * floats(path),
        "max_drop": 75.0,
    }
    arguments = {
        "mode": "mse",
        "target": "arm",
        **(scoring if world.has_score else {}),
        **world.arguments,
    }
    frames = world.frames(baseline.frames)
    options = replace(world.options, score_hash=baseline.score_hash if world.has_hash else "")
    return calibrate(world.source, frames, output, progress=progress, options=options, **arguments)


def run_pruning(world: World, output: Path, stop: str | None = None) -> PruneResult:
    """Prune as the command does; stop at the first step of a stage."""
    baseline = world.baseline()
    assert baseline.evaluator is not None
    points, size = baseline.evaluator.score, world.source.stat().st_size
    fits = 0

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal fits
        fits += stage == "fit" and done == 1
        if stage == stop or (stop == "widened" and fits == 2):
            raise Interruption

    def score(path: Path) -> float:
        return points(path).points / 1000 + 100 * path.stat().st_size / size

    scoring: dict[str, Any] = {"score": score, "max_drop": 20.0}
    arguments = {"macs": 0.4, **(scoring if world.has_score else {}), **world.arguments}
    score_hash = baseline.score_hash if world.has_hash else ""
    frames = world.frames(baseline.frames)
    return prune(world.source, frames, output, score_hash=score_hash, progress=progress, **arguments)


GIVEN = (
    Change("the network", "ALL", change_weight),
    Change("the version", "ALL", patch=lambda patch: patch.setattr(gcv_edge, "__version__", "99.9")),
    Change("an engine's version", "ALL", patch=lambda patch: other_package(patch, "openvino")),
    Change("oneDNN's cap", "ALL", patch=lambda patch: patch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")),
    Change("the instruction set", "ALL", machine=older_core),
)

QUANTIZED = "statistics, agreement, sensitivity, scores"
CALIBRATING = (
    Change("nothing", ""),
    Change("a picture", QUANTIZED, lambda world: change_picture(world, "calibration")),
    Change("the order of pictures", QUANTIZED, swap_pictures),
    Change("a picture measured on", "float score, scores", lambda world: change_picture(world, "evaluation")),
    Change("a label", "float score, scores", lambda world: correct_label(world, "evaluation")),
    Change("a label that is not used", "", lambda world: correct_label(world, "calibration")),
    Change("the split", "ALL", lambda world: replace(world, count=8)),
    Change("pictures that cannot be read again", "statistics", lambda world: replace(world, frames=iter)),
    Change("pictures to compare on", QUANTIZED, argument(held_out=list(noise_frames(3, (12, 10), seed=1)))),
    Change("the limit of pixels", "float score, scores", machine=lambda: limit_pixels(1000)),
    Change("what the score depends on, unsaid", "float score, scores", lambda w: replace(w, has_hash=False)),
    Change("no score", "", lambda world: replace(world, has_score=False)),
    Change("the drop", "", argument(max_drop=25.0)),
    Change("the target", "agreement, sensitivity, float score, scores", argument(target="x86")),
    Change("the mode", QUANTIZED, argument(mode="minmax")),
    Change("the correction", "agreement, scores", option(correction="none")),
    Change("layers that stay float", "agreement, scores", option(keep_float=("conv",))),
    *GIVEN,
)
STAGES = {
    "compare": "statistics",
    "score": "agreement",
    "sensitivity": "float score, scores",
    "write": "sensitivity",
}
"""Those that begin after another result."""

FITTED = "orders, curves, widths, fits, drops"
PRUNING = (
    Change("nothing", ""),
    Change("a picture", FITTED, lambda world: change_picture(world, "calibration")),
    Change("the order of pictures", FITTED, swap_pictures),
    Change("a picture measured on", "drops", lambda world: change_picture(world, "evaluation")),
    Change("a label", "drops", lambda world: correct_label(world, "evaluation")),
    Change("a label that is not used", "", lambda world: correct_label(world, "calibration")),
    Change("the split", "ALL", lambda world: replace(world, count=8)),
    Change("pictures that cannot be read again", "", lambda world: replace(world, frames=iter)),
    Change("what the score depends on, unsaid", "drops", lambda world: replace(world, has_hash=False)),
    Change("no limit of the drop", "", lambda world: replace(world, has_score=False)),
    Change("the drop", "", argument(max_drop=50.0)),
    Change("the work", "widths", argument(macs=0.6)),
    Change("the seed", FITTED, argument(seed=1)),
    *GIVEN,
)
PRUNING_STAGES = {"sensitivity": "orders", "fit": "curves, widths, fits", "widened": "drops"}


def cases(changes: Iterable[Change], stages: dict[str, str]) -> list[Any]:
    """Every change at the last stage, and at each before which a result is made that depends on it.

    Network, versions and processor are in one key: the first stands for the others at earlier stages.
    """
    return [
        pytest.param(change, stage, id=f"{change.name}-{stage}")
        for change in changes
        for stage, found in stages.items()
        if stage == list(stages)[-1] or (change.depends(found) and change not in GIVEN[1:])
    ]


def spoil(path: Path, names: str) -> None:
    """Make results on disk wrong, under their old keys."""
    entries = read_entries(path)
    for name, entry in entries.items():
        if names == "ALL" or name in names.split(", "):
            spoil_one(name, entry)
    write_entries(path, entries)


def spoil_one(name: str, entry: Entry) -> None:
    """Change a result so that what is made of it is another file."""
    if name == "statistics":
        for found in entry.value["ranges"].values():
            found |= {value: (3 * low, 3 * high) for value, (low, high) in found.items()}
    elif name == "orders":
        entry.value = {space: order[::-1] for space, order in entry.value.items()}
    elif name == "curves":
        entry.value = {s: {w: 1 / loss for w, loss in curve.items()} for s, curve in entry.value.items()}
    elif name == "widths":
        entry.value = dict.fromkeys(entry.value, 16)
    elif name == "drops":
        entry.value = dict.fromkeys(entry.value, 1e3)
    elif name == "fits":
        entry.arrays = {place: np.zeros_like(array) for place, array in entry.arrays.items()}
    elif name in ("scores", "float score"):
        entry.value = {file: {**score, "points": score["points"] - 7} for file, score in entry.value.items()}
    else:
        entry.value = {key: value - 7 for key, value in entry.value.items()}


class Trial:
    """Runs one kind of work, whole or interrupted; whole runs are made once for each change."""

    def __init__(self, folder: Path, origin: Path, kind: str) -> None:
        self._folder, self._origin = folder, origin
        self.hidden = f".net.onnx.{kind}"
        self.run: Callable[..., Any] = run_calibration if kind == "calibration" else run_pruning
        self._whole: dict[str, bytes] = {}
        self._left: dict[str, bytes] = {}
        self._count = 0

    def world(self) -> World:
        self._count += 1
        return World(Path(shutil.copytree(self._origin, self._folder / str(self._count))))

    def place(self) -> Path:
        self._count += 1
        output = self._folder / f"{self._count}.out" / "net.onnx"
        output.parent.mkdir()
        return output

    def whole(self, change: Change) -> bytes:
        """The file of an uninterrupted run in the changed world."""
        if change.name not in self._whole:
            self._whole[change.name] = self.run(change.make(self.world()), self.place()).path.read_bytes()
        return self._whole[change.name]

    def left(self, stage: str) -> bytes:
        """What a run in the unchanged world leaves that is stopped at a stage."""
        if stage not in self._left:
            output = self.place()
            with pytest.raises(Interruption):
                self.run(self.world(), output, stage)
            assert [path.name for path in output.parent.iterdir()] == [self.hidden]
            self._left[stage] = (output.parent / self.hidden).read_bytes()
        return self._left[stage]

    def resumed(self, change: Change, known: bytes, spoilt: str) -> Any:
        """Go on in a changed world, after results have been spoilt."""
        output = self.place()
        hidden = output.parent / self.hidden
        hidden.write_bytes(known)
        spoil(hidden, spoilt)
        result = self.run(change.make(self.world()), output)
        assert [path.name for path in output.parent.iterdir()] == ["net.onnx"]
        return result


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Widths are chosen without fits for comparison, and no speed is measured: none is asked for."""
    monkeypatch.setattr(width_choice, "CURVE_WORK", 0.0)
    monkeypatch.setattr(width_choice, "compare_speed", lambda paths: [1.0] * len(paths))


@pytest.fixture(scope="module")
def calibration(origin: Path, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial(tmp_path_factory.mktemp("calibration"), origin, "calibration")


@pytest.fixture(scope="module")
def pruning(origin: Path, tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return Trial(tmp_path_factory.mktemp("pruning"), origin, "prune")


def check(trial: Trial, change: Change, stage: str, patch: pytest.MonkeyPatch) -> None:
    known = trial.left(stage)
    change.patch(patch)
    with change.machine():
        expected = trial.whole(change)
        result = trial.resumed(change, known, change.results)
    assert result.path.read_bytes() == expected


@pytest.mark.parametrize(("change", "stage"), cases(CALIBRATING, STAGES))
def test_calibrating_goes_on_without_what_has_changed(
    calibration: Trial, change: Change, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(calibration, change, stage, monkeypatch)


@pytest.mark.parametrize(("change", "stage"), cases(PRUNING, PRUNING_STAGES))
def test_pruning_goes_on_without_what_has_changed(
    pruning: Trial, change: Change, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check(pruning, change, stage, monkeypatch)


@pytest.mark.parametrize(
    ("kind", "stage", "cached", "name"),
    [
        *(("calibration", "write", name, "nothing") for name in (*QUANTIZED.split(", "), "float score")),
        *(("pruning", "widened", name, "nothing") for name in ("orders", "widths", "fits")),
        ("pruning", "widened", "curves", "the work"),
        ("pruning", "widened", "drops", "the drop"),
    ],
)
def test_what_has_not_changed_is_used(
    kind: str, stage: str, cached: str, name: str, request: pytest.FixtureRequest
) -> None:
    """And would show if it were wrong, so that the tests above would fail."""
    trial: Trial = request.getfixturevalue(kind)
    change = next(one for one in (CALIBRATING if kind == "calibration" else PRUNING) if one.name == name)
    result = trial.resumed(change, trial.left(stage), cached)
    assert result.path.read_bytes() != trial.whole(change)


def cut_short(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip_a_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("calibration", cut_short),
        ("calibration", flip_a_bit),
        ("calibration", lambda content: b""),
        ("calibration", lambda content: b"{}"),
        ("pruning", cut_short),
        ("pruning", flip_a_bit),
    ],
)
def test_a_damaged_file_counts_as_none(
    kind: str,
    damage: Callable[[bytes], bytes],
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    trial: Trial = request.getfixturevalue(kind)
    output = trial.place()
    hidden = output.parent / trial.hidden
    hidden.write_bytes(damage(trial.left(list(STAGES if kind == "calibration" else PRUNING_STAGES)[-1])))
    result = trial.run(trial.world(), output)
    assert result.path.read_bytes() == trial.whole(CALIBRATING[0])
    assert [record.getMessage() for record in caplog.records] == [
        f"{hidden}: is ignored, everything is computed anew: found a damaged file, expected what an "
        "interrupted run wrote"
    ]


@pytest.mark.skipif(not is_x86(), reason="layers return to float for target x86 alone")
@pytest.mark.parametrize(
    ("name", "is_used"),
    [("nothing", True), ("a picture", False), ("the correction", False), ("the instruction set", False)],
)
def test_layers_without_an_8_bit_kernel_are_those_of_this_machine(
    calibration: Trial, name: str, is_used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by a layer that there is not, as an interrupted run is made to say."""
    change = next(one for one in CALIBRATING if one.name == name)
    output = calibration.place()
    hidden = output.parent / calibration.hidden

    def timed(world: World) -> World:
        options = replace(world.options, time_forms=True)
        return replace(world, has_score=False, options=options, arguments={"target": "x86"})

    with pytest.raises(Interruption):
        run_calibration(timed(calibration.world()), output, "time")
    entries = read_entries(hidden)
    assert entries["float kernels"].value != ["none"]
    entries["float kernels"].value = ["none"]
    write_entries(hidden, entries)
    change.patch(monkeypatch)
    with change.machine():
        found = run_calibration(change.make(timed(calibration.world())), output)
    assert ("none" in found.kept_float) is is_used


@pytest.mark.parametrize(
    ("name", "is_used"),
    [
        ("nothing", True),
        ("a picture", True),
        ("the network", False),
        ("the precision", False),
        ("the version", False),
        ("the instruction set", False),
    ],
)
def test_times_of_layers_are_those_of_this_network_and_machine(
    pruning: Trial, name: str, is_used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by a second that every layer takes, as an interrupted run is made to say."""
    precision = Change("the precision", "table", argument(precision="int8"))
    change = next(one for one in (*PRUNING, precision) if one.name == name)
    output = pruning.place()
    hidden = output.parent / pruning.hidden

    def measure(world: World) -> list[float]:
        world = replace(world, arguments={"macs": None, "speedup": 1.2, **world.arguments})
        with pytest.raises(Interruption):
            run_pruning(world, output, "widths")
        return [second for times in read_entries(hidden)["table"].value.values() for second in times.values()]

    measured = measure(pruning.world())
    entries = read_entries(hidden)
    for times in entries["table"].value.values():
        times |= dict.fromkeys(times, 1.0)
    write_entries(hidden, entries)
    change.patch(monkeypatch)
    with change.machine():
        found = measure(change.make(pruning.world()))
    assert max(measured) < 1
    assert (set(found) == {1.0}) is is_used
