"""Frame to network input: held against the NumPy oracle bit by bit and against OpenCV to one level."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gcv_edge import _core
from gcv_edge.metadata import INTERPOLATIONS
from tests.core import oracle

SHAPES = {"bgr": (3,), "rgb": (3,), "gray": (), "bgra": (4,), "rgba": (4,)}
MEAN, SCALE = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
LEVELS = {3: (MEAN, SCALE), 1: ((33.3184,), (78.5675,))}
"""Mean and scale by the channels of a network."""


def draw_frame(size: tuple[int, int], pixel_format: str = "bgr", seed: int = 0) -> NDArray[np.uint8]:
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (size[1], size[0], *SHAPES[pixel_format]), np.uint8)


def run_levels(
    frame: NDArray[np.uint8], placement: _core.Placement, size: tuple[int, int]
) -> NDArray[np.uint8]:
    out = np.empty((3, size[1], size[0]), np.uint8)
    _core.preprocess(frame, "bgr", placement, out, (0, 0, 0), (1, 1, 1), False, 0)
    return out


@st.composite
def placements(draw: st.DrawFn) -> tuple[tuple[int, int], oracle.Box, tuple[int, int], oracle.Target]:
    """A frame's size, a source inside, across or outside it, an input's size and a target in it."""
    frame = draw(st.tuples(st.integers(1, 90), st.integers(1, 40)))
    inputs = draw(st.tuples(st.integers(1, 70), st.integers(1, 24)))
    x, y = draw(st.integers(0, inputs[0] - 1)), draw(st.integers(0, inputs[1] - 1))
    target = (x, y, draw(st.integers(1, inputs[0] - x)), draw(st.integers(1, inputs[1] - y)))
    corner, side = st.floats(-60, 100), st.floats(0.5, 120)
    whole = (0.0, 0.0, float(frame[0]), float(frame[1]))
    same = (float(draw(st.integers(-3, 9))), 0.0, float(target[2]), float(target[3]))
    anywhere = (draw(corner), draw(corner), draw(side), draw(side))
    return frame, draw(st.sampled_from([whole, same, anywhere])), inputs, target


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    placements(),
    st.sampled_from(sorted(SHAPES)),
    st.booleans(),
    st.integers(0, 9),
    st.sampled_from(sorted(LEVELS)),
    st.sampled_from(INTERPOLATIONS),
)
def test_equals_oracle(
    case: tuple[tuple[int, int], oracle.Box, tuple[int, int], oracle.Target],
    pixel_format: str,
    reverse: bool,
    seed: int,
    channels: int,
    interpolation: str,
) -> None:
    size, source, inputs, target = case
    frame = draw_frame(size, pixel_format, seed)
    placement = _core.Placement(source, target)
    numbers = np.full((channels, inputs[1], inputs[0]), np.nan, np.float32)
    mean, scale = LEVELS[channels]
    levels = np.zeros(numbers.shape, np.uint8)
    for out in (numbers, levels):
        _core.preprocess(
            frame, pixel_format, placement, out, mean, scale, reverse, 114.5, interpolation=interpolation
        )
    expected = oracle.preprocess(
        frame, pixel_format, source, target, inputs, mean, scale, reverse, 114.5, interpolation
    )
    np.testing.assert_array_equal(numbers.view(np.uint32), expected[0].view(np.uint32))
    np.testing.assert_array_equal(levels, expected[1])


OPENCV_SIZES = [
    ((1920, 1080), (416, 416)),
    ((1920, 1080), (960, 540)),
    ((640, 480), (1333, 800)),
    ((17, 5), (416, 416)),
    ((1, 1), (32, 32)),
    ((300, 1), (64, 64)),
    ((1, 300), (64, 64)),
    ((416, 416), (416, 416)),
    ((333, 777), (1, 1)),
    ((512, 512), (511, 513)),
    ((7680, 4320), (608, 608)),
    ((64, 64), (2048, 300)),
]


CODES = {"nearest": cv2.INTER_NEAREST, "bilinear": cv2.INTER_LINEAR, "area": cv2.INTER_AREA}
SIZES_PER_RATIO = [
    *OPENCV_SIZES,
    ((640, 480), (320, 320)),
    ((900, 600), (300, 200)),
    ((500, 375), (300, 300)),
]


def rounds_positions() -> bool:
    """Tell whether this OpenCV's warpAffine samples at 32nds of a pixel, as that of GluonCV's time does."""
    stripes = np.tile(np.uint8([[0, 200]]), (8, 8))
    moved = cv2.warpAffine(stripes, np.array([[1, 0, 0.01], [0, 1, 0]]), (16, 8), flags=cv2.INTER_LINEAR)
    return np.array_equal(moved, stripes)


def run_interpolation(
    frame: NDArray[np.uint8], inputs: tuple[int, int], interpolation: str
) -> NDArray[np.uint8]:
    out = np.empty((3, inputs[1], inputs[0]), np.uint8)
    placement = _core.place("standard", frame.shape[1::-1], inputs)
    _core.preprocess(
        frame, "bgr", placement, out, (0, 0, 0), (1, 1, 1), False, 0, interpolation=interpolation
    )
    return out.transpose(1, 2, 0)


def assert_nearly_equal(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> None:
    """At most a level anywhere, and equal in 99.9 % of the numbers."""
    different = np.abs(ours.astype(int) - theirs)
    assert different.max() <= 1
    assert np.count_nonzero(different) <= max(1e-3 * different.size, 1)


@pytest.mark.parametrize("interpolation", CODES)
@pytest.mark.parametrize(("size", "inputs"), SIZES_PER_RATIO)
def test_a_stretch_equals_opencvs(size: tuple[int, int], inputs: tuple[int, int], interpolation: str) -> None:
    frame = draw_frame(size)
    theirs = cv2.resize(frame, inputs, interpolation=CODES[interpolation])
    assert_nearly_equal(run_interpolation(frame, inputs, interpolation), theirs)


@pytest.mark.parametrize(("size", "inputs"), SIZES_PER_RATIO)
def test_bicubic_is_within_a_level_of_opencv(size: tuple[int, int], inputs: tuple[int, int]) -> None:
    frame = draw_frame(size)
    theirs = cv2.resize(frame, inputs, interpolation=cv2.INTER_CUBIC)
    assert np.abs(run_interpolation(frame, inputs, "bicubic").astype(int) - theirs).max() <= 1


@pytest.mark.parametrize(
    ("size", "inputs"), [*SIZES_PER_RATIO, ((1242, 375), (640, 192)), ((480, 640), (640, 192))]
)
def test_lanczos_equals_pillows(size: tuple[int, int], inputs: tuple[int, int]) -> None:
    image = pytest.importorskip("PIL.Image")
    frame = draw_frame(size)
    rows = image.fromarray(frame).resize((inputs[0], size[1]), image.Resampling.LANCZOS)
    theirs = np.asarray(rows.resize(inputs, image.Resampling.LANCZOS))
    assert_nearly_equal(run_interpolation(frame, inputs, "lanczos"), theirs)


@pytest.mark.parametrize("code", [0, 1, 2, 3, 9])
@pytest.mark.parametrize(("size", "inputs"), SIZES_PER_RATIO)
def test_a_stretch_equals_mxnets(
    gluoncv: object, mxnet: object, size: tuple[int, int], inputs: tuple[int, int], code: int
) -> None:
    from gluoncv.data.transforms.image import imresize

    names = {0: "nearest", 1: "bilinear", 2: "bicubic", 3: "area", 9: "by_size"}
    frame = draw_frame(size)
    theirs = imresize(mxnet.nd.array(frame, dtype="uint8"), *inputs, interp=code)  # type: ignore[attr-defined]
    assert_nearly_equal(run_interpolation(frame, inputs, names[code]), theirs.asnumpy())


@pytest.mark.parametrize("size", [(640, 480), (375, 500), (1920, 1080), (20, 30)])
@pytest.mark.parametrize("inputs", [(512, 512), (192, 256)])
def test_warp_equals_warp_affine(size: tuple[int, int], inputs: tuple[int, int]) -> None:
    frame = draw_frame(size)
    placement = _core.place("affine", size, inputs)
    x, y, width, _ = placement.source
    step = width / inputs[0]
    out = np.empty((3, inputs[1], inputs[0]), np.uint8)
    _core.preprocess(frame, "bgr", placement, out, (0, 0, 0), (1, 1, 1), False, 40, interpolation="warp")
    to_input = np.array([[1 / step, 0, -x / step], [0, 1 / step, -y / step]])
    theirs = cv2.warpAffine(frame, to_input, inputs, flags=cv2.INTER_LINEAR, borderValue=(40, 40, 40))
    ours = out.transpose(1, 2, 0)
    if rounds_positions():
        assert_nearly_equal(ours, theirs)
    else:
        assert np.abs(ours.astype(int) - theirs).mean() < 1.5


GREY_CODES = {
    "bgr": cv2.COLOR_BGR2GRAY,
    "rgb": cv2.COLOR_RGB2GRAY,
    "bgra": cv2.COLOR_BGRA2GRAY,
    "rgba": cv2.COLOR_RGBA2GRAY,
}


def run_grey(
    frame: NDArray[np.uint8], pixel_format: str, size: tuple[int, int], dtype: type = np.uint8
) -> NDArray[np.uint8]:
    out = np.empty((1, size[1], size[0]), dtype)
    placement = _core.place("standard", (frame.shape[1], frame.shape[0]), size)
    _core.preprocess(frame, pixel_format, placement, out, (10,), (4,), True, 0)
    return out[0]


@pytest.mark.parametrize("pixel_format", GREY_CODES)
def test_grey_is_exactly_opencvs(pixel_format: str) -> None:
    frame = draw_frame((300, 200), pixel_format)
    theirs = cv2.cvtColor(frame, GREY_CODES[pixel_format])
    np.testing.assert_array_equal(run_grey(frame, pixel_format, (300, 200)), theirs)
    numbers = run_grey(frame, pixel_format, (300, 200), np.float32)
    np.testing.assert_array_equal(numbers, (theirs - np.float32(10)) / 4)


@pytest.mark.parametrize(("size", "inputs"), OPENCV_SIZES)
def test_resized_grey_is_within_a_level_of_opencv(size: tuple[int, int], inputs: tuple[int, int]) -> None:
    frame = draw_frame(size)
    ours = run_grey(frame, "bgr", inputs).astype(int)
    theirs = cv2.cvtColor(cv2.resize(frame, inputs), cv2.COLOR_BGR2GRAY)
    grey_first = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), inputs)
    assert np.abs(ours - theirs).max() <= 1
    assert np.abs(ours - grey_first).max() <= 2


def test_grey_frames_stay_as_they_are() -> None:
    frame = draw_frame((64, 48), "gray")
    np.testing.assert_array_equal(run_grey(frame, "gray", (64, 48)), frame)
    three = np.repeat(frame[:, :, None], 3, axis=2)
    np.testing.assert_array_equal(run_grey(frame, "gray", (20, 90)), run_grey(three, "bgr", (20, 90)))


@pytest.mark.parametrize("size", [(1920, 1080), (480, 640), (1000, 333), (3, 200)])
def test_letterbox_is_within_a_level_of_opencv(size: tuple[int, int]) -> None:
    frame = draw_frame(size)
    placement = _core.place("fit_to_window_letterbox", size, (416, 416))
    x, y, width, height = placement.target
    theirs = np.zeros((416, 416, 3), np.uint8)
    theirs[y : y + height, x : x + width] = cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR)
    assert np.abs(run_levels(frame, placement, (416, 416)).astype(int) - theirs.transpose(2, 0, 1)).max() <= 1


@pytest.mark.parametrize("size", [(640, 480), (333, 500), (256, 256), (1920, 1080)])
def test_crop_is_within_a_level_of_resize_and_slice(size: tuple[int, int]) -> None:
    frame = draw_frame(size)
    short = min(size)
    resized = cv2.resize(
        frame, (size[0] * 256 // short, size[1] * 256 // short), interpolation=cv2.INTER_LINEAR
    )
    top, left = (resized.shape[0] - 224) // 2, (resized.shape[1] - 224) // 2
    theirs = resized[top : top + 224, left : left + 224].transpose(2, 0, 1)
    ours = run_levels(frame, _core.place("crop", size, (224, 224), 256), (224, 224))
    assert np.abs(ours.astype(int) - theirs).max() <= 1


@pytest.mark.parametrize(("inputs", "short", "wide"), [(224, 256, 340), (112, 128, 171), (299, 340, 450)])
def test_a_stretched_crop_equals_gluoncv(gluoncv: object, inputs: int, short: int, wide: int) -> None:
    from gluoncv.data.transforms.video import VideoGroupValTransform

    frame = draw_frame((640, 360), "rgb")
    resized = cv2.resize(frame, (wide, short), interpolation=cv2.INTER_LINEAR)
    (theirs,) = VideoGroupValTransform(inputs, (0, 0, 0), (1, 1, 1))([resized])
    placement = _core.place("crop", (640, 360), (inputs, inputs), short, wide)
    ours = np.empty((3, inputs, inputs), np.uint8)
    _core.preprocess(frame, "rgb", placement, ours, (0, 0, 0), (1, 1, 1), True, 0)
    assert np.abs(ours - theirs * 255).max() < 1.01


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_crop_equals_gluoncv(gluoncv: object, mxnet: object, isa: str) -> None:
    from gluoncv.data.transforms.presets.imagenet import transform_eval

    frame = cv2.GaussianBlur(draw_frame((500, 375), "rgb"), (0, 0), 3)
    theirs = transform_eval(mxnet.nd.array(frame, dtype="uint8"), 256, 224)[0].asnumpy()  # type: ignore[attr-defined]
    ours = np.empty((3, 224, 224), np.float32)
    placement = _core.place("crop", (500, 375), (224, 224), 256)
    _core.preprocess(frame, "rgb", placement, ours, MEAN, SCALE, True, 0)
    assert np.abs(ours - theirs).max() < 1.01 / min(SCALE)


VIEWS = {
    "rows": lambda frame: frame[::-1],
    "every second row": lambda frame: frame[1::2],
    "columns reversed": lambda frame: frame[:, ::-1],
    "every third column": lambda frame: frame[:, ::3],
    "channels reversed": lambda frame: frame[..., ::-1],
    "region": lambda frame: frame[3:40, 5:60],
    "transposed": lambda frame: frame.transpose(1, 0, 2),
    "read-only": lambda frame: (frame.setflags(write=False), frame)[1],
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
@pytest.mark.parametrize("inputs", [(32, 24), (200, 100)])
def test_views_equal_copies(view: object, inputs: tuple[int, int]) -> None:
    frame = view(draw_frame((80, 60)))  # type: ignore[operator]
    placement = _core.place("standard", (frame.shape[1], frame.shape[0]), inputs)
    ours = run_levels(frame, placement, inputs)
    np.testing.assert_array_equal(ours, run_levels(np.ascontiguousarray(frame), placement, inputs))


def test_gray_with_a_channel_axis_equals_gray() -> None:
    frame = draw_frame((50, 40), "gray")
    placement = _core.place("standard", (50, 40), (32, 32))
    outs = np.empty((2, 3, 32, 32), np.float32)
    for picture, out in zip((frame, frame[:, :, None]), outs, strict=True):
        _core.preprocess(picture, "gray", placement, out, MEAN, SCALE, True, 0)
    np.testing.assert_array_equal(outs[0], outs[1])


@pytest.mark.parametrize("level", [0, 1, 127, 255])
def test_a_plain_frame_stays_plain(level: int) -> None:
    frame = np.full((37, 53, 3), level, np.uint8)
    assert (run_levels(frame, _core.place("standard", (53, 37), (96, 64)), (96, 64)) == level).all()


def test_normalised_numbers_are_those_of_division() -> None:
    frame = np.arange(256, dtype=np.uint8).reshape(16, 16)
    out = np.empty((3, 16, 16), np.float32)
    _core.preprocess(frame, "gray", _core.place("standard", (16, 16), (16, 16)), out, MEAN, SCALE, True, 0)
    exact = (frame - np.reshape(MEAN, (3, 1, 1))) / np.reshape(SCALE, (3, 1, 1))
    np.testing.assert_allclose(out, exact, rtol=3e-7, atol=1e-7)


def test_threads_do_not_disturb_each_other() -> None:
    frames = [draw_frame((200 + 40 * i, 100 + 30 * i), seed=i) for i in range(8)]
    jobs = [(frame, _core.place("standard", frame.shape[1::-1], (96, 96))) for frame in frames]
    expected = [run_levels(frame, placement, (96, 96)) for frame, placement in jobs]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda i: (i % 8, run_levels(*jobs[i % 8], (96, 96))), range(200))
        for i, levels in found:
            np.testing.assert_array_equal(levels, expected[i])


OUTS = {
    "clip": ((3, 5, 24, 32), lambda clip: clip[:, 2]),
    "clip of one frame": ((3, 1, 24, 32), lambda clip: clip[:, 0]),
    "clips": ((2, 3, 4, 24, 32), lambda clips: clips[1, :, 3]),
    "planes reversed": ((3, 24, 32), lambda planes: planes[::-1]),
    "part of many planes": ((8, 24, 32), lambda planes: planes[1:7:2]),
    "one row": ((3, 7, 1, 32), lambda clip: clip[:, 4]),
    "one column": ((3, 7, 24, 1), lambda clip: clip[:, 4]),
    "grey clip": ((1, 5, 24, 32), lambda clip: clip[:, 2]),
    "grey pictures": ((4, 1, 24, 32), lambda pictures: pictures[2]),
}


@pytest.mark.parametrize(("shape", "view"), OUTS.values(), ids=OUTS.keys())
@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("size", [(50, 40), (32, 24)])
def test_planes_may_lie_apart(
    shape: tuple[int, ...], view: object, dtype: type, size: tuple[int, int]
) -> None:
    frame = draw_frame(size)
    base = np.full(shape, 99, dtype)
    out = view(base)  # type: ignore[operator]
    packed = np.empty(out.shape, dtype)
    mean, scale = LEVELS[len(out)]
    placement = _core.place("fit_to_window", size, (out.shape[2], out.shape[1]))
    for planes in (out, packed):
        _core.preprocess(frame, "bgr", placement, planes, mean, scale, True, 7.0)
    np.testing.assert_array_equal(out, packed)
    written = np.zeros(shape, bool)
    view(written)[...] = True  # type: ignore[operator]
    assert (base[~written] == 99).all()


FRAME, OUT = np.zeros((8, 8, 3), np.uint8), np.zeros((3, 8, 8), np.float32)
WRONG = [
    ({"frame": [1, 2]}, TypeError, "frame: found list, expected a NumPy array"),
    (
        {"frame": FRAME.astype(np.float32)},
        TypeError,
        r"frame: found float32 \[8, 8, 3\], expected a uint8 array",
    ),
    (
        {"frame": FRAME[..., :2]},
        ValueError,
        r"frame: found uint8 \[8, 8, 2\].*, expected \[height, width, 3\]",
    ),
    ({"frame": FRAME[:0]}, ValueError, "frame: found .*, expected at least one pixel"),
    ({"frame": FRAME[..., 0]}, ValueError, r"frame: found .*, expected \[height, width, 3\]"),
    (
        {"pixel_format": "yuv"},
        ValueError,
        "pixel_format: found 'yuv', expected one of bgr, rgb, gray, bgra, rgba, nv12, nv21, i420, yuyv, uyvy",
    ),
    ({"out": np.zeros((3, 8, 8))}, TypeError, r"out: found float64 \[3, 8, 8\], expected float32 or uint8"),
    (
        {"out": np.zeros((8, 8, 3), np.float32)},
        ValueError,
        r"out: found .*, expected \[3 or 1, height, width\], each plane contiguous",
    ),
    ({"out": OUT[:, ::2]}, ValueError, "out: found .* each plane contiguous"),
    ({"out": OUT[:, :, ::2]}, ValueError, "out: found .* each plane contiguous"),
    ({"out": OUT[:, :, :7]}, ValueError, "out: found .* each plane contiguous"),
    ({"out": OUT[:, ::-1]}, ValueError, "out: found .* each plane contiguous"),
    (
        {"out": np.lib.stride_tricks.as_strided(OUT, (3, 8, 8), (64, 32, 4))},
        ValueError,
        "out: found .* each plane contiguous",
    ),
    (
        {"out": np.broadcast_to(np.float32(0), (3, 8, 8))},
        ValueError,
        "out: found .*, expected a writable NumPy array",
    ),
    (
        {"placement": _core.Placement((0, 0, 8, 8), (1, 0, 8, 8))},
        ValueError,
        "placement target: found 8x8 at .1, 0.",
    ),
    ({"scale": (1, 0, 1)}, ValueError, "scale: found 0.0*, expected a finite number other than 0"),
    ({"mean": (1, 2)}, TypeError, r"mean: found \(1, 2\), expected three numbers"),
    (
        {"out": np.zeros((2, 8, 8), np.float32)},
        ValueError,
        r"out: found .*, expected \[3 or 1, height, width\]",
    ),
    ({"out": OUT[:1]}, TypeError, r"mean: found \(0, 0, 0\), expected one number in a sequence"),
    (
        {"out": OUT[:1], "mean": (0,), "scale": (0,)},
        ValueError,
        "scale: found 0.0*, expected a finite number",
    ),
    ({"scale": 3}, TypeError, "scale: found 3, expected three numbers"),
    ({"mean": (1, float("nan"), 1)}, ValueError, "mean: found a number that is not finite"),
    (
        {"interpolation": "cubic"},
        ValueError,
        "interpolation: found 'cubic', expected one of bilinear, nearest, area, bicubic, by_size, warp, "
        "lanczos",
    ),
    ({"pad_value": float("inf")}, ValueError, "pad_value: found a number that is not finite"),
]


@pytest.mark.parametrize(("change", "error", "text"), WRONG)
def test_wrong_arguments_are_named(change: dict[str, object], error: type[Exception], text: str) -> None:
    arguments = {
        "frame": FRAME,
        "pixel_format": "bgr",
        "placement": _core.Placement((0, 0, 8, 8), (0, 0, 8, 8)),
        "out": OUT,
        "mean": (0, 0, 0),
        "scale": (1, 1, 1),
        "reverse_channels": True,
        "pad_value": 0,
    }
    with pytest.raises(error, match=text):
        _core.preprocess(**{**arguments, **change})  # type: ignore[arg-type]
