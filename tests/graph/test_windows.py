"""The attributes of a convolution's window, and their defaults."""

from __future__ import annotations

import onnx_ir as ir
import pytest

from gcv_edge.graph.windows import SlidingWindow


def make(**attributes: object) -> SlidingWindow:
    node = ir.node("Conv", [ir.Value(name="x"), ir.Value(name="w")], attributes)  # type: ignore[arg-type]
    return SlidingWindow.of(node, 2)


def test_what_a_node_does_not_say_is_onnx_default() -> None:
    assert make() == SlidingWindow((1, 1), (1, 1), (0, 0, 0, 0), "NOTSET", 1)


def test_what_a_node_says() -> None:
    said = make(strides=[2, 1], dilations=[1, 3], pads=[0, 1, 2, 3], group=4)
    assert said == SlidingWindow((2, 1), (1, 3), (0, 1, 2, 3), "NOTSET", 4)


@pytest.mark.parametrize(
    ("attributes", "is_padded"),
    [
        ({}, False),
        ({"pads": [0, 0, 0, 0]}, False),
        ({"pads": [0, 0, 0, 1]}, True),
        ({"auto_pad": "VALID"}, False),
        ({"auto_pad": "SAME_LOWER"}, True),
    ],
)
def test_padding_by_numbers_or_automatically(attributes: dict[str, object], is_padded: bool) -> None:
    assert make(**attributes).is_padded is is_padded
