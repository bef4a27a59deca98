"""What was found stays mended, a few inputs of each target are tried, and every reader has a target."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fuzz import ROOT
from tests.fuzz.quick import CORPUS
from tests.fuzz.registry import all_targets
from tests.fuzz.rehearsal import DEEDS, REHEARSAL
from tests.fuzz.running import Run
from tests.support.trials import failures

FOUND = sorted(path for path in CORPUS.glob("*/*"))

PARSING = re.compile(
    r"json\.loads?\(|struct\.unpack|\.unpack\(|unpack_from|\.read_bytes\(|\.read_text\(|ElementTree|expat"
    r"|np\.frombuffer|np\.load\(|csv\.reader|imdecode|VideoCapture|onnx\.load\(|ir\.load\(|ZipFile\(|urlopen"
    r"|\.open\((\)|\"r|encoding)|(stream|file|response|answer)\.read1?\(|_core\.read"
)
"""Code that takes apart what may come from elsewhere."""

NOT_FUZZED = {
    "the package's own data": (
        "exporters/mxnet/class_names.py",
        "gcv_edge/cli/demo.py",
        "gcv_edge/pictures.py",
        "gcv_edge/reporting/__init__.py",
        "gcv_edge/zoo_table.py",
    ),
    "gluoncv's own data": ("exporters/mxnet/quantized_zoo.py",),
    "text that MXNet, or this package, has just made": (
        "exporters/mxnet/live.py",
        "exporters/mxnet/random_weights.py",
        "exporters/mxnet/reference.py",
        "gcv_edge/benchmarking/mxnet_profiling.py",
        "gcv_edge/benchmarking/mxnet_network.py",
    ),
    "files that this package has just written": (
        "gcv_edge/benchmarking/frames.py",
        "gcv_edge/calibration/candidates.py",
        "gcv_edge/calibration/job.py",
        "gcv_edge/cli/saving.py",
        "gcv_edge/optimize/form_search.py",
        "gcv_edge/optimize/made_files.py",
        "gcv_edge/prune/width_choice.py",
    ),
    "what this package's own processes say": (
        "gcv_edge/measure/processes.py",
        "gcv_edge/measure/worker.py",
        "gcv_edge/measure/workers.py",
        "gcv_edge/batch/on_ray.py",
        "gcv_edge/cli/apart.py",
    ),
    "what the system says of itself": (
        "gcv_edge/measure/machine.py",
        "gcv_edge/cli/doctor.py",
        "gcv_edge/cpus.py",
    ),
    "bytes that are hashed": ("exporters/onnx/adoption.py", "gcv_edge/batch/predictor.py"),
    "bytes that are handed on": ("gcv_edge/batch/storage.py", "gcv_edge/cli/tables.py", "gcv_edge/files.py"),
    "pictures at URLs, decoded by what is fuzzed": ("runtime/addresses.py",),
}
"""Modules that match and have no target, by the reason."""


@pytest.mark.parametrize("path", FOUND, ids=[f"{path.parent.name}-{path.name}" for path in FOUND])
def test_what_was_found_is_small_and_has_a_target(path: Path) -> None:
    assert path.parent.name in all_targets()
    assert path.stat().st_size < 25_000


def test_nothing_is_found_anew() -> None:
    assert failures("tests.fuzz.quick", 0, 50) == ""


def test_every_module_that_takes_bytes_apart_has_a_target_or_a_reason() -> None:
    parsing = {
        str(path.relative_to(ROOT))
        for folder in ("gcv_edge", "exporters", "runtime")
        for path in (ROOT / folder).rglob("*.py")
        if PARSING.search(path.read_text(encoding="utf-8"))
    }
    covered = {module for target in all_targets().values() for module in target.covers}
    excused = {module for modules in NOT_FUZZED.values() for module in modules}
    assert parsing - covered - excused == set()
    assert excused - parsing == set()
    assert excused & covered == set()
    assert all((ROOT / module).is_file() for module in covered)


def test_whatever_a_reader_does_is_noticed_and_the_rest_is_tried(tmp_path: Path) -> None:
    report = Run(REHEARSAL.name, 0, tmp_path).go(len(DEEDS), 600)
    assert (report.inputs, report.accepted, report.refused) == (len(DEEDS), 2, 1)
    assert {kind.partition(" at ")[0] for kind in report.findings} == {
        "KeyError",
        "died of SIGABRT",
        "over # GB",
        "over # GB, # MB",
        "over # s",
    }
    assert {path.read_bytes() for path in (tmp_path / REHEARSAL.name).iterdir()} == set(DEEDS[2:7])
