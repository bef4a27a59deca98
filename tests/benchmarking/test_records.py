"""What benchmarks keep, and the processes that they start."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from benchmarks.children import ChildError, call
from benchmarks.records import Records, Results, machine, write_results


def test_results_are_kept_after_each_row_and_go_on(tmp_path: Path) -> None:
    asked: list[str] = []

    def measure(key: str) -> dict[str, str]:
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(key)
        return {"found": key}

    with pytest.raises(KeyboardInterrupt):
        Results("speeds", tmp_path, order=("a", "b", "c")).fill(("c", "a", "b"), measure)
    rows = (Records(tmp_path).read("speeds") or {})["rows"]
    assert {key: row["found"] for key, row in rows.items()} == {"a": "a", "c": "c"}
    assert list(rows) == ["a", "c"]
    assert rows["a"].keys() == {"found", "command", "date", "load_average"}
    resumed = Results("speeds", tmp_path, order=("a", "b", "c"))
    resumed.fill(("c", "a", "b"), lambda key: {"found": key.upper()})
    assert [resumed.row(key)["found"] for key in "abc"] == ["a", "B", "c"]


@pytest.mark.parametrize(
    ("again", "facts", "kept"),
    [((), {"threads": 2}, True), (("a",), {"threads": 2}, False), ((), {"threads": 4}, False)],
    ids=["the same", "measured anew", "under other facts"],
)
def test_rows_that_are_taken_over(
    tmp_path: Path, again: tuple[str, ...], facts: dict[str, int], kept: bool
) -> None:
    write_results("speeds", {"a": {"found": 1}}, tmp_path, threads=2)
    assert ("a" in Results("speeds", tmp_path, again=again, **facts)) is kept


def test_rows_to_measure_anew_are_kept_until_then(tmp_path: Path) -> None:
    write_results("speeds", {key: {"found": 1} for key in "abc"}, tmp_path)
    Results("speeds", tmp_path, again=("a", "b")).put("b", {"found": 2})
    rows = (Records(tmp_path).read("speeds") or {})["rows"]
    assert {key: row["found"] for key, row in rows.items()} == {"a": 1, "b": 2, "c": 1}


@pytest.mark.parametrize(
    ("one_processor", "changed", "kept"),
    [
        (True, {}, True),
        (True, {"cpu": "another"}, False),
        (True, {"cpu_flags": ["mmx"]}, False),
        (True, {"cores": 77}, False),
        (False, {"cpu": "another", "cpu_flags": ["mmx"], "cores": 77}, True),
        (False, {"versions": {"openvino": "1"}}, False),
    ],
)
def test_rows_of_another_machine(
    tmp_path: Path, one_processor: bool, changed: dict[str, Any], kept: bool
) -> None:
    Records(tmp_path).write({"name": "speeds", "machine": machine() | changed, "rows": {"a": {}}})
    assert ("a" in Results("speeds", tmp_path, one_processor=one_processor)) is kept


def test_rows_of_several_processors_name_theirs(tmp_path: Path) -> None:
    Results("speeds", tmp_path, one_processor=False).fill("a", lambda key: {"found": key})
    row = Results("speeds", tmp_path, one_processor=False).row("a")
    assert row["processor"].startswith(machine()["cpu"])
    assert row["processor"].endswith((", AMX", ", VNNI", ", no VNNI"))


@pytest.mark.parametrize(
    ("function", "arguments", "options", "told"),
    [
        (os.path.join, ("a", "b"), {}, ""),
        (os.path.getsize, ("/nowhere",), {}, "FileNotFoundError: "),
        (os._exit, (3,), {}, "ended with exit code 3: "),
        (os.abort, (), {}, "ended by signal SIGABRT: "),
        (os.read, (0, 1), {"timeout": 0.01}, "not done after 0.01 s"),
    ],
    ids=["returns", "raises", "exits", "crashes", "takes too long"],
)
def test_a_function_in_a_process_of_its_own(
    function: object, arguments: tuple[object, ...], options: dict[str, float], told: str
) -> None:
    if not told:
        assert call(function, *arguments, **options) == "a/b"  # type: ignore[arg-type]
        return
    with pytest.raises(ChildError, match=told):
        call(function, *arguments, **options)  # type: ignore[arg-type]
