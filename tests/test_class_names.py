"""A class name stands for one thing in the whole repository."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.support.imports import ROOT, python_files

FOLDERS = ("benchmarks", "cpp", "examples", "exporters", "gcv_edge", "runtime")


def test_no_class_name_is_used_twice() -> None:
    places = defaultdict(list)
    for path in (path for folder in FOLDERS for path in python_files(folder)):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert len(places) > 300
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
