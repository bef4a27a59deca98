"""What the project's files import."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
OWN_NAMES = ("gcv_edge", "benchmarks", "tests")
"""Folders that are imported by their names; ``exporters`` and ``runtime`` are imported as gcv_edge's."""


class Import(NamedTuple):
    """One name that a file imports.

    Attributes:
        name: absolute.
        line: of the file.
        is_inside: it stands in a function.
        is_for_types: it is for type checkers alone.
    """

    name: str
    line: int
    is_inside: bool
    is_for_types: bool


def python_files(place: str) -> list[Path]:
    path = ROOT / place
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def module_of(path: Path) -> list[str]:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return parts if parts[0] in OWN_NAMES else ["gcv_edge", *parts]


@functools.cache
def imports_of(path: Path) -> tuple[Import, ...]:
    """Everything that a file imports, at any depth."""
    return tuple(find_imports(path))


def find_imports(path: Path) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = set(nodes_below(tree, (ast.FunctionDef, ast.AsyncFunctionDef)))
    for_types = {
        below
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for below in ast.walk(statement)
    }
    for node in ast.walk(tree):
        for name in names_of(node, module_of(path)):
            yield Import(name, node.lineno, node in inside, node in for_types)  # type: ignore[attr-defined]


def nodes_below(tree: ast.AST, kinds: tuple[type[ast.AST], ...]) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, kinds):
            yield from ast.walk(node)


def names_of(node: ast.AST, module: list[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = module[: -node.level] if node.level else []
        start = ".".join([*base, *([node.module] if node.module else [])])
        yield from (f"{start}.{alias.name}" for alias in node.names)


def find_modules(*places: str) -> dict[str, Path]:
    """Files by the name of their module; a package has the name of its folder."""
    return {
        ".".join(module_of(path)).removesuffix(".__init__"): path
        for place in places
        for path in python_files(place)
    }


def own_module(name: str, modules: Mapping[str, Path]) -> str:
    """The module that an imported name is, or is part of; empty for others' modules."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name
