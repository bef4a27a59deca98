"""What the outputs of a symbol from outside the zoo are taken for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from gcv_edge import load
from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions
from tests.support.symbol_files import Entry, SymbolFile

SHAPE = (1, 3, 16, 16)
Heads = Callable[[SymbolFile], "Entry | tuple[Entry, ...]"]


def save(build: Heads, folder: Path, **options: Any) -> str:
    net = SymbolFile(**options)
    heads = build(net)
    return net.save(folder, *(heads if isinstance(heads[0], tuple) else (heads,)))  # type: ignore[arg-type]


def convert(build: Heads, folder: Path, **options: Any) -> ExportResult:
    return export(
        save(build, folder), folder / "out.onnx", options=ExportOptions(**{"input_shape": SHAPE, **options})
    )


def softmax(**attrs: Any) -> Heads:
    return lambda net: net.op("softmax", "prob", net.classes(4), **attrs)


def behind(op: str, **attrs: Any) -> Heads:
    """A classifier of four that ends in an operator of one input, or of two, of which one is a label."""
    return lambda net: net.op(op, "end", net.classes(4), **attrs)


def trained(op: str, count: int = 4, **attrs: Any) -> Heads:
    return lambda net: net.op(op, "end", net.classes(count), net.variable("end_label"), **attrs)


def one(op: str | None, **attrs: Any) -> Heads:
    return lambda net: net.op(op, "end", net.classes(1), **attrs) if op else net.classes(1)


def maps(channels: int, *ops: tuple[str, dict[str, Any]], stride: int = 1) -> Heads:
    """Maps of a convolution, and operators behind it."""

    def build(net: SymbolFile) -> Entry:
        value = net.conv("maps", net.data, channels, 3, stride=stride)
        for index, (op, attrs) in enumerate(ops):
            value = net.op(op, f"end{index}", value, **attrs)
        return value

    return build


def vector_of_maps(net: SymbolFile) -> Entry:
    pooled = net.op("Reshape", "cell", net.trunk(), shape=(0, 0, 1, 1))
    return net.conv("fc7", pooled, 5, 8, kernel=1)


def softmax_of_maps(net: SymbolFile) -> Entry:
    return net.op("softmax", "prob", vector_of_maps(net), axis=1)


def layer_norm(net: SymbolFile) -> Entry:
    gamma, beta = net.constant("ln_gamma", np.ones(4)), net.constant("ln_beta", [0.1] * 4)
    return net.op("LayerNorm", "ln", net.classes(4), gamma, beta)


class Row(NamedTuple):
    build: Heads
    task: str
    activation: str = "softmax"
    options: Mapping[str, Any] = {}


CHANNEL = {"axis": 1}
CERTAIN = {
    "dense layer": Row(lambda net: net.classes(4), "classification"),
    "softmax": Row(softmax(), "classification"),
    "softmax with a temperature": Row(softmax(temperature=4.0), "classification"),
    "log softmax with a temperature": Row(behind("log_softmax", temperature=0.5), "classification"),
    "softmax of 1x1 maps": Row(softmax_of_maps, "classification"),
    "softmax, then flat": Row(lambda net: net.op("Flatten", "f", softmax_of_maps(net)), "classification"),
    "1x1 maps": Row(vector_of_maps, "classification"),
    "SoftmaxOutput": Row(trained("SoftmaxOutput"), "classification"),
    "SoftmaxActivation": Row(behind("SoftmaxActivation"), "classification"),
    "argmax of classes": Row(behind("argmax", axis=1), "classification"),
    "sigmoid of several": Row(behind("sigmoid"), "classification", "sigmoid"),
    "sigmoid of one": Row(one("Activation", act_type="sigmoid"), "classification", "sigmoid"),
    "LogisticRegressionOutput": Row(trained("LogisticRegressionOutput"), "classification", "sigmoid"),
    "LogisticRegressionOutput of one": Row(
        trained("LogisticRegressionOutput", 1), "classification", "sigmoid"
    ),
    "SVMOutput": Row(trained("SVMOutput"), "classification", "none"),
    "a logit, asked": Row(one(None), "classification", "sigmoid", {"task": "classification"}),
    "multi-label logits, asked": Row(
        lambda net: net.classes(4), "classification", "sigmoid", {"activation": "sigmoid"}
    ),
    "LinearRegressionOutput": Row(trained("LinearRegressionOutput", 1), "regression"),
    "MAERegressionOutput of three": Row(trained("MAERegressionOutput", 3), "regression"),
    "a number, asked": Row(one(None), "regression", options={"task": "regression"}),
    "BatchNorm of a vector": Row(lambda net: net.norm("fc1", net.classes(6), 6), "embedding"),
    "unit length": Row(behind("L2Normalization"), "embedding"),
    "LayerNorm of a vector": Row(layer_norm, "embedding"),
    "argmax of maps": Row(maps(5, ("argmax", CHANNEL)), "segmentation"),
    "argmax of softmax of maps": Row(maps(5, ("softmax", CHANNEL), ("argmax", CHANNEL)), "segmentation"),
    "softmax of maps": Row(maps(5, ("softmax", CHANNEL)), "segmentation"),
    "SoftmaxActivation of maps": Row(maps(5, ("SoftmaxActivation", {"mode": "channel"})), "segmentation"),
    "mask": Row(maps(1, ("sigmoid", {})), "segmentation"),
    "mask's logit, asked": Row(maps(1), "segmentation", options={"task": "segmentation"}),
    "enlarged maps": Row(
        maps(5, ("_contrib_BilinearResize2D", {"height": 16, "width": 16}), stride=2), "segmentation"
    ),
    "tanh of three channels": Row(maps(3, ("tanh", {})), "image_to_image"),
    "heat maps, asked": Row(maps(7, stride=4), "pose", options={"task": "pose"}),
}  # fmt: skip


@pytest.mark.parametrize("row", CERTAIN.values(), ids=CERTAIN.keys())
def test_a_head_says_what_it_is_for(row: Row, tmp_path: Path) -> None:
    result = convert(row.build, tmp_path, **row.options)
    assert (result.metadata.task.name, result.metadata.activation) == (row.task, row.activation)
    assert result.verification is not None
    assert result.verification.passed


def letters(net: SymbolFile) -> Entry:
    trunk = net.trunk()
    places = [net.dense(f"letter{index}", trunk, 6, 8) for index in range(4)]
    return net.op("Concat", "plate", *places, dim=0, num_args=4)


def steps(net: SymbolFile) -> Entry:
    maps = net.conv("columns", net.data, 6, 3, stride=4)
    return net.op("Reshape", "steps", net.op("transpose", "last", maps, axes=(0, 2, 3, 1)), shape=(-1, 6))


def read_letters(net: SymbolFile) -> Entry:
    return net.op("SoftmaxOutput", "softmax", letters(net), net.variable("softmax_label"))


def sequence(net: SymbolFile) -> Entry:
    return net.op("Reshape", "lines", steps(net), shape=(1, 4, 24))


@pytest.mark.parametrize(
    ("build", "shape"), [(letters, (4, 6)), (read_letters, (4, 6)), (steps, (16, 6)), (sequence, (1, 4, 24))]
)
def test_what_is_no_row_for_each_picture_is_left_as_it_is(
    build: Heads, shape: tuple[int, ...], tmp_path: Path
) -> None:
    result = convert(build, tmp_path)
    assert result.metadata.task.name == "tensors"
    assert any("exported as it is" in note for note in result.notes)
    assert open_session(result.path).outputs == {"output": shape}
    if len(shape) == 2:
        with pytest.raises(UnsupportedError, match=r"for a batch of 1, expected \[N, C\]"):
            convert(build, tmp_path, task="classification")


ONLY_ASKED = {
    "one number": (one(None), "regression"),
    "one number behind a tanh": (one("tanh"), "regression"),
    "rectified vector": (behind("relu"), "embedding"),
    "small maps": (maps(7, stride=4), "pose"),
    "one map": (maps(1), "segmentation"),
    "three channels": (maps(3), "image_to_image"),
    "sigmoids of several maps": (maps(4, ("sigmoid", {})), "segmentation"),
    "small softmax maps": (maps(4, ("softmax", {"axis": 1}), stride=2), "pose"),
    "softmax along a row": (maps(4, ("softmax", {"axis": 3})), "pose"),
}


@pytest.mark.parametrize(("build", "task"), ONLY_ASKED.values(), ids=ONLY_ASKED.keys())
def test_what_is_not_certain_is_asked_for(build: Heads, task: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"is not certain: give --task .*{task}"):
        convert(build, tmp_path)
    assert not (tmp_path / "out.onnx").exists()
    more = {"image_range": (0.0, 1.0)} if task == "image_to_image" else {}
    assert convert(build, tmp_path, task=task, **more).metadata.task.name == task


def test_an_activation_that_contradicts_the_head(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--activation sigmoid: output 'output' ends in a softmax itself"):
        convert(softmax(), tmp_path, activation="sigmoid")
    with pytest.raises(UsageError, match=r"--activation is for classification and action, .* embedding"):
        convert(behind("relu"), tmp_path, task="embedding", activation="none")


def two_maps(net: SymbolFile) -> tuple[Entry, ...]:
    trunk = net.op("relu", "trunk", net.conv("c", net.data, 8, 3, stride=2))
    face = net.op("softmax", "face_prob", net.conv("face", trunk, 2, 8, kernel=1), axis=1)
    return face, net.conv("box", trunk, 4, 8, kernel=1)


def three_scales(net: SymbolFile) -> tuple[Entry, ...]:
    first = net.conv("s8", net.data, 4, 3, stride=2)
    second = net.conv("s16", first, 4, 4, stride=2)
    return first, second, net.op("BlockGrad", "blockgrad0", net.conv("s32", second, 4, 4, stride=2))


def age_and_gender(net: SymbolFile) -> tuple[Entry, ...]:
    trunk = net.trunk()
    age = net.op("LinearRegressionOutput", "age", net.dense("a", trunk, 1, 8), net.variable("age_label"))
    gender = net.op("SoftmaxOutput", "gender", net.dense("g", trunk, 2, 8), net.variable("gender_label"))
    return age, gender


def both_halves(net: SymbolFile) -> tuple[Entry, ...]:
    halves = net.op("SliceChannel", "split", net.classes(6), num_outputs=2, axis=1)
    return halves, (halves[0], 1)


SEVERAL = {
    "classes and boxes": (two_maps, ("face_prob", "box")),
    "three scales": (three_scales, ("s8", "s16", "s32")),
    "two tasks": (age_and_gender, ("age", "gender")),
    "two outputs of one operator": (both_halves, ("split_0", "split_1")),
}


@pytest.mark.parametrize(("build", "names"), SEVERAL.values(), ids=SEVERAL.keys())
def test_all_heads_are_exported_under_their_names(
    build: Heads, names: tuple[str, ...], tmp_path: Path
) -> None:
    result = convert(build, tmp_path)
    assert result.metadata.task.name == "tensors"
    assert tuple(open_session(result.path).outputs) == names
    assert result.verification is not None
    assert {row.name for row in result.verification.comparisons} == set(names)


@pytest.mark.parametrize(("build", "names"), SEVERAL.values(), ids=SEVERAL.keys())
def test_all_heads_are_the_symbol_s_own(
    build: Heads, names: tuple[str, ...], tmp_path: Path, mxnet: ModuleType
) -> None:
    path = convert(build, tmp_path).path
    picture = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    labels = {"age_label": (1, 1), "gender_label": (1,)}
    expected = run_symbol(mxnet, tmp_path, data=picture, **{name: np.zeros(labels[name]) for name in labels})
    for engine in ("onnxruntime", "openvino"):
        found = open_session(path, SessionOptions(engine=engine)).run({"data": picture})
        for name, value in zip(names, expected, strict=True):
            np.testing.assert_allclose(found[name], value, atol=1e-5)


def run_symbol(mxnet: ModuleType, folder: Path, **inputs: Any) -> list[Any]:
    """What MXNet computes for the files, of inputs of which some may be another network's."""
    symbol = mxnet.sym.load(str(folder / "net-symbol.json"))
    stored = mxnet.nd.load(str(folder / "net-0000.params"))
    arrays = {name.partition(":")[2]: value for name, value in stored.items()}
    arrays |= {name: mxnet.nd.array(value) for name, value in inputs.items()}
    names = symbol.list_arguments(), symbol.list_auxiliary_states()
    arguments, states = ({name: arrays[name] for name in group} for group in names)
    executor = symbol.bind(mxnet.cpu(), arguments, aux_states=states)
    return [value.asnumpy() for value in executor.forward()]


def classes_and_label(net: SymbolFile) -> tuple[Entry, ...]:
    label = net.variable("softmax_label")
    return net.op("SoftmaxOutput", "softmax", net.classes(5), label), label


def with_loss_of_a_label(net: SymbolFile) -> tuple[Entry, ...]:
    scores = net.classes(5)
    error = net.op("elemwise_sub", "error", scores, net.variable("score_target"))
    return scores, net.op("MakeLoss", "loss", net.op("square", "squared", error))


def with_loss_of_a_sequence(net: SymbolFile) -> tuple[Entry, ...]:
    scores = net.classes(5)
    line = net.op("expand_dims", "line", scores, axis=0)
    loss = net.op("CTCLoss", "ctc", line, net.variable("text"), use_data_lengths=False)
    return scores, net.op("MakeLoss", "loss", loss)


def with_margin(net: SymbolFile) -> tuple[Entry, ...]:
    """As ArcFace is trained: the label changes the scores, the embedding does not depend on it."""
    embedding = net.norm("fc1", net.classes(6), 6)
    scores = net.dense("fc7", net.op("L2Normalization", "unit", embedding), 9, 6)
    label = net.variable("softmax_label")
    margin = net.op("_mul_scalar", "margin", net.op("one_hot", "own", label, depth=9), scalar=0.5)
    scores = net.op("elemwise_sub", "with_margin", scores, margin)
    return net.op("BlockGrad", "stop", embedding), net.op("SoftmaxOutput", "softmax", scores, label)


def with_custom_loss(net: SymbolFile) -> tuple[Entry, ...]:
    scores = net.classes(5)
    return scores, net.op("Custom", "own_loss", scores, net.variable("gt_label"), op_type="own")


TRAINED = {
    "a label that is an output": (classes_and_label, "classification", "softmax_label"),
    "a loss made of operators": (with_loss_of_a_label, "classification", "score_target"),
    "a loss of sequences": (with_loss_of_a_sequence, "classification", "text"),
    "a margin": (with_margin, "embedding", "softmax_label"),
    "a loss in Python": (with_custom_loss, "classification", "gt_label"),
}


@pytest.mark.parametrize(("build", "task", "label"), TRAINED.values(), ids=TRAINED.keys())
def test_heads_that_need_labels_are_left_out(build: Heads, task: str, label: str, tmp_path: Path) -> None:
    result = convert(build, tmp_path)
    assert result.metadata.task.name == task
    assert any(note.startswith("left out: ") and f"needs '{label}'" in note for note in result.notes)


@pytest.mark.parametrize(
    ("wanted", "task", "outputs"),
    [
        (("fc1",), "embedding", {"logits": (1, 6)}),
        (("stop",), "embedding", {"logits": (1, 6)}),
        (("fc1", "fc7_output"), "tensors", {"fc1": (1, 6), "fc7": (1, 9)}),
        (("trunk_relu", "flat"), "tensors", {"trunk_relu": (1, 8, 8, 8), "flat": (1, 8)}),
    ],
)
def test_any_layers_can_be_exported(
    wanted: tuple[str, ...], task: str, outputs: dict[str, Any], tmp_path: Path
) -> None:
    result = convert(with_margin, tmp_path, outputs=wanted)
    assert result.metadata.task.name == task
    assert open_session(result.path).outputs == outputs


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("fc9", "--outputs fc9: no such layer; near are fc, fc7, fc1"),
        ("softmax", "--outputs softmax: needs 'softmax_label', which only training has"),
    ],
)
def test_layers_that_cannot_be_exported(wanted: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        convert(with_margin, tmp_path, outputs=(wanted,))


@pytest.mark.parametrize("end", ["softmax", "log_softmax", "flat"])
def test_a_softmax_s_temperature_is_in_the_logits(end: str, tmp_path: Path, mxnet: ModuleType) -> None:
    builds = {
        "softmax": softmax(temperature=4.0),
        "log_softmax": behind("log_softmax", temperature=0.25),
        "flat": lambda net: net.op("Flatten", "f", softmax(temperature=2.0)(net)),
    }
    path = convert(builds[end], tmp_path).path
    picture = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    logits = open_session(path).run({"data": picture})["logits"].astype(np.float64)
    (expected,) = run_symbol(mxnet, tmp_path, data=picture)
    expected = np.exp(expected) if end == "log_softmax" else expected
    np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(), expected, atol=1e-6)


def test_a_mask_has_a_channel_for_either(tmp_path: Path) -> None:
    path = convert(maps(1, ("sigmoid", {})), tmp_path).path
    session = open_session(path)
    picture = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
    logits = session.run({"data": picture})["logits"]
    assert logits.shape == (1, 2, 16, 16)
    assert not logits[:, 0].any()
    frame = np.random.default_rng(2).integers(0, 255, (16, 16, 3), np.uint8)
    assert set(load(path).run(frame).areas) == {0, 1}


TO_INPUT = ("_contrib_BilinearResize2D", {"height": 16, "width": 16})
NEAREST = ("UpSampling", {"scale": 2, "sample_type": "nearest", "num_args": 1})
SECOND = ("slice_axis", {"axis": 1, "begin": 1, "end": 2})


@pytest.mark.parametrize(
    ("heads", "middle"),
    [
        (maps(1, ("sigmoid", {}), TO_INPUT, stride=2), 0.5),
        (maps(1, ("Activation", {"act_type": "sigmoid"}), ("_mul_scalar", {"scalar": 255.0})), 127.5),
        (maps(2, ("softmax", {"axis": 1}), SECOND), 0.5),
        (maps(1, ("sigmoid", {}), ("_rminus_scalar", {"scalar": 1.0})), 0.5),
        (maps(1, ("sigmoid", {}), NEAREST, stride=2), 0.5),
        (maps(1, ("_mul_scalar", {"scalar": 2.0})), 0.0),
    ],
)
def test_masks_are_divided_where_the_graph_says(heads: Heads, middle: float, tmp_path: Path) -> None:
    result = convert(heads, tmp_path, task="segmentation")
    assert any(f"where it is over {middle or '0 (a logit)'}" in note for note in result.notes)
    whole = export(
        str(tmp_path / "net-symbol.json"),
        tmp_path / "whole.onnx",
        options=ExportOptions(input_shape=SHAPE, task="tensors"),
    )
    data = np.random.default_rng(0).normal(0, 3, SHAPE).astype(np.float32)
    logits, own = (run_only(one.path, data) for one in (result, whole))
    np.testing.assert_array_equal(logits[:, 1] > logits[:, 0], own[:, 0] > middle)
    assert 0 < np.mean(own > middle) < 1


def run_only(path: Path, data: np.ndarray) -> np.ndarray:
    session = open_session(path, SessionOptions())
    (output,) = session.run(dict.fromkeys(session.inputs, data)).values()
    return np.array(output)


@pytest.mark.parametrize(
    "heads",
    [
        maps(1, ("relu", {})),
        maps(1, ("square", {}), TO_INPUT, stride=2),
        maps(1, ("Activation", {"act_type": "softrelu"})),
    ],
)
def test_a_mask_that_is_no_logit_is_refused(heads: Heads, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'output' has one channel, but nothing below 0 on 3 pictures"):
        convert(heads, tmp_path, task="segmentation")
    assert not (tmp_path / "out.onnx").exists()
