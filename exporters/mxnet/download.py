"""Fetching a file over HTTP(S): resumed where it broke off, bounded in time and size, retried a few times."""

from __future__ import annotations

import contextlib
import http.client
import os
import queue
import re
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

CHUNK = 1 << 18
MAX_REDIRECTS = 5
SCHEMES = ("http", "https")
WORTH_ANOTHER_TRY = (408, 425, 429, 500, 502, 503, 504)
HEADERS = {"User-Agent": "gcv-edge", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Patience:
    """When to give up.

    Attributes:
        timeout: seconds to wait for a connection, and for any byte.
        attempts: tries after a connection that broke; a server that cannot be reached is not tried again.
        pause: seconds before the second try; doubled before each further one.
        window: seconds in which ``window_bytes`` must arrive.
        window_bytes: see ``window``.
        max_bytes: size of the largest file.
    """

    timeout: float = 8.0
    attempts: int = 4
    pause: float = 0.5
    window: float = 30.0
    window_bytes: int = 30_000
    max_bytes: int = 2 << 30


class DownloadError(Exception):
    """A file cannot be had; the text says why."""


class BrokenTransferError(DownloadError):
    """A transfer broke off; another try may go on from there."""


class StalePartError(BrokenTransferError):
    """What is there already is not the beginning of the server's file."""


def download(url: str, part: Path, patience: Patience) -> None:
    """Fetch a file whole; bytes that ``part`` holds already are not fetched again where the server can do so.

    Raises:
        DownloadError: it cannot be had; ``part`` keeps what arrived.
        OSError: the disk is full, or the folder not writable.
    """
    for attempt in range(patience.attempts):
        try:
            transfer(url, part, patience)
        except BrokenTransferError as error:
            if isinstance(error, StalePartError):
                part.unlink(missing_ok=True)
            if attempt + 1 == patience.attempts:
                raise
            time.sleep(patience.pause * 2**attempt)
        else:
            return


def transfer(url: str, part: Path, patience: Patience) -> None:
    """Make one request and append its answer to ``part``."""
    check_url(url)
    have = part.stat().st_size if part.exists() else 0
    headers = {**HEADERS, "Range": f"bytes={have}-"} if have else HEADERS
    with contextlib.closing(request(url, headers, patience.timeout)) as response:
        begin, total = find_extent(response, have)
        if begin != have:
            have = 0
        if total is not None and total > patience.max_bytes:
            raise DownloadError(f"announces {total} bytes, expected at most {patience.max_bytes}")
        with part.open("ab" if have else "wb") as file:
            received = have + copy(response, file, patience, have)
    if total is not None and received != total:
        raise BrokenTransferError(f"{received} of {total} bytes arrived")


def check_url(url: str) -> None:
    """Refuse what is no HTTP(S) address.

    Raises:
        DownloadError: it is another kind.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise DownloadError(f"{url}: expected an address that starts with https://")


def request(url: str, headers: dict[str, str], timeout: float) -> Any:
    """Open an address.

    Raises:
        DownloadError: the server cannot be reached, has no such file, or redirects elsewhere than allowed.
    """
    try:
        asked = urllib.request.Request(url, headers=headers)
        return within(1.1 * timeout, lambda: make_opener().open(asked, timeout=timeout), url)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise StalePartError("the part that was there is not the server's") from error
        kind = BrokenTransferError if error.code in WORTH_ANOTHER_TRY else DownloadError
        raise kind(explain_answer(error)) from error
    except urllib.error.URLError as error:
        raise DownloadError(explain_unreachable(url, error.reason)) from error
    except (TimeoutError, OSError, http.client.HTTPException) as error:
        raise BrokenTransferError(explain_unreachable(url, error)) from error


def within(seconds: float, ask: Callable[[], Any], url: str) -> Any:
    """Wait so long for an answer; a socket's own timeout is for each address of a name, and for each step.

    Raises:
        DownloadError: there was none.
        Exception: whatever ``ask`` raises.
    """
    answers: queue.Queue[Any] = queue.Queue()

    def put_answer() -> None:
        try:
            answers.put((ask(), None))
        except BaseException as error:
            answers.put((None, error))

    threading.Thread(target=put_answer, daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise DownloadError(explain_unreachable(url, TimeoutError())) from None
    if error is not None:
        raise error
    return answer


def explain_answer(error: urllib.error.HTTPError) -> str:
    """Say what a server answered instead of the file."""
    if "infinite loop" in str(error.reason):
        return f"the server answered {error.code} more than {MAX_REDIRECTS} times, or in circles"
    return " ".join(f"the server answered {error.code} {error.reason}".split())[:120]


def explain_unreachable(url: str, reason: object) -> str:
    """Say why a server cannot be reached."""
    host = urllib.parse.urlsplit(url).hostname
    if isinstance(reason, ssl.SSLError):
        return f"{host}: {reason.reason or reason}"
    if isinstance(reason, TimeoutError):
        return f"{host}: no answer"
    return f"{host}: {getattr(reason, 'strerror', None) or reason}"


def make_opener() -> urllib.request.OpenerDirector:
    """Make an opener that knows HTTP and HTTPS (and the environment's proxies) and nothing else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        CarefulRedirects(),
    ):
        opener.add_handler(handler)
    return opener


class CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects, to HTTP(S) only, and never from HTTPS to HTTP."""

    max_redirections = MAX_REDIRECTS
    max_repeats = 2

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        """Refuse what is not allowed.

        Raises:
            DownloadError: the new address is of another kind.
        """
        old, new = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        if new.scheme not in SCHEMES:
            fp.close()
            raise DownloadError(f"the server redirects to {new.scheme}://, expected https://")
        if old.scheme == "https" and new.scheme != "https":
            fp.close()
            raise DownloadError(f"the server redirects from https to http://{new.hostname}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def find_extent(response: Any, have: int) -> tuple[int, int | None]:
    """Read where an answer begins and how long the whole file is (None: it does not say)."""
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if found is None or int(found[1]) != have:
            raise StalePartError(
                f"the server sent '{response.headers.get('Content-Range')}', expected {have}-"
            )
        return have, int(found[2]) if found[2] != "*" else None
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def copy(response: Any, file: IO[bytes], patience: Patience, have: int) -> int:
    """Write an answer to a file; return the number of bytes.

    Raises:
        DownloadError: it is larger than allowed.
        BrokenTransferError: it broke off, or became too slow.
    """
    received, check = 0, watch_speed(patience)
    while chunk := read_chunk(response):
        received += len(chunk)
        if have + received > patience.max_bytes:
            raise DownloadError(f"it is larger than {patience.max_bytes} bytes")
        file.write(chunk)
        check(len(chunk))
    file.flush()
    os.fsync(file.fileno())
    return received


def read_chunk(response: Any) -> bytes:
    """Read what has arrived."""
    try:
        return bytes(response.read1(CHUNK))
    except (OSError, http.client.HTTPException) as error:
        reason = "no more bytes arrive" if isinstance(error, TimeoutError) else "the connection broke"
        raise BrokenTransferError(reason) from error


def watch_speed(patience: Patience) -> Callable[[int], None]:
    """Return a function to call with every block, which raises where too few bytes arrive."""
    begin, arrived = time.monotonic(), 0

    def check(size: int) -> None:
        nonlocal begin, arrived
        arrived += size
        if time.monotonic() - begin < patience.window:
            return
        if arrived < patience.window_bytes:
            raise BrokenTransferError(f"only {arrived} bytes arrived in {patience.window:g} s")
        begin, arrived = time.monotonic(), 0

    return check
