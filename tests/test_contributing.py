"""CONTRIBUTING.md names every package, and nothing that is not there."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
CODE = ("benchmarks", "exporters", "gcv_edge", "runtime", "tests")
LINKS = {"gcv_edge/exporters", "gcv_edge/runtime"}
"""Lead to the folders of those names."""
RUN_BY_PYTHON = {"gcv_edge/__init__.py", "gcv_edge/__main__.py"}


def spell_out(name: str) -> list[str]:
    """Write ``a/{b,c}.py`` as two names."""
    parts = [part.split(",") for part in re.split(r"[{}]", name)]
    return ["".join(chosen) for chosen in itertools.product(*parts)]


def column(heading: str, number: int) -> list[str]:
    """Return the names in code in a column of the table with a heading."""
    table = PAGE.partition(heading)[2].partition("\n\n")[0]
    cells = [line.split(" | ")[number] for line in table.splitlines() if line.startswith("| `")]
    return [name for cell in cells for code in re.findall(r"`([^`]+)`", cell) for name in spell_out(code)]


FOLDERS = {name.rstrip("/") for name in column("| folder |", 0) if "/" in name and name != "gcv_edge.runtime"}


def packages() -> set[str]:
    """Folders with modules that are imported."""
    found = {path.parent for folder in CODE for path in (ROOT / folder).rglob("__init__.py")}
    names = {path.relative_to(ROOT).as_posix() for path in found} - LINKS - {"gcv_edge"}
    return {name for name in names if not name.startswith(("gcv_edge/exporters/", "gcv_edge/runtime/"))}


def test_every_package_is_in_the_table_of_folders() -> None:
    assert packages() - FOLDERS == set()


def test_every_shared_module_is_in_the_table_of_folders() -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "gcv_edge").glob("*.py")}
    assert modules - RUN_BY_PYTHON - FOLDERS == set()


def test_the_table_names_nothing_that_is_gone() -> None:
    assert [name for name in sorted(FOLDERS) if not (ROOT / name).exists()] == []


def test_places_in_the_text_are_there() -> None:
    """Paths with a folder and a suffix, but for those of files that the reader makes."""
    named = set(re.findall(r"`((?:[\w.]+/)+\w+\.(?:py|cpp|h|md|txt))`", PAGE))
    below = (ROOT, ROOT / "cpp", ROOT / "tests" / "fuzz")
    gone = [name for name in sorted(named) if not any((place / name).exists() for place in below)]
    assert [name for name in gone if not re.search("RESULT|MODEL", name)] == []


@pytest.mark.parametrize("name", column("| step |", 0))
def test_every_step_is_a_session(name: str) -> None:
    assert f"def {name}(session: nox.Session)" in (ROOT / "noxfile.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("template", ["crash", "unsupported_network", "wrong_result"])
def test_an_issue_asks_for_what_helps(template: str) -> None:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / f"{template}.yml").read_text(encoding="utf-8")
    for needed in ("id: command", "id: error", "gcv-edge doctor", "remove e-mail addresses, names of hosts"):
        assert needed in text
