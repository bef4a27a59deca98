"""A cache file that is whole by its hash and yet none counts as none."""

from __future__ import annotations

import hashlib
import io
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gcv_edge.measure.result_cache import ResultCache


def archive(entries: str, **arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, entries=np.array(entries), **arrays)
    return stream.getvalue()


GOOD = archive('{"a": ["key", 7]}', **{"a/x": np.arange(3)})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no archive",
        GOOD[: len(GOOD) // 2],
        GOOD.replace(b"k\0\0\0e", b"k\0\0\0f", 1),
        archive("no json"),
        archive("[" * 5000),
        archive("7"),
        archive('{"a": 7}'),
        archive('{"a": ["key"]}'),
        archive('{"a": ["key", 7]}', **{"b/x": np.arange(3)}),
        archive('{"a": ["key", 7]}', x=np.arange(3)),
    ],
)
def test_what_no_run_writes(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state"
    path.write_bytes(hashlib.sha256(content).digest() + content)
    with caplog.at_level(logging.WARNING):
        assert not ResultCache(path).has("a")
    (record,) = caplog.records
    assert record.getMessage().startswith(
        f"{path}: is ignored, everything is computed anew: found what no run"
    )


def test_what_a_run_writes(tmp_path: Path) -> None:
    (tmp_path / "state").write_bytes(hashlib.sha256(GOOD).digest() + GOOD)
    entry = ResultCache(tmp_path / "state").read("a", "key")
    assert entry is not None
    assert (entry.value, entry.arrays["x"].tolist()) == (7, [0, 1, 2])
