"""Write the damaged and malicious files of this folder; each must be refused with one clear error.

    python -m tests.data.hostile.make_hostile

A file's name says what is wrong with it. NumPy and MXNet are not needed.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
CONTEXT = struct.pack("<ii", 1, 0)
FLOAT32 = struct.pack("<i", 0)
JPEG = bytes.fromhex("ffd8ffe000104a46494600010101004800480000ffdb0043") + bytes(range(64))


def array_list(*arrays: bytes, names: tuple[bytes, ...] | None = None, count: int | None = None) -> bytes:
    names = (b"arg:w",) * len(arrays) if names is None else names
    packed = b"".join(struct.pack("<Q", len(name)) + name for name in names)
    header = struct.pack("<QQQ", 0x112, 0, len(arrays) if count is None else count)
    return header + b"".join(arrays) + struct.pack("<Q", len(names)) + packed


def v2(
    *dims: int, ndim: int | None = None, storage: int = 0, data: bytes = b"\0" * 8, magic: int = V2
) -> bytes:
    ndim = len(dims) if ndim is None else ndim
    shape = struct.pack(f"<Iii{len(dims)}q", magic, storage, ndim, *dims)
    return shape + CONTEXT + FLOAT32 + data


def legacy(*dims: int, data: bytes = b"\0" * 8) -> bytes:
    return struct.pack(f"<I{len(dims)}I", len(dims), *dims) + CONTEXT + FLOAT32 + data


def hostile_params() -> dict[str, bytes]:
    good = v2(2)
    no_names = struct.pack("<QQQ", 0x112, 0, 1) + good
    return {
        "empty": b"",
        "jpeg": JPEG,
        "json": b'{"nodes": []}',
        "zip": b"PK\x03\x04" + bytes(60),
        "header_only": struct.pack("<QQ", 0x112, 0),
        "all_zero": bytes(4096),
        "all_ones": b"\xff" * 4096,
        "million_empty_arrays": struct.pack("<QQQ", 0x112, 0, 1_000_000) + bytes(4096),
        "array_count_max": array_list(good, count=2**64 - 1),
        "array_count_one_more": array_list(good, count=2),
        "array_count_zero": array_list(good, count=0),
        "name_count_two": no_names + struct.pack("<QQ", 2, 1) + b"a" + struct.pack("<Q", 1) + b"b",
        "name_count_max": no_names + struct.pack("<Q", 2**64 - 1),
        "name_count_zero_with_names": no_names + struct.pack("<QQ", 0, 1) + b"a",
        "name_length_max": no_names + struct.pack("<QQ", 1, 2**64 - 1) + b"a",
        "name_length_sign": no_names + struct.pack("<QQ", 1, 2**63) + b"a",
        "name_not_utf8": array_list(good, names=(b"arg:\xff\xfe",)),
        "name_cut_in_character": array_list(good, names=(b"arg:\xe5\x90",)),
        "names_equal": array_list(good, good, names=(b"arg:w", b"arg:w")),
        "names_equal_without_prefix": array_list(good, good, names=(b"arg:w", b"aux:w")),
        "bytes_left_over": array_list(good) + b"\0",
        "shape_billion": array_list(v2(10**9)),
        "shape_billion_squared": array_list(v2(10**9, 10**9)),
        "shape_overflows_to_two": array_list(v2(2**32 + 1, 2**32, 2)),
        "shape_overflows_to_zero": array_list(v2(2**32, 2**32)),
        "shape_int64_max": array_list(v2(2**63 - 1, 2**63 - 1)),
        "shape_zero_times_huge": array_list(v2(0, 2**62, 2**62, data=b"")),
        "shape_negative": array_list(v2(-2)),
        "shape_negative_twice": array_list(v2(-1, -2)),
        "shape_long": array_list(v2(*[-(2**62)] * 32)),
        "ndim_negative": array_list(v2(ndim=-5)),
        "ndim_minus_one_v2": array_list(v2(ndim=-1)),
        "ndim_huge": array_list(v2(2, ndim=2**31 - 1)),
        "ndim_33": array_list(v2(*[1] * 33)),
        "v1_ndim_huge": array_list(struct.pack("<II", V1, 2**32 - 1) + bytes(64)),
        "v3_ndim_minus_two": array_list(v2(ndim=-2, magic=V3)),
        "v3_shape_negative": array_list(v2(-2, magic=V3)),
        "legacy_ndim_huge": array_list(struct.pack("<I", 0xF993FACB) + bytes(64)),
        "legacy_shape_huge": array_list(legacy(2**32 - 1, 2**32 - 1)),
        "storage_row_sparse": array_list(v2(2, storage=1)),
        "storage_csr": array_list(v2(2, storage=2)),
        "storage_undefined": array_list(v2(2, storage=-1)),
        "dtype_13": array_list(
            struct.pack("<Iiiq", V2, 0, 1, 2) + CONTEXT + struct.pack("<i", 13) + bytes(32)
        ),
        "dtype_negative": array_list(
            struct.pack("<Iiiq", V2, 0, 1, 2) + CONTEXT + struct.pack("<i", -1) + bytes(32)
        ),
        "big_endian": struct.pack(">QQQ", 0x112, 0, 0) + struct.pack(">Q", 0),
    }


def variable(name: Any, **fields: Any) -> dict[str, Any]:
    return {"op": "null", "name": name, "inputs": [], **fields}


def relu(inputs: Any, **fields: Any) -> dict[str, Any]:
    return {"op": "relu", "name": "act", "inputs": inputs, **fields}


def graph(*nodes: Any, **fields: Any) -> dict[str, Any]:
    variables = [
        index for index, node in enumerate(nodes) if isinstance(node, dict) and node.get("op") == "null"
    ]
    return {"nodes": list(nodes), "arg_nodes": variables, "heads": [[len(nodes) - 1, 0, 0]], **fields}


def nested_subgraphs(depth: int) -> dict[str, Any]:
    inner = graph(variable("x"), relu([[0, 0, 0]]))
    for _ in range(depth):
        inner = graph(variable("x"), relu([[0, 0, 0]], subgraphs=[inner]))
    return inner


def wrong_structures() -> dict[str, Any]:
    x = variable("x")
    return {
        "top_is_array": [],
        "top_is_string": "nodes",
        "top_is_null": None,
        "top_is_empty": {},
        "nodes_missing": {"heads": [[0, 0, 0]], "arg_nodes": []},
        "nodes_empty": {"nodes": [], "heads": [[0, 0, 0]], "arg_nodes": []},
        "nodes_object": graph(x, nodes={"0": x}),
        "node_null": graph(x, None),
        "node_array": graph(x, []),
        "op_missing": graph({"name": "x", "inputs": []}),
        "op_number": graph({"op": 3, "name": "x", "inputs": []}),
        "name_missing": graph({"op": "null", "inputs": []}),
        "name_array": graph(variable(["x"])),
        "name_lone_surrogate": graph(variable("\ud800")),
        "names_equal": graph(x, x, relu([[0, 0, 0], [1, 0, 0]])),
        "inputs_missing": graph({"op": "null", "name": "x"}),
        "inputs_object": graph(x, relu({})),
        "input_number": graph(x, relu([0])),
        "input_empty": graph(x, relu([[]])),
        "input_one_element": graph(x, relu([[0]])),
        "input_four_elements": graph(x, relu([[0, 0, 0, 0]])),
        "input_boolean": graph(x, relu([[False, 0, 0]])),
        "input_string": graph(x, relu([["0", 0, 0]])),
        "input_fraction": graph(x, relu([[0.0, 0, 0]])),
        "input_negative": graph(x, relu([[-1, 0, 0]])),
        "input_negative_output": graph(x, relu([[0, -1, 0]])),
        "input_dangling": graph(x, relu([[2, 0, 0]])),
        "input_dangling_billion": graph(x, relu([[10**9, 0, 0]])),
        "input_of_missing_output": graph(x, relu([[0, 1, 0]])),
        "input_of_variable": graph(x, variable("y", inputs=[[0, 0, 0]])),
        "self_reference": graph(x, relu([[1, 0, 0]])),
        "cycle": graph(x, relu([[2, 0, 0]]), relu([[1, 0, 0]])),
        "cycle_beside_heads": graph(relu([[1, 0, 0]]), relu([[0, 0, 0]]), x),
        "heads_missing": {"nodes": [x], "arg_nodes": [0]},
        "heads_empty": graph(x, heads=[]),
        "heads_dangling": graph(x, heads=[[1, 0, 0]]),
        "heads_null": graph(x, heads=None),
        "heads_numbers": graph(x, heads=[0]),
        "attrs_array": graph(x, relu([[0, 0, 0]], attrs=[])),
        "attrs_null": graph(x, relu([[0, 0, 0]], attrs=None)),
        "attrs_number_inside": graph(x, relu([[0, 0, 0]], attrs={"axis": 1})),
        "attrs_object_inside": graph(x, relu([[0, 0, 0]], attrs={"axis": {}})),
        "attr_string": graph(x, relu([[0, 0, 0]], attr="axis")),
        "param_number": graph(x, relu([[0, 0, 0]], param=1)),
        "control_deps_strings": graph(x, relu([[0, 0, 0]], control_deps=["x"])),
        "arg_nodes_operator": graph(x, relu([[0, 0, 0]]), arg_nodes=[1]),
        "arg_nodes_dangling": graph(x, arg_nodes=[7]),
        "arg_nodes_string": graph(x, arg_nodes="0"),
        "subgraphs_object": graph(x, relu([[0, 0, 0]], subgraphs={})),
        "subgraphs_of_numbers": graph(x, relu([[0, 0, 0]], subgraphs=[1])),
        "subgraphs_nested": nested_subgraphs(40),
        "version_number": graph(x, attrs={"mxnet_version": 10901}),
        "version_string": graph(x, attrs={"mxnet_version": ["int", "10901"]}),
        "version_empty": graph(x, attrs={"mxnet_version": []}),
        "graph_attrs_array": graph(x, attrs=[]),
        "nan_in_unread_field": graph(x, other=math.nan),
    }


def broken_texts() -> dict[str, bytes]:
    input_of = '{"nodes": [{"op": "null", "name": "x", "inputs": [[%s, 0]]}], "heads": [[0, 0]]}'
    return {
        "empty": b"",
        "blank": b" \n",
        "jpeg": JPEG,
        "params": array_list(v2(2)),
        "not_utf8": b'{"nodes": [{"op": "null", "name": "\xff\xfe", "inputs": []}], "heads": [[0, 0]]}',
        "utf16": '{"nodes": []}'.encode("utf-16"),
        "nan": (input_of % "NaN").encode(),
        "infinity": (input_of % "-Infinity").encode(),
        "int_gigantic": (input_of % ("9" * 10_000)).encode(),
        "int_of_64_bits": (input_of % 2**64).encode(),
        "float_overflow": (input_of % "1e999").encode(),
        "unclosed": b'{"nodes": [{"op": "null", "name": "x"',
        "two_documents": b"{} {}",
        "nested_arrays": b'{"nodes": ' + b"[" * 3000,
        "nested_objects": b'{"nodes": ' * 3000,
    }


def main() -> None:
    for name, content in hostile_params().items():
        (FOLDER / f"{name}.params").write_bytes(content)
    for name, text in broken_texts().items():
        (FOLDER / f"{name}-symbol.json").write_bytes(text)
    for name, structure in wrong_structures().items():
        (FOLDER / f"{name}-symbol.json").write_text(json.dumps(structure) + "\n")


if __name__ == "__main__":
    main()
