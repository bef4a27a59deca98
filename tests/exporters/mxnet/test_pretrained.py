"""Trained weights from a repository: a local server plays all that goes wrong on the way."""

from __future__ import annotations

import contextlib
import hashlib
import io
import random
import re
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from gcv_edge.errors import GcvEdgeError
from gcv_edge.exporters.mxnet.download import CarefulRedirects, DownloadError, Patience
from gcv_edge.exporters.mxnet.pretrained import PublishedParams, fetch_params, fetch_published, find_published

CONTENT = random.Random(0).randbytes(300_000)
SHA1 = hashlib.sha1(CONTENT).hexdigest()
PUBLISHED = PublishedParams("tiny", SHA1)
MEMBER = f"tiny-{SHA1[:8]}.params"
QUICK = Patience(timeout=0.5, attempts=3, pause=0.01, window=0.5, window_bytes=10_000, max_bytes=1_000_000)

Answer = Callable[["Handler"], None]


def make_zip(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Make an archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def damage(archive: bytes) -> bytes:
    """Overwrite a part of an archive's data."""
    middle = len(archive) // 2
    return archive[:middle] + b"\0" * 100 + archive[middle + 100 :]


ARCHIVE = make_zip((MEMBER, CONTENT))


class Handler(BaseHTTPRequestHandler):
    """Answers with the first of the server's answers that is left; the last one stays."""

    def do_GET(self) -> None:
        server: Repository = self.server.repository  # type: ignore[attr-defined]
        server.requests.append((self.path, self.headers.get("Range")))
        answer = server.answers[0] if len(server.answers) == 1 else server.answers.pop(0)
        answer(self)

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""

    def start(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()


@dataclass
class Repository:
    """The server, what it shall answer and what it was asked."""

    url: str = ""
    answers: list[Answer] = field(default_factory=list)
    requests: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def repository() -> Iterator[Repository]:
    """A repository on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found = Repository(f"http://127.0.0.1:{server.server_port}/")
    server.repository = found  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MXNET_GLUON_REPO", "MXNET_HOME", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GCV_EDGE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))


def fetch(repository: Repository, folder: Path, patience: Patience = QUICK) -> Path:
    return fetch_published(PUBLISHED, repository.url, folder, patience)


def send(content: bytes, announced: int | None = None, resumable: bool = True) -> Answer:
    """Send a file; ``announced`` is a wrong length, ``resumable`` whether Range is heeded."""

    def answer(handler: Handler) -> None:
        begin = int((handler.headers.get("Range") or "bytes=0-")[6:-1]) if resumable else 0
        if begin >= len(content):
            return handler.start(416)
        length = len(content[begin:]) if announced is None else announced
        extent = {"Content_Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"} if begin else {}
        handler.start(206 if begin else 200, Content_Length=length, **extent)
        handler.wfile.write(content[begin:])
        return None

    return answer


def send_start(content: bytes, size: int) -> Answer:
    """Announce a whole file, send the first bytes of what is asked for and hang up."""

    def answer(handler: Handler) -> None:
        begin = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
        extent = {"Content_Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"} if begin else {}
        handler.start(206 if begin else 200, Content_Length=len(content) - begin, **extent)
        handler.wfile.write(content[begin : begin + size])

    return answer


def fail(status: int) -> Answer:
    return lambda handler: handler.start(status, Content_Length=0)


def send_from(begin: int) -> Answer:
    """Send another part than the one asked for."""

    def answer(handler: Handler) -> None:
        extent = f"bytes {begin}-{len(ARCHIVE) - 1}/{len(ARCHIVE)}"
        handler.start(206, Content_Length=len(ARCHIVE) - begin, Content_Range=extent)
        handler.wfile.write(ARCHIVE[begin:])

    return answer


def redirect(address: str) -> Answer:
    return lambda handler: handler.start(302, Location=address, Content_Length=0)


def drip(pause: float) -> Answer:
    """Send a byte at a time."""

    def answer(handler: Handler) -> None:
        handler.start(200, Content_Length=len(ARCHIVE))
        for index in range(200):
            handler.wfile.write(ARCHIVE[index : index + 1])
            handler.wfile.flush()
            time.sleep(pause)

    return answer


def without_errors(answer: Answer) -> Answer:
    """Let a client hang up."""

    def quiet(handler: Handler) -> None:
        try:
            answer(handler)
        except OSError:
            handler.close_connection = True

    return quiet


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_downloads_once(repository: Repository, tmp_path: Path) -> None:
    repository.answers = [send(ARCHIVE)]
    assert fetch(repository, tmp_path).read_bytes() == CONTENT
    assert fetch(repository, tmp_path) == tmp_path / MEMBER
    assert repository.requests == [(f"/gluon/models/tiny-{SHA1[:8]}.zip", None)]
    assert left_over(tmp_path) == [MEMBER]


def test_environment_names_another_repository(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.answers = [send(ARCHIVE)]
    monkeypatch.setenv("MXNET_GLUON_REPO", repository.url + "mirror")
    assert fetch_published(PUBLISHED, "https://nowhere.invalid/", None, QUICK).read_bytes() == CONTENT
    assert repository.requests[0][0].startswith("/mirror/gluon/models/")
    assert (tmp_path / "home" / "pretrained" / MEMBER).is_file()


RECOVERIES = [
    ("truncated, resumed", [send_start(ARCHIVE, 1000), send(ARCHIVE)], [None, "bytes=1000-"]),
    ("truncated twice", [send_start(ARCHIVE, 9), send_start(ARCHIVE, 9), send(ARCHIVE)], [None, "9", "18"]),
    ("range ignored", [send_start(ARCHIVE, 1000), send(ARCHIVE, resumable=False)], [None, "1000"]),
    ("other range", [send_start(ARCHIVE, 9), send_from(5), send(ARCHIVE)], [None, "9", None]),
    ("busy", [fail(503), send(ARCHIVE)], [None, None]),
    ("redirected", [redirect("/elsewhere.zip"), send(ARCHIVE)], [None, None]),
    ("slow at first", [drip(0.01), send(ARCHIVE)], [None, ""]),
]


@pytest.mark.parametrize(
    ("answers", "ranges"), [row[1:] for row in RECOVERIES], ids=[r[0] for r in RECOVERIES]
)
def test_recovers(
    repository: Repository, tmp_path: Path, answers: list[Answer], ranges: list[str | None]
) -> None:
    repository.answers = [without_errors(answer) for answer in answers]
    assert fetch(repository, tmp_path).read_bytes() == CONTENT
    assert left_over(tmp_path) == [MEMBER]
    for (_, found), expected in zip(repository.requests, ranges, strict=True):
        assert (found is None) == (expected is None)
        assert expected is None or re.sub(r"\D", "", expected) in (found or "")


def pointing(offset: int) -> bytes:
    """An archive whose directory says that its file begins elsewhere."""
    place = ARCHIVE.index(b"PK\1\2") + 42
    return ARCHIVE[:place] + offset.to_bytes(4, "little") + ARCHIVE[place + 4 :]


FAILURES = [
    ("absent", [fail(404)], "the server answered 404 Not Found"),
    ("forbidden", [fail(403)], "the server answered 403"),
    ("always busy", [fail(503)], "the server answered 503"),
    ("always truncated", [send_start(ARCHIVE, 10)], "30 of"),
    ("length too large", [send(ARCHIVE, announced=len(ARCHIVE) + 5, resumable=False)], "bytes arrived"),
    ("length too small", [send(ARCHIVE, announced=1000)], "not a usable zip archive"),
    ("too large", [send(ARCHIVE, announced=2_000_000)], "announces 2000000 bytes, expected at most 1000000"),
    ("redirect loop", [redirect("/again.zip")], "the server answered 302"),
    (
        "redirect to a file",
        [redirect("file:///etc/passwd")],
        "Redirection to url .file:///etc/passwd. is not allowed",
    ),
    ("redirect to ftp", [redirect("ftp://127.0.0.1/a.zip")], "redirects to ftp://"),
    ("silent", [lambda handler: time.sleep(0.8)], "no answer"),
    ("dripping", [drip(0.01)], "bytes arrived in 0.5 s"),
    ("no archive", [send(b"<html>sorry</html>")], "not a usable zip archive"),
    ("damaged", [send(damage(ARCHIVE))], "not a usable zip archive"),
    ("damaged stored", [send(damage(make_zip((MEMBER, CONTENT), method=zipfile.ZIP_STORED)))], "Bad CRC-32"),
    ("beyond its end", [send(pointing((1 << 32) - 1))], "not a usable zip archive"),
    ("before its beginning", [send(pointing((1 << 31) + 5))], "not a usable zip archive"),
    ("lzma", [send(make_zip((MEMBER, CONTENT), method=zipfile.ZIP_LZMA))], "by method 14, expected 8"),
    ("bzip2", [send(make_zip((MEMBER, CONTENT), method=zipfile.ZIP_BZIP2))], "by method 12, expected 8"),
    ("other content", [send(make_zip((MEMBER, b"other")))], "SHA-1 .{8}, expected"),
    ("path upwards", [send(make_zip((f"../{MEMBER}", CONTENT)))], "holds '../tiny"),
    ("absolute path", [send(make_zip((f"/tmp/{MEMBER}", CONTENT)))], "holds '/tmp/tiny"),
    ("two files", [send(make_zip((MEMBER, CONTENT), ("more.py", b"")))], "holds 2 files, expected one"),
    ("empty archive", [send(make_zip())], "holds 0 files, expected one"),
    ("bomb", [send(make_zip((MEMBER, bytes(1_000_001))))], "has 1000001 bytes, expected at most 1000000"),
]


@pytest.mark.parametrize(
    ("answers", "message"), [row[1:] for row in FAILURES], ids=[row[0] for row in FAILURES]
)
def test_refuses(repository: Repository, tmp_path: Path, answers: list[Answer], message: str) -> None:
    folder = tmp_path / "folder"
    repository.answers = [without_errors(answer) for answer in answers]
    with pytest.raises(DownloadError, match=message) as caught:
        fetch(repository, folder)
    assert "\n" not in str(caught.value)
    assert not [name for name in left_over(folder) if not name.endswith(".part")]
    assert not list(tmp_path.glob("*.params"))


def test_stale_part_is_fetched_afresh(repository: Repository, tmp_path: Path) -> None:
    repository.answers = [send(ARCHIVE)]
    (tmp_path / f"tiny-{SHA1[:8]}.zip.part").write_bytes(b"x" * 1000)
    assert fetch(repository, tmp_path).read_bytes() == CONTENT
    assert [ranges for _, ranges in repository.requests] == ["bytes=1000-", None]


def test_part_longer_than_the_file_is_fetched_afresh(repository: Repository, tmp_path: Path) -> None:
    repository.answers = [send(ARCHIVE)]
    (tmp_path / f"tiny-{SHA1[:8]}.zip.part").write_bytes(b"x" * (len(ARCHIVE) + 1))
    assert fetch(repository, tmp_path).read_bytes() == CONTENT


def test_damaged_cache_is_replaced(repository: Repository, tmp_path: Path) -> None:
    repository.answers = [send(ARCHIVE)]
    (tmp_path / MEMBER).write_bytes(CONTENT[:-1])
    assert fetch(repository, tmp_path).read_bytes() == CONTENT


def test_many_ask_at_once(repository: Repository, tmp_path: Path) -> None:
    repository.answers = [send(ARCHIVE)]
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(fetch(repository, tmp_path))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes() == CONTENT for path in found] == [True] * 6
    assert len(repository.requests) == 1


@pytest.mark.parametrize("address", ["file:///etc/", "ftp://127.0.0.1/", "nonsense", "http:///"])
def test_repository_must_be_http(tmp_path: Path, address: str) -> None:
    with pytest.raises(DownloadError, match="expected an address that starts with https://"):
        fetch_published(PUBLISHED, address, tmp_path, QUICK)


def test_https_never_becomes_http() -> None:
    request = SimpleNamespace(full_url="https://a.invalid/x")
    with pytest.raises(DownloadError, match="from https to http://b"):
        CarefulRedirects().redirect_request(request, io.BytesIO(), 302, "", {}, "http://b.invalid/x")  # type: ignore[arg-type]


def test_nobody_listens(tmp_path: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(DownloadError, match="refused"):
        fetch_published(PUBLISHED, "http://127.0.0.1:9/", tmp_path, Patience())
    assert time.monotonic() - begin < 5


def test_nobody_answers(tmp_path: Path) -> None:
    """A connection that is accepted by nobody: the queue of a listening socket is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(address)
            begin = time.monotonic()
            with pytest.raises(DownloadError, match="no answer"):
                fetch_published(PUBLISHED, f"http://127.0.0.1:{address[1]}/", tmp_path, QUICK)
            assert time.monotonic() - begin < 5


def test_folder_not_writable(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GcvEdgeError, match="cannot be written"):
        fetch(repository, tmp_path / "file" / "folder")


STORE = SimpleNamespace(
    _model_sha1={"tiny": SHA1, "big_2.6x": "0" * 40, "hrnet_w18_cls": "1" * 40},
    pretrained_model_list=lambda: ["tiny", "big_0.89", "hrnet_w18_cls"],
    apache_repo_url="http://127.0.0.1:9/",
)
GLUONCV = SimpleNamespace(model_zoo=SimpleNamespace(model_store=STORE))


@pytest.mark.parametrize(
    ("name", "key"), [("tiny", "tiny"), ("big_0.89", "big_2.6x"), ("hrnet_w18_c", "hrnet_w18_cls")]
)
def test_names_of_published_files(name: str, key: str) -> None:
    found = find_published(STORE, name)
    assert found is not None
    assert found.name == key


def test_unpublished_name() -> None:
    with pytest.raises(GcvEdgeError, match=r"^huge: GluonCV has published no trained weights: .*--params$"):
        fetch_params(GLUONCV, "huge")


def test_offline_is_one_line_that_names_params() -> None:
    with pytest.raises(
        GcvEdgeError, match=r"^tiny: trained weights cannot be downloaded \(.*--params$"
    ) as caught:
        fetch_params(GLUONCV, "tiny")
    assert "\n" not in str(caught.value)


def test_what_gluoncv_downloaded_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / MEMBER).write_bytes(CONTENT)
    assert fetch_params(GLUONCV, "tiny") == tmp_path / "models" / MEMBER
