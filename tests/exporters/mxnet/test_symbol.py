"""Reading ``-symbol.json``: every dialect, compared with MXNet; damage gives one clear error."""

from __future__ import annotations

import copy
import json
import os
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge.errors import ModelFileError
from gcv_edge.exporters.mxnet.symbol import Node, NodeEntry, Symbol, parse_symbol, read_symbol

DATA = Path(__file__).parents[2] / "data"
FILES = DATA / "mxnet_files"
HOSTILE = sorted((DATA / "hostile").glob("*-symbol.json"))
EXPECTED = json.loads((FILES / "expected_symbols.json").read_text())
REAL = [
    "gluoncv_cifar/cifar_resnet20_v1-symbol.json",
    "gluoncv_cifar/cifar_resnet56_v2-symbol.json",
    "gluoncv_squeezenet1.1_converted/squeezenet1.1-symbol.json",
    "trained_ssd_300_mobilenet0.25_custom_bccd/ssd_300_mobilenet0.25_custom-symbol.json",
    "trained_yolo3_mobilenet0.25_custom_bccd/yolo3_mobilenet0.25_custom-symbol.json",
]


def checked(symbol: Symbol) -> Symbol:
    """Assert what every symbol promises: inputs come before their users, and heads exist."""
    for index, node in enumerate(symbol.nodes):
        assert all(entry.node < index for entry in node.inputs)
    assert symbol.heads
    assert all(head.node < len(symbol.nodes) for head in symbol.heads)
    return symbol


def refused(text: str) -> str:
    """Return the error for ``text``, which must be one short line."""
    with pytest.raises(ModelFileError) as caught:
        parse_symbol(text, "net-symbol.json")
    message = str(caught.value)
    assert message.startswith("net-symbol.json: ")
    assert "\n" not in message
    assert len(message) < 400
    return message


@pytest.mark.parametrize("name", EXPECTED)
def test_every_dialect_reads_as_mxnet_reads_it(name: str) -> None:
    symbol = checked(read_symbol(FILES / name))
    assert list(symbol.arguments()) == EXPECTED[name]["inputs"]
    assert list(symbol.aux_states()) == EXPECTED[name]["aux"]
    for node in symbol.nodes:
        if node.name not in symbol.aux_states():
            assert node.attrs == EXPECTED[name]["attrs"].get(node.name, {})


@pytest.mark.parametrize(
    ("name", "version"),
    [("v0.8", None), ("v0.9.3", 903), ("v1.0", 10000), ("v1.9", 10901), ("subgraph", 10901)],
)
def test_version(name: str, version: int | None) -> None:
    assert read_symbol(FILES / f"{name}-symbol.json").mxnet_version == version


def test_files_before_0_9_get_their_auxiliary_inputs() -> None:
    symbol = read_symbol(FILES / "v0.8-symbol.json")
    (norm,) = (node for node in symbol.nodes if node.op == "BatchNorm")
    assert [symbol.nodes[entry.node].name for entry in norm.inputs] == [
        "data",
        "bn_gamma",
        "bn_beta",
        "bn_moving_mean",
        "bn_moving_var",
    ]


@pytest.mark.parametrize(
    ("version", "op", "attrs"),
    [
        (904, "argmax", {}),
        (904, "argmin", {}),
        (905, "argmax", {"axis": "-1"}),
        (904, "sum", {"axis": "-1"}),
    ],
)
def test_axis_minus_one_meant_all_axes_before_0_9_5(version: int, op: str, attrs: dict[str, str]) -> None:
    nodes = [
        {"op": "null", "name": "x", "inputs": []},
        {"op": op, "name": "y", "inputs": [[0, 0, 0]], "attrs": {"axis": "-1"}},
    ]
    graph = {"nodes": nodes, "heads": [[1, 0, 0]], "attrs": {"mxnet_version": ["int", version]}}
    assert parse_symbol(json.dumps(graph)).nodes[1].attrs == attrs


def test_nodes_out_of_order_are_sorted_and_unused_ones_dropped() -> None:
    symbol = read_symbol(FILES / "v0.9.3-symbol.json")
    assert [node.name for node in symbol.nodes] == ["data", "twice", "act"]
    assert symbol.heads == (NodeEntry(2, 0), NodeEntry(1, 0))


def test_subgraphs_are_symbols() -> None:
    symbol = read_symbol(FILES / "subgraph-symbol.json")
    (loop,) = (node for node in symbol.nodes if node.subgraphs)
    (body,) = loop.subgraphs
    assert body.arguments() == ("data-0", "state-0")
    assert body.mxnet_version == 10901
    assert len(checked(body).heads) == 2


@pytest.mark.parametrize(
    ("fields", "scalar"),
    [
        ({"attrs": {"scalar": "1"}}, "1"),
        ({"attr": {"scalar": "1"}}, "1"),
        ({"param": {"scalar": "1"}}, "1"),
        ({"param": {"scalar": "1"}, "attr": {"scalar": "2"}}, "2"),
        ({"attr": {"scalar": "2"}, "param": {"scalar": "1"}}, "2"),
        ({"attrs": {"scalar": "1"}, "attr": {"scalar": "2"}}, "2"),
        ({"attr": {"scalar": "2"}, "attrs": {"scalar": "1"}}, "1"),
    ],
)
def test_attribute_keys_merge_as_in_mxnet(
    fields: dict[str, Any], scalar: str, request: pytest.FixtureRequest
) -> None:
    data = {"op": "null", "name": "x", "inputs": []}
    double = {"op": "_mul_scalar", "name": "y", "inputs": [[0, 0]], **fields}
    text = json.dumps({"nodes": [data, double], "arg_nodes": [0], "heads": [[1, 0]]})
    assert parse_symbol(text).nodes[1] == Node("y", "_mul_scalar", {"scalar": scalar}, (NodeEntry(0, 0),))
    mx = request.getfixturevalue("mxnet")
    assert mx.sym.load_json(text).attr_dict()["y"] == {"scalar": scalar}


@pytest.mark.parametrize("path", REAL)
def test_real_files_equal_mxnet(path: str, testdata: Path, mxnet: ModuleType) -> None:
    symbol = checked(read_symbol(testdata / path))
    reference = mxnet.sym.load(str(testdata / path))
    assert list(symbol.arguments()) == reference.list_inputs()
    assert list(symbol.aux_states()) == reference.list_auxiliary_states()
    assert len(symbol.heads) == len(reference.list_outputs())
    attrs = reference.attr_dict()
    for node in symbol.nodes:
        found = attrs.get(node.name, {})
        assert node.attrs == {key: value for key, value in found.items() if f"__{key}__" not in found}


def test_quantized_networks_of_gluoncv_equal_mxnet(gluoncv: ModuleType, mxnet: ModuleType) -> None:
    folder = Path(gluoncv.__path__[0]) / "model_zoo" / "quantized"
    for path in folder.glob("*-symbol.json"):
        symbol = checked(read_symbol(path))
        reference = mxnet.sym.load(str(path))
        assert list(symbol.arguments()) == reference.list_inputs()
        assert list(symbol.aux_states()) == reference.list_auxiliary_states()


def test_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "net-symbol.json"
    path.write_bytes(b"\xef\xbb\xbf" + (FILES / "v1.0-symbol.json").read_bytes())
    assert read_symbol(path) == read_symbol(FILES / "v1.0-symbol.json")


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.name)
def test_hostile_file_is_refused(path: Path) -> None:
    start = time.perf_counter()
    with pytest.raises(ModelFileError) as caught:
        read_symbol(path)
    assert time.perf_counter() - start < 2
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < len(str(path)) + 300


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("[" * 1_000_000, "nested too deeply"),
        ('{"nodes": ' * 200_000, "nested too deeply"),
        ('{"nodes": [' + "9" * 1_000_000 + "]}", "a number of 1000000 digits"),
        ('{"nodes": [0.' + "9" * 1_000_000 + "]}", "a number of 1000002 digits"),
        ('{"nodes": [' + "{}," * 300_000 + "{}]}", "node 0: name is missing"),
        ('{"nodes": [{"name": "' + "x\\n" * 100_000 + '"}], "heads": []}', "op is missing"),
    ],
    ids=["arrays", "objects", "integer", "fraction", "nodes", "name"],
)
def test_huge_text_is_refused_quickly(text: str, fragment: str) -> None:
    start = time.perf_counter()
    assert fragment in refused(text)
    assert time.perf_counter() - start < 5


def test_long_chain_needs_no_recursion() -> None:
    nodes = [{"op": "relu", "name": f"r{i}", "inputs": [[i + 1, 0]]} for i in range(20_000)]
    nodes.append({"op": "null", "name": "x", "inputs": []})
    symbol = checked(parse_symbol(json.dumps({"nodes": nodes, "heads": [[0, 0]]})))
    assert symbol.nodes[0].name == "x"
    nodes[-1]["inputs"] = [[0, 0]]
    nodes[-1]["op"] = "relu"
    assert "is in a cycle" in refused(json.dumps({"nodes": nodes, "heads": [[0, 0]]}))


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe-symbol.json"
    os.mkfifo(pipe)
    large = tmp_path / "large-symbol.json"
    with large.open("wb") as file:
        file.truncate(1 << 40)
    for path, problem in [
        (tmp_path, "is a folder, expected a file"),
        (pipe, "is a pipe or device, expected a file"),
        (tmp_path / "absent", "No such file or directory"),
        (large, "1099511627776 bytes are too many for an MXNet symbol, expected JSON"),
    ]:
        with pytest.raises(ModelFileError) as caught:
            read_symbol(path)
        assert str(caught.value) == f"{path}: {problem}"
    with pytest.raises(ModelFileError):
        read_symbol("a\0b")


@pytest.mark.parametrize("name", ["v0.8", "subgraph"])
def test_truncated_anywhere_is_refused(name: str) -> None:
    text = (FILES / f"{name}-symbol.json").read_text().rstrip()
    for length in range(len(text)):
        refused(text[:length])


def read_or_refused(text: str) -> None:
    try:
        symbol = parse_symbol(text, "fuzz")
    except ModelFileError as error:
        message = str(error)
    else:
        checked(symbol).aux_states()
        return
    assert message.startswith("fuzz: ")
    assert "\n" not in message


@settings(derandomize=True, max_examples=300, deadline=2000)
@given(st.sampled_from(sorted(EXPECTED)), st.data())
def test_changed_bytes_give_a_symbol_or_an_error(name: str, data: st.DataObject) -> None:
    content = bytearray((FILES / name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    read_or_refused(content.decode("utf-8", "replace"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 6) | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["op", "name", "inputs", "attrs", "param", "nodes", "heads", "subgraphs"]), inner
        )
    ),
    max_leaves=12,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) below ``value``."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in [(value, key), *places(value[key])]]


@settings(derandomize=True, max_examples=400, deadline=2000)
@given(st.sampled_from(sorted(EXPECTED)), st.data())
def test_changed_values_give_a_symbol_or_an_error(name: str, data: st.DataObject) -> None:
    graph = copy.deepcopy(json.loads((FILES / name).read_text()))
    container, key = data.draw(st.sampled_from(places(graph)))
    if data.draw(st.booleans()):
        del container[key]
    else:
        container[key] = data.draw(JSON)
    read_or_refused(json.dumps(graph))


@settings(derandomize=True, max_examples=100, deadline=2000)
@given(JSON)
def test_any_json_gives_a_symbol_or_an_error(value: Any) -> None:
    read_or_refused(json.dumps(value))
