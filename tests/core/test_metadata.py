"""The metadata reader: equal to the onnx package on sound files, one clear error on all others."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge import _core
from gcv_edge.errors import ModelFileError

IR_VERSION, GRAPH = b"\x08\x0a", b"\x3a\x00"


def varint(value: int) -> bytes:
    """Spell a number in base 128, low part first."""
    parts = []
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, content: bytes) -> bytes:
    """Spell a field of bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def entry(key: bytes, value: bytes) -> bytes:
    return field(14, field(1, key) + field(2, value))


def write(folder: Path, *parts: bytes) -> str:
    path = folder / "model.onnx"
    path.write_bytes(b"".join(parts))
    return str(path)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.dictionaries(texts, texts, max_size=12), texts)
def test_equals_onnx(tmp_path_factory: pytest.TempPathFactory, entries: dict[str, str], name: str) -> None:
    onnx = pytest.importorskip("onnx")
    graph = onnx.helper.make_graph([], name, [], [])
    model = onnx.helper.make_model(graph, producer_name=name, doc_string=name)
    onnx.helper.set_model_props(model, entries)
    path = write(tmp_path_factory.getbasetemp(), model.SerializeToString())
    assert _core.read_metadata(path) == entries
    assert _core.read_metadata(path) == {prop.key: prop.value for prop in onnx.load(path).metadata_props}


def test_entries_before_and_after_the_graph_count(tmp_path: Path) -> None:
    path = write(tmp_path, entry(b"a", b"1"), IR_VERSION, GRAPH, entry(b"b", "ü".encode()), entry(b"", b""))
    assert _core.read_metadata(path) == {"a": "1", "b": "ü", "": ""}


def test_fields_of_the_future_are_skipped(tmp_path: Path) -> None:
    fixed = b"\xfd\x07\x01\x02\x03\x04" + b"\xf9\x07\x01\x02\x03\x04\x05\x06\x07\x08"
    path = write(
        tmp_path, IR_VERSION, field(200, b"new"), fixed, GRAPH, field(14, field(9, b"new") + field(1, b"k"))
    )
    assert _core.read_metadata(path) == {"k": ""}


def test_a_large_graph_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "large.onnx"
    size = 1 << 31
    with path.open("wb") as file:
        file.write(IR_VERSION + varint(7 << 3 | 2) + varint(size))
        file.seek(size, os.SEEK_CUR)
        file.write(entry(b"k", b"v"))
    start = time.perf_counter()
    assert _core.read_metadata(str(path)) == {"k": "v"}
    assert time.perf_counter() - start < 0.1


JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(100)
DAMAGED = [
    ((b"",), "is empty, expected an ONNX model"),
    ((JPEG,), "is not an ONNX model"),
    ((b"\x89PNG\r\n\x1a\n" + bytes(100),), "is not an ONNX model|is truncated or damaged"),
    ((b"PK\x03\x04" + bytes(100),), "is not an ONNX model|is truncated or damaged"),
    ((b"just some text, nothing else\n",), "is not an ONNX model|is truncated or damaged"),
    ((bytes(100),), "is not an ONNX model: field number 0"),
    ((IR_VERSION,), "is not an ONNX model: it has no version or no graph"),
    ((GRAPH,), "is not an ONNX model: it has no version or no graph"),
    ((b"\x0a\x00", GRAPH), "is not an ONNX model: field 1 has another type"),
    ((b"\x08\x00", GRAPH), "is not an ONNX model: IR version 0"),
    ((IR_VERSION, GRAPH, b"\x70\x01"), "is not an ONNX model: field 14 has another type"),
    ((IR_VERSION, GRAPH, b"\x7b"), "is not an ONNX model: unknown kind of field"),
    (
        (IR_VERSION, b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
        "field 7 says 9223372036854775807 bytes, 0 are left",
    ),
    (
        (IR_VERSION, b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        "field 7 says 18446744073709551615 bytes",
    ),
    ((IR_VERSION, b"\x3a" + b"\xff" * 12), "is not an ONNX model: malformed number"),
    (
        (IR_VERSION, GRAPH, b"\x72\x05\x0a\x09abc"),
        "is truncated or damaged: field 1 says 9 bytes, 3 are left",
    ),
    ((IR_VERSION, GRAPH, b"\x72\x01\x0a"), "is truncated: it ends inside a field"),
    ((IR_VERSION, GRAPH, entry(b"\xff", b"")), "is damaged: a metadata entry is not UTF-8"),
    ((IR_VERSION, GRAPH, entry(b"k", b"\xed\xa0\x80")), "is damaged: a metadata entry is not UTF-8"),
    ((IR_VERSION, GRAPH, entry(b"k", b"1"), entry(b"k", b"2")), "is damaged: a metadata key appears twice"),
    (
        (IR_VERSION, GRAPH, *(entry(b"%d" % i, b"") for i in range(4097))),
        "has more metadata than is accepted",
    ),
    ((IR_VERSION, GRAPH, entry(b"k", bytes(1 << 24))), "has more metadata than is accepted"),
    ((IR_VERSION, GRAPH, b"\x40\x00" * (1 << 20)), "is not an ONNX model: it has too many fields"),
]


@pytest.mark.parametrize(("parts", "text"), DAMAGED, ids=[text[:50] for _, text in DAMAGED])
def test_damage_is_named(tmp_path: Path, parts: tuple[bytes, ...], text: str) -> None:
    path = write(tmp_path, *parts)
    with pytest.raises(ModelFileError, match=text) as caught:
        _core.read_metadata(path)
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"none\.onnx: cannot be opened: No such file or directory"):
        _core.read_metadata(tmp_path / "none.onnx")
    with pytest.raises(ModelFileError, match="is a directory, expected a file"):
        _core.read_metadata(str(tmp_path))
    with pytest.raises(ModelFileError, match=r"/dev/null: is not a regular file"):
        _core.read_metadata("/dev/null")
    with pytest.raises(TypeError):
        _core.read_metadata(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="null"):
        _core.read_metadata("a\0b")


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileError, match="is not a regular file"):
        _core.read_metadata(tmp_path / "pipe")


def test_names_that_are_not_utf8_are_kept(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.onnx")
    with pytest.raises(ModelFileError) as caught:
        _core.read_metadata(path)
    assert caught.value.path == path


SOUND = (
    IR_VERSION
    + field(2, b"gcv-edge")
    + GRAPH
    + field(8, b"\x10\x11")
    + entry(b"key", b"value")
    + entry(b"x", b"")
)


def test_every_truncation_is_an_error_or_a_shorter_list(tmp_path: Path) -> None:
    for length in range(len(SOUND)):
        path = write(tmp_path, SOUND[:length])
        try:
            assert _core.read_metadata(path).items() <= {"key": "value", "x": ""}.items()
        except ModelFileError as error:
            assert error.path == path  # noqa: PT017


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.integers(0, 255)), max_size=6),
    st.binary(max_size=24),
)
def test_mutations_never_crash(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], tail: bytes
) -> None:
    content = bytearray(SOUND)
    for position, value in changes:
        content[position] = value
    path = write(tmp_path_factory.getbasetemp(), bytes(content), tail)
    try:
        found = _core.read_metadata(path)
    except ModelFileError:
        return
    assert all(isinstance(text, str) for pair in found.items() for text in pair)
