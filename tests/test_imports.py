"""Imports between modules go round in no circle, and few stand inside functions."""

from __future__ import annotations

import graphlib
from pathlib import Path

import pytest

from tests.support.imports import ROOT, find_modules, imports_of, own_module

PLACES = ("gcv_edge", "exporters", "runtime")

LOADED_LATE = {
    "gluoncv": "extra [mxnet]",
    "mxnet": "extra [mxnet]",
    "onnxruntime": "extra [export]",
    "onnxscript": "extra [torch]",
    "openvino": "slow, and without its telemetry",
    "plotly": "extra [report]",
    "pyarrow": "extra [batch]",
    "pycocotools": "extra [export]",
    "ray": "extra [ray]",
    "torch": "extra [torch]",
}
"""Packages of others that functions may import."""

OPTIONAL = {"onnx", "onnx_ir", *LOADED_LATE} - {"openvino"}
"""What the base install does not have. A function may import a module of ours that needs more of these than
the function's own module does: it is as optional as they are."""

COMMAND_LINE = ("gcv_edge.cli", "gcv_edge.__main__")
"""A command imports what it needs when it runs: ``gcv-edge --help`` waits for no engine, rich or NumPy."""


def walk_graph(modules: dict[str, Path]) -> dict[str, set[str]]:
    """Own modules that each module imports, inside functions too; what only type checkers import left out."""
    return {
        module: {
            target
            for found in imports_of(path)
            if not found.is_for_types and (target := own_module(found.name, modules)) not in ("", module)
        }
        for module, path in modules.items()
    }


def test_imports_go_round_in_no_circle() -> None:
    modules = find_modules(*PLACES, "benchmarks")
    assert len(modules) > 300
    try:
        graphlib.TopologicalSorter(walk_graph(modules)).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_a_circle_inside_functions_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.imports.ROOT", tmp_path)
    package = tmp_path / "gcv_edge"
    package.mkdir()
    (package / "one.py").write_text("from gcv_edge.two import name")
    (package / "two.py").write_text("def name():\n    from . import one\n")
    graph = walk_graph(find_modules("gcv_edge"))
    assert graph == {"gcv_edge.one": {"gcv_edge.two"}, "gcv_edge.two": {"gcv_edge.one"}}


def needs_of(modules: dict[str, Path]) -> dict[str, set[str]]:
    """Optional packages that importing each module takes, by whatever way."""
    early = {
        module: [found.name for found in imports_of(path) if not (found.is_inside or found.is_for_types)]
        for module, path in modules.items()
    }
    needs = {module: {name.split(".")[0] for name in names} & OPTIONAL for module, names in early.items()}
    for module in graphlib.TopologicalSorter(walk_graph(modules)).static_order():
        for name in early[module]:
            needs[module] |= needs.get(own_module(name, modules), set())
    return needs


def test_functions_import_only_what_is_optional_or_slow() -> None:
    modules = find_modules(*PLACES)
    needs = needs_of(modules)
    wrong = {
        f"{path.relative_to(ROOT)}:{found.line} imports {found.name}"
        for module, path in modules.items()
        if not module.startswith(COMMAND_LINE)
        for found in imports_of(path)
        if found.is_inside and found.name.split(".")[0] not in LOADED_LATE
        if not needs.get(own_module(found.name, modules), set()) - needs[module]
    }
    assert not wrong


def test_late_imports_are_for_packages_that_are_imported_late() -> None:
    late = {
        found.name.split(".")[0]
        for path in find_modules(*PLACES).values()
        for found in imports_of(path)
        if found.is_inside
    }
    assert set(LOADED_LATE) <= late
