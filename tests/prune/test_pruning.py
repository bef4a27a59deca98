"""From a file to a pruned file: through the public function and the command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from gcv_edge import Classifier
from gcv_edge.cli.root import main
from gcv_edge.cpus import ONEDNN
from gcv_edge.errors import DataError, SlowerError, UnsupportedError, UsageError
from gcv_edge.evaluation.drop import Score
from gcv_edge.metadata import Preprocessing
from gcv_edge.prune import gate, prune
from gcv_edge.prune.fitting.calibration_set import collect_pictures, noise_frames
from gcv_edge.runtime import openvino_session
from gcv_edge.runtime.frames import view_frame
from gcv_edge.runtime.modelfile import read_entries, read_metadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.preprocessing import fill
from gcv_edge.runtime.sessions import SessionOptions
from gcv_edge.verify import verify_model
from tests.prune.conftest import PREPROCESSING, write_small
from tests.support.task_networks import KINDS, write_network


def frames(count: int = 40) -> Iterator[np.ndarray]:
    return noise_frames(count, (12, 10), seed=7)


def test_a_pruned_file_says_what_it_is_and_runs_in_both_engines(source: Path, tmp_path: Path) -> None:
    stages: list[str] = []
    result = prune(
        source,
        frames(),
        tmp_path / "out.onnx",
        macs=0.6,
        progress=lambda stage, done, total: stages.append(stage),
    )
    assert result.macs[1] <= 0.6 * result.macs[0]
    assert all(after % 8 == 0 for _, after in result.widths.values())
    metadata, record = read_metadata(result.path), json.loads(read_entries(result.path)["gcv_edge pruning"])
    assert (metadata.variant, metadata.labels, metadata.preprocessing) == (
        "fp32",
        ("a", "b", "c", "d"),
        PREPROCESSING,
    )
    assert record["data"] == "pictures"
    assert record["pictures"] == 40
    assert record["macs"] == list(result.macs)
    assert verify_model(result.path).passed
    batch = np.random.default_rng(0).standard_normal((1, 3, 8, 8)).astype(np.float32)
    first, second = (
        open_session(result.path, SessionOptions(engine=e)).run(batch) for e in ("openvino", "onnxruntime")
    )
    np.testing.assert_allclose(first["logits"], second["logits"], atol=1e-4)
    assert list(dict.fromkeys(stages)) == [
        *("pictures", "statistics", "order", "sensitivity", "widths", "exchange", "fit")
    ]
    assert Classifier(result.path).run(next(frames())).top(1)


def test_same_seed_same_bytes(source: Path, tmp_path: Path) -> None:
    files = [prune(source, frames(), tmp_path / f"{n}.onnx", macs=0.7).path.read_bytes() for n in range(2)]
    assert files[0] == files[1]


def test_prunings_to_several_goals_share_what_they_find_out(source: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    told: dict[float, set[str]] = {}
    for macs in (0.7, 0.6):
        progress = told.setdefault(macs, set())
        together = prune(
            source,
            frames(),
            tmp_path / f"{macs}.onnx",
            macs=macs,
            shared=shared,
            progress=lambda stage, done, total, seen=progress: seen.add(f"{stage} {done}"),
        )
        alone = prune(source, frames(), tmp_path / f"{macs}_alone.onnx", macs=macs)
        assert together.path.read_bytes() == alone.path.read_bytes()
    assert shared.exists()
    assert "sensitivity 1" in told[0.7]
    assert "sensitivity 1" not in told[0.6]


def test_noise_is_named_in_the_record(source: Path, tmp_path: Path) -> None:
    assert prune(source, None, tmp_path / "out.onnx", macs=0.7).record["data"] == "noise"


@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_a_speed_is_measured(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    precision: str,
) -> None:
    monkeypatch.setattr(gate, "SLOWEST", 0.0)
    monkeypatch.setenv(ONEDNN, "AVX2")  # a processor on which sums may overflow
    openvino_session.warn_of_overflow.cache_clear()
    result = prune(source, frames(), tmp_path / "out.onnx", speedup=1.05, precision=precision)
    assert result.record["asked"] == {"speedup": 1.05, "precision": precision}
    assert read_metadata(result.path).variant == "fp32"
    assert len(result.record["milliseconds"]) == 2
    assert [record.getMessage() for record in caplog.records] == []


def test_what_is_slower_is_refused(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SLOWEST", 1e9)
    with pytest.raises(SlowerError, match="times as long as the whole one: nothing was written"):
        prune(source, frames(), tmp_path / "out.onnx", macs=0.7)
    assert not (tmp_path / "out.onnx").exists()


def test_spaces_are_widened_until_the_drop_is_allowed(source: Path, tmp_path: Path) -> None:
    scores = iter([90.0, 80.0, 85.0, 89.9])
    result = prune(
        source, frames(), tmp_path / "out.onnx", macs=0.3, score=lambda path: next(scores), max_drop=0.5
    )
    assert result.passed
    assert result.score == (90.0, 89.9)


def scored(*scores: Score) -> Callable[[Path], Score]:
    """Give one score after the other, whatever the file."""
    left = iter(scores)
    return lambda path: next(left)


def test_without_a_limit_five_measured_points_may_be_lost(source: Path, tmp_path: Path) -> None:
    unsure = Score(86.0, (90.0, 82.0, 70.0), pictures=100)
    whole = Score(90.0, (90.0, 90.0, 90.0), pictures=100)
    for after, passed in ((unsure, True), (Score(84.9), False)):
        result = prune(source, frames(), tmp_path / "out.onnx", macs=0.5, score=scored(whole, *[after] * 20))
        assert (result.passed, result.max_drop) == (passed, 5.0)
        assert result.path.name == ("out.onnx" if passed else "out_over_max_drop.onnx")
    score = scored(whole, Score(1.0))
    assert prune(source, frames(), tmp_path / "any.onnx", macs=0.5, score=score, max_drop=100).passed
    assert prune(source, frames(), tmp_path / "unlabelled.onnx", macs=0.05).max_drop is None


def test_a_drop_that_cannot_be_helped_is_told(source: Path, tmp_path: Path) -> None:
    scores = iter([90.0] + [10.0] * 20)
    result = prune(
        source, frames(), tmp_path / "out.onnx", macs=0.5, score=lambda path: next(scores), max_drop=0.5
    )
    assert not result.passed
    assert result.path == tmp_path / "out_over_max_drop.onnx"
    assert [path.name for path in tmp_path.glob("*out*")] == [result.path.name]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, UsageError, "expected a speed-up or a part"),
        ({"macs": 0.5, "speedup": 2}, UsageError, "one of the two"),
        ({"macs": 1.5}, UsageError, "macs: found 1.5"),
        ({"speedup": 0.5}, UsageError, "speedup: found 0.5"),
        (
            {"speedup": 2, "precision": "int4"},
            UsageError,
            "precision: found 'int4', expected one of f32, int8",
        ),
        (
            {"macs": 0.5, "precision": "int8"},
            UsageError,
            "found int8 beside macs, expected it beside a speed",
        ),
    ],
)
def test_wrong_targets(source: Path, tmp_path: Path, options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        prune(source, frames(), tmp_path / "out.onnx", **options)


def test_quantised_networks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="prune the network first"):
        prune(write_small(tmp_path / "q.onnx", "int8"), frames(), tmp_path / "out.onnx", macs=0.5)


def test_too_few_pictures_are_an_error(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found 3 pictures to prune with"):
        prune(source, frames(3), tmp_path / "out.onnx", macs=0.5)


def test_of_many_pictures_some_are_kept_at_random() -> None:
    kept = collect_pictures(frames(200), PREPROCESSING, (8, 8), 16, 0)
    assert (len(kept), kept.seen) == (16, 200)
    again = collect_pictures(frames(200), PREPROCESSING, (8, 8), 16, 0)
    np.testing.assert_array_equal(kept.levels, again.levels)


def test_pictures_are_placed_as_the_runtime_places_them() -> None:
    """A clip's frames are stretched to a size of their own before the middle is taken."""
    clips = Preprocessing(mean=(0.0,) * 3, scale=(1.0,) * 3, resize_type="crop", crop_short=12, crop_wide=20)
    kept = collect_pictures(frames(8), clips, (8, 8), 8, 0)
    expected = np.empty((3, 8, 8), np.uint8)
    for frame, levels in zip(frames(8), kept.levels, strict=True):
        fill(view_frame(frame, "bgr"), clips, expected)
        np.testing.assert_array_equal(levels, expected)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pictures" / "inner").mkdir(parents=True)
    for number, frame in enumerate(frames(16)):
        name = f"{number}.png" if number % 2 else f"inner/{number}.png"
        cv2.imwrite(str(tmp_path / "pictures" / name), frame)
    (tmp_path / "pictures" / "broken.png").write_bytes(b"no picture")
    return tmp_path / "pictures"


@pytest.fixture
def invoke() -> Callable[..., object]:
    return lambda *arguments: CliRunner().invoke(main, ["prune", *map(str, arguments)])


def test_the_command_prunes(source: Path, folder: Path, tmp_path: Path, invoke) -> None:
    done = invoke(source, "--data", folder, "--macs", "0.6", "-o", tmp_path / "out.onnx")
    assert done.exit_code == 0, done.output
    assert "of the multiply-accumulates" in done.output
    assert "broken.png" in done.stderr
    assert re.search(r"Lost: [\d.]+ points of top-1 agreement \(100.00 -> ", done.output)
    assert "gcv_edge pruning" in read_entries(tmp_path / "out.onnx")
    told = CliRunner().invoke(main, ["info", str(tmp_path / "out.onnx")]).output
    assert re.search(r"Pruned +\d+% of the work is left, [\d.]+ % of top-1 classes changed\n", told)


def test_the_command_says_noise_and_gives_json(source: Path, tmp_path: Path, invoke) -> None:
    done = invoke(source, "--data", "noise", "--macs", "0.7", "-o", tmp_path / "out.onnx")
    assert "FITTED ON NOISE" in done.output
    done = invoke(source, "--data", "noise", "--macs", "0.7", "-o", tmp_path / "out.onnx", "--json")
    assert json.loads(done.stdout)["data"] == "noise"


def test_the_gate_has_an_exit_code_of_its_own(tmp_path: Path, invoke) -> None:
    source = write_network(tmp_path / "net.onnx", KINDS["regression"])
    done = invoke(source, "--data", "noise", "--macs", "0.05", "--max-drop", "0", "-o", tmp_path / "out.onnx")
    assert done.exit_code == 3, done.output
    assert done.stderr.startswith(f"Error: {tmp_path}/out_over_max_drop.onnx: outputs changed by ")
    assert done.stderr.endswith(", allowed are 0; kept under this name\n")
    assert [path.name for path in tmp_path.glob("*out*")] == ["out_over_max_drop.onnx"]


def test_the_command_explains(source: Path, invoke) -> None:
    text = invoke(source, "--explain").output
    assert "is the output 'logits'" in text
    assert "may go as a whole" in text
    rows = json.loads(invoke(source, "--explain", "--json").stdout)
    assert [row["channels"] for row in rows] == [16, 24, 24, 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--macs", "0.5"], "--data: expected a folder"),
        (["--data", "noise"], "expected --speedup 1.5 or --macs 0.7"),
        (["--data", "nowhere", "--macs", "0.5"], "nowhere: no such file or folder"),
        (["--data", "noise", "--macs", "2"], "--macs"),
    ],
)
def test_wrong_arguments(source: Path, invoke, arguments: list[str], message: str) -> None:
    done = invoke(source, *arguments)
    assert done.exit_code in (1, 2)
    assert message in done.output
