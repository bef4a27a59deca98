"""Pictures at URLs: fetched and decoded as files are, upright and within the limit of pixels."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from http.client import HTTPException
from typing import IO, Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import numpy as np

from gcv_edge.errors import DataError
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.picture_decoding import decode_picture
from gcv_edge.runtime.places import is_picture_name

SCHEMES = ("file", "ftp", "http", "https")
TIMEOUT = 30.0
MOST_BYTES = 1 << 29
"""Of an encoded picture."""


class UnreachableError(DataError):
    """What is at a URL cannot be fetched."""


def fetch_picture(url: str) -> Pixels | None:
    """Fetch a picture.

    Returns:
        uint8 ``[h, w, 3]``, BGR, upright; None where there is something else, such as a video or a camera.

    Raises:
        DataError: it cannot be fetched, or not decoded.
    """
    parts = urlsplit(url)
    if parts.scheme.lower() not in SCHEMES:
        return None
    is_named = is_picture_name(parts.path) and not parts.path.lower().endswith(".gif")
    try:
        with opening(url) as answer:
            kind = answer.headers.get_content_type()
            if kind.startswith("multipart/") or not (is_named or is_still(kind)):
                return None
            return np.asarray(decode_picture(read_all(answer)), np.uint8)
    except UnreachableError:
        if not is_named:
            return None
        raise


def fetch_bytes(url: str) -> bytes:
    """Fetch an encoded picture, whatever it says that it is.

    Raises:
        DataError: it cannot be fetched, or is longer than any picture.
    """
    if urlsplit(url).scheme.lower() not in SCHEMES:
        raise DataError(f"{url}: found another scheme, expected {', '.join(SCHEMES)}")
    with opening(url) as answer:
        return read_all(answer)


@contextlib.contextmanager
def opening(url: str) -> Iterator[Any]:
    """Ask for what is at a URL; the errors of a block that reads the answer name it.

    Raises:
        UnreachableError: it cannot be fetched.
        DataError: as the block raises it.
    """
    try:
        with urlopen(url, timeout=TIMEOUT) as answer:
            yield answer
    except DataError as error:
        raise DataError(f"{url}: {error}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise UnreachableError(f"{url}: {describe_failure(error)}") from error


def is_still(kind: str) -> bool:
    """Tell the media type of a single picture."""
    return kind.startswith("image/") and kind != "image/gif"


def read_all(answer: IO[bytes]) -> bytes:
    """Read an answer.

    Raises:
        DataError: it is longer than any picture.
    """
    data = answer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise DataError(f"found more than {MOST_BYTES} bytes, expected a picture")
    return data


def describe_failure(error: Exception) -> str:
    """Say why something cannot be fetched."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, OSError) and reason.errno is not None:
        return os.strerror(reason.errno) if reason.errno > 0 else str(reason.strerror)
    return f"cannot be fetched: {reason}"
