"""Every operator of a student gives what ONNX Runtime gives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx_ir as ir
import pytest

from gcv_edge.errors import UnsupportedError
from gcv_edge.graph.probing import Probe
from gcv_edge.prune.job import normalize
from tests.support.small_graphs import KINDS, Graph, make

torch = pytest.importorskip("torch", reason="the extra [torch] is not installed", exc_type=ImportError)

from gcv_edge.prune.distillation.student import Student  # noqa: E402

Build = Callable[[Graph], ir.Value]


def one(kind: str, **attributes: object) -> Build:
    """An operator of one map."""
    return lambda g: g.op(kind, g.data, **attributes)


def two(kind: str, **attributes: object) -> Build:
    """An operator of several maps."""
    return lambda g: g.op(kind, g.data, g.conv(g.data, 3), **attributes)


def positive(kind: str) -> Build:
    return lambda g: g.op(kind, g.op("Exp", g.data))


def given(kind: str, *constants: object, **attributes: object) -> Build:
    """An operator with constants behind the map; None is left out."""

    def build(g: Graph) -> ir.Value:
        values = [None if each is None else g.builder.constant(np.asarray(each)) for each in constants]
        return g.builder.op(kind, [g.data, *values], **attributes)

    return build


def resized(
    mode: str, way: str, scale: float | None = None, size: int | None = None, **more: object
) -> Build:
    scales = None if scale is None else np.array([1, 1, scale, scale], np.float32)
    sizes = None if size is None else np.array([2, 3, size, size + 1], np.int64)
    return given("Resize", None, scales, sizes, mode=mode, coordinate_transformation_mode=way, **more)


def pooled(kind: str, kernel: int = 3, stride: int = 2, **more: object) -> Build:
    return one(kind, kernel_shape=[kernel] * 2, strides=[stride] * 2, **more)


def convolved(**attributes: object) -> Build:
    return lambda g: g.op("Conv", g.data, g.numbers(6, 3, 3, 3), g.numbers(6), **attributes)


def transposed(group: int = 1, **attributes: object) -> Build:
    return lambda g: g.op(
        "ConvTranspose", g.block(g.data, 6), g.numbers(6, 4, 3, 3), group=group, strides=[2, 2], **attributes
    )


def dense(left: bool = False, right: bool = False) -> Build:
    def build(g: Graph) -> ir.Value:
        x = g.op("Flatten", g.op("GlobalAveragePool", g.data))
        first = g.op("Transpose", x, perm=[1, 0]) if left else x
        shape = (5, 3) if right else (3, 5)
        options = {"transA": int(left), "transB": int(right), "alpha": 0.5, "beta": 2.0}
        return g.op("Gemm", first, g.numbers(*shape), g.numbers(5), **options)

    return build


def batch_normalized(g: Graph) -> ir.Value:
    ones = g.builder.constant(np.ones(3, np.float32))
    return g.op("BatchNormalization", g.data, g.numbers(3), g.numbers(3), g.numbers(3), ones, epsilon=1e-3)


def instance_normalized(g: Graph) -> ir.Value:
    return g.op("InstanceNormalization", g.data, g.numbers(3), g.numbers(3), epsilon=1e-3)


def layer_normalized(g: Graph) -> ir.Value:
    return g.op("LayerNormalization", g.data, g.numbers(8), g.numbers(8), axis=-1)


def whole_numbers(g: Graph) -> ir.Value:
    """Shapes that are computed: lengths are taken, chosen, divided and joined."""
    lengths = g.op("Shape", g.data)
    half = g.op("Div", g.op("Gather", lengths, g.builder.constant([2, 3])), g.builder.constant([2, 2]))
    return g.op("Reshape", g.data, g.op("Concat", g.builder.constant([0, -1]), half, axis=0))


ROWS: dict[str, Build] = {
    **{kind: one(kind) for kind in (
        "Abs", "Ceil", "Elu", "Erf", "Exp", "Floor", "HardSigmoid", "HardSwish", "Identity", "Mish", "Neg",
        "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Tanh", "GlobalMaxPool", "GlobalAveragePool",
        "LogSoftmax", "Flatten", "Transpose", "Dropout",
    )},
    **{kind: two(kind) for kind in ("Add", "Sub", "Mul", "Max", "Min", "Sum", "Mean")},
    **{kind: positive(kind) for kind in ("Log", "Sqrt", "Reciprocal")},
    "Div": lambda g: g.op("Div", g.data, g.op("Exp", g.data)),
    "Pow": given("Pow", np.float32(2)),
    "LeakyRelu": one("LeakyRelu", alpha=0.3),
    "PRelu": lambda g: g.op("PRelu", g.data, g.numbers(3, 1, 1)),
    "HardSigmoid, steep": one("HardSigmoid", alpha=0.5, beta=0.3),
    "Clip": given("Clip", np.float32(-0.5), np.float32(0.5)),
    "Clip, above": given("Clip", None, np.float32(0.5)),
    "Softmax": one("Softmax", axis=1),
    "ReduceMean": given("ReduceMean", [2, 3], keepdims=0),
    "ReduceSum, all": one("ReduceSum"),
    "ReduceSum, none": one("ReduceSum", noop_with_empty_axes=1),
    "ReduceMax": given("ReduceMax", [1]),
    "ReduceMin": given("ReduceMin", [-1]),
    "ReduceL2": given("ReduceL2", [1]),
    "Conv, uneven": convolved(pads=[0, 1, 2, 1], strides=[2, 1]),
    "Conv, dilated": convolved(dilations=[2, 2]),
    "Conv, same above": convolved(auto_pad="SAME_UPPER", strides=[2, 2]),
    "Conv, same below": convolved(auto_pad="SAME_LOWER", strides=[3, 3]),
    "ConvTranspose": transposed(),
    "ConvTranspose, uneven": transposed(pads=[1, 0, 0, 1], output_padding=[1, 0]),
    "ConvTranspose, groups": transposed(group=2, pads=[1] * 4),
    "Gemm": dense(),
    "Gemm, both transposed": dense(True, True),
    "MatMul": given("MatMul", np.eye(8, 5, dtype=np.float32)),
    "BatchNormalization": batch_normalized,
    "InstanceNormalization": instance_normalized,
    "LayerNormalization": layer_normalized,
    "LRN": one("LRN", size=3, alpha=0.5),
    "LpNormalization": one("LpNormalization", axis=1, p=2),
    "MaxPool": pooled("MaxPool", pads=[1] * 4),
    "MaxPool, rounded up": pooled("MaxPool", ceil_mode=1, pads=[0, 0, 1, 1]),
    "MaxPool, last window outside": pooled("MaxPool", kernel=2, stride=3, ceil_mode=1, pads=[0, 0, 1, 1]),
    "MaxPool, dilated": pooled("MaxPool", dilations=[2, 2]),
    "AveragePool": pooled("AveragePool", pads=[1] * 4),
    "AveragePool, padding counts": pooled("AveragePool", pads=[1] * 4, count_include_pad=1),
    "AveragePool, rounded up": pooled("AveragePool", ceil_mode=1),
    "AveragePool, both": pooled("AveragePool", ceil_mode=1, pads=[1, 1, 0, 0], count_include_pad=1),
    "Resize, twice": resized("nearest", "asymmetric", 2.0, nearest_mode="floor"),
    "Resize, nearest": resized("nearest", "half_pixel", size=13),
    "Resize, nearest above": resized("nearest", "align_corners", size=5, nearest_mode="round_prefer_ceil"),
    "Resize, linear": resized("linear", "half_pixel", size=13),
    "Resize, linear, smaller": resized("linear", "pytorch_half_pixel", size=3),
    "Resize, linear, corners": resized("linear", "align_corners", size=13),
    "Resize, linear, uneven": resized("linear", "asymmetric", 1.3),
    "Reshape": given("Reshape", [0, -1, 4]),
    "Reshape, computed": whole_numbers,
    "Squeeze": lambda g: g.op("Squeeze", g.op("GlobalAveragePool", g.data), g.builder.constant([2, 3])),
    "Unsqueeze": given("Unsqueeze", [1, -1]),
    "Concat": two("Concat", axis=1),
    "Slice": given("Slice", [1, -6], [3, 7], [1, 3], [1, 2]),
    "Gather": given("Gather", [[2, -1], [0, 0]], axis=1),
    "Gather, one": given("Gather", 1, axis=2),
    "Expand": lambda g: g.op("Expand", g.op("GlobalAveragePool", g.data), g.builder.constant([1, 3, 2, 2])),
    "Tile": given("Tile", [1, 2, 1, 3]),
    "Pad": given("Pad", [0, 1, 2, 0, 0, 1, 0, 3], np.float32(0.5)),
    "Pad, reflected": given("Pad", [1, 2, 3, 4], None, [2, 3], mode="reflect"),
    "Pad, edge": given("Pad", [0, 0, 1, 1, 0, 0, 1, 2], mode="edge"),
    "DepthToSpace": lambda g: g.op("DepthToSpace", g.conv(g.data, 8), blocksize=2),
    "SpaceToDepth": one("SpaceToDepth", blocksize=2),
    "Cast": one("Cast", to=int(ir.DataType.INT32)),
}  # fmt: skip


def hold_against_engine(model: ir.Model) -> None:
    batch = np.random.default_rng(0).standard_normal((2, 3, 8, 8)).astype(np.float32)
    names = [value.name or "" for value in model.graph.outputs]
    expected = Probe(model, names).run({"data": batch})
    with torch.no_grad():
        found = Student(model, names)(torch.from_numpy(batch))
    for name in names:
        np.testing.assert_allclose(found[name].numpy(), expected[name], rtol=1e-4, atol=2e-6)


@pytest.mark.parametrize("row", ROWS)
def test_operators(row: str) -> None:
    graph = Graph()
    hold_against_engine(graph.builder.model({"y": ROWS[row](graph)}))


@pytest.mark.parametrize("kind", KINDS)
def test_whole_graphs(kind: str) -> None:
    hold_against_engine(normalize(make(kind)))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (one("Sin"), "Sin '.*': this operator is not supported"),
        (given("Pad", [0, 1, 0, 0, 0, 0, 0, 0], mode="reflect"), r"this padding \(reflect\) is not"),
        (resized("cubic", "half_pixel", 2.0), "mode='cubic' is not"),
        (given("Slice", [5], [1], [2], [-1]), "a step of -1 is not"),
    ],
)
def test_what_is_not_supported_is_named(build: Build, message: str) -> None:
    graph = Graph()
    model = graph.builder.model({"y": build(graph)})
    with pytest.raises(UnsupportedError, match=message):
        Student(model, ["y"])(torch.zeros(2, 3, 8, 8))
