"""What servers send: answers to requests that go on where another broke off, and archives of weights."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Sequence
from http.client import parse_headers
from pathlib import Path
from typing import Any
from unittest import mock

from gcv_edge.exporters.mxnet import download as downloading
from gcv_edge.exporters.mxnet.pretrained import DamagedArchiveError, PublishedParams, unpack
from tests.fuzz.json_mutations import mutate_json
from tests.fuzz.mutations import mutate_bytes
from tests.fuzz.target import Target, mutating

URL = "https://server.invalid/file"
PATIENCE = downloading.Patience(attempts=2, pause=0.0, max_bytes=1000)
CONTENT = b"0123456789" * 5
PUBLISHED = PublishedParams("net", hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest())


class Answer(io.BytesIO):
    """A server's answer, as the spelling of an input says."""

    def __init__(self, said: Any) -> None:
        fields = said if isinstance(said, dict) else {}
        super().__init__(str(fields.get("body", "")).encode(errors="replace"))
        status, headers = fields.get("status"), fields.get("headers")
        self.status = status if isinstance(status, int) else 200
        lines = headers.items() if isinstance(headers, dict) else ()
        self.headers = parse_headers(io.BytesIO(b"".join(spell_header(*line) for line in lines)))


def spell_header(name: str, value: object) -> bytes:
    return re.sub(r"\s+", " ", f"{name[:50]}: {str(value)[:200]}").encode(errors="replace") + b"\r\n"


def answers() -> Sequence[bytes]:
    whole = {"status": 200, "headers": {"Content-Length": "10"}, "body": "0123456789"}
    rest = {"status": 206, "headers": {"Content-Range": "bytes 4-9/10"}, "body": "456789"}
    return [json.dumps(kind).encode() for kind in ([whole, whole], [rest, rest], [rest, whole])]


def transfer(data: bytes, folder: Path) -> None:
    """Fetch a file of which a part is there; what spells no answers is one's length and extent."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        text = data.decode(errors="replace")
        said = [{"status": 206, "headers": {"Content-Range": text}}, {"headers": {"Content-Length": text}}]
    part = folder / "file.part"
    part.write_bytes(b"0123")
    found = [Answer(fields) for fields in (said if isinstance(said, list) else [said])] + [
        Answer({}),
        Answer({}),
    ]
    with mock.patch.object(downloading, "request", side_effect=found):
        downloading.download(URL, part, PATIENCE)


def archives() -> Sequence[bytes]:
    methods = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
    return [pack(f"{PUBLISHED.stem}.params", CONTENT, method) for method in methods] + [
        pack("../x.params", CONTENT, zipfile.ZIP_STORED),
        pack(f"{PUBLISHED.stem}.params", bytes(100_000), zipfile.ZIP_DEFLATED),
    ]


def pack(name: str, content: bytes, method: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name), content, method)
    return stream.getvalue()


def read_archive(data: bytes, folder: Path) -> None:
    path = folder / "net.zip.part"
    path.write_bytes(data)
    unpack(path, PUBLISHED, folder / f"{PUBLISHED.stem}.params", 50_000)


MXNET = "exporters/mxnet/"
TARGETS = (
    Target(
        "download",
        mutating(answers, mutate_json),
        transfer,
        (MXNET + "download.py",),
        refusals=(downloading.DownloadError,),
    ),
    Target(
        "archive",
        mutating(archives, mutate_bytes),
        read_archive,
        (MXNET + "pretrained.py",),
        refusals=(DamagedArchiveError,),
    ),
)
