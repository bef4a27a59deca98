"""Dependencies between the parts of the package point one way."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.imports import ROOT, imports_of, python_files

BASE = ("cpus", "engines", "errors", "files", "metadata", "points", "repeated_labels", "tasks")
RUNTIME_FOREIGN = ("cv2", "numpy", "openvino", "onnxruntime")

ALLOWED = {
    "gcv_edge/cpus.py": (),
    "gcv_edge/engines.py": ("errors",),
    "gcv_edge/graph": (*BASE, "graph"),
    "gcv_edge/errors.py": (),
    "gcv_edge/files.py": (),
    "gcv_edge/tasks.py": ("errors",),
    "gcv_edge/repeated_labels.py": (),
    "gcv_edge/points.py": (),
    "gcv_edge/metadata.py": ("errors", "tasks", "_core"),
    "gcv_edge/store.py": BASE,
    "gcv_edge/pictures.py": BASE,
    "gcv_edge/measure": (*BASE, "store", "_core", "runtime", "measure"),
    "gcv_edge/reporting": ("errors", "files"),
    "runtime": (*BASE, "store", "_core", "runtime"),
    "exporters": (*BASE, "store", "pictures", "graph", "exporters"),
    "gcv_edge/data": (*BASE, "runtime", "data"),
    "gcv_edge/batch": (*BASE, "store", "runtime", "batch"),
    "gcv_edge/evaluation": (*BASE, "runtime", "data", "evaluation"),
    "gcv_edge/model_api": (*BASE, "store", "runtime", "exporters", "model_api"),
}
"""Path: the parts of gcv_edge it may import. Stages such as verify may import all but the command line."""

COMMAND_LINE = ("cli", "__main__")


def parts_used(path: Path) -> set[str]:
    return {found.name.split(".")[1] for found in imports_of(path) if found.name.startswith("gcv_edge.")}


@pytest.mark.parametrize("place", ALLOWED)
def test_parts_import_only_what_they_may(place: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports gcv_edge.{part}"
        for path in python_files(place)
        for part in parts_used(path) - set(ALLOWED[place])
    }
    assert not wrong


def test_tests_share_modules_by_their_full_names() -> None:
    """``from tests.support.small_graphs import make``: no import is relative or counts on the path."""
    files = python_files("tests")
    own = {path.stem for path in files} - set(sys.stdlib_module_names)
    first = {found.name.split(".")[0] for path in files for found in imports_of(path)}
    assert first & own == set()
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    assert [path for path, text in texts.items() if re.search(r"^\s*from \.", text, re.MULTILINE)] == []


ROOMS = (
    "channels", "results", "fitting", "search", "distillation", "job", "preparation", "width_choice", "gate",
    "stage",
)  # fmt: skip
"""Of gcv_edge/prune; each imports only itself and those before it."""


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_of_pruning_import_only_those_before_them(room: str) -> None:
    files = python_files(f"gcv_edge/prune/{room}") or python_files(f"gcv_edge/prune/{room}.py")
    allowed = ROOMS[: ROOMS.index(room) + 1]
    names = [(path.name, found.name) for path in files for found in imports_of(path)]
    inside = [(path, name.split(".")[2]) for path, name in names if name.startswith("gcv_edge.prune.")]
    assert files
    assert not [(path, used) for path, used in inside if used not in allowed]


def test_every_file_of_pruning_is_in_a_room() -> None:
    places = {path.relative_to(ROOT / "gcv_edge/prune").parts[0] for path in python_files("gcv_edge/prune")}
    assert {place.removesuffix(".py") for place in places} == {"__init__", *ROOMS}


def test_nothing_imports_the_command_line() -> None:
    library = [path for path in (ROOT / "gcv_edge").glob("*.py") if path.stem not in COMMAND_LINE]
    parts = (
        "runtime",
        "exporters",
        "gcv_edge/data",
        "gcv_edge/evaluation",
        "gcv_edge/calibration",
        "gcv_edge/prune",
        "gcv_edge/optimize",
    )
    files = [*library, *(path for part in parts for path in python_files(part))]
    assert len(files) > 20
    assert not [path for path in files if parts_used(path) & set(COMMAND_LINE)]


@pytest.mark.parametrize("stage", ["calibration", "prune"])
def test_single_stages_do_not_import_what_joins_them(stage: str) -> None:
    used = {part for path in python_files(f"gcv_edge/{stage}") for part in parts_used(path)}
    assert not used & {"optimize", "benchmarking"}


def test_runtime_needs_nothing_beyond_the_base_install() -> None:
    """Foreign packages of the runtime: NumPy, OpenCV, OpenVINO, and ONNX Runtime where it is asked for."""
    wrong = {
        f"{path.name} imports {found.name}"
        for path in [
            *python_files("runtime"),
            *map(ROOT.joinpath, ("gcv_edge/store.py", "gcv_edge/__init__.py")),
        ]
        for found in imports_of(path)
        if found.name.split(".")[0] not in (*RUNTIME_FOREIGN, "gcv_edge", *sys.stdlib_module_names)
    }
    assert not wrong


@pytest.mark.parametrize("package", ["onnxruntime", "openvino"])
def test_an_engine_is_imported_in_one_place_only(package: str) -> None:
    """There, its telemetry is off."""
    users = {
        str(path.relative_to(ROOT))
        for place in ("gcv_edge", "runtime", "exporters")
        for path in python_files(place)
        if package in {found.name.split(".")[0] for found in imports_of(path)}
    }
    assert users == {"gcv_edge/engines.py"}


def run_python(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_importing_the_package_loads_nothing_heavy() -> None:
    loaded = run_python("import sys, gcv_edge; print(*sys.modules, sep='\\n')").split()
    assert not {"numpy", "cv2", "openvino", "onnx", "mxnet", "click", "rich"} & set(loaded)


def test_the_runtime_loads_neither_exporters_nor_their_packages() -> None:
    loaded = run_python(
        "import sys; from gcv_edge import Classifier, Detector, PoseEstimator, Segmenter, load;"
        "print(*sys.modules, sep='\\n')"
    ).split()
    assert not {"onnx", "onnx_ir", "onnxruntime", "nncf", "mxnet", "gcv_edge.exporters"} & set(loaded)


def test_openvino_is_loaded_without_its_telemetry() -> None:
    loaded = run_python(
        "import sys; from gcv_edge.engines import import_openvino; import_openvino();"
        "print(*sys.modules, sep='\\n')"
    ).split()
    assert "openvino" in loaded
    assert not [name for name in loaded if name.startswith("openvino_telemetry")]


def test_onnxruntime_is_imported_without_its_telemetry() -> None:
    """And the environment of the program around it is as it was."""
    run_python(
        "import os; from gcv_edge.engines import import_onnxruntime; import_onnxruntime();"
        "assert 'ORT_DISABLE_TELEMETRY' not in os.environ"
    )


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    import gcv_edge

    with pytest.raises(AttributeError, match="Detektor"):
        gcv_edge.Detektor  # noqa: B018
    assert "Detector" in dir(gcv_edge)
