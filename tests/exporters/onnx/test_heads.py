"""What an output is for is read from how the graph ends; numbers are the original's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from gcv_edge.errors import GcvEdgeError, UnsupportedError, UsageError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from tests.support.foreign_files import ForeignFile, floats, integers, noise, run_file

UNIT = ExportOptions(mean=(0.0,) * 3, scale=(255.0,) * 3)
CLASSES = 5


def adopt(file: ForeignFile, tmp_path: Path, options: ExportOptions, **outputs: tuple) -> ExportResult:
    source = file.save(tmp_path / "foreign.onnx", outputs)
    result = export(str(source), tmp_path / "adopted.onnx", options=options)
    assert result.verification is not None
    assert result.verification.passed
    assert result.verification.reference.startswith("original in onnxruntime")
    return result


def compare(
    result: ExportResult, tmp_path: Path, tensor: str, output: str, tolerance: float = 1e-4
) -> np.ndarray:
    """Hold an output against a tensor of the original, of which axes of length 1 may be left out."""
    data = noise(1, 3, 32, 48)
    expected = run_file(tmp_path / "foreign.onnx", tensor, x=data)[tensor]
    found = run_file(result.path, data=data)[output]
    np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=tolerance, atol=1e-5)
    return found


def dense(file: ForeignFile, x: str) -> str:
    return file.vector(x, 8, CLASSES, name="core")


def matmul(file: ForeignFile, x: str) -> str:
    pooled = file.op("ReduceMean", x, axes=[2, 3], keepdims=0)
    product = file.op("MatMul", pooled, file.numbers(8, CLASSES))
    return file.op("Add", product, file.numbers(CLASSES), name="core")


def averaged_convolution(file: ForeignFile, x: str) -> str:
    return file.op("GlobalAveragePool", file.conv(x, 8, CLASSES), name="core")


def with_temperature(file: ForeignFile, x: str) -> str:
    return file.op("Mul", file.vector(x, 8, CLASSES), file.constant(2.5), name="core")


def one_unit(file: ForeignFile, x: str) -> str:
    return file.vector(x, 8, 1, name="core")


def softmax(file: ForeignFile, x: str) -> str:
    return file.op("Softmax", x, name="y", axis=1)


def log_softmax(file: ForeignFile, x: str) -> str:
    return file.op("LogSoftmax", x, name="y", axis=-1)


def flat_softmax(file: ForeignFile, x: str) -> str:
    return file.op("Softmax", file.op("Flatten", x), name="y")


def sigmoid(file: ForeignFile, x: str) -> str:
    return file.op("Sigmoid", x, name="y")


def chosen(file: ForeignFile, x: str) -> str:
    index = file.op("ArgMax", file.op("Softmax", x, axis=1), axis=1, keepdims=0)
    return file.op("Cast", index, name="y", to=1)


def plain(file: ForeignFile, x: str) -> str:
    return file.op("Identity", x, name="y")


@pytest.mark.parametrize(
    ("core", "end", "activation", "shape", "opset"),
    [
        (dense, softmax, "softmax", (1, CLASSES), 17),
        (dense, softmax, "softmax", (1, CLASSES), 9),
        (dense, log_softmax, "softmax", (1, CLASSES), 17),
        (dense, sigmoid, "sigmoid", (1, CLASSES), 17),
        (dense, chosen, "softmax", (1,), 17),
        (dense, plain, "softmax", (1, CLASSES), 17),
        (matmul, softmax, "softmax", (1, CLASSES), 13),
        (matmul, plain, "softmax", (1, CLASSES), 13),
        (with_temperature, softmax, "softmax", (1, CLASSES), 17),
        (averaged_convolution, softmax, "softmax", (1, CLASSES, 1, 1), 17),
        (averaged_convolution, softmax, "softmax", (1, CLASSES, 1, 1), 11),
        (averaged_convolution, flat_softmax, "softmax", (1, CLASSES), 17),
        (averaged_convolution, plain, "softmax", (1, CLASSES, 1, 1), 17),
        (one_unit, sigmoid, "sigmoid", (1, 1), 17),
    ],
)
def test_classifiers_need_no_task(
    core: Callable[..., str],
    end: Callable[..., str],
    activation: str,
    shape: tuple[int, ...],
    opset: int,
    tmp_path: Path,
) -> None:
    file = ForeignFile(opset)
    end(file, core(file, file.features(file.input("x", [1, 3, 32, 48]))))
    result = adopt(file, tmp_path, UNIT, y=floats(*shape))
    assert (result.metadata.task.name, result.metadata.activation) == ("classification", activation)
    logits = compare(result, tmp_path, "core", "logits")
    assert logits.ndim == 2


def written_out_softmax(file: ForeignFile, x: str) -> str:
    power = file.op("Exp", file.op("Sub", x, file.op("ReduceMax", x, axes=[1])))
    return file.op("Div", power, file.op("ReduceSum", power, file.constant([1], np.int64)), name="y")


def bare_written_out_softmax(file: ForeignFile, x: str) -> str:
    power = file.op("Exp", x)
    return file.op("Div", power, file.op("ReduceSum", power, file.constant([-1], np.int64)), name="y")


@pytest.mark.parametrize("end", [written_out_softmax, bare_written_out_softmax])
def test_a_softmax_that_is_written_out_is_one(end: Callable[..., str], tmp_path: Path) -> None:
    file = ForeignFile()
    end(file, dense(file, file.features(file.input("x", [1, 3, 32, 48]))))
    result = adopt(file, tmp_path, UNIT, y=floats(1, CLASSES))
    assert (result.metadata.task.name, result.metadata.activation) == ("classification", "softmax")
    assert probabilities(result, tmp_path) < 1e-5


def probabilities(result: ExportResult, tmp_path: Path) -> float:
    """How far a runtime's scores are off the original's."""
    data = noise(1, 3, 32, 48)
    logits = run_file(result.path, data=data)["logits"]
    expected = run_file(tmp_path / "foreign.onnx", "y", x=data)["y"]
    scores = 1 / (1 + np.exp(-logits))
    if result.metadata.activation == "softmax":
        scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return float(np.abs(scores - np.where(expected < 0, np.exp(expected), expected)).max())


@pytest.mark.parametrize(
    ("inner", "outer", "activation"),
    [
        ("Sigmoid", "Softmax", "softmax"),
        ("Softmax", "LogSoftmax", "softmax"),
        ("Softmax", "Sigmoid", "sigmoid"),
        ("Sigmoid", "Sigmoid", "sigmoid"),
        ("Softmax", "Softmax", "softmax"),
    ],
)
def test_of_two_activations_one_is_taken_off(inner: str, outer: str, activation: str, tmp_path: Path) -> None:
    file = ForeignFile()
    core = dense(file, file.features(file.input("x", [1, 3, 32, 48])))
    file.op(outer, file.op(inner, core), name="y")
    result = adopt(file, tmp_path, UNIT, y=floats(1, CLASSES))
    assert result.metadata.activation == activation
    assert probabilities(result, tmp_path) < 1e-5


def over_all_cells(file: ForeignFile, x: str) -> str:
    flat = file.op("Softmax", file.op("Flatten", file.conv(x, 8, 4)), axis=1)
    return file.op("Reshape", flat, file.constant([1, 4, 16, 24], np.int64), name="y")


def over_the_width(file: ForeignFile, x: str) -> str:
    return file.op("Softmax", enlarged(file, x, 4), name="y", axis=3)


def in_groups(file: ForeignFile, x: str) -> str:
    groups = file.op("Reshape", file.vector(x, 8, 6), file.constant([1, 2, 3, 1], np.int64))
    return file.op("Reshape", file.op("Softmax", groups, axis=1), file.constant([1, 6], np.int64), name="y")


def whole_numbers(file: ForeignFile, x: str) -> str:
    return file.op("Cast", file.op("Sigmoid", dense(file, x)), name="y", to=TensorProto.INT64)


def bounded(file: ForeignFile, x: str) -> str:
    return file.op("Clip", dense(file, x), file.constant(0.0), file.constant(1.0), name="y")


def divided_by_sum(file: ForeignFile, x: str) -> str:
    positive = file.op("Relu", dense(file, x))
    return file.op("Div", positive, file.op("ReduceSum", positive, file.constant([1], np.int64)), name="y")


@pytest.mark.parametrize(
    ("make", "output"),
    [
        (over_all_cells, floats(1, 4, 16, 24)),
        (over_the_width, floats(1, 4, 32, 48)),
        (in_groups, floats(1, 6)),
        (whole_numbers, integers(1, CLASSES)),
        (divided_by_sum, floats(1, CLASSES)),
        (bounded, floats(1, CLASSES)),
    ],
)
def test_what_only_looks_like_an_end_is_asked_for(
    make: Callable[..., str], output: tuple, tmp_path: Path
) -> None:
    file = ForeignFile()
    make(file, file.features(file.input("x", [1, 3, 32, 48])))
    with pytest.raises(UsageError, match=r"is for is not certain: give --task"):
        adopt(file, tmp_path, UNIT, y=output)


@pytest.mark.parametrize(
    ("make", "output", "told"),
    [
        (dense, floats(1, CLASSES), "assumed: classification, since output 'core' is of a dense layer"),
        (matmul, floats(1, CLASSES), "assumed: classification, since output 'core' is of a dense layer"),
        (averaged_convolution, floats(1, CLASSES, 1, 1), "assumed: classification, since output 'core'"),
        (lambda file, x: enlarged(file, x, 2), floats(1, 2, 32, 48), "assumed: segmentation, since output"),
    ],
)
def test_a_task_that_only_the_last_layer_tells_is_noted(
    make: Callable[..., str], output: tuple, told: str, tmp_path: Path
) -> None:
    file = ForeignFile()
    make(file, file.features(file.input("x", [1, 3, 32, 48])))
    result = adopt(file, tmp_path, UNIT, core=output)
    assert any(note.startswith(told) for note in result.notes)
    asked = adopt(file, tmp_path, replace(UNIT, task=result.metadata.task.name), core=output)
    assert not any(note.startswith("assumed: " + result.metadata.task.name) for note in asked.notes)


def unit_length(file: ForeignFile, x: str) -> str:
    return file.op("LpNormalization", file.vector(x, 8, 6), name="y", axis=1)


def divided_by_norm(file: ForeignFile, x: str) -> str:
    vector = file.vector(x, 8, 6)
    norm = file.op("ReduceL2", vector, axes=[1], keepdims=1)
    return file.op("Div", vector, file.op("Clip", norm, file.constant(1e-12)), name="y")


def divided_by_root_of_sum(file: ForeignFile, x: str) -> str:
    vector = file.vector(x, 8, 6)
    total = file.op("ReduceSum", file.op("Mul", vector, vector), file.constant([1], np.int64))
    return file.op("Div", vector, file.op("Sqrt", file.op("Add", total, file.constant(1e-9))), name="y")


def divided_by_power_of_sum(file: ForeignFile, x: str) -> str:
    vector = file.vector(x, 8, 6)
    squares = file.op("Pow", vector, file.constant(2.0))
    total = file.op("ReduceSum", squares, file.constant([-1], np.int64))
    return file.op("Div", vector, file.op("Pow", total, file.constant(0.5)), name="y")


def normalized(file: ForeignFile, x: str) -> str:
    statistics = [file.constant(np.full(6, number)) for number in (1.5, 0.5, 0.1, 2.0)]
    return file.op("BatchNormalization", file.vector(x, 8, 6), *statistics, name="y")


@pytest.mark.parametrize(
    "make", [unit_length, divided_by_norm, divided_by_root_of_sum, divided_by_power_of_sum, normalized]
)
def test_embeddings(make: Callable[..., str], tmp_path: Path) -> None:
    file = ForeignFile()
    make(file, file.features(file.input("x", [1, 3, 32, 48])))
    result = adopt(file, tmp_path, UNIT, y=floats(1, 6))
    assert result.metadata.task.name == "embedding"
    compare(result, tmp_path, "y", "logits")


def enlarged(file: ForeignFile, x: str, classes: int) -> str:
    maps = file.conv(x, 8, classes)
    return file.op("Resize", maps, "", file.constant([1, 1, 2, 2]), name="core", mode="linear")


def enlarged_to_shape(file: ForeignFile, x: str, classes: int) -> str:
    """The size is computed from the input's, as PyTorch writes ``interpolate(x, data.shape[2:])``."""
    size = file.op("Slice", file.op("Shape", "x"), *(file.constant([n], np.int64) for n in (2, 4)))
    start = file.constant([1, classes], np.int64)
    sizes = file.op("Concat", start, size, axis=0)
    return file.op("Resize", file.conv(x, 8, classes), "", "", sizes, name="core", mode="linear")


def class_map(file: ForeignFile, x: str) -> str:
    return file.op("ArgMax", x, name="y", axis=1, keepdims=0)


def thin_class_map(file: ForeignFile, x: str) -> str:
    return file.op("ArgMax", x, name="y", axis=1)


def channels_last_softmax(file: ForeignFile, x: str) -> str:
    return file.op("Softmax", file.op("Transpose", x, perm=[0, 2, 3, 1]), name="y", axis=-1)


@pytest.mark.parametrize(
    ("core", "end", "classes", "outputs"),
    [
        (enlarged, class_map, 4, integers(1, 32, 48)),
        (enlarged, thin_class_map, 4, integers(1, 1, 32, 48)),
        (enlarged, softmax, 4, floats(1, 4, 32, 48)),
        (enlarged, plain, 4, floats(1, 4, 32, 48)),
        (enlarged_to_shape, plain, 4, floats(1, 4, "h", "w")),
        (enlarged_to_shape, class_map, 4, integers(1, "h", "w")),
        (enlarged, sigmoid, 1, floats(1, 1, 32, 48)),
    ],
)
def test_segmentation_needs_no_task(
    core: Callable[..., str], end: Callable[..., str], classes: int, outputs: tuple, tmp_path: Path
) -> None:
    file = ForeignFile()
    end(file, core(file, file.features(file.input("x", [1, 3, 32, 48])), classes))
    result = adopt(file, tmp_path, UNIT, y=outputs)
    assert result.metadata.task.name == "segmentation"
    data = noise(1, 3, 32, 48)
    expected = run_file(tmp_path / "foreign.onnx", "core", x=data)["core"]
    found = run_file(result.path, data=data)["logits"]
    np.testing.assert_allclose(found[:, -classes:], expected, rtol=1e-4, atol=1e-5)
    assert found.shape[1] == max(classes, 2)


LARGER = (1, 1, 2, 2)


def enlarged_probability(file: ForeignFile, x: str) -> str:
    small = file.op("Sigmoid", file.conv(x, 8, 1))
    return file.op("Resize", small, "", file.constant(LARGER), name="y", mode="linear")


def foreground(file: ForeignFile, x: str) -> str:
    both = file.op("Softmax", enlarged(file, x, 2), axis=1)
    return file.op("Slice", both, *(file.constant([n], np.int64) for n in (1, 2, 1)), name="y")


def inverted(file: ForeignFile, x: str) -> str:
    return file.op("Sub", file.constant(1.0), file.op("Sigmoid", enlarged(file, x, 1)), name="y")


def levels(file: ForeignFile, x: str) -> str:
    scaled = file.op("Mul", file.op("Sigmoid", enlarged(file, x, 1)), file.constant(255.0))
    return file.op("Cast", scaled, name="y", to=TensorProto.UINT8)


def summed(file: ForeignFile, x: str) -> str:
    parts = [file.op("Sigmoid", file.op("Resize", file.conv(x, 8, 1), "", file.constant(LARGER)))
             for _ in range(2)]  # fmt: skip
    return file.op("Div", file.op("Add", *parts), file.constant(2.0), name="y")


def decided(file: ForeignFile, x: str) -> str:
    over = file.op("Greater", file.op("Sigmoid", enlarged(file, x, 1)), file.constant(0.7))
    return file.op("Cast", over, name="y", to=1)


def deconvolved(file: ForeignFile, x: str) -> str:
    kernel = np.outer([0.25, 0.75, 0.75, 0.25], [0.25, 0.75, 0.75, 0.25])[None, None]
    small = file.op("Sigmoid", file.conv(x, 8, 1))
    return file.op("ConvTranspose", small, file.constant(kernel), name="y", strides=[2, 2], pads=[1, 1, 1, 1])


def logit(file: ForeignFile, x: str) -> str:
    return file.op("Add", enlarged(file, x, 1), file.constant(0.25), name="y")


@pytest.mark.parametrize(
    ("make", "middle"),
    [
        (enlarged_probability, 0.5),
        (foreground, 0.5),
        (inverted, 0.5),
        (levels, 127.5),
        (summed, 0.5),
        (decided, 0.5),
        (deconvolved, 0.5),
        (logit, 0.0),
    ],
)
def test_masks_are_divided_where_the_graph_says(
    make: Callable[..., str], middle: float, tmp_path: Path
) -> None:
    file = ForeignFile()
    make(file, file.features(file.input("x", [1, 3, 32, 48])))
    output = (TensorProto.UINT8 if make is levels else TensorProto.FLOAT, (1, 1, 32, 48))
    result = adopt(file, tmp_path, replace(UNIT, task="segmentation"), y=output)
    assert any(f"where it is over {middle or '0 (a logit)'}" in note for note in result.notes)
    data = 20 * noise(1, 3, 32, 48) - 10
    own = run_file(tmp_path / "foreign.onnx", x=data)["y"][:, 0] > middle
    logits = run_file(result.path, data=data)["logits"]
    assert np.mean((logits[:, 1] > logits[:, 0]) == own) > 0.999
    assert 0 < own.mean() < 1


def rectified(file: ForeignFile, x: str) -> str:
    return file.op("Relu", enlarged(file, x, 1), name="y")


def stretched(file: ForeignFile, x: str) -> str:
    """From the smallest to the largest, as U2-Net's users write it."""
    maps = enlarged(file, x, 1)
    low, high = file.op("ReduceMin", maps), file.op("ReduceMax", maps)
    return file.op("Div", file.op("Sub", maps, low), file.op("Sub", high, low), name="y")


def multiplied(file: ForeignFile, x: str) -> str:
    maps = enlarged(file, x, 1)
    return file.op("Mul", file.op("Sigmoid", maps), file.op("Relu", maps), name="y")


@pytest.mark.parametrize("make", [rectified, stretched, multiplied])
def test_a_mask_that_is_no_logit_is_refused(make: Callable[..., str], tmp_path: Path) -> None:
    file = ForeignFile()
    make(file, file.features(file.input("x", [1, 3, 32, 48])))
    with pytest.raises(UsageError, match="'y' has one channel, but nothing below 0") as caught:
        adopt(file, tmp_path, replace(UNIT, task="segmentation"), y=floats(1, 1, 32, 48))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "adopted.onnx").exists()


def test_maps_with_channels_last(tmp_path: Path) -> None:
    file = ForeignFile()
    channels_last_softmax(file, enlarged(file, file.features(file.input("x", [1, 3, 32, 48])), 4))
    result = adopt(file, tmp_path, UNIT, y=floats(1, 32, 48, 4))
    assert result.metadata.task.name == "segmentation"
    compare(result, tmp_path, "core", "logits")


def test_several_outputs_are_tensors(tmp_path: Path) -> None:
    file = ForeignFile()
    x = file.features(file.input("x", [1, 3, 32, 48]))
    file.vector(x, 8, 3, name="age")
    file.op("ArgMax", file.vector(x, 8, 2), name="gender", axis=1)
    result = adopt(file, tmp_path, ExportOptions(), age=floats(1, 3), gender=integers(1, 1))
    assert result.metadata.task.name == "tensors"
    assert any("age, gender" in note for note in result.notes)
    data = noise(1, 3, 32, 48)
    found, expected = run_file(result.path, x=data), run_file(tmp_path / "foreign.onnx", x=data)
    assert list(found) == ["age", "gender"]
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("chosen", "task", "options", "names"),
    [
        (("age",), "regression", UNIT, ["values"]),
        (("age", "features"), "tensors", ExportOptions(), ["age", "features"]),
        (("features",), "tensors", ExportOptions(), ["features"]),
    ],
)
def test_outputs_and_inner_tensors_are_chosen(
    chosen: tuple[str, ...], task: str, options: ExportOptions, names: list[str], tmp_path: Path
) -> None:
    file = ForeignFile()
    x = file.op("Identity", file.features(file.input("x", [1, 3, 32, 48])), name="features")
    file.vector(x, 8, 1, name="age")
    file.vector(x, 8, 2, name="gender")
    options = replace(options, outputs=chosen, task=task)
    result = adopt(file, tmp_path, options, age=floats(1, 1), gender=floats(1, 2))
    assert result.metadata.task.name == task
    feed = {"x" if task == "tensors" else "data": noise(1, 3, 32, 48)}
    found = run_file(result.path, **feed)
    expected = run_file(tmp_path / "foreign.onnx", *chosen, x=noise(1, 3, 32, 48))
    assert list(found) == names
    for ours, theirs in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (replace(UNIT, outputs=("gendr",)), UsageError, "no such tensor: did you mean gender"),
        (replace(UNIT, outputs=("zzz",)), UsageError, "its outputs are age, gender"),
        (replace(UNIT, outputs=("age",)), UsageError, "--task regression"),
        (replace(UNIT, task="embedding"), UsageError, "any of 'age', 'gender' may be it: --outputs"),
        (replace(UNIT, task="pose"), UnsupportedError, "no known head for pose among its outputs 'age', "),
        (
            replace(UNIT, task="pose", outputs=("age",)),
            UnsupportedError,
            r"expected \[N, C, H, W\] for pose",
        ),
        (replace(UNIT, task="detection"), UsageError, "of no detector that is recognised"),
        (ExportOptions(outputs=("gender",)), UsageError, "--mean R,G,B"),
        (replace(UNIT, outputs=("gender",), labels=("a",)), UsageError, "1 class names given"),
    ],
)
def test_what_is_not_certain_is_asked_for(
    options: ExportOptions, error: type[GcvEdgeError], message: str, tmp_path: Path
) -> None:
    file = ForeignFile()
    x = file.features(file.input("x", [1, 3, 32, 48]))
    file.vector(x, 8, 1, name="age")
    file.vector(x, 8, 2, name="gender")
    source = file.save(tmp_path / "foreign.onnx", {"age": floats(1, 1), "gender": floats(1, 2)})
    with pytest.raises(error, match=message) as caught:
        export(str(source), tmp_path / "adopted.onnx", options=options)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "adopted.onnx").exists()


def two_maps(file: ForeignFile, x: str, first: int, second: int, *ends: str) -> None:
    """Enlarged maps, with ends of their own where they are given."""
    for name, count, end in zip("ab", (first, second), ends or ("Identity", "Identity"), strict=True):
        maps = file.op("Resize", file.conv(x, 8, count), "", file.constant(LARGER), mode="linear")
        file.op(end, maps, name=name, **({"axis": 1} if end == "Softmax" else {}))


@pytest.mark.parametrize(
    ("widths", "ends", "chosen"),
    [
        ((1, 4), ("Identity", "Softmax"), "b"),
        ((4, 1), ("Softmax", "Identity"), "a"),
        ((4, 3), ("Relu", "Softmax"), "b"),
        ((4, 4), (), "a"),
        ((1, 4), ("Sigmoid", "Softmax"), None),
        ((4, 4), ("Softmax", "Softmax"), None),
        ((2, 3), (), None),
    ],
)
def test_a_task_takes_the_only_output_for_it(
    widths: tuple[int, int], ends: tuple[str, ...], chosen: str | None, tmp_path: Path
) -> None:
    file = ForeignFile()
    two_maps(file, file.features(file.input("x", [1, 3, 32, 48])), *widths, *ends)
    outputs = {name: floats(1, width, 32, 48) for name, width in zip("ab", widths, strict=True)}
    options = replace(UNIT, task="segmentation")
    if chosen is None:
        with pytest.raises(UsageError, match="any of 'a', 'b' may be it: --outputs chooses"):
            adopt(file, tmp_path, options, **outputs)
        return
    result = adopt(file, tmp_path, options, **outputs)
    assert any(f"--task segmentation takes one output, '{chosen}'" in note for note in result.notes)
    data = noise(1, 3, 32, 48)
    own = run_file(tmp_path / "foreign.onnx", x=data)[chosen]
    found = run_file(result.path, data=data)["logits"]
    assert found.shape == own.shape
    np.testing.assert_array_equal(found.argmax(1), own.argmax(1))


@pytest.mark.parametrize("task", ["classification", "pose"])
def test_a_task_takes_the_only_output_of_its_form(task: str, tmp_path: Path) -> None:
    file = ForeignFile()
    x = file.features(file.input("x", [1, 3, 32, 48]))
    file.vector(x, 8, 4, name="kind")
    file.conv(x, 8, 5, name="places")
    options = replace(UNIT, task=task)
    result = adopt(file, tmp_path, options, kind=floats(1, 4), places=floats(1, 5, 16, 24))
    chosen = "kind" if task == "classification" else "places"
    assert any(f"--task {task} takes one output, '{chosen}'" in note for note in result.notes)


def test_rows_that_are_not_the_batch_are_tensors(tmp_path: Path) -> None:
    file = ForeignFile()
    x = file.features(file.input("x", [1, 3, 32, 48]))
    rows = file.op("Reshape", x, file.constant([-1, 8], np.int64))
    file.op("Softmax", file.op("Gemm", rows, file.numbers(8, 4)), name="y")
    result = adopt(file, tmp_path, ExportOptions(), y=floats(384, 4))
    assert result.metadata.task.name == "tensors"
    assert any("384 rows for a batch of 1" in note for note in result.notes)


def test_float16_between_casts(tmp_path: Path) -> None:
    file = ForeignFile()
    x = file.op("Cast", file.features(file.input("x", [1, 3, 32, 48])), to=10)
    pooled = file.op("Flatten", file.op("GlobalAveragePool", x))
    core = file.op("MatMul", pooled, file.constant(file.random.random((8, 5)), np.float16), name="core")
    file.op("Cast", file.op("Softmax", core), name="y", to=1)
    result = adopt(file, tmp_path, UNIT, y=floats(1, 5))
    compare(result, tmp_path, "core", "logits", tolerance=1e-3)


def listed(file: ForeignFile, shape: tuple[int, ...], least: float) -> None:
    """The values over a number, as a detector lists what it finds."""
    flat = file.op("Reshape", file.input("x", shape), file.constant([-1], np.int64))
    places = file.op("NonZero", file.op("Greater", flat, file.constant(least)))
    file.op("Gather", flat, file.op("Squeeze", places, file.constant([0], np.int64)), name="scores")
    file.op("Transpose", places, name="places", perm=[1, 0])


@pytest.mark.parametrize("shape", [(1, 3, 32, 48), (3, 32, 48), (1, 32, 48, 3), (1, 1, 32, 48)])
@pytest.mark.parametrize("task", ["tensors", None])
def test_lists_that_are_empty_on_noise(shape: tuple[int, ...], task: str | None, tmp_path: Path) -> None:
    file = ForeignFile()
    listed(file, shape, 100.0)
    options = ExportOptions(task=task)
    result = adopt(file, tmp_path, options, scores=floats("k"), places=integers("k", 1))
    assert result.metadata.task.name == "tensors"
    (entry,) = onnx.load(result.path).graph.input
    data = 300 * noise(*(dim.dim_value for dim in entry.type.tensor_type.shape.dim))
    found = run_file(result.path, x=data)
    np.testing.assert_array_equal(np.sort(found["scores"]), np.sort(data[data > 100]))


def test_lists_that_are_always_empty_are_told(tmp_path: Path) -> None:
    file = ForeignFile()
    listed(file, (1, 3, 32, 48), 1e6)
    source = file.save(tmp_path / "foreign.onnx", {"scores": floats("k"), "places": integers("k", 1)})
    with pytest.raises(GcvEdgeError, match="it is empty, so nothing was compared; no file was written"):
        export(str(source), tmp_path / "adopted.onnx", options=ExportOptions())
    path = export(str(source), tmp_path / "adopted.onnx", options=ExportOptions(), verify=False).path
    assert run_file(path, x=2e6 * noise(1, 3, 32, 48) + 1e6)["scores"].size
