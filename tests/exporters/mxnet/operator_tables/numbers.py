"""Making tensors, reductions, arithmetic and comparisons."""

from __future__ import annotations

from tests.exporters.mxnet.operator_rows import Row, data, row, weight
from tests.exporters.mxnet.operator_tables.common import IMAGE, PLAIN

CREATION = [
    row(
        "_arange",
        "zoo: stop=None",
        start=80,
        stop=None,
        step=1.0,
        repeat=1,
        infer_range=False,
        dtype="float32",
    ),
    row(
        "_arange",
        "zoo: start and stop",
        start=0,
        stop=3,
        step=1.0,
        repeat=1,
        infer_range=False,
        dtype="float32",
        ctx="cpu(0)",
    ),
    row("_arange", "steps and repeats", start=2, stop=9, step=2.5, repeat=2),
    row("_arange", "downwards", start=5, stop=0, step=-2),
    row("_arange", "int32", start=4, stop=None, dtype="int32"),
    row("_zeros", "a shape", shape=(2, 3)),
    row("_ones", "a shape, int32", shape=(2, 3), dtype="int32", ctx="cpu(0)"),
    row("_full", "a shape", shape=(2, 3), value=2.5),
    row("_full", "a shape, int32", shape=(4,), value=3, dtype="int32", ctx="cpu(0)"),
    row("_eye", "square", N=3),
    row("_eye", "above the diagonal", N=3, M=5, k=1, dtype="float32"),
    row("size_array", "all known", data(2, 3, 4)),
    row("size_array", "batch", PLAIN),
    row("zeros_like", "zoo", PLAIN),
    row("zeros_like", "zoo: dtype is ignored", PLAIN, dtype="int64"),
    row("ones_like", "zoo", IMAGE),
    row("ones_like", "zoo: dtype is ignored", PLAIN, dtype="int64"),
    row("ones_like", "whole numbers", data("N", 3, values="whole", dtype="int32")),
]


def reductions() -> list[Row]:
    """Write the rows of the reductions."""
    names = ("mean", "sum", "sum_axis", "max", "max_axis", "min", "min_axis", "prod")
    shared = [row(name, "axis 1", IMAGE, axis=1, keepdims=False, exclude=False) for name in names]
    return [
        *shared,
        row("mean", "zoo: axis 3", IMAGE, axis=3),
        row("mean", "two axes kept", IMAGE, axis=(2, 3), keepdims=True),
        row("mean", "all", data(2, 3, 4)),
        row("mean", "all but axis 1", IMAGE, axis=1, exclude=True),
        row("sum", "negative axes", IMAGE, axis=(-1, -2)),
        row("sum", "all but the last, kept", PLAIN, axis=-1, exclude=True, keepdims=True),
        row("sum", "axis=() is all", data(2, 3), axis="()"),
        row("max", "zoo: last axis, kept", PLAIN, axis=-1, keepdims=True),
        row("max", "all, kept", PLAIN, keepdims=True),
        row("prod", "all", data(2, 3)),
        row("norm", "defaults: all", data(2, 3, 4)),
        row("norm", "all, kept", data(2, 3), keepdims=True),
        row("norm", "axis 1, kept", IMAGE, axis=1, keepdims=True),
        row("norm", "two axes", IMAGE, ord=2, axis=(2, 3)),
        row("norm", "of absolute values", IMAGE, ord=1, axis=-1),
        row("moments", "over maps", IMAGE, outputs=2, axes=(2, 3)),
        row("moments", "kept", IMAGE, outputs=2, axes=(1,), keepdims=True),
        row("cumsum", "all values", data(2, 3)),
        row("cumsum", "axis 1", PLAIN, axis=1),
        row("cumsum", "last axis", PLAIN, axis=2, dtype=None),
    ]


ARITHMETIC = ("add", "sub", "mul", "div")


ALIASES = ("_plus", "_Plus", "_add", "_minus", "_sub", "_mul", "_div", "_maximum", "_minimum")


BROADCASTS = ("plus", "minus", "maximum", "minimum")


UNARY = (
    "relu",
    "sigmoid",
    "tanh",
    "exp",
    "abs",
    "floor",
    "ceil",
    "negative",
    "erf",
    "softsign",
    "sin",
    "cos",
    "square",
    "sign",
    "arctan",
    "sinh",
    "arcsinh",
    "cbrt",
    "degrees",
    "radians",
    "fix",
    "trunc",
)


POSITIVE_UNARY = ("log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal", "rcbrt", "cosh")
BETWEEN_ONES = ("tan", "arcsin", "arccos", "arctanh", "expm1")
OLD_NAMES = ("_Minus", "_Mul", "_Div", "_Maximum", "_Minimum")
OLD_SCALARS = ("Plus", "Minus", "Mul", "Div", "Maximum", "Minimum", "RMinus")
HALVES = "is:-2.5 -1.5 -0.5 -0.4 0 0.5 0.6 1.5 2.5 3.2"
CONNECTIVES = ("and", "or", "xor")


COMPARISONS = ("equal", "not_equal", "greater", "greater_equal", "lesser", "lesser_equal")


def arithmetic() -> list[Row]:
    """Write the rows of arithmetic, whose operators come in families."""
    other = data("N", 3, 4, values="positive")
    channel = data("N", 3, 1, values="positive")
    above = data("N", 3, 4, values="positive")
    return [
        *(row(f"elemwise_{name}", "zoo", PLAIN, other) for name in ARITHMETIC),
        *(row(name, "alias", PLAIN, other) for name in ALIASES),
        *(
            row(f"broadcast_{name}", "zoo: over an axis", PLAIN, channel)
            for name in (*ARITHMETIC, *BROADCASTS)
        ),
        row("broadcast_mul", "both ways", data("N", 3, 1), data(1, 1, 4)),
        row("broadcast_add", "a constant", PLAIN, weight(1, 1, 4)),
        row("_power", "tensors", above, other),
        row("broadcast_power", "over an axis", above, channel),
        row(
            "elemwise_div",
            "whole numbers",
            data(2, 3, values="whole", dtype="int32"),
            data(2, 3, values="counts", dtype="int32"),
        ),
        row("_mod", "sign of the divisor", data("N", 6, values="wide"), data("N", 6, values="negative")),
        row(
            "broadcast_mod",
            "zoo: by a positive number",
            data("N", 6, values="wide"),
            weight(1, 1, values="is:3"),
        ),
        row("_mod_scalar", "negative", data("N", 6, values="wide"), scalar=-2.5),
        row("_mod_scalar", "whole numbers", data(6, values="whole", dtype="int32"), scalar=3),
        *(
            row(f"_{name}_scalar", "a number", PLAIN, scalar=0.3)
            for name in ("plus", "minus", "mul", "div", "maximum", "minimum")
        ),
        row("_mul_scalar", "zoo: is_int", PLAIN, scalar=-1, is_int=True),
        row(
            "_plus_scalar",
            "whole numbers cut the scalar",
            data(2, 3, values="whole", dtype="int32"),
            scalar=2.5,
        ),
        row("_div_scalar", "whole numbers", data(6, values="counts", dtype="int64"), scalar=2),
        row("_power_scalar", "2", PLAIN, scalar=2),
        row("_power_scalar", "-0.5", above, scalar=-0.5),
        row("_rminus_scalar", "a number", PLAIN, scalar=1.0),
        row("_rdiv_scalar", "a number", above, scalar=1.0),
        row("_rpower_scalar", "a number", PLAIN, scalar=2.0),
        row("_rmod_scalar", "a number", data("N", 6, values="negative"), scalar=2.5),
        *(row(name, "values of both signs", data("N", 3, 4, values="wide")) for name in UNARY),
        *(row(name, "positive values", above) for name in POSITIVE_UNARY),
        *(
            row(name, "between -1 and 1", data("N", 8, values="is:-.9 -.5 -.1 0 .2 .4 .6 .9"))
            for name in BETWEEN_ONES
        ),
        row("arccosh", "over 1", data("N", 3, values="counts")),
        row("round", "halves go away from 0", data("N", 10, values=HALVES)),
        row("rint", "halves go down", data("N", 10, values=HALVES)),
        row("fix", "halves", data("N", 10, values=HALVES)),
        row("cbrt", "of 0 too", data("N", 5, values="is:-8 -1 0 1 27")),
        *(row(name, "name of 2015", PLAIN, other) for name in OLD_NAMES),
        row("_Power", "name of 2015", above, other),
        *(row(f"_{name}Scalar", "name of 2015", PLAIN, scalar=0.3) for name in OLD_SCALARS),
        *(row(f"_{name}Scalar", "name of 2015", above, scalar=1.5) for name in ("Power", "RPower", "RDiv")),
        row("smooth_l1", "scalar 2", data("N", 3, 4, values="wide"), scalar=2.0),
        row("smooth_l1", "scalar 1", PLAIN, scalar=1),
        row("_contrib_quadratic", "all given", PLAIN, a=0.5, b=-1.0, c=2.0),
        row("_contrib_div_sqrt_dim", "attention", PLAIN),
        row("add_n", "zoo: three", PLAIN, PLAIN, PLAIN, num_args=3),
        row("add_n", "one", PLAIN, num_args=1),
        row("ElementWiseSum", "alias", PLAIN, PLAIN, num_args=2),
        row("clip", "zoo: 0 to 6", data("N", 3, 4, values="wide"), a_min=0, a_max=6),
        row("clip", "whole numbers", data(9, values="whole", dtype="int32"), a_min=-2, a_max=3),
        row("hard_sigmoid", "defaults", data("N", 3, 4, values="wide")),
        row("hard_sigmoid", "given", data("N", 3, 4, values="wide"), alpha=0.3, beta=0.1),
        row("where", "zoo: same shape", data("N", 3, 4, values="bits"), PLAIN, PLAIN),
        row("where", "a condition per row", data("N", values="bits"), PLAIN, PLAIN),
        row("where", "any number but 0 is true", data("N", 6, values="whole"), data("N", 6), data("N", 6)),
        row("Cast", "zoo: to float32", data(2, 3, values="whole", dtype="int32"), dtype="float32"),
        row("Cast", "zoo: to int64, towards 0", data("N", 3, 4, values="wide"), dtype="int64"),
        row("Cast", "float16 stays float32", data("N", 3, values="whole"), dtype="float16"),
        row("cast", "alias, int32", data("N", 3, values="wide"), dtype="int32"),
    ]


def comparisons() -> list[Row]:
    """Write the rows of comparisons, whose result has the type of the data."""
    few, others = data("N", 9, values="whole"), data("N", 9, values="whole")
    return [
        row_
        for name in COMPARISONS
        for row_ in (
            row(f"_{name}_scalar", "a number", few, scalar=1),
            row(f"_{name}", "tensors", few, others),
            row(f"broadcast_{name}", "over an axis", few, data("N", 1, values="whole")),
        )
    ] + [row("_greater_scalar", "whole numbers", data(9, values="whole", dtype="int32"), scalar=1)]


def logic() -> list[Row]:
    """Write the rows of logical operators, on numbers of which many are 0."""
    few, others = data("N", 9, values="index:3"), data("N", 9, values="index:2")
    return [
        *(
            row(f"broadcast_logical_{name}", "over an axis", few, data("N", 1, values="bits"))
            for name in CONNECTIVES
        ),
        *(row(f"_logical_{name}", "tensors", few, others) for name in CONNECTIVES),
        *(row(f"_logical_{name}_scalar", "a number", few, scalar=2) for name in CONNECTIVES),
        row("logical_not", "numbers", few),
    ]
