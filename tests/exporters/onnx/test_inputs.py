"""What a foreign network reads: grey, channels last, bytes, its own normalisation, tensors of any kind."""

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
from tests.support.foreign_files import ForeignFile, floats, noise, run_file

TWICE = ExportOptions(input_shape=(3, 4), further_shapes=((3, 4),))
UNIT = ExportOptions(mean=(0.0,) * 3, scale=(255.0,) * 3)


def adopt(file: ForeignFile, tmp_path: Path, options: ExportOptions, **outputs: tuple) -> ExportResult:
    source = file.save(tmp_path / "foreign.onnx", outputs)
    return export(str(source), tmp_path / "adopted.onnx", options=options)


def compare(result: ExportResult, source: Path, data: np.ndarray, own: np.ndarray) -> None:
    """Hold a classifier's logits against the original's, for what it reads itself."""
    name = onnx.load(source).graph.input[0].name
    expected = run_file(source, "core", **{name: own})["core"]
    found = run_file(result.path, data=data)["logits"]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def classify(file: ForeignFile, x: str, channels: int = 3) -> None:
    file.vector(file.features(x, channels), 8, 5, name="core")


@pytest.mark.parametrize(
    ("options", "mean", "scale", "noted"),
    [
        (ExportOptions(), (0.0,), (255.0,), True),
        (ExportOptions(mean=(127.5,), scale=(127.5,)), (127.5,), (127.5,), False),
        (ExportOptions(mean=(10.0,) * 3, scale=(20.0,) * 3), (10.0,), (20.0,), False),
    ],
)
def test_grey(
    options: ExportOptions, mean: tuple[float], scale: tuple[float], noted: bool, tmp_path: Path
) -> None:
    file = ForeignFile()
    classify(file, file.input("x", [1, 1, 32, 48]), 1)
    result = adopt(file, tmp_path, options, core=floats(1, 5))
    assert (result.metadata.preprocessing.mean, result.metadata.preprocessing.scale) == (mean, scale)
    assert any("grey levels" in note for note in result.notes) == noted
    data = noise(1, 1, 32, 48)
    compare(result, tmp_path / "foreign.onnx", data, data)


def channels_last(file: ForeignFile, shape: list[int | str], dtype: int = TensorProto.FLOAT) -> str:
    x = file.input("x", shape, dtype)
    if dtype != TensorProto.FLOAT:
        x = file.op("Cast", x, to=1)
    return file.op("Transpose", x, perm=[0, 3, 1, 2])


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ([1, 32, 48, 3], UNIT),
        (["N", 32, 48, 3], UNIT),
        (["N", "H", "W", 3], replace(UNIT, input_shape=(1, 3, 32, 48))),
        ([1, 32, 48, 1], ExportOptions()),
    ],
)
def test_channels_last(shape: list[int | str], options: ExportOptions, tmp_path: Path) -> None:
    file = ForeignFile()
    channels = int(shape[3])
    classify(file, channels_last(file, shape), channels)
    result = adopt(file, tmp_path, options, core=floats("N", 5))
    data = noise(1, channels, 32, 48)
    compare(result, tmp_path / "foreign.onnx", data, data.transpose(0, 2, 3, 1))


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ([3, 32, 48], UNIT),
        ([3, "H", "W"], replace(UNIT, input_shape=(1, 3, 32, 48))),
        ([3, "H", "W"], replace(UNIT, input_shape=(3, 32, 48))),
        ([32, 48, 3], UNIT),
    ],
)
def test_one_picture_without_a_batch(shape: list[int | str], options: ExportOptions, tmp_path: Path) -> None:
    file = ForeignFile()
    x = file.op("Unsqueeze", file.input("x", shape), file.constant([0], np.int64))
    classify(file, file.op("Transpose", x, perm=[0, 3, 1, 2]) if shape[2] == 3 else x)
    result = adopt(file, tmp_path, options, core=floats(1, 5))
    assert result.metadata.task.name == "classification"
    data = noise(1, 3, 32, 48)
    own = data[0].transpose(1, 2, 0) if shape[2] == 3 else data[0]
    compare(result, tmp_path / "foreign.onnx", data, own)


def test_one_picture_without_a_batch_stays_one(tmp_path: Path) -> None:
    file = ForeignFile()
    classify(file, file.op("Unsqueeze", file.input("x", [3, 32, 48]), file.constant([0], np.int64)))
    with pytest.raises(UsageError, match="its batch is fixed, --dynamic-batch cannot open it"):
        adopt(file, tmp_path, replace(UNIT, dynamic_batch=True), core=floats(1, 5))


@pytest.mark.parametrize("shape", [[3, 8, 48], [4, 32, 48], [1, 32, 48]])
def test_other_arrays_of_three_axes_are_no_pictures(shape: list[int], tmp_path: Path) -> None:
    file = ForeignFile()
    file.op("Relu", file.input("x", shape), name="y")
    assert adopt(file, tmp_path, ExportOptions(), y=floats(*shape)).metadata.task.name == "tensors"


@pytest.mark.parametrize("dtype", [TensorProto.UINT8, TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_other_types(dtype: int, tmp_path: Path) -> None:
    file = ForeignFile()
    classify(file, channels_last(file, [1, 32, 48, 3], dtype))
    is_bytes = dtype == TensorProto.UINT8
    result = adopt(file, tmp_path, ExportOptions() if is_bytes else UNIT, core=floats(1, 5))
    data = np.round(noise(1, 3, 32, 48) * 255)
    own = data.transpose(0, 2, 3, 1).astype(onnx.helper.tensor_dtype_to_np_dtype(dtype))
    compare(result, tmp_path / "foreign.onnx", data, own)
    assert any("of bytes" in note for note in result.notes) == is_bytes


def subtract_divide(file: ForeignFile, x: str) -> str:
    return file.op("Div", file.op("Sub", x, file.constant(127.5)), file.constant(128.0))


def scale_then_statistics(file: ForeignFile, x: str) -> str:
    unit = file.op("Mul", x, file.constant(1 / 255))
    centred = file.op("Sub", unit, file.constant(np.reshape([0.485, 0.456, 0.406], (1, 3, 1, 1))))
    return file.op("Div", centred, file.constant(np.reshape([0.229, 0.224, 0.225], (1, 3, 1, 1))))


def statistics_of_unit(file: ForeignFile, x: str) -> str:
    centred = file.op("Sub", x, file.constant(np.reshape([0.485, 0.456, 0.406], (3, 1, 1))))
    return file.op("Div", centred, file.constant(np.reshape([0.229, 0.224, 0.225], (3, 1, 1))))


def twice_minus_one(file: ForeignFile, x: str) -> str:
    return file.op("Sub", file.op("Mul", x, file.constant(2.0)), file.constant(1.0))


def batch_norm(file: ForeignFile, x: str) -> str:
    statistics = ([1.0] * 3, [0.0] * 3, [123.0, 117.0, 104.0], [3400.0, 3200.0, 3300.0])
    return file.op("BatchNormalization", x, *(file.constant(numbers) for numbers in statistics))


def only_scale(file: ForeignFile, x: str) -> str:
    return file.op("Div", x, file.constant(255.0))


MEAN_IMAGE = 120 + 20 * np.random.default_rng(0).random((1, 3, 32, 48))


def mean_image(file: ForeignFile, x: str) -> str:
    return file.op("Sub", x, file.constant(MEAN_IMAGE))


def mean_image_of_unit(file: ForeignFile, x: str) -> str:
    return file.op("Add", x, file.constant(-MEAN_IMAGE[0] / 255))


def mean_image_then_scale(file: ForeignFile, x: str) -> str:
    return file.op("Mul", mean_image(file, x), file.constant(1 / 128))


def small_batch_norm(file: ForeignFile, x: str) -> str:
    statistics = ([1.0] * 3, [0.0] * 3, [0.1] * 3, [1.1] * 3)
    return file.op("BatchNormalization", x, *(file.constant(numbers) for numbers in statistics))


def cut_to_bytes(file: ForeignFile, x: str) -> str:
    return file.op("Cast", file.op("Cast", x, to=TensorProto.UINT8), to=1)


def unit_cut_to_bytes(file: ForeignFile, x: str) -> str:
    return cut_to_bytes(file, file.op("Mul", x, file.constant(255.0)))


def clipped_first(file: ForeignFile, x: str) -> str:
    return subtract_divide(file, file.op("Clip", x, file.constant(0.0), file.constant(255.0)))


def turned_first(file: ForeignFile, x: str) -> str:
    return only_scale(file, file.op("Gather", x, file.constant([2, 1, 0], np.int64), axis=1))


def asked_for_its_shape(file: ForeignFile, x: str) -> str:
    size = file.op("Shape", x)
    return file.op("Reshape", only_scale(file, x), size)


def multiplied_to_levels(file: ForeignFile, x: str) -> str:
    return file.op("Mul", x, file.constant(255.0))


def divided_by_256(file: ForeignFile, x: str) -> str:
    return file.op("Mul", x, file.constant(1 / 256))


def divided_by_128(file: ForeignFile, x: str) -> str:
    return file.op("Mul", x, file.constant(1 / 128))


def divided_by_deviations(file: ForeignFile, x: str) -> str:
    return file.op("Mul", x, file.constant(np.reshape([0.02, 0.015, 0.018], (3, 1, 1))))


def made_small(file: ForeignFile, x: str) -> str:
    return file.op("Mul", x, file.constant(1e-3))


def from_imagenet_to_unit(file: ForeignFile, x: str) -> str:
    """As torchvision's Inception moves what is normalised by ImageNet's statistics already."""
    return file.op("Sub", file.op("Mul", x, file.constant(0.458)), file.constant(0.03))


def nothing(file: ForeignFile, x: str) -> str:
    return x


def used_twice(file: ForeignFile, x: str) -> str:
    return file.op("Sub", subtract_divide(file, x), x)


@pytest.mark.parametrize(
    ("normalize", "scale"),
    [
        (subtract_divide, 1.0),
        (scale_then_statistics, 1.0),
        (batch_norm, 1.0),
        (only_scale, 1.0),
        (statistics_of_unit, 255.0),
        (twice_minus_one, 255.0),
        (mean_image, 1.0),
        (mean_image_then_scale, 1.0),
        (mean_image_of_unit, 255.0),
        (cut_to_bytes, 1.0),
        (unit_cut_to_bytes, 255.0),
        (clipped_first, 1.0),
        (turned_first, 1.0),
        (asked_for_its_shape, 1.0),
        (multiplied_to_levels, 255.0),
        (divided_by_256, 1.0),
        (divided_by_128, None),
        (divided_by_deviations, None),
        (made_small, None),
        (from_imagenet_to_unit, None),
        (small_batch_norm, None),
        (nothing, None),
        (used_twice, None),
    ],
)
def test_own_normalisation(
    normalize: Callable[[ForeignFile, str], str], scale: float | None, tmp_path: Path
) -> None:
    file = ForeignFile()
    classify(file, normalize(file, file.input("x", [1, 3, 32, 48])))
    if scale is None:
        with pytest.raises(UsageError, match="--mean R,G,B --scale R,G,B"):
            adopt(file, tmp_path, ExportOptions(), core=floats(1, 5))
        return
    result = adopt(file, tmp_path, ExportOptions(), core=floats(1, 5))
    preprocessing = result.metadata.preprocessing
    assert (preprocessing.mean, preprocessing.scale) == ((0.0,) * 3, (scale,) * 3)
    assert any("normalises its input itself" in note for note in result.notes)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("is_last", [False, True])
def test_signed_bytes_are_levels_less_128(channels: int, is_last: bool, tmp_path: Path) -> None:
    file = ForeignFile()
    shape = [1, 32, 48, channels] if is_last and channels == 3 else [1, channels, 32, 48]
    x = file.op("Cast", file.input("x", shape, TensorProto.INT8), to=1)
    x = file.op("Transpose", x, perm=[0, 3, 1, 2]) if shape[3] == 3 else x
    classify(file, file.op("Mul", x, file.constant(1 / 64)), channels)
    result = adopt(file, tmp_path, ExportOptions(), core=floats(1, 5))
    preprocessing = result.metadata.preprocessing
    assert (set(preprocessing.mean), set(preprocessing.scale)) == ({128.0}, {1.0})
    assert any("int8, assumed: levels less 128" in note for note in result.notes)
    data = np.round(noise(1, channels, 32, 48) * 255) - 128
    own = data.transpose(0, 2, 3, 1) if shape[3] == 3 else data
    compare(result, tmp_path / "foreign.onnx", data, own.astype(np.int8))


@pytest.mark.parametrize("batch", [1, 3, "N"])
def test_mean_images_of_any_batch(batch: int | str, tmp_path: Path) -> None:
    file = ForeignFile()
    mean = np.repeat(MEAN_IMAGE, batch if isinstance(batch, int) else 1, axis=0)
    classify(file, file.op("Sub", file.input("x", [batch, 3, 32, 48]), file.constant(mean)))
    options = ExportOptions(dynamic_batch=batch == "N")
    result = adopt(file, tmp_path, options, core=floats(batch, 5))
    assert result.verification is not None
    assert result.verification.batches == (1, 3)
    data = 255 * noise(3 if batch == 3 else 1, 3, 32, 48)
    compare(result, tmp_path / "foreign.onnx", data, data)


def test_constants_that_are_operators_are_read(tmp_path: Path) -> None:
    """As torch writes them: Constant, for a single number too."""
    file = ForeignFile()
    classify(file, subtract_divide(file, file.input("x", [1, 3, 32, 48])))
    nodes = [onnx.helper.make_node("Constant", [], [tensor.name], value=tensor) for tensor in file.constants]
    file.nodes[:0], file.constants = nodes, []
    result = adopt(file, tmp_path, ExportOptions(), core=floats(1, 5))
    assert any("normalises its input itself" in note for note in result.notes)


def test_weights_that_are_listed_as_inputs(tmp_path: Path) -> None:
    file = ForeignFile(opset=9)
    classify(file, file.input("x", [1, 3, 32, 48]))
    for tensor in file.constants:
        file.input(tensor.name, tensor.dims, tensor.data_type)
    result = adopt(file, tmp_path, UNIT, core=floats(1, 5))
    assert [value.name for value in onnx.load(result.path).graph.input] == ["data"]


@pytest.mark.parametrize(
    ("inputs", "options"),
    [
        ({"a": ([1, 4], 1), "b": ([1, 4], 1)}, ExportOptions()),
        ({"a": (["N", 4], 1), "b": (["N", 4], 1)}, ExportOptions(task="tensors")),
        ({"ids": ([1, 4], TensorProto.INT64), "b": ([1, 4], 1)}, ExportOptions()),
        ({"mask": (["N", "L"], TensorProto.BOOL)}, ExportOptions(input_shape=(2, 4))),
        (
            {"a": (["N", 4], 1), "b": (["N", 4], 1)},
            TWICE,
        ),
        ({"a": ([4], 1)}, ExportOptions()),
        ({"a": ([], 1), "b": ([1, 4], 1)}, ExportOptions()),
        ({"a": ([1, 3, 2, 2], 1), "b": ([1, 3, 2, 2], 1)}, ExportOptions()),
    ],
)
def test_tensors_of_any_kind(
    inputs: dict[str, tuple[list[int | str], int]], options: ExportOptions, tmp_path: Path
) -> None:
    file = ForeignFile()
    parts = [file.op("Cast", file.input(name, *what), to=1) for name, what in inputs.items()]
    rank = "abcd"[: max(len(shape) for shape, _ in inputs.values())]
    total = parts[0]
    for part in parts[1:]:
        total = file.op("Add", total, part)
    file.op("Mul", total, file.constant(2.0), name="double")
    file.op("Relu", total, name="positive")
    result = adopt(file, tmp_path, options, double=floats(*rank), positive=floats(*rank))
    assert result.verification is not None
    assert result.verification.passed
    assert result.metadata.task.name == "tensors"
    is_told = any("no picture or clip" in note for note in result.notes)
    assert is_told == (options.task is None)
    model = onnx.load(result.path).graph
    assert [value.name for value in model.input] == list(inputs)
    assert {value.type.tensor_type.elem_type for value in model.input} == {TensorProto.FLOAT}
    assert [value.name for value in model.output] == ["double", "positive"]


@pytest.mark.parametrize(
    ("shape", "dtype", "options", "error", "message"),
    [
        (["N", 3, "H", "W"], 1, UNIT, UsageError, "give the open lengths: --input-shape"),
        ([1, "C", "H", "W"], 1, UNIT, UsageError, "give its size: --input-shape 1,3,H,W"),
        ([1, 3, 32, 48], 1, replace(UNIT, input_shape=(1, 3, 64, 64)), UsageError, r"its input is \[1, 3, "),
        ([1, 3, 32, 48], 1, replace(UNIT, input_shape=(3, 32)), UsageError, r"its input is .* not \[3, 32\]"),
        ([1, 3, 32, 48], 1, replace(UNIT, dynamic_batch=True), UsageError, "its batch is fixed"),
        ([1, 6, 32, 48], 1, replace(UNIT, task="classification"), UnsupportedError, "--task tensors"),
        ([1, 3, 32, 48], TensorProto.STRING, UNIT, UnsupportedError, "input 'x' is of string"),
        ([1, 1, 32, 48], 1, ExportOptions(mean=(1.0, 2.0, 3.0), scale=(1.0,) * 3), UsageError,
         "--mean 1,2,3: expected 1 number"),
        ([1, 1, 32, 48], 1, ExportOptions(bgr=True), UsageError, "--bgr is .* this one sees grey"),
    ],
)  # fmt: skip
def test_refusals(
    shape: list[int | str],
    dtype: int,
    options: ExportOptions,
    error: type[GcvEdgeError],
    message: str,
    tmp_path: Path,
) -> None:
    file = ForeignFile()
    x = file.input("x", shape, dtype)
    if dtype == TensorProto.STRING:
        file.op("Identity", x, name="core")
    else:
        classify(file, x, int(shape[1]) if isinstance(shape[1], int) else 3)
    outputs = {"core": (dtype, (1, 3, 32, 48)) if dtype == TensorProto.STRING else floats(1, 5)}
    with pytest.raises(error, match=message) as caught:
        adopt(file, tmp_path, options, **outputs)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "adopted.onnx").exists()


@pytest.mark.parametrize(
    ("kind", "attributes", "message"),
    [
        ("AveragePool", {"kernel_shape": [0, 2]}, r"kernel_shape=\[0, 2\], expected 1 to"),
        ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 1 << 32]}, r"strides=\[2, 4294967296\]"),
        ("MaxPool", {"kernel_shape": [2, 2], "strides": [0, 1]}, r"strides=\[0, 1\]"),
        ("MaxPool", {"kernel_shape": [2, 2], "dilations": [-1, 1]}, r"dilations=\[-1, 1\]"),
        ("AveragePool", {"kernel_shape": [2, 2], "pads": [2, 0, 0, 0]}, "expected less than the kernel's 2"),
        ("MaxPool", {"kernel_shape": [40, 2]}, r"kernel_shape=\[40, 2\], expected at most 32"),
        ("MaxPool", {"kernel_shape": [2, 2, 2]}, "expected numbers for 2 axes"),
        ("Conv", {"pads": [-1, 0, 0, 0]}, r"pads=\[-1, 0, 0, 0\]"),
        ("Conv", {"strides": [0, 0]}, r"strides=\[0, 0\]"),
        ("Conv", {"group": 0}, "group=0"),
        ("Conv", {"group": 2}, "a weight for 6 channels, expected 3"),
    ],
)
def test_windows_that_cannot_be(kind: str, attributes: dict[str, int], message: str, tmp_path: Path) -> None:
    file = ForeignFile()
    weights = [file.numbers(8, 3, 3, 3)] if kind == "Conv" else []
    maps = file.op(kind, file.input("x", [1, 3, 32, 48]), *weights, name="window", **attributes)
    file.op("Relu", maps, name="y")
    with pytest.raises(UnsupportedError, match=f"{kind} 'window': found .*{message}") as caught:
        adopt(file, tmp_path, UNIT, y=floats("a", "b", "c", "d"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "options", "elements"),
    [
        ([100_000, 3, 64, 64], UNIT, 1_228_800_000),
        ([1, 3, 8000, 8000], UNIT, 192_000_000),
        (["N", 3, 100_000, 500], UNIT, 150_000_000),
        ([1, 3, "H", "W"], replace(UNIT, input_shape=(1, 3, 20_000, 9_000)), 540_000_000),
        ([1, 3, 8000, 8000], ExportOptions(task="tensors"), 192_000_000),
    ],
)
def test_an_input_out_of_all_proportion(
    declared: list[int | str], options: ExportOptions, elements: int, tmp_path: Path
) -> None:
    file = ForeignFile()
    classify(file, file.input("x", declared))
    with pytest.raises(UnsupportedError) as caught:
        adopt(file, tmp_path, options, core=floats(declared[0], 5))
    assert str(caught.value).startswith(f"{tmp_path / 'foreign.onnx'}: input 'x': found [")
    assert str(caught.value).endswith(f"{elements} elements, expected at most 134217728")
