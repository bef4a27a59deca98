"""Operators whose arithmetic is easily wrong, with attributes drawn at random, against MXNet itself."""

from __future__ import annotations

import contextlib
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import BATCH
from tests.exporters.mxnet.operator_rows import Input, Row, arrays, data, row, weight
from tests.exporters.mxnet.operator_runs import OnnxRuntime, check, convert_row, run_mxnet

Draw = Any
SPATIAL = st.integers(1, 3)


def examples(count: int) -> Any:
    """Fix how many examples are drawn, the same ones every time."""
    quiet = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
    return settings(max_examples=count, derandomize=True, deadline=None, suppress_health_check=quiet)


def hold(mxnet: ModuleType, case: Row, batch: int | str = 1) -> None:
    """Check a use of an operator; one that MXNet refuses does not count."""
    try:
        expected = run_mxnet(mxnet, case, 3)
    except mxnet.base.MXNetError:
        assume(False)
    found = OnnxRuntime(convert_row(case, batch)).run(arrays(case, 3))
    check(case, found, expected, exact_types=True)


@st.composite
def reshapes(draw: Draw) -> tuple[list[int], list[int]]:
    """Draw dimensions and codes that fit them, at most one of them -1."""
    dims = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    codes: list[int] = []
    rest = list(dims)
    can_infer = draw(st.booleans())
    while rest:
        kinds = ["keep", "number", "split", "all"]
        kinds += ["join"] * (len(rest) > 1) + ["infer"] * can_infer
        kind = draw(st.sampled_from(kinds))
        if kind == "all":
            codes.append(-2)
            break
        first = rest.pop(0)
        if kind == "join":
            rest.pop(0)
            codes.append(-3)
        elif kind == "split":
            part = draw(st.sampled_from([size for size in range(1, first + 1) if first % size == 0]))
            parts = draw(st.sampled_from([(part, first // part), (-1, part), (part, -1)]))
            codes += [-4, *parts]
        elif kind == "infer":
            can_infer = False
            codes.append(-1)
        else:
            codes.append(0 if kind == "keep" else first)
    return dims, codes


@examples(150)
@given(case=reshapes(), reverse=st.booleans())
def test_reshape_codes(case: tuple[list[int], list[int]], reverse: bool, mxnet: ModuleType) -> None:
    dims, codes = case
    if reverse:
        dims, codes = dims[::-1], codes[::-1]
    hold(mxnet, row("Reshape", "drawn", data(*dims), shape=tuple(codes), reverse=reverse))


@examples(150)
@given(case=reshapes())
def test_reshape_codes_behind_an_open_batch(case: tuple[list[int], list[int]], mxnet: ModuleType) -> None:
    """Either the result is MXNet's for any batch, or the use is refused."""
    dims, codes = case
    use = row("Reshape", "drawn", data("N", *dims), shape=(0, *codes))
    hold(mxnet, use, BATCH)


@examples(100)
@given(
    codes=st.lists(st.integers(-5, 6), min_size=1, max_size=5),
    dims=st.lists(st.integers(1, 4), min_size=1, max_size=4),
)
def test_codes_that_do_not_fit_are_refused(codes: list[int], dims: list[int], mxnet: ModuleType) -> None:
    """Whatever the codes: MXNet's result, or they are refused."""
    use = row("Reshape", "drawn", data(*dims), shape=tuple(codes))
    with contextlib.suppress(UnsupportedError):
        convert_row(use, 1)
        hold(mxnet, use)


@st.composite
def slices(draw: Draw) -> tuple[list[int], dict[str, Any]]:
    """Draw dimensions, and bounds with steps of either sign."""
    dims = draw(st.lists(st.integers(2, 6), min_size=1, max_size=4))
    begins, ends, steps = [], [], []
    for size in dims[: draw(st.integers(1, len(dims)))]:
        low, high = sorted(draw(st.lists(st.integers(0, size), min_size=2, max_size=2, unique=True)))
        step = draw(st.sampled_from([None, 1, 2, -1, -2]))
        first, last = (high - 1, low - 1) if step and step < 0 else (low, high)
        is_open = draw(st.booleans()) or last < 0
        begins.append(draw(st.sampled_from([first, first - size])))
        ends.append(None if is_open else last)
        steps.append(step)
    return dims, {"begin": tuple(begins), "end": tuple(ends), "step": tuple(steps)}


@examples(120)
@given(case=slices())
def test_slices(case: tuple[list[int], dict[str, Any]], mxnet: ModuleType) -> None:
    dims, attrs = case
    hold(mxnet, row("slice", "drawn", data(*dims), **attrs))


@examples(80)
@given(
    mode=st.sampled_from(["constant", "edge", "reflect"]),
    rank=st.integers(2, 3),
    widths=st.lists(st.integers(0, 3), min_size=6, max_size=6),
)
def test_pads(mode: str, rank: int, widths: list[int], mxnet: ModuleType) -> None:
    maps = data("N", 2, *(4, 5, 6)[:rank])
    pads = (0, 0, 0, 0, *widths[: 2 * rank])
    hold(mxnet, row("Pad", "drawn", maps, mode=mode, pad_width=pads, constant_value=1.5), BATCH)


@st.composite
def pools(draw: Draw) -> Row:
    """Draw a pooling of one to three axes."""
    rank = draw(SPATIAL)
    kernel, stride, pad = (
        tuple(draw(st.integers(low, high)) for _ in range(rank)) for low, high in ((1, 3), (1, 4), (0, 2))
    )
    attrs = {
        "pool_type": draw(st.sampled_from(["max", "avg", "sum"])),
        "pooling_convention": draw(st.sampled_from(["valid", "full"])),
        "count_include_pad": draw(st.booleans()),
    }
    sizes = [draw(st.integers(3, 8)) for _ in range(rank)]
    pad = tuple(min(amount, size - 1) for amount, size in zip(pad, kernel, strict=True))
    return row("Pooling", "drawn", data("N", 2, *sizes), kernel=kernel, stride=stride, pad=pad, **attrs)


@examples(200)
@given(case=pools())
def test_poolings(case: Row, mxnet: ModuleType) -> None:
    hold(mxnet, case, BATCH)


@st.composite
def transposed_convolutions(draw: Draw) -> Row:
    """Draw a deconvolution of one or two axes."""
    rank = draw(st.integers(1, 2))
    kernel, stride, pad = (
        tuple(draw(st.integers(low, high)) for _ in range(rank)) for low, high in ((1, 4), (1, 3), (0, 2))
    )
    adjust = tuple(draw(st.integers(0, step - 1)) for step in stride)
    groups = draw(st.sampled_from([1, 2]))
    inputs: list[Input] = [data("N", 4, *[5] * rank), weight(4, 2, *kernel)]
    attrs = {"num_filter": 2 * groups, "num_group": groups, "adj": adjust}
    return row("Deconvolution", "drawn", *inputs, kernel=kernel, stride=stride, pad=pad, **attrs)


@examples(80)
@given(case=transposed_convolutions())
def test_deconvolutions(case: Row, mxnet: ModuleType) -> None:
    hold(mxnet, case, BATCH)


@examples(60)
@given(
    seed=st.integers(0, 10**6),
    overlap=st.sampled_from([0.1, 0.3, 0.5, 0.9]),
    threshold=st.sampled_from([0.01, 0.5, 0.9]),
    limit=st.sampled_from([-1, 1, 6, 20]),
    together=st.booleans(),
)
def test_multibox_detections(
    seed: int, overlap: float, threshold: float, limit: int, together: bool, mxnet: ModuleType
) -> None:
    inputs = data("N", 4, 20, values="uniform"), data("N", 80), weight(1, 20, 4, values="anchors")
    attrs = {"nms_threshold": overlap, "threshold": threshold, "nms_topk": limit, "force_suppress": together}
    hold(mxnet, row("_contrib_MultiBoxDetection", f"drawn {seed}", *inputs, **attrs), BATCH)


@examples(60)
@given(
    seed=st.integers(0, 10**6),
    overlap=st.sampled_from([0.3, 0.7]),
    least=st.sampled_from([0, 12, 40]),
    limits=st.sampled_from([(6000, 20), (15, 20), (40, 7), (-1, 100)]),
)
def test_proposals(seed: int, overlap: float, least: int, limits: tuple[int, int], mxnet: ModuleType) -> None:
    picture = "is:48 60 1 41 64 1.5 30 33 0.7"
    inputs = (
        data("N", 12, 3, 4, values="uniform"),
        data("N", 24, 3, 4, values="small"),
        data("N", 3, values=picture),
    )
    attrs = {"scales": (1, 3), "rpn_min_size": least, "threshold": overlap, "feature_stride": 16}
    counts = {"rpn_pre_nms_top_n": limits[0], "rpn_post_nms_top_n": limits[1]}
    hold(mxnet, row("_contrib_MultiProposal", f"drawn {seed}", *inputs, **attrs, **counts), BATCH)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 7)])
@examples(20)
@given(
    steps=st.tuples(st.integers(1, 2), st.integers(1, 3)),
    reach=st.integers(0, 3),
    patch=st.sampled_from([1, 3]),
)
def test_correlations(
    size: tuple[int, int], steps: tuple[int, int], reach: int, patch: int, mxnet: ModuleType
) -> None:
    maps = data("N", 2, *size)
    attrs = {"stride1": steps[0], "stride2": steps[1], "max_displacement": reach, "kernel_size": patch}
    hold(mxnet, row("Correlation", "drawn", maps, maps, pad_size=reach + 1, **attrs), BATCH)
