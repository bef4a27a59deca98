"""What a symbol from outside the zoo does to its picture before its first layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pytest

from gcv_edge.errors import ParamsMismatchError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export
from gcv_edge.runtime.opening import open_session
from tests.exporters.mxnet.test_heads import run_symbol
from tests.support.symbol_files import Entry, SymbolFile

Front = Callable[[SymbolFile], Entry]
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
SIZE = (1, 3, 16, 16)


def scalars(*steps: tuple[str, float]) -> Front:
    def build(net: SymbolFile) -> Entry:
        value = net.data
        for index, (op, number) in enumerate(steps):
            value = net.op(f"_{op}_scalar", f"step{index}", value, scalar=number)
        return value

    return build


def constants(mean: Any, std: Any, axes: tuple[int, ...] | None, dividing: bool = True) -> Front:
    """What gluoncv.utils.export_block puts in front, with its axes, or without."""

    def build(net: SymbolFile) -> Entry:
        shape = (1, 1, 1, -1) if axes else (1, -1, 1, 1)
        center = net.constant("init_mean", np.reshape(mean, shape))
        scale = net.constant("init_scale", np.reshape(std if dividing else np.divide(1, std), shape))
        value = net.op("broadcast_sub", "centred", net.data, center)
        value = net.op("broadcast_div" if dividing else "broadcast_mul", "scaled", value, scale)
        return net.op("transpose", "front", value, axes=axes) if axes else value

    return build


def bn_data(net: SymbolFile) -> Entry:
    return net.norm("bn_data", net.data, 3, fix_gamma=True, eps=2e-5)


def statistics(mean: Sequence[float], deviation: Sequence[float], name: str = "first") -> Front:
    """A BatchNorm as training on pictures of that mean and deviation leaves it."""

    def build(net: SymbolFile) -> Entry:
        value = net.norm(name, net.data, 3, fix_gamma=True, eps=2e-5)
        net.weights[f"{name}_moving_mean"] = np.asarray(mean, np.float32)
        net.weights[f"{name}_moving_var"] = np.square(np.asarray(deviation, np.float32))
        return value

    return build


def identity_first(net: SymbolFile) -> Entry:
    same = net.op("identity", "id", net.data)
    return net.op(
        "_mul_scalar", "scaled", net.op("_minus_scalar", "centred", same, scalar=127.5), scalar=0.0078125
    )


def front(net: SymbolFile) -> Entry:
    return net.op("transpose", "front", net.data, axes=(0, 3, 1, 2))


def scaled_then_front(net: SymbolFile) -> Entry:
    return net.op(
        "transpose", "front", net.op("_div_scalar", "unit", net.data, scalar=255), axes=(0, 3, 1, 2)
    )


def front_then_scaled(net: SymbolFile) -> Entry:
    return net.op("_mul_scalar", "unit", front(net), scalar=1 / 127.5)


def enlarged(net: SymbolFile) -> Entry:
    """As GluonCV's SSD on VGG begins."""
    return net.op(
        "broadcast_mul", "enlarged", net.data, net.constant("init_scale", np.reshape(STD, (1, 3, 1, 1)))
    )


def then(first: Front, *ops: tuple[str, dict[str, Any]]) -> Front:
    """A beginning, and operators behind it."""

    def build(net: SymbolFile) -> Entry:
        value = first(net)
        for index, (op, attrs) in enumerate(ops):
            value = net.op(op, f"then{index}", value, **attrs)
        return value

    return build


def input_of(net: SymbolFile) -> Entry:
    return net.data


def turned_round(net: SymbolFile) -> Entry:
    """Channels from RGB to BGR and normalised there, as Caffe's networks are."""
    value = net.op("reverse", "turned", net.data, axis=(1,))
    center = net.constant("center", np.reshape(MEAN[::-1], (1, 3, 1, 1)))
    return net.op("broadcast_sub", "centred", value, center)


def channel_by_channel(net: SymbolFile) -> Entry:
    """Each channel is cut out and normalised by numbers of its own, in another order."""
    parts = []
    for index in (1, 2, 0):
        part = net.op("slice_axis", f"part{index}", net.data, axis=1, begin=index, end=index + 1)
        part = net.op("_minus_scalar", f"centred{index}", part, scalar=MEAN[index])
        parts.append(net.op("_div_scalar", f"scaled{index}", part, scalar=STD[index]))
    return net.op("Concat", "joined", *parts, dim=1, num_args=3)


def split_and_joined(net: SymbolFile) -> Entry:
    scaled = net.op("_mul_scalar", "scaled", net.data, scalar=1 / 255)
    node, _ = net.op("SliceChannel", "split", scaled, num_outputs=3, axis=1)
    return net.op("Concat", "joined", (node, 2), (node, 1), (node, 0), dim=1, num_args=3)


def mean_picture(net: SymbolFile) -> Entry:
    """A mean for each pixel, as MXNet's own iterators subtract it (``mean_img``)."""
    center = net.constant("mean_img", net.random.uniform(90, 130, SIZE))
    return net.op("elemwise_sub", "centred", net.data, center)


def square_of_itself(net: SymbolFile) -> Entry:
    return net.op("elemwise_mul", "squared", net.data, net.data)


class Row(NamedTuple):
    front: Front
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    is_last: bool = False
    raw: str = "levels"


ZEROS, ONES = (0.0,) * 3, (1.0,) * 3
AXES = (0, 3, 1, 2)
PARTS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WHITE = (255.0,) * 3
OWN = {
    "faces": Row(scalars(("minus", 127.5), ("mul", 0.0078125)), ZEROS, ONES),
    "faces behind an identity": Row(identity_first, ZEROS, ONES),
    "levels over 255": Row(scalars(("div", 255)), ZEROS, ONES),
    "constants for each channel": Row(constants(MEAN, STD, None), ZEROS, ONES),
    "BatchNorm": Row(bn_data, ZEROS, ONES),
    "of numbers from 0 to 1": Row(scalars(("minus", 0.5), ("div", 0.5)), ZEROS, WHITE, raw="unit"),
    "of numbers from 0 to 1, by channel": Row(constants(*PARTS, None), ZEROS, WHITE, raw="unit"),
    "export_block's": Row(constants(MEAN, STD, AXES), MEAN, STD, True),
    "export_block's, multiplying": Row(constants(MEAN, STD, AXES, dividing=False), MEAN, STD, True),
    "export_block's, of numbers from 0 to 1": Row(constants(*PARTS, AXES), MEAN, STD, True, "unit"),
    "export_block's, of other signs": Row(
        constants(MEAN, (-4.0, 30.0, 5.5), AXES), MEAN, (-4.0, 30.0, 5.5), True
    ),
    "scaled, then moved": Row(scaled_then_front, ZEROS, WHITE, True),
    "moved, then scaled": Row(front_then_scaled, ZEROS, (127.5,) * 3, True),
    "moved alone": Row(front, MEAN, STD, True, "normalized"),
    "channels turned round": Row(turned_round, ZEROS, ONES),
    "channel by channel": Row(channel_by_channel, ZEROS, ONES),
    "split and joined": Row(split_and_joined, ZEROS, ONES),
    "a mean picture": Row(mean_picture, ZEROS, ONES),
    "inverted": Row(scalars(("rminus", 255)), ZEROS, ONES),
    "inverted, of numbers from 0 to 1": Row(scalars(("rminus", 1)), ZEROS, WHITE, raw="unit"),
    "levels cut off": Row(then(input_of, ("clip", {"a_min": 0, "a_max": 255})), ZEROS, ONES),
    "numbers from 0 to 1 cut off": Row(
        then(input_of, ("clip", {"a_min": 0, "a_max": 1})), ZEROS, WHITE, raw="unit"
    ),
    "cut off, then scaled": Row(
        then(input_of, ("clip", {"a_min": 0, "a_max": 255}), ("_div_scalar", {"scalar": 127.5})), ZEROS, ONES
    ),
    "behind a reshape that moves nothing": Row(
        then(input_of, ("Reshape", {"shape": (0, 0, -1, 16)}), ("_div_scalar", {"scalar": 255})), ZEROS, ONES
    ),
    "behind two transposes": Row(
        then(
            constants(MEAN, STD, None),
            ("transpose", {"axes": (0, 2, 3, 1)}),
            ("_mul_scalar", {"scalar": 0.5}),
            ("transpose", {"axes": (0, 3, 1, 2)}),
        ),
        ZEROS,
        ONES,
    ),
    "negated and turned back": Row(
        then(input_of, ("negative", {}), ("_rminus_scalar", {"scalar": -128})), ZEROS, ONES
    ),
    "channels last, turned round": Row(
        then(front, ("reverse", {"axis": (1,)}), ("_div_scalar", {"scalar": 255})), ZEROS, ONES, True
    ),
    "channels last, enlarged": Row(
        then(front, ("_mul_scalar", {"scalar": 58.0})), MEAN, STD, True, "normalized"
    ),
    "cut off at -1 and 1": Row(
        then(input_of, ("clip", {"a_min": -1, "a_max": 1})), (127.5,) * 3, (127.5,) * 3, raw="signed"
    ),
    "BatchNorm of levels": Row(statistics(MEAN, STD), ZEROS, ONES),
    "BatchNorm of numbers from 0 to 1": Row(statistics(*PARTS), ZEROS, WHITE, raw="unit"),
    "bn_data of numbers from 0 to 1": Row(statistics(*PARTS, "bn_data"), ZEROS, WHITE, raw="unit"),
    "BatchNorm of normalised pictures": Row(
        statistics((0.02, -0.1, 0.2), (1.1, 0.9, 1.3)), MEAN, STD, raw="normalized"
    ),
    "untrained bn_data": Row(statistics((0,) * 3, (1,) * 3, "bn_data"), ZEROS, ONES),
    "shifted by next to nothing": Row(scalars(("plus", 1e-5)), MEAN, STD, raw="normalized"),
    "multiplied by one": Row(scalars(("mul", 1.0)), MEAN, STD, raw="normalized"),
    "an identity": Row(then(input_of, ("identity", {})), MEAN, STD, raw="normalized"),
    "shifted up": Row(scalars(("plus", 0.5)), MEAN, STD, raw="normalized"),
    "back to levels": Row(scalars(("mul", 58.0), ("plus", 120.0)), MEAN, STD, raw="normalized"),
    "squared": Row(square_of_itself, MEAN, STD, raw="normalized"),
    "enlarged alone": Row(enlarged, MEAN, STD, raw="normalized"),
    "nothing": Row(lambda net: net.data, MEAN, STD, raw="normalized"),
}


def convert(row: Row, folder: Path, **options: Any) -> ExportResult:
    net = SymbolFile()
    source = net.save(folder, net.classes(4, row.front(net)))
    shape = (1, 16, 16, 3) if row.is_last else SIZE
    return export(source, folder / "out.onnx", options=ExportOptions(**{"input_shape": shape, **options}))


@pytest.mark.parametrize("row", OWN.values(), ids=OWN.keys())
def test_a_network_s_own_normalisation_is_seen(row: Row, tmp_path: Path) -> None:
    result = convert(row, tmp_path)
    assert result.metadata.task.name == "classification"
    assert result.metadata.preprocessing.mean == pytest.approx(row.mean, rel=1e-5)
    assert result.metadata.preprocessing.scale == pytest.approx(row.scale, rel=1e-5)
    assert any("normalis" in note for note in result.notes)
    assert open_session(result.path).inputs == {"data": SIZE}


@pytest.mark.parametrize("row", OWN.values(), ids=OWN.keys())
def test_the_file_computes_what_the_symbol_makes_of_raw_pictures(
    row: Row, tmp_path: Path, mxnet: ModuleType
) -> None:
    result = convert(row, tmp_path)
    levels = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3)).astype(np.float32)
    raw = {
        "levels": levels,
        "unit": levels / 255,
        "signed": levels / 127.5 - 1,
        "normalized": (levels - MEAN) / STD,
    }[row.raw]
    (expected,) = run_symbol(mxnet, tmp_path, data=raw if row.is_last else raw.transpose(0, 3, 1, 2))
    preprocessing = result.metadata.preprocessing
    mean, scale = np.float32(preprocessing.mean), np.float32(preprocessing.scale)
    given = ((levels - mean) / scale).transpose(0, 3, 1, 2).astype(np.float32).copy()
    found = open_session(result.path).run({"data": given})["logits"]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_the_wrapper_leaves_no_trace_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    wrapped = convert(OWN["export_block's"], tmp_path)
    plain = convert(OWN["nothing"], tmp_path / "plain", mean=MEAN, scale=STD)
    noise = np.random.default_rng(0).normal(size=SIZE).astype(np.float32)
    found, expected = (
        open_session(result.path).run({"data": noise})["logits"] for result in (wrapped, plain)
    )
    np.testing.assert_array_equal(found, expected)
    assert wrapped.metadata.preprocessing.resize_type == plain.metadata.preprocessing.resize_type
    np.testing.assert_allclose(wrapped.metadata.preprocessing.mean, MEAN, rtol=1e-6)


def test_channels_first_may_be_asked_for(tmp_path: Path) -> None:
    result = convert(OWN["export_block's"], tmp_path, input_shape=SIZE)
    assert open_session(result.path).inputs == {"data": SIZE}


def test_what_the_user_says_is_taken(tmp_path: Path) -> None:
    result = convert(OWN["faces"], tmp_path, mean=(1.0, 2.0, 3.0), scale=(4.0,) * 3)
    assert result.metadata.preprocessing.mean == (1.0, 2.0, 3.0)
    assert not any("--mean" in note for note in result.notes)


@pytest.mark.parametrize(
    ("mean", "scale", "together"),
    [
        ((0.0,), (1.0,), (MEAN, STD)),
        ((0.0,), None, (MEAN, STD)),
        ((10.0,), (2.0,), ([10 + 2 * m for m in MEAN], [2 * s for s in STD])),
    ],
)
def test_what_the_user_says_goes_before_what_the_runtime_does_instead_of_the_network(
    mean: tuple[float, ...], scale: tuple[float, ...] | None, together: Any, tmp_path: Path
) -> None:
    found = convert(OWN["export_block's"], tmp_path, mean=mean, scale=scale).metadata.preprocessing
    assert found.mean == pytest.approx(together[0], rel=1e-5)
    assert found.scale == pytest.approx(together[1], rel=1e-5)


@pytest.mark.parametrize("scalar", [0.5, 1 / 128, 1 / 58])
def test_what_only_scales_does_not_say_what_was_subtracted_before(scalar: float, tmp_path: Path) -> None:
    result = convert(Row(scalars(("mul", scalar)), ZEROS, ONES), tmp_path)
    assert "assumed: mean 0 and scale 1 before what only scales" in "".join(result.notes)


def test_gluoncvs_resnet_v2_is_no_network_that_normalises(tmp_path: Path) -> None:
    net = SymbolFile()
    first = net.norm("resnetv20_batchnorm0_fwd", net.data, 3, fix_gamma=True)
    result = export(
        net.save(tmp_path, net.classes(4, first)), tmp_path / "out.onnx", options=ExportOptions(SIZE)
    )
    assert result.metadata.preprocessing.mean == pytest.approx(MEAN)


@pytest.mark.parametrize("part", ["shape", "image"])
def test_the_symbol_s_own_shape_is_taken(part: str, tmp_path: Path) -> None:
    net = SymbolFile()
    net.nodes[0]["attrs"]["__shape__"] = "(1, 3, 20, 24)" if part == "shape" else "(0, 3, 20, 24)"
    source = net.save(tmp_path, net.classes(4))
    options = ExportOptions() if part == "shape" else ExportOptions((1, 3, 16, 16))
    result = export(source, tmp_path / "out.onnx", options=options)
    size = (20, 24) if part == "shape" else (16, 16)
    assert open_session(result.path).inputs == {"data": (1, 3, *size)}


class Inputs(NamedTuple):
    build: Callable[[SymbolFile], Entry]
    names: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]


def with_information(net: SymbolFile) -> Entry:
    return net.op("broadcast_mul", "sized", net.classes(3), net.variable("im_info"))


def with_two_pictures(net: SymbolFile) -> Entry:
    right = net.conv("right_trunk", net.variable("right"), 4, 3, stride=2)
    left = net.conv("left_trunk", net.data, 4, 3, stride=2)
    return net.op("elemwise_sub", "difference", left, right)


def with_a_state(net: SymbolFile) -> Entry:
    state = net.dense("h2h", net.variable("lstm_begin_state"), 4, 4)
    return net.op("elemwise_add", "step", net.classes(4), state)


def with_three(net: SymbolFile) -> Entry:
    return net.op("broadcast_add", "more", with_information(net), net.variable("rois"))


FURTHER = {
    "information on the picture": Inputs(with_information, ("data", "im_info"), (SIZE, (1, 3))),
    "two pictures": Inputs(with_two_pictures, ("data", "right"), (SIZE, SIZE)),
    "a recurrent state": Inputs(with_a_state, ("data", "lstm_begin_state"), (SIZE, (1, 4))),
    "three": Inputs(with_three, ("data", "im_info", "rois"), (SIZE, (1, 3), (1, 3))),
}


@pytest.mark.parametrize("row", FURTHER.values(), ids=FURTHER.keys())
def test_further_inputs_have_any_names(row: Inputs, tmp_path: Path) -> None:
    net = SymbolFile()
    source = net.save(tmp_path, row.build(net))
    result = export(
        source, tmp_path / "out.onnx", options=ExportOptions(row.shapes[0], further_shapes=row.shapes[1:])
    )
    assert result.metadata.task.name == "tensors"
    found = open_session(result.path).inputs
    assert {name: found[name] for name in row.names} == dict(zip(row.names, row.shapes, strict=True))
    assert result.verification is not None
    assert result.verification.passed


def test_a_missing_parameter_is_no_input(tmp_path: Path) -> None:
    net = SymbolFile()
    head = net.classes(4)
    del net.weights["fc_weight"]
    with pytest.raises(ParamsMismatchError, match=r"1 of the network's 4 parameters .* 'fc_weight'"):
        export(net.save(tmp_path, head), tmp_path / "out.onnx", options=ExportOptions(SIZE))


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (square_of_itself, "squared"),
        (then(input_of, ("exp", {})), "then0"),
        (then(input_of, ("_rdiv_scalar", {"scalar": 255})), "then0"),
        (then(input_of, ("_mul_scalar", {"scalar": 1}), ("square", {})), "then1"),
    ],
)
def test_what_is_not_understood_is_named(build: Front, name: str, tmp_path: Path) -> None:
    note = convert(Row(build, MEAN, STD), tmp_path).notes[0]
    assert note.startswith("assumed: RGB levels normalised by ImageNet's mean and scale")
    assert note.endswith(f"; what '{name}' computes before the first layer was not understood")


COLOURS = {
    "nothing": (input_of, "assumed: RGB levels", "assumed: BGR levels"),
    "one number": (scalars(("minus", 127.5)), "; assumed: RGB (--bgr)", ""),
    "its own mean": (constants(MEAN, STD, None), "; assumed: RGB (--bgr)", ""),
    "the mean of BGR": (
        constants(MEAN[::-1], STD, None),
        "; assumed: RGB, though its mean is in the order of BGR",
        "",
    ),
    "turned round inside": (turned_round, "; assumed: RGB (--bgr)", ""),
}


@pytest.mark.parametrize(("build", "rgb", "bgr"), COLOURS.values(), ids=COLOURS.keys())
def test_the_order_of_colours_is_said_to_be_assumed(build: Front, rgb: str, bgr: str, tmp_path: Path) -> None:
    assert rgb in convert(Row(build, ZEROS, ONES), tmp_path).notes[0]
    result = convert(Row(build, ZEROS, ONES), tmp_path, bgr=True)
    assert bgr in result.notes[0]
    assert not result.metadata.preprocessing.reverse_channels
    assert "--bgr" not in result.notes[0]
    if build is input_of:
        assert result.metadata.preprocessing.mean == pytest.approx(MEAN[::-1])
