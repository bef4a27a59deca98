"""A folder of results: a manifest that is listed once, a part per shard, and a mark when all are there.

    _manifest.jsonl   the pictures, a line each, in order
    _job.json         what is computed from them, and where each shard begins in the manifest; written last
    part-00000-….parquet   a shard's rows; the name holds a hash of all that they are computed from
    _SUCCESS          counts; written when no part is missing

A file appears under its name when all of it is there. What is missing is the manifest less the parts, whoever
computed them and however that ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gcv_edge.batch.rows import TableOptions, TableSource
from gcv_edge.batch.sinks import PART_SINKS, Sink
from gcv_edge.batch.sources.entries import PictureEntry, parse_entry
from gcv_edge.batch.sources.listing import PictureListing
from gcv_edge.batch.storage import LOCAL, Located, import_pyarrow, locate, open_parquet
from gcv_edge.errors import DataError, GcvEdgeError, UsageError

MANIFEST, RECORD, SUCCESS = "_manifest.jsonl", "_job.json", "_SUCCESS"
DIGEST = re.compile(r"[0-9a-f]{64}")
HASH_DIGITS = 16
SHARD_SIZE = 1000


@dataclass(frozen=True)
class Shard:
    """Pictures that one part holds.

    Attributes:
        start: byte of the manifest.
        length: bytes of the manifest.
        count: pictures.
        digest: SHA-256 of these bytes, hexadecimal.
    """

    start: int
    length: int
    count: int
    digest: str


@dataclass(frozen=True)
class Job:
    """What is computed, from what, and where it goes.

    Attributes:
        folder: address of the folder of results.
        inputs: as the user named them.
        column: of tables.
        format: of the parts: ``parquet`` or ``jsonl``.
        source: what the rows are computed with.
        shards: of the manifest.
        notes: what was passed over when the pictures were listed.
    """

    folder: str
    inputs: tuple[str, ...]
    column: str | None
    format: str
    source: TableSource
    shards: tuple[Shard, ...]
    notes: tuple[str, ...] = ()

    @property
    def pictures(self) -> int:
        """How many there are."""
        return sum(shard.count for shard in self.shards)

    def part(self, index: int) -> str:
        """Name a shard's part by all that its rows are computed from."""
        text = f"{self.shards[index].digest} {self.source.to_json()} {self.format}"
        return f"part-{index:05d}-{hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]}.{self.format}"

    def missing(self) -> list[int]:
        """List the shards whose part is not there."""
        there = list_names(locate(self.folder))
        return [index for index in range(len(self.shards)) if self.part(index) not in there]

    def entries(self, index: int) -> list[PictureEntry]:
        """Read a shard of the manifest.

        Raises:
            DataError: the manifest was changed.
        """
        shard, manifest = self.shards[index], at(self.folder, MANIFEST)
        with manifest.storage.open(manifest.path) as file:
            file.seek(shard.start)
            data = file.read(shard.length)
        if hashlib.sha256(data).hexdigest() != shard.digest:
            raise DataError(f"{manifest.name(manifest.path)}: was changed since the job began")
        return [parse_entry(line) for line in data.splitlines()]

    @contextlib.contextmanager
    def writing_part(self, index: int) -> Iterator[Sink]:
        """Give what takes a shard's rows; the part appears when the block succeeds."""
        target = at(self.folder, self.part(index))
        with target.storage.writing(target.path) as temporary:
            sink = PART_SINKS[self.format](temporary, self.source)
            try:
                yield sink
            finally:
                sink.close()

    def finish(self) -> dict[str, int]:
        """Count the rows of all parts, and mark the job as done.

        Returns:
            ``pictures``, ``errors`` and ``parts``.

        Raises:
            GcvEdgeError: a part is missing, or has more or fewer rows than its shard.
        """
        missing = self.missing()
        if missing:
            raise GcvEdgeError(
                f"{self.folder}: {len(missing)} of {len(self.shards)} parts are missing: --resume"
            )
        counts = {"pictures": 0, "errors": 0, "parts": len(self.shards)}
        for index, shard in enumerate(self.shards):
            rows, errors = count_rows(at(self.folder, self.part(index)), self.format)
            if rows != shard.count:
                raise GcvEdgeError(
                    f"{self.folder}/{self.part(index)}: found {rows} rows, expected {shard.count}"
                )
            counts["pictures"] += rows
            counts["errors"] += errors
        write_text(at(self.folder, SUCCESS), json.dumps(counts) + "\n")
        return counts


def begin_job(
    folder: str,
    inputs: Sequence[str],
    source: TableSource,
    *,
    column: str | None = None,
    format: str = "parquet",
    shard_size: int | None = None,
    resume: bool = False,
    watch: Any = None,
) -> Job:
    """List the pictures of a new job, or take up the one that the folder holds.

    Args:
        folder: address of the folder of results.
        inputs: what ``PictureListing`` takes.
        source: what rows are computed with.
        column: of tables.
        format: ``parquet`` or ``jsonl``.
        shard_size: pictures of a part; None for what the job that is taken up has, or 1000.
        resume: take up what is there, if anything is.
        watch: called with each entry that is listed.

    Raises:
        UsageError: the folder holds results and ``resume`` is not asked for.
        GcvEdgeError: they are of another model, other options or other inputs; or the folder holds
            something else.
        DataError: there is no picture.
    """
    if format == "parquet":
        import_pyarrow("a Parquet table")
    found = list_names(locate(folder))
    if RECORD in found:
        if not resume:
            raise UsageError(f"{folder}: holds results: --resume goes on with them, else name another folder")
        job = take_up(folder, inputs, source, column, format)
        check_shard_size(job, shard_size)
        return job
    foreign = sorted(name for name in found if not name.startswith((".", "_")))
    if foreign:
        raise GcvEdgeError(
            f"{folder}: found {foreign[0]}, expected an empty folder, or one of this job's results"
        )
    target = locate(folder)
    target.storage.make_folder(target.path)
    listing = PictureListing(inputs, column)
    entries = listing if watch is None else watched(listing, watch)
    shards = write_manifest(at(folder, MANIFEST), entries, shard_size or SHARD_SIZE)
    job = Job(folder, tuple(inputs), column, format, source, shards, tuple(listing.notes))
    write_text(at(folder, RECORD), job_to_json(job))
    return job


def watched(entries: Iterable[PictureEntry], watch: Any) -> Iterator[PictureEntry]:
    """Give entries on, and call a function with each."""
    for entry in entries:
        watch(entry)
        yield entry


def take_up(folder: str, inputs: Sequence[str], source: TableSource, column: str | None, format: str) -> Job:
    """Read the job of a folder, if it is the one that is asked for.

    Raises:
        GcvEdgeError: it is another one.
    """
    job = read_job(folder)
    expected = Job(folder, tuple(inputs), column, format, source, job.shards)
    for what, there, here in describe_differences(job, expected):
        raise GcvEdgeError(f"{folder}: found results of {what} {there}, expected {here}: name another folder")
    return job


def check_shard_size(job: Job, wanted: int | None) -> None:
    """Refuse other parts than those that the job has.

    Raises:
        GcvEdgeError: their pictures are more or fewer.
    """
    first, is_all = job.shards[0].count, len(job.shards) == 1
    if wanted is not None and (wanted < first if is_all else wanted != first):
        raise GcvEdgeError(f"{job.folder}: found parts of {first} pictures, expected {wanted}")


def describe_differences(job: Job, other: Job) -> Iterator[tuple[str, str, str]]:
    """Name what differs between two jobs, with both values."""
    if job.source.model_sha256 != other.source.model_sha256:
        yield "model", describe_model(job.source), describe_model(other.source)
    for name, value in asdict(job.source.options).items():
        here = getattr(other.source.options, name)
        if value != here:
            yield f"option {name}", str(value), str(here)
    if job.format != other.format:
        yield "format", job.format, other.format
    if spell_alike(job.inputs) != spell_alike(other.inputs):
        yield "inputs", " ".join(job.inputs), " ".join(other.inputs)
    if job.column != other.column:
        yield "option column", str(job.column), str(other.column)
    if job.source != other.source:
        yield "gcv-edge", job.source.gcv_edge, other.source.gcv_edge


def spell_alike(inputs: Sequence[str]) -> list[str]:
    """Return inputs without what makes no difference: a folder may end with a stroke."""
    return [name.rstrip("/") or name for name in inputs]


def describe_model(source: TableSource) -> str:
    """Name a model's file with the beginning of its hash."""
    return f"{source.model} ({source.model_sha256[:8]})"


def read_job(folder: str) -> Job:
    """Read the record of a job.

    Raises:
        DataError: it is damaged.
    """
    place = at(folder, RECORD)
    try:
        found = json.loads(place.storage.read(place.path))
        source = dict(found["source"])
        options = TableOptions(**source.pop("options"))
        labels = tuple(source.pop("labels"))
        job = Job(
            folder,
            tuple(found["inputs"]),
            found["column"],
            found["format"],
            TableSource(**source, labels=labels, options=options),
            tuple(Shard(*fields) for fields in found["shards"]),
            tuple(found["notes"]),
        )
        check_fields(job)
        return job
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{place.name(place.path)}: found no record of a job: {error}") from error


def check_fields(job: Job) -> None:
    """Make sure that a job that was read holds what its annotations say.

    Raises:
        ValueError: something else is in it.
    """
    source = job.source
    texts = (*job.inputs, *job.notes, *source.labels, source.model, source.model_sha256, source.gcv_edge)
    numbers = [number for one in job.shards for number in (one.start, one.length, one.count)]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("found something else than text")
    if not job.shards:
        raise ValueError("found no shards")
    if not all(isinstance(one.digest, str) and DIGEST.fullmatch(one.digest) for one in job.shards):
        raise ValueError("found shards without a SHA-256")
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise ValueError("found shards that are no numbers from 0")
    if not isinstance(job.column, str | None) or job.format not in PART_SINKS:
        raise ValueError(f"found column {job.column} and format {job.format}")


def job_to_json(job: Job) -> str:
    """Spell a job; the folder is where it is read from."""
    shards = [[one.start, one.length, one.count, one.digest] for one in job.shards]
    found = {**asdict(job), "pictures": job.pictures, "shards": shards}
    del found["folder"]
    return json.dumps(found) + "\n"


def write_manifest(place: Located, entries: Iterable[PictureEntry], shard_size: int) -> tuple[Shard, ...]:
    """Write the entries, a line each, and return the shards.

    Raises:
        DataError: there is none.
    """
    shards: list[Shard] = []
    with place.storage.writing(place.path) as temporary, temporary.open("wb") as file:
        digest, start, count = hashlib.sha256(), 0, 0
        for entry in entries:
            line = entry.to_json().encode("ascii") + b"\n"
            digest.update(line)
            file.write(line)
            count += 1
            if count == shard_size:
                shards.append(Shard(start, file.tell() - start, count, digest.hexdigest()))
                digest, start, count = hashlib.sha256(), file.tell(), 0
        if count:
            shards.append(Shard(start, file.tell() - start, count, digest.hexdigest()))
        if not shards:
            raise DataError("found no pictures")
    return tuple(shards)


def count_rows(place: Located, format: str) -> tuple[int, int]:
    """Count a part's rows, and those with an error."""
    if format == "parquet":
        with open_parquet(place, "a Parquet table") as table:
            errors = table.read(columns=["error"]).column(0)
            return len(errors), len(errors) - errors.null_count
    with place.storage.open(place.path) as file:
        rows = [json.loads(line)["error"] is not None for line in file]
        return len(rows), sum(rows)


def at(folder: str, name: str) -> Located:
    """Locate a file in a folder."""
    return locate(f"{folder.rstrip('/')}/{name}")


def list_names(folder: Located) -> set[str]:
    """List the names in a folder; none where there is no folder."""
    if folder.storage.kind(folder.path) is None:
        return set()
    try:
        return {child.name for child in folder.storage.children(folder.path)}
    except NotADirectoryError:
        raise GcvEdgeError(f"{folder.name(folder.path)}: found a file, expected a folder") from None


def write_text(place: Located, text: str) -> None:
    """Write a small file, whole."""
    with place.storage.writing(place.path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def alone_in(folder: str) -> Iterator[None]:
    """Keep other runs on this machine out of a folder meanwhile.

    In an object store nobody is kept out: two runs compute the same parts, and each is whole.

    Raises:
        GcvEdgeError: another run is in there.
    """
    place = locate(folder)
    if place.storage is not LOCAL:
        yield
        return
    place.storage.make_folder(place.path)
    descriptor = os.open(Path(place.path), os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GcvEdgeError(f"{folder}: another run writes there") from None
        yield
    finally:
        os.close(descriptor)
