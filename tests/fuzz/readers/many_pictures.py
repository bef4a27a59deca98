"""What names many pictures: lists, CSV, tars; and the record of a job that writes a table of them."""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

from gcv_edge.batch.job import begin_job, read_job
from gcv_edge.batch.rows import TableOptions, TableSource
from gcv_edge.batch.sources.entries import PictureEntry, parse_entry
from gcv_edge.batch.sources.listing import PictureListing
from gcv_edge.batch.sources.reading import EntryReader
from gcv_edge.errors import DataError
from tests.fuzz.json_mutations import mutate_json
from tests.fuzz.mutations import mutate_bytes, mutate_text
from tests.fuzz.readers.data_sets import PICTURE, place, place_pictures
from tests.fuzz.target import Target, mutating

SOURCE = TableSource("net.onnx", "0" * 64, "detection", ("cat",), 0, TableOptions(engine="onnxruntime"))
MOST_READ = 20
"""Pictures of a tar."""


def lists() -> Sequence[bytes]:
    return [b"a.jpg\nb.jpg\nsub/c d.jpg\n", b"0\t1\ta.jpg\n1\t0\tb.jpg\n", b"id,path\n1,a.jpg\n2,b.jpg\n"]


def read_list(data: bytes, folder: Path) -> None:
    """List it under each name that says how it is to be read; no picture is opened."""
    refused = []
    for suffix in (".txt", ".lst", ".csv"):
        place(folder, f"names{suffix}", data)
        try:
            check_round_trip(list(PictureListing([str(folder / f"names{suffix}")])))
        except DataError as error:
            refused.append(error)
    if len(refused) > 1:
        raise refused[0]


def check_round_trip(entries: Sequence[PictureEntry]) -> None:
    """Make sure that an entry comes back from a manifest."""
    for entry in entries:
        assert parse_entry(entry.to_json()) == entry


def tars() -> Sequence[bytes]:
    found = []
    for form in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=form) as archive:
            for name in ("000001.jpg", "000001.cls", f"{'long/' * 30}000002.jpg"):
                member = tarfile.TarInfo(name)
                member.size = len(PICTURE)
                archive.addfile(member, io.BytesIO(PICTURE))
        found.append(stream.getvalue())
    return found


def read_tar(data: bytes, folder: Path) -> None:
    """List it, and read the first pictures; those that cannot be read are told one by one."""
    place(folder, "shard.tar", data)
    reader, refused = EntryReader(), None
    entries = list(PictureListing([str(folder / "shard.tar")]))
    check_round_trip(entries)
    for entry in entries[:MOST_READ]:
        try:
            reader.read(entry)
        except DataError as error:
            refused = error
    if refused is not None:
        raise refused


def records() -> Sequence[bytes]:
    shards = [[0, 20, 2, "0" * 64], [20, 10, 1, "1" * 64]]
    record = {"inputs": ["shop"], "column": None, "format": "jsonl", "shards": shards, "notes": []}
    return [json.dumps({**record, "source": dataclasses.asdict(SOURCE), "pictures": 3}).encode()]


def read_record(data: bytes, folder: Path) -> None:
    """Read what a folder of results says of its job, and go on with the job."""
    place_pictures(folder, "shop/a.jpg")
    place(folder, "results/_job.json", data)
    results = str(folder / "results")
    read_job(results)
    job = begin_job(results, ["shop"], SOURCE, format="jsonl", resume=True)
    job.missing()


TARGETS = (
    Target(
        "picture-list", mutating(lists, mutate_text), read_list, ("gcv_edge/batch/sources/containers.py",)
    ),
    Target("picture-tar", mutating(tars, mutate_bytes), read_tar, ("gcv_edge/batch/sources/reading.py",)),
    Target(
        "table-job",
        mutating(records, mutate_json),
        read_record,
        ("gcv_edge/batch/job.py", "gcv_edge/batch/sources/entries.py"),
    ),
)
