"""MXNet's attribute texts as typed values."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.symbol import Node

ACCESSORS = [
    "get_int",
    "get_optional_int",
    "get_float",
    "get_optional_float",
    "get_bool",
    "get_str",
    "get_int_tuple",
    "get_optional_int_tuple",
    "get_float_tuple",
    "get_optional_ints",
]
MAY_BE_NONE = [name for name in ACCESSORS if "optional" in name]


def attributes(**attrs: str) -> Attributes:
    return Attributes(Node("pool3", "Pooling", attrs, ()))


@pytest.mark.parametrize(
    ("accessor", "text", "value"),
    [
        ("get_int", "3", 3),
        ("get_int", "-1", -1),
        ("get_int", " 3 ", 3),
        ("get_int", "3L", 3),
        ("get_optional_int", "7", 7),
        ("get_optional_int", "None", None),
        ("get_float", "1e-05", 1e-05),
        ("get_float", "2", 2.0),
        ("get_float", ".5", 0.5),
        ("get_float", "5.", 5.0),
        ("get_float", "1.5f", 1.5),
        ("get_float", "-inf", -math.inf),
        ("get_optional_float", "None", None),
        ("get_optional_float", "0.1", 0.1),
        ("get_bool", "True", True),
        ("get_bool", "true", True),
        ("get_bool", "1", True),
        ("get_bool", "False", False),
        ("get_bool", "0", False),
        ("get_str", "valid", "valid"),
        ("get_int_tuple", "(1, 2)", (1, 2)),
        ("get_int_tuple", "[1,2]", (1, 2)),
        ("get_int_tuple", "(3L, 3L)", (3, 3)),
        ("get_int_tuple", "(2,)", (2,)),
        ("get_int_tuple", "2", (2,)),
        ("get_int_tuple", "()", ()),
        ("get_int_tuple", "[ ]", ()),
        ("get_optional_int_tuple", "None", None),
        ("get_optional_int_tuple", "(2, 3)", (2, 3)),
        ("get_float_tuple", "(0.1, 1e-3)", (0.1, 1e-3)),
        ("get_float_tuple", "[0.1,]", (0.1,)),
        ("get_float_tuple", "1", (1.0,)),
        ("get_optional_ints", "(None, 0)", (None, 0)),
        ("get_optional_ints", "None", None),
        ("get_optional_ints", "(1,)", (1,)),
    ],
)
def test_text_has_value(accessor: str, text: str, value: Any) -> None:
    found = getattr(attributes(key=text), accessor)("key")
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_float() -> None:
    assert math.isnan(attributes(key="nan").get_float("key"))


@pytest.mark.parametrize(
    ("accessor", "texts"),
    [
        ("get_int", ["", "3.0", "1e2", "0x10", "3,", "True", "None", "1_0", "٣", "9" * 5000, "(1)"]),
        ("get_optional_int", ["", "none", "(None)", "1.0"]),
        ("get_float", ["", "None", "1e400", "0x1p3", "1_0", "1d", "infx", "e", ".", "1,2"]),
        ("get_bool", ["", "yes", "1.0", "None", "2"]),
        ("get_int_tuple", ["", "(3.0, 3)", "(3", "3)", "(3 3)", "(None, 3)", "(3,,3)", "((3, 3))", "(,)"]),
        ("get_int_tuple", ["(" + "1," * 100_000 + "x)", "(" * 100_000, "None"]),
        ("get_float_tuple", ["(a)", "(1, None)"]),
        ("get_optional_ints", ["(None", "(none,)", "(1.5,)"]),
    ],
)
def test_other_text_is_refused(accessor: str, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(UnsupportedError) as caught:
            getattr(attributes(key=text), accessor)("key")
        assert re.match(r"Pooling 'pool3': key='.*' is not (a|True)", str(caught.value))
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize("accessor", ACCESSORS)
def test_absent_attribute(accessor: str) -> None:
    read = getattr(attributes(), accessor)
    marker = object()
    assert read("key", marker) is marker
    if accessor in MAY_BE_NONE:
        assert read("key") is None
    else:
        with pytest.raises(UnsupportedError, match=r"^Pooling 'pool3': key is missing, expected "):
            read("key")


def test_choices() -> None:
    attrs = attributes(pooling_convention="same")
    with pytest.raises(UnsupportedError) as caught:
        attrs.get_str("pooling_convention", "valid", choices=("valid", "full"))
    assert str(caught.value) == (
        "Pooling 'pool3': pooling_convention='same' is not supported, expected valid or full"
    )
    assert attributes().get_str("pooling_convention", "valid", choices=("valid", "full")) == "valid"


@pytest.mark.parametrize(
    ("accessor", "text", "bounds", "expected"),
    [
        ("get_int", "0", {"low": 1}, "1 or more"),
        ("get_int", "9", {"high": 8}, "at most 8"),
        ("get_optional_int", "-7", {"low": -6, "high": 6}, "-6 to 6"),
        ("get_float", "nan", {"low": 0}, "0 or more"),
        ("get_float", "inf", {"low": 0}, "0 or more"),
        ("get_optional_float", "2", {"low": 0, "high": 1}, "0 to 1"),
        ("get_int_tuple", "(1, 0)", {"low": 1}, "1 or more each"),
        ("get_int_tuple", "(1, 2, 3)", {"low": 1, "length": 2}, "2 numbers"),
        ("get_float_tuple", "(0.5, -1)", {"low": 0}, "0 or more each"),
        ("get_float_tuple", "0.5", {"length": 4}, "4 numbers"),
    ],
)
def test_numbers_out_of_bounds(accessor: str, text: str, bounds: dict[str, Any], expected: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        getattr(attributes(key=text), accessor)("key", **bounds)
    assert str(caught.value) == f"Pooling 'pool3': key='{text}' is not supported, expected {expected}"


def test_bounds_are_included_and_none_is_within() -> None:
    assert attributes(key="1").get_int("key", low=1, high=1) == 1
    assert attributes(key="None").get_optional_int("key", low=1) is None
    assert attributes().get_int("key", -1, low=1) == -1


def test_unused_lists_what_nobody_asked_for() -> None:
    attrs = attributes(
        kernel="(2, 2)", stride="1", odd="x", __lr_mult__="1", weight_lr_mult="2", ctx_group="a"
    )
    attrs.get_int_tuple("kernel")
    attrs.get_int_tuple("pad", ())
    assert "odd" in attrs
    assert attrs.unused() == ("stride", "odd")


def test_ignore_all_leaves_nothing_unused() -> None:
    attrs = attributes(odd="x")
    attrs.ignore_all()
    assert attrs.unused() == ()


def test_unsupported_names_operator_node_and_value() -> None:
    attrs = attributes(p_value="3")
    assert str(attrs.unsupported("p_value")) == "Pooling 'pool3': p_value='3' is not supported"
    assert str(attrs.unsupported("layout")) == "Pooling 'pool3': layout=(its default) is not supported"


def test_name_is_kept_on_one_line() -> None:
    attrs = Attributes(Node("a\nb" * 1000, "Pooling", {}, ()))
    with pytest.raises(UnsupportedError) as caught:
        attrs.get_int("axis")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@settings(derandomize=True, max_examples=300)
@given(st.sampled_from(ACCESSORS), st.text(alphabet="()[],0123456789.-+eEfL NnoneTrue_x", max_size=12))
def test_any_text_gives_a_value_or_an_error(accessor: str, text: str) -> None:
    try:
        getattr(attributes(key=text), accessor)("key")
    except UnsupportedError as error:
        message = str(error)
    else:
        return
    assert message.startswith("Pooling 'pool3': key=")


@settings(derandomize=True, max_examples=100)
@given(st.lists(st.integers(-(10**17), 10**17), max_size=8))
def test_python_tuples_come_back(values: list[int]) -> None:
    assert attributes(key=str(tuple(values))).get_int_tuple("key") == tuple(values)
    assert attributes(key=str(values)).get_int_tuple("key") == tuple(values)


@settings(derandomize=True, max_examples=100)
@given(st.floats(allow_nan=False))
def test_python_floats_come_back(value: float) -> None:
    assert attributes(key=str(value)).get_float("key") == value
