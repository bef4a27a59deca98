"""Parts of the sweep over GluonCV's zoo that need no network."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.records import Records
from benchmarks.workers import FAILED, PASSED, Workers, merge, share_processors
from benchmarks.workers import SweepJob as Job
from benchmarks.zoo.cover import choose
from benchmarks.zoo.parity import Parity, measure
from benchmarks.zoo.ties import excuse_ties
from benchmarks.zoo.variants import describe, list_variants, simplify
from benchmarks.zoo.verdicts import UNBUILDABLE, UNBUILDABLE_NAMES, is_expected
from gcv_edge.errors import GcvEdgeError
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol
from gcv_edge.metadata import DetectionSettings, ModelMetadata
from gcv_edge.tasks import CLASSIFICATION, DETECTION, INSTANCES
from gcv_edge.verification.runs import Runs

few = settings(max_examples=30, derandomize=True, deadline=None)

SETTINGS = DetectionSettings(confidence_threshold=0.01, iou_threshold=0.5, nms_topk=100, post_nms=10)
DETECTOR = ModelMetadata(task=DETECTION, detection=SETTINGS)
MASKED = ModelMetadata(task=INSTANCES, detection=SETTINGS)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("(3, 3)", "(n,n)"),
        ("(1, 1)", "(1,1)"),
        ("(0, -1, 4)", "(0,-1,n)"),
        ("2", "n"),
        ("-1", "-1"),
        ("0.5", "x"),
        ("1e-05", "x"),
        ("1.0", "1"),
        ("True", "True"),
        ("conv2d", "conv2d"),
        ("(0L, 2L)", "(0,n)"),
    ],
)
def test_sizes_are_of_no_kind(value: str, kind: str) -> None:
    assert simplify(value) == kind


def operator(op: str, inputs: int = 1, **attrs: str) -> Node:
    return Node(op=op, name="any", attrs=attrs, inputs=(NodeEntry(0, 0),) * inputs)


def test_kinds_of_operators() -> None:
    small = operator("Convolution", 2, kernel="(3, 3)", num_filter="8", workspace="1024", no_bias="True")
    large = operator("Convolution", 2, kernel="(5, 5)", num_filter="64", no_bias="True")
    with_bias = operator("Convolution", 3, kernel="(3, 3)", num_filter="8", no_bias="False")
    assert describe(small) == describe(large) == "Convolution inputs=2 kernel=(n,n)"
    assert describe(with_bias) == "Convolution inputs=3 kernel=(n,n)"


def test_operators_inside_fused_ones_count() -> None:
    inner = Symbol(nodes=(operator("Activation", act_type="relu"),), heads=(), mxnet_version=10901)
    fused = Node(op="_sg_mkldnn_conv", name="any", attrs={}, inputs=(), subgraphs=(inner,))
    assert list_variants(Symbol(nodes=(fused,), heads=(), mxnet_version=10901)) == {
        "_sg_mkldnn_conv inputs=0",
        "_sg_mkldnn_conv > Activation inputs=1 act_type=relu",
    }


names_and_kinds = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3), st.sets(st.integers(0, 9).map(str), min_size=1), min_size=1
)


@few
@given(names_and_kinds, st.randoms())
def test_a_cover_covers_and_nothing_in_it_is_spare(kinds: dict[str, set[str]], draw: random.Random) -> None:
    costs = {name: draw.uniform(1, 100) for name in kinds}
    chosen = choose(kinds, costs)
    every = set().union(*kinds.values())
    assert set().union(*(kinds[name] for name in chosen)) == every
    for name in chosen:
        assert set().union(*(kinds[other] for other in chosen if other != name)) != every


def test_the_cheaper_of_equal_names_is_chosen() -> None:
    assert choose({"dear": {"a"}, "cheap": {"a"}}, {"dear": 9.0, "cheap": 1.0}) == ["cheap"]


def runs(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> Runs:
    return Runs("mxnet", [found], [expected], ("noise",), (1,))


@pytest.mark.parametrize(
    ("change", "passed"), [(0.0, True), (1.9e-3, True), (2.1e-3, False), (float("nan"), False)]
)
def test_outputs_are_compared_in_units_of_their_deviation(change: float, passed: bool) -> None:
    expected = np.array([[1.0, -5.0, 2.0]], np.float32)
    found = expected + np.array([[change * expected.std(), 0, 0]], np.float32)
    metadata = ModelMetadata(task=CLASSIFICATION)
    parity = measure(runs({"logits": found}, {"output": expected}), metadata, (32, 32))
    assert parity.passed is passed
    other_shape = measure(runs({"logits": found[:, :2]}, {"output": expected}), metadata, (32, 32))
    assert not other_shape.passed


def detections(rows: list[list[float]]) -> dict[str, np.ndarray]:
    """MXNet's final list."""
    array = np.array([rows], np.float32)
    return {"final_ids": array[..., :1], "final_scores": array[..., 1:2], "final_boxes": array[..., 2:]}


BOXES = [[10.0, 10, 100, 100], [200, 200, 300, 280]]
ROWS = [[0.0, 0.9, *BOXES[0]], [1.0, 0.6, *BOXES[1]]]


def outputs(boxes: list[list[float]], scores: list[list[float]]) -> dict[str, np.ndarray]:
    return {"boxes": np.array([boxes], np.float32), "scores": np.array([scores], np.float32)}


MXNETS = {**outputs(BOXES, [[0.9, 0.0], [0.0, 0.6]]), **detections(ROWS)}


@pytest.mark.parametrize(
    ("boxes", "scores", "missed"),
    [
        (BOXES, [[0.9, 0.0], [0.0, 0.6]], 0),
        (BOXES, [[0.9009, 0.0], [0.0, 0.6]], 0),
        (BOXES, [[0.902, 0.0], [0.0, 0.6]], 1),
        (BOXES, [[0.0, 0.9], [0.0, 0.6]], 1),
        (BOXES, [[0.9, 0.0], [0.0, 0.001]], 1),
        ([[10.0, 10, 100, 100.15], BOXES[1]], [[0.9, 0.0], [0.0, 0.6]], 0),
        ([[10.0, 10, 100, 101], BOXES[1]], [[0.9, 0.0], [0.0, 0.6]], 1),
    ],
    ids=["equal", "score near", "score off", "other class", "not listed", "box near", "box off"],
)
def test_every_row_must_be_found(boxes: list[list[float]], scores: list[list[float]], missed: int) -> None:
    parity = measure(runs(outputs(boxes, scores), MXNETS), DETECTOR, (512, 512))
    assert (parity.rows, len(parity.missed)) == (2, missed)
    assert parity.passed is (missed == 0)


class Wavering:
    """MXNet, which lists the second row only sometimes."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
        self.runs += 1
        assert 0 < np.abs(inputs).max() < 1e-3
        return {**MXNETS, **detections(ROWS if self.runs == 1 else ROWS[:1])}


@pytest.mark.parametrize(("lost", "missed", "ties"), [(1, 0, 1), (0, 1, 0)])
def test_rows_that_mxnet_itself_loses_are_ties(lost: int, missed: int, ties: int) -> None:
    scores = [[0.9, 0.0], [0.0, 0.6]]
    scores[lost][lost] = 0.0
    parity = measure(runs(outputs(BOXES, scores), MXNETS), DETECTOR, (512, 512))
    assert len(parity.missed) == 1
    excuse_ties(parity, Wavering(), [np.zeros((1, 3, 8, 8), np.float32)], SETTINGS)
    assert (len(parity.missed), parity.ties) == (missed, ties)
    assert parity.to_dict()["ties"] == ties


def with_masks(outputs: dict[str, np.ndarray], name: str, change: float = 0.0) -> dict[str, np.ndarray]:
    masks = np.full((1, 2, 4, 4), 0.5, np.float32)
    masks[0, 1, 2, 2] += change
    return {**outputs, name: masks}


@pytest.mark.parametrize(("change", "missed"), [(0.0, 0), (0.9e-3, 0), (1.1e-3, 1)])
def test_a_detection_has_its_mask(change: float, missed: int) -> None:
    rows = np.array([ROWS], np.float32)
    ours = {"ids": rows[..., :1], "scores": rows[..., 1:2], "boxes": rows[..., 2:]}
    expected = with_masks(detections(ROWS), "final_masks")
    parity = measure(runs(with_masks(ours, "masks", change), expected), MASKED, (512, 512))
    assert (parity.rows, len(parity.missed)) == (2, missed)
    assert parity.errors["masks"] == pytest.approx(0.0 if missed else change, abs=1e-6)


def test_of_equal_rows_any_may_be_lost() -> None:
    """Of three equal rows MXNet keeps two of a changed input: one too few is a tie, whichever it is."""
    twins = {**MXNETS, **detections([ROWS[0]] * 3)}
    parity = measure(runs({**outputs(BOXES, [[0.9, 0.0], [0.0, 0.0]])}, twins), DETECTOR, (512, 512))
    assert len(parity.missed) == 2

    class Twins:
        def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
            return {**MXNETS, **detections([ROWS[0]] * 2)}

    excuse_ties(parity, Twins(), [np.zeros((1, 3, 8, 8), np.float32)], SETTINGS)
    assert (len(parity.missed), parity.ties) == (0, 2)


def test_a_parity_without_numbers_says_so() -> None:
    parity = Parity()
    parity.add("logits", 0.25)
    parity.add("logits", 0.125)
    assert parity.to_dict() == {"passed": False, "worst": 0.25, "errors": {"logits": 0.25}}


def test_verdicts() -> None:
    assert is_expected({"name": "alexnet", "verdict": PASSED})
    assert not is_expected({"name": "alexnet", "verdict": UNBUILDABLE})
    assert is_expected({"name": UNBUILDABLE_NAMES[0], "verdict": UNBUILDABLE})
    assert not is_expected({"name": UNBUILDABLE_NAMES[0], "verdict": FAILED})


def test_records_are_kept_whole(tmp_path: Path) -> None:
    records = Records(tmp_path / "out")
    assert records.read("alexnet") is None
    records.write({"name": "alexnet", "verdict": PASSED})
    records.write({"name": "vgg11", "verdict": FAILED})
    assert records.read_all(["vgg11", "absent", "alexnet"]) == [
        {"name": "vgg11", "verdict": FAILED},
        {"name": "alexnet", "verdict": PASSED},
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["alexnet.json", "vgg11.json"]


def test_one_sweep_at_a_time(tmp_path: Path) -> None:
    first, second = Records(tmp_path), Records(tmp_path)
    with first.locked(), pytest.raises(GcvEdgeError, match="another sweep is at work here"), second.locked():
        pass
    with second.locked():
        pass


def test_figures_of_parts_are_joined_part_by_part() -> None:
    earlier = {"name": "siamrpn", "parts": [{"nodes": 1}, {"nodes": 2}]}
    later = {"speed": {}, "parts": [{"speed": 3}, {"speed": 4}]}
    assert merge(earlier, later)["parts"] == [{"nodes": 1, "speed": 3}, {"nodes": 2, "speed": 4}]
    assert merge({"name": "alexnet"}, {"speed": {}}) == {"name": "alexnet", "speed": {}}


@pytest.mark.parametrize("jobs", [1, 2, 3, 64])
def test_every_job_has_a_processor(jobs: int) -> None:
    shares = share_processors(jobs)
    assert len(shares) == jobs
    assert all(shares)
    if jobs <= len(os.sched_getaffinity(0)):
        assert sorted(itertools.chain(*shares)) == sorted(os.sched_getaffinity(0))


def test_what_takes_too_long_is_a_record(tmp_path: Path) -> None:
    records = Records(tmp_path)
    (record,) = Workers(records, 1).run([Job("alexnet", ("parity",), 0, timeout=0.05)])
    assert record["verdict"] == FAILED
    assert record["reason"] == "not done after 0.05 s"
    assert [path.name for path in tmp_path.iterdir()] == ["alexnet.json"]


def wait_for_ever(*_arguments: object) -> None:
    """What a child does that only an interrupt of the sweep ends."""
    time.sleep(3600)


def test_an_interrupt_while_jobs_are_handed_out_ends_those_that_run(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Job]:
        yield Job("alexnet", ("parity",), 0, timeout=30, function=f"{__name__}:wait_for_ever")
        while not list(tmp_path.glob("work-*/log")):
            time.sleep(0.01)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Workers(Records(tmp_path), 1).run(interrupted()))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("listed", "lost", "ties"), [(3, 0.6, 1), (3, 0.9, 0), (4, 0.6, 0)])
def test_a_full_list_may_end_with_any_of_equal_scores(listed: int, lost: float, ties: int) -> None:
    """Of three rows, two have the last score; a list with room for a fourth holds both."""
    rows = [(0, score, 10.0 + 100 * i, 10.0, 90.0 + 100 * i, 90.0) for i, score in enumerate((0.9, 0.6, 0.6))]
    chosen = replace(SETTINGS, post_nms=listed)
    expected = {**MXNETS, **detections(rows)}
    ours = [row for row in rows if row[1] != lost] + [row for row in rows if row[1] == lost][1:]
    found = {
        "ids": [[row[:1] for row in ours]],
        "scores": [[row[1:2] for row in ours]],
        "boxes": [[row[2:] for row in ours]],
    }
    parity = measure(
        runs({name: np.array(value, np.float32) for name, value in found.items()}, expected),
        replace(DETECTOR, detection=chosen),
        (512, 512),
    )

    class Steady:
        def run(self, inputs: np.ndarray) -> dict[str, np.ndarray]:
            return expected

    assert len(parity.missed) == 1
    excuse_ties(parity, Steady(), [np.zeros((1, 3, 8, 8), np.float32)], chosen)
    assert (len(parity.missed), parity.ties) == (1 - ties, ties)
