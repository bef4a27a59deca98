"""RecordIO: files that MXNet wrote, files cut or damaged anywhere, and what im2rec packs into records."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import gcv_edge
from gcv_edge.data import open_dataset
from gcv_edge.data.reader import DamagedSampleError
from gcv_edge.data.recordio import SEARCH_STEP, read_record, scan_records
from gcv_edge.data.targets import BoxTarget, ClassTarget
from gcv_edge.tasks import CLASSIFICATION, DETECTION, POSE
from tests.data_sets.conftest import (
    MAGIC,
    encode,
    pack_image,
    pack_record,
    read_or_refused,
    refused,
    write_picture,
)

MODEST = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
PAYLOADS = [b"", b"a", b"abcd", MAGIC, b"abcd" + MAGIC, MAGIC * 3 + b"z", b"a" + MAGIC, b"x" * 1000]
PIECES = st.lists(st.sampled_from([MAGIC, MAGIC[:3], b"\0", b"abcd", b"xy", b"\x0a"]), max_size=12)


def read_all(path: Path) -> list[bytes]:
    return [read_record(path, int(offset)) for offset in scan_records(path)]


def write_records(path: Path, *records: bytes) -> Path:
    path.write_bytes(b"".join(map(pack_record, records)))
    return path


def box_label(*rows: list[float], head: tuple[float, ...] = (2, 5)) -> list[float]:
    return [*head, *(value for row in rows for value in row)]


def test_what_mxnet_wrote(tmp_path: Path, mxnet: ModuleType) -> None:
    path = tmp_path / "a.rec"
    writer = mxnet.recordio.MXRecordIO(str(path), "w")
    for payload in PAYLOADS:
        writer.write(payload)
    writer.close()
    assert read_all(path) == PAYLOADS
    assert path.read_bytes() == b"".join(map(pack_record, PAYLOADS))


@MODEST
@given(st.lists(PIECES.map(b"".join), min_size=1, max_size=5))
def test_records_come_back(tmp_path: Path, payloads: list[bytes]) -> None:
    assert read_all(write_records(tmp_path / "a.rec", *payloads)) == payloads


@MODEST
@given(st.lists(PIECES.map(b"".join), min_size=1, max_size=4), st.data())
def test_cut_anywhere(tmp_path: Path, payloads: list[bytes], data: st.DataObject) -> None:
    """What is whole is still read; the rest is one damaged sample at most."""
    whole = b"".join(map(pack_record, payloads))
    cut = data.draw(st.integers(4, len(whole)))
    path = tmp_path / "cut.rec"
    path.write_bytes(whole[:cut])
    found = []
    for offset in scan_records(path):
        try:
            found.append(read_record(path, int(offset)))
        except DamagedSampleError:
            assert offset == scan_records(path)[-1]
    assert found == payloads[: len(found)]
    sizes = np.cumsum([len(pack_record(payload)) for payload in payloads])
    assert len(found) >= np.count_nonzero(sizes <= cut)


@MODEST
@given(st.binary(max_size=200), st.integers(0, 60), st.integers(0, 255))
def test_garbage_is_never_more_than_a_damaged_sample(
    tmp_path: Path, garbage: bytes, place: int, value: int
) -> None:
    good = bytearray(b"".join(map(pack_record, PAYLOADS[:6])) + garbage)
    good[place] = value
    path = tmp_path / "bad.rec"
    path.write_bytes(good)
    with read_or_refused(path):
        dataset = open_dataset(path, CLASSIFICATION)
        assert list(dataset) == []
        assert len(dataset.skipped) == len(dataset)


def test_records_after_a_damaged_place_are_found(tmp_path: Path) -> None:
    records = [pack_image(float(i), encode(i)) for i in range(3)]
    packed = [bytearray(pack_record(record)) for record in records]
    packed[1][:4] = b"oops"
    path = tmp_path / "a.rec"
    path.write_bytes(b"".join(packed))
    assert [sample.frame[0, 0, 0] for sample in open_dataset(path)] == [0, 2]


def test_a_length_beyond_the_file_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    path.write_bytes(MAGIC + struct.pack("<I", (1 << 29) - 1) + b"abc")
    dataset = open_dataset(path)
    assert list(dataset) == []
    assert dataset.skipped[0].reason == "found 3 bytes, expected a part of 536870911"


WORD = struct.Struct("<I")


@pytest.mark.parametrize(
    ("unit", "records", "why"),
    [
        (MAGIC, 1, "words that are magic and no kind of part"),
        (MAGIC + WORD.pack(7 << 29), 1, "heads of no kind"),
        (
            MAGIC + WORD.pack((1 << 29) - 1),
            1 << 17,
            "records longer than the file, each behind the other's head",
        ),
        (MAGIC + WORD.pack(2 << 29 | (1 << 29) - 1), 1, "middles longer than the file"),
        (MAGIC[:3] + b"?", 1, "almost magic"),
        (b"", 1, "nothing at all"),
    ],
)
def test_damage_is_read_once(tmp_path: Path, unit: bytes, records: int, why: str) -> None:
    """A megabyte that is read from every place to its end takes half a minute."""
    good = pack_record(pack_image(1.0, encode(7)))
    path = tmp_path / "a.rec"
    path.write_bytes(b"".join([MAGIC, WORD.pack(7 << 29), unit * ((1 << 20) // max(len(unit), 1)), good]))
    start = perf_counter()
    dataset = open_dataset(path, CLASSIFICATION)
    assert [sample.frame[0, 0, 0] for sample in dataset] == [7]
    assert len(dataset) in (records, records + 1)
    assert perf_counter() - start < 30


def test_heads_are_found_across_blocks(tmp_path: Path) -> None:
    good = pack_record(pack_image(1.0, encode(7)))
    path = tmp_path / "a.rec"
    for gap in range(SEARCH_STEP - 8, SEARCH_STEP + 16, 4):
        path.write_bytes(MAGIC + WORD.pack(7 << 29) + bytes(gap) + good)
        assert scan_records(path).tolist() == [8 + gap]


def test_classes(tmp_path: Path) -> None:
    path = write_records(
        tmp_path / "a.rec", pack_image(1.0, encode(7), number=5), pack_image([2.0], encode(8))
    )
    dataset = open_dataset(path, CLASSIFICATION, ("a", "b", "c"))
    assert [sample.name for sample in dataset] == ["a.rec#0", "a.rec#1"]
    assert [sample.frame[0, 0, 0] for sample in dataset] == [7, 8]
    assert [sample.target for sample in dataset] == [ClassTarget(1), ClassTarget(2)]
    assert (dataset.kind, dataset.classes) == ("RecordIO", ("a", "b", "c"))


def test_boxes_are_parts_of_the_picture_or_pixels(tmp_path: Path) -> None:
    path = write_records(
        tmp_path / "a.rec",
        pack_image(box_label([1, 0.1, 0.2, 0.5, 1.0], [0, 0, 0, 1, 1]), encode()),
        pack_image(box_label([2, 3, 4, 15, 9, 1], head=(4, 6, 20, 10)), encode()),
        pack_image(box_label(), encode()),
    )
    first, second, third = (sample.target for sample in open_dataset(path, DETECTION, ("a", "b", "c")))
    assert isinstance(first, BoxTarget)
    assert isinstance(second, BoxTarget)
    assert isinstance(third, BoxTarget)
    np.testing.assert_allclose(first.boxes, [[2, 2, 10, 10], [0, 0, 20, 10]], rtol=1e-6)
    assert (first.class_ids.tolist(), first.difficult.tolist()) == ([1, 0], [False, False])
    assert second.boxes.tolist() == [[3, 4, 15, 9]]
    assert (second.class_ids.tolist(), second.difficult.tolist()) == ([2], [True])
    assert len(third) == 0


@pytest.mark.parametrize(
    ("task", "label", "said"),
    [
        (CLASSIFICATION, 3.0, "found class 3, expected a class from 0 to 2"),
        (CLASSIFICATION, -1.0, "found class -1, expected a class from 0 to 2"),
        (CLASSIFICATION, 0.5, "found class 0.5, expected a class from 0 to 2"),
        (CLASSIFICATION, float("nan"), "found class nan, expected a class from 0 to 2"),
        (CLASSIFICATION, [1.0, 0.0], "found a label of 2 numbers, expected one class"),
        (DETECTION, 1.0, "found a label of 1 numbers, expected boxes as im2rec --pack-label packs"),
        (DETECTION, box_label([1, 0, 0, 1]), "found 6 numbers with a head of 2 and 5 per object"),
        (DETECTION, box_label([1, 0, 0, 1, 1], head=(2, 4)), "with a head of 2 and 4 per object"),
        (DETECTION, box_label([9, 0, 0, 1, 1]), "found class 9, expected a class from 0 to 2"),
        (DETECTION, box_label([1, 0, 0, float("inf"), 1]), "found corners that are no numbers"),
    ],
)
def test_labels_that_make_no_sense(tmp_path: Path, task: object, label: float, said: str) -> None:
    path = write_records(tmp_path / "a.rec", pack_image(label, encode()))
    message = refused(path, task, ("a", "b", "c"))
    assert message.startswith(f"{path}: a.rec#0: ")
    assert said in message


def test_records_without_a_whole_label_are_skipped(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a.rec", b"short", struct.pack("<IfQQ", 1 << 31, 0, 0, 0))
    dataset = open_dataset(path, CLASSIFICATION)
    assert list(dataset) == []
    assert [skipped.reason for skipped in dataset.skipped] == [
        "found a record of 5 bytes, expected at least 24",
        "found a record of 24 bytes, expected a label of 2147483648 numbers",
    ]


def test_the_index_says_which_records_and_in_what_order(tmp_path: Path) -> None:
    path = write_records(tmp_path / "a.rec", *(pack_image(float(i), encode(i)) for i in range(3)))
    offsets = scan_records(path)
    (tmp_path / "a.idx").write_text(f"7\t{offsets[2]}\n\n3\t{offsets[0]}\n")
    for name in ("a.rec", "a.idx"):
        dataset = open_dataset(tmp_path / name, CLASSIFICATION)
        assert [sample.target for sample in dataset] == [ClassTarget(2), ClassTarget(0)]
    (tmp_path / "a.idx").write_text("0\t4\n")
    dataset = open_dataset(path, CLASSIFICATION)
    assert list(dataset) == []
    assert "expected RecordIO's magic 0a23d7ce" in dataset.skipped[0].reason


@pytest.mark.parametrize("line", ["0\t99999999", "0\t-4", "zero", "0\t1e3", "0\t" + "9" * 5000])
def test_an_index_that_is_none(tmp_path: Path, line: str) -> None:
    path = write_records(tmp_path / "a.rec", b"abc")
    (tmp_path / "a.idx").write_text(f"0\t0\n{line}\n")
    assert f"{tmp_path / 'a.idx'}: line 2: found '" in refused(path)


def test_no_records(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    path.write_bytes(b"\x89PNG")
    assert refused(path) == f"{path}: found no RecordIO, expected a file that im2rec wrote"
    path.write_bytes(MAGIC)
    assert refused(path) == f"{path}: found no records"
    path.write_bytes(pack_record(pack_image(0.0, encode())))
    assert refused(path, POSE) == f"{path}: found RecordIO, which holds no labels for pose"
    assert "expected no split: name the file of 'val'" in refused(path, CLASSIFICATION, split="val")


def test_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a.rec"
    seen = set()
    picture = encode()
    other = picture[:-1] + bytes([picture[-1] ^ 1])
    for label, content in ((0.0, picture), (1.0, picture), (0.0, other)):
        write_records(path, pack_image(label, content))
        seen.add(open_dataset(path, CLASSIFICATION).fingerprint())
    assert len(seen) == 3


def test_what_im2rec_wrote(tmp_path: Path, mxnet: ModuleType) -> None:
    script = Path(str(mxnet.__file__)).parent / "tools" / "im2rec.py"
    if not script.is_file():
        pytest.skip("this MXNet comes without im2rec")
    write_picture(tmp_path / "in" / "a.jpg", 30)
    write_picture(tmp_path / "in" / "b.jpg", 200)
    (tmp_path / "classes.lst").write_text("0\t2\ta.jpg\n1\t0\tb.jpg\n")
    (tmp_path / "boxes.lst").write_text("0\t2\t5\t1\t0.25\t0\t0.5\t1\ta.jpg\n1\t2\t5\tb.jpg\n")
    run_im2rec(script, tmp_path)
    for name, task in (("classes", CLASSIFICATION), ("boxes", DETECTION)):
        packed = open_dataset(tmp_path / f"{name}.rec", task)
        listed = open_dataset(tmp_path / f"{name}.lst", task, pictures=tmp_path / "in")
        assert len(packed) == 2
        for found, expected in zip(packed, listed, strict=True):
            np.testing.assert_array_equal(found.frame, expected.frame)
            assert describe(found.target) == describe(expected.target)


def describe(target: object) -> object:
    return target.boxes.tolist() if isinstance(target, BoxTarget) else target


def run_im2rec(script: Path, folder: Path) -> None:
    """Pack both lists in one process, since importing MXNet takes seconds."""
    code = (
        "import sys, runpy; from gcv_edge.exporters.mxnet.compat import import_mxnet; import_mxnet()\n"
        "script, folder = sys.argv[1:]\n"
        "for name, more in (('classes', []), ('boxes', ['--pack-label'])):\n"
        "    sys.argv = [script, f'{folder}/{name}', f'{folder}/in', '--pass-through', *more]\n"
        "    runpy.run_path(script, run_name='__main__')"
    )
    command = [sys.executable, "-c", code, str(script), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(Path(gcv_edge.__file__).parents[1])}
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=environment)
