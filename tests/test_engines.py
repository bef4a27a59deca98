"""Engines are a choice: what is installed runs, and what is missing is named in one line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gcv_edge import Detector
from gcv_edge.calibration import calibrate
from gcv_edge.engines import choose_engine, import_openvino, installed_engines
from gcv_edge.errors import GcvEdgeError, MissingExtraError
from gcv_edge.optimize import Goal, optimize, search_forms
from gcv_edge.prune import prune
from gcv_edge.runtime.sessions import SessionOptions
from gcv_edge.verify import verify_model
from tests.cli.conftest import done

MODEL = Path(__file__).parent / "data" / "networks" / "detection.onnx"
Hide = Callable[..., None]
NONE = (
    r"^no inference engine is installed: pip install 'gcv-edge\[openvino\]' or pip install "
    r"'gcv-edge\[onnxruntime\]'$"
)


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hide]:
    """Make engines look as if they were not installed."""

    def hide_engines(*engines: str) -> None:
        for engine in engines:
            monkeypatch.setitem(sys.modules, engine, None)
        import_openvino.cache_clear()

    yield hide_engines
    import_openvino.cache_clear()


def test_openvino_comes_first() -> None:
    assert installed_engines() == ("openvino", "onnxruntime")
    assert SessionOptions().engine == "openvino"
    assert Detector(MODEL, engine=None).session.engine.startswith("openvino ")


def test_what_is_installed_runs(hide: Hide) -> None:
    hide("openvino")
    assert Detector(MODEL).session.engine.startswith("onnxruntime ")
    with pytest.raises(MissingExtraError, match=r"^engine 'openvino' needs the extra \[openvino\]: pip inst"):
        import_openvino()


def test_a_file_is_described_alike_by_both(hide: Hide) -> None:
    described = done("info", MODEL, "--json")
    hide("openvino")
    assert done("info", MODEL, "--json") == described


def test_without_an_engine_one_line_says_what_to_install(hide: Hide) -> None:
    hide("openvino", "onnxruntime")
    for ask in (choose_engine, SessionOptions, lambda: Detector(MODEL)):
        with pytest.raises(GcvEdgeError, match=NONE):
            ask()
    with pytest.raises(GcvEdgeError, match=NONE):
        verify_model(MODEL)


def test_what_needs_openvino_says_so_before_it_reads_anything(hide: Hide, tmp_path: Path) -> None:
    hide("openvino")
    output, missing = tmp_path / "out.onnx", tmp_path / "none.onnx"
    for ask, what in [
        (lambda: calibrate(missing, [], output), "calibration"),
        (lambda: optimize(missing, None), "making a network smaller"),
        (lambda: search_forms(missing, "none", Goal(max_drop=1)), "making a network faster"),
        (lambda: prune(missing, [], output, speedup=2.0), "pruning to a speed-up"),
    ]:
        with pytest.raises(MissingExtraError, match=rf"^{what} needs the extra \[openvino\]: pip install"):
            ask()
    assert list(tmp_path.iterdir()) == []


def test_an_engine_that_does_not_load_says_why(tmp_path: Path) -> None:
    """Such as one whose library needs a later glibc."""
    (tmp_path / "openvino.py").write_text("raise ImportError('GLIBC_2.35 not found')")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from gcv_edge.engines import import_openvino as f; f()"
    )
    finished = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True)
    last = finished.stderr.splitlines()[-1]
    assert last.endswith("engine 'openvino' is installed and cannot be loaded: GLIBC_2.35 not found")
