"""Symbols of which every head needs a label, and heads of which a task takes one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.runtime.opening import open_session
from tests.exporters.mxnet.test_heads import SHAPE, Heads, age_and_gender, convert, two_maps
from tests.support.symbol_files import Entry, SymbolFile

Loss = Callable[[SymbolFile, Entry], Entry]


def loss(name: str, build: Loss) -> Heads:
    """A classifier of five whose only head is a loss made of operators and a label of that name."""

    def heads(net: SymbolFile) -> Entry:
        return net.op("MakeLoss", "loss", build(net, net.variable(name)))

    return heads


def squares(net: SymbolFile, label: Entry) -> Entry:
    error = net.op("elemwise_sub", "error", net.classes(5), label)
    return net.op("sum", "total", net.op("square", "squared", error), axis=1)


def picked(net: SymbolFile, label: Entry) -> Entry:
    logs = net.op("log_softmax", "logs", net.classes(5))
    return net.op("negative", "entropy", net.op("pick", "own", logs, label, axis=1))


def one_hot(net: SymbolFile, label: Entry) -> Entry:
    logs = net.op("log_softmax", "logs", net.classes(5))
    return net.op("broadcast_mul", "entropy", logs, net.op("one_hot", "wanted", label, depth=5))


def smooth(net: SymbolFile, label: Entry) -> Entry:
    return net.op("smooth_l1", "smooth", net.op("elemwise_sub", "error", net.classes(5), label), scalar=1.0)


def angles(net: SymbolFile) -> Entry:
    """Cosines between an embedding and the classes', as face networks are trained with."""
    embedding = net.norm("fc1", net.dense("pre_fc1", net.trunk(), 6, 8), 6)
    unit = net.op("L2Normalization", "fc1n", embedding, mode="instance")
    weight = net.op("L2Normalization", "weights", net.constant("fc7_weight", net.random.normal(0, 1, (9, 6))))
    return net.op("FullyConnected", "fc7", unit, weight, num_hidden=9, no_bias=True)


def arcface(net: SymbolFile) -> Entry:
    label, cosines = net.variable("gt_label"), angles(net)
    own = net.op("pick", "own", cosines, label, axis=1)
    lower = net.op("_minus_scalar", "lower", own, scalar=0.5)
    change = net.op("expand_dims", "change", net.op("elemwise_sub", "less", lower, own), axis=1)
    wanted = net.op("one_hot", "wanted", label, depth=9)
    scores = net.op("elemwise_add", "sum", cosines, net.op("broadcast_mul", "margin", wanted, change))
    return net.op("SoftmaxOutput", "softmax", scores, label)


def cosface(net: SymbolFile) -> Entry:
    label, cosines = net.variable("softmax_label"), angles(net)
    wanted = net.op("one_hot", "wanted", label, depth=9, on_value=0.35, off_value=0.0)
    return net.op("SoftmaxOutput", "softmax", net.op("elemwise_sub", "lower", cosines, wanted), label)


LOSSES = {
    "squares": (loss("label", squares), "label", ("fc",)),
    "a picked logarithm": (loss("softmax_label", picked), "softmax_label", ("logs",)),
    "logarithms and a one-hot label": (loss("label0", one_hot), "label0", ("logs",)),
    "smooth differences": (loss("gt", smooth), "gt", ("fc",)),
    "ArcFace": (arcface, "gt_label", ("fc1", "fc7")),
    "CosFace": (cosface, "softmax_label", ("fc1", "fc7")),
}


@pytest.mark.parametrize(("build", "label", "before"), LOSSES.values(), ids=LOSSES.keys())
def test_where_every_head_needs_a_label_the_line_says_what_to_type(
    build: Heads, label: str, before: tuple[str, ...], tmp_path: Path
) -> None:
    wanted = " or ".join(f"--outputs {name}_output" for name in before)
    with pytest.raises(UsageError, match=f" needs '{label}', which only training has: {wanted} exports"):
        convert(build, tmp_path)
    for name in before:
        result = convert(build, tmp_path, outputs=(f"{name}_output",))
        assert result.metadata.task.name == ("embedding" if name == "fc1" else "classification")
        assert tuple(open_session(result.path).inputs) == ("data",)


def test_what_looks_like_a_label_may_be_an_input(tmp_path: Path) -> None:
    result = convert(loss("target", squares), tmp_path, further_shapes=((1, 5),))
    assert open_session(result.path).inputs == {"data": SHAPE, "target": (1, 5)}


@pytest.mark.parametrize("name", ["y", "truth", "wanted_scores"])
def test_what_only_a_loss_takes_is_a_label_whatever_its_name(name: str, tmp_path: Path) -> None:
    def heads(net: SymbolFile) -> tuple[Entry, ...]:
        scores = net.classes(5)
        error = net.op("elemwise_sub", "error", scores, net.variable(name))
        return scores, net.op("MakeLoss", "loss", net.op("square", "squared", error))

    result = convert(heads, tmp_path)
    assert result.metadata.task.name == "classification"
    assert f"left out: 'loss': needs '{name}', which only training has" in result.notes


def two_classifiers(net: SymbolFile) -> tuple[Entry, ...]:
    trunk = net.trunk()
    return net.op("softmax", "colour", net.dense("a", trunk, 4, 8)), net.dense("make", trunk, 5, 8)


def two_measurements(net: SymbolFile) -> tuple[Entry, ...]:
    trunk = net.trunk()
    return tuple(
        net.op(
            "LinearRegressionOutput",
            name,
            net.dense(f"{name}_fc", trunk, 1, 8),
            net.variable(f"{name}_label"),
        )
        for name in ("width", "height")
    )


def embedding_and_classes(net: SymbolFile) -> tuple[Entry, ...]:
    embedding = net.norm("fc1", net.classes(6), 6)
    return embedding, net.op("softmax", "prob", net.dense("fc7", embedding, 9, 6))


def maps_and_vector(net: SymbolFile) -> tuple[Entry, ...]:
    maps = net.conv("heat", net.data, 7, 3, stride=4)
    return net.op("relu", "hidden", net.classes(4)), maps


@pytest.mark.parametrize(
    ("build", "task", "listed"),
    [
        (two_classifiers, "classification", "'colour', 'make'"),
        (two_measurements, "regression", "'width', 'height'"),
        (two_maps, "pose", "'face_prob', 'box'"),
    ],
)
def test_which_of_several_equal_heads_is_asked_for(
    build: Heads, task: str, listed: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=f"--task {task} takes one output, and any of {listed} may be it"):
        convert(build, tmp_path, task=task)


@pytest.mark.parametrize(
    ("build", "task", "kept", "spare"),
    [
        (age_and_gender, "regression", "age", "gender"),
        (age_and_gender, "classification", "gender", "age"),
        (embedding_and_classes, "embedding", "fc1", "prob"),
        (embedding_and_classes, "classification", "prob", "fc1"),
        (maps_and_vector, "pose", "heat", "hidden"),
        (maps_and_vector, "embedding", "hidden", "heat"),
    ],
)
def test_the_only_head_for_a_task_is_taken(
    build: Heads, task: str, kept: str, spare: str, tmp_path: Path
) -> None:
    result = convert(build, tmp_path, task=task)
    assert result.metadata.task.name == task
    assert (
        f"left out: '{spare}': --task {task} takes one output, '{kept}' (--outputs chooses)" in result.notes
    )
    assert result.verification is not None
    assert result.verification.passed


def test_no_head_for_a_task(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"found no known head for classification among .*'face_prob'"):
        convert(two_maps, tmp_path, task="classification")


def test_heads_beside_enlarged_maps_are_for_training(tmp_path: Path) -> None:
    def heads(net: SymbolFile) -> tuple[Entry, ...]:
        size: dict[str, Any] = {"height": 16, "width": 16}
        maps = [net.conv(f"c{index}", net.data, 5, 3, stride=2) for index in range(2)]
        return tuple(net.op("_contrib_BilinearResize2D", f"up{i}", x, **size) for i, x in enumerate(maps))

    for options in ({}, {"task": "segmentation"}):
        notes = convert(heads, tmp_path, **options).notes
        spare = "left out: 'up1': taken for auxiliary heads of training beside 'up0' (--outputs exports them)"
        assert spare in notes


def test_enlarged_maps_of_other_classes_are_all_kept(tmp_path: Path) -> None:
    def heads(net: SymbolFile) -> tuple[Entry, ...]:
        size: dict[str, Any] = {"height": 16, "width": 16}
        maps = [net.conv(f"c{count}", net.data, count, 3, stride=2) for count in (5, 2)]
        return tuple(net.op("_contrib_BilinearResize2D", f"up{i}", x, **size) for i, x in enumerate(maps))

    result = convert(heads, tmp_path)
    assert result.metadata.task.name == "tensors"
    assert not any("left out" in note for note in result.notes)
