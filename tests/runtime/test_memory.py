"""Memory that is given back."""

from __future__ import annotations

import ctypes

import pytest

from gcv_edge.runtime import memory


def test_giving_back_changes_nothing() -> None:
    kept = bytearray(b"x" * 1_000_000)
    memory.give_back()
    assert kept == b"x" * 1_000_000


def test_other_c_libraries_have_no_trim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    memory.find_trim.cache_clear()
    try:
        assert memory.find_trim() is None
        memory.give_back()
    finally:
        memory.find_trim.cache_clear()
