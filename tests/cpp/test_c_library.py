"""The shared library through its C interface, as another language sees it: ctypes, no compiler."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from ctypes import POINTER, byref, c_char_p, c_float, c_int32, c_int64, c_size_t, c_ssize_t, c_void_p
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge import Detector
from tests.runtime.conftest import Maker, make_model, solid
from tests.support.cpp_builds import build, find_tool, run

__all__ = ["make_model"]

ROOT = Path(__file__).resolve().parents[2]
OK, BAD_FILE, NOT_FOUND, NO_MEMORY, FORKED = 0, 2, 4, 7, 9


class Image(ctypes.Structure):
    _fields_ = (("size", c_size_t), ("pixels", c_void_p), ("width", c_int32), ("height", c_int32),
                ("stride", c_ssize_t), ("format", c_int32), ("chroma", c_void_p * 2),
                ("chroma_strides", c_ssize_t * 2), ("matrix", c_int32), ("range", c_int32))  # fmt: skip


class Array(ctypes.Structure):
    _fields_ = (("size", c_size_t), ("type", c_int32), ("rank", c_int32), ("shape", c_int64 * 8),
                ("data", c_void_p))  # fmt: skip


class Frame(ctypes.Structure):
    _fields_ = (("size", c_size_t), ("image", Image), ("owner", c_void_p), ("release", c_void_p),
                ("index", c_int64))  # fmt: skip


class Options(ctypes.Structure):
    _fields_ = (("size", c_size_t), ("precision", c_int32), ("hint", c_int32), ("threads", c_int32),
                ("streams", c_int32), ("device", c_char_p), ("cache_dir", c_char_p), ("requests", c_int32),
                ("segments", c_int32), ("log", c_void_p), ("log_user", c_void_p))  # fmt: skip


PRECISIONS, HINTS = ("f32", "bf16", "auto"), ("latency", "throughput")
"""In the order of their numbers."""

Read = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Frame))
Take = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(Frame), c_void_p)


@pytest.fixture(scope="module")
def path() -> Path:
    return build("plain") / "cpp" / "src" / "runtime" / "libgcv_edge.so"


@pytest.fixture(scope="module")
def library(path: Path) -> Any:
    loaded = ctypes.CDLL(str(path))
    for name in ("version", "error", "task", "label", "engine"):
        getattr(loaded, f"gcv_edge_{name}").restype = c_char_p
    return loaded


def open_network(library: Any, path: Path) -> c_void_p:
    network = c_void_p()
    assert library.gcv_edge_create(os.fsencode(path), None, byref(network)) == OK, library.gcv_edge_error()
    return network


def describe(frame: NDArray[np.uint8]) -> Image:
    height, width = frame.shape[:2]
    return Image(ctypes.sizeof(Image), frame.ctypes.data, width, height, 0, 0)


def read_array(library: Any, result: c_void_p | int, name: str) -> NDArray[Any]:
    array = Array(ctypes.sizeof(Array))
    handle = result if isinstance(result, c_void_p) else c_void_p(result)
    assert library.gcv_edge_get(handle, name.encode(), byref(array)) == OK
    kind = (c_float, ctypes.c_uint8, c_int32)[array.type]
    pointer = ctypes.cast(array.data, POINTER(kind))
    return np.ctypeslib.as_array(pointer, tuple(array.shape[: array.rank])).copy()


def test_a_frame_and_a_stream_give_what_python_gives(library: Any, make_model: Maker) -> None:
    model, frame = make_model("detection"), solid(255, 30, 0)
    expected = Detector(model).run(frame)
    network, result, image = open_network(library, model), c_void_p(), describe(frame)
    assert library.gcv_edge_run(network, byref(image), byref(result)) == OK
    for name in ("boxes", "scores", "class_ids"):
        np.testing.assert_array_equal(read_array(library, result, name), getattr(expected, name))
    library.gcv_edge_release(result)
    left, found = iter(range(5)), []

    @Read
    def read(_user: None, given: Any) -> int:
        given.contents.image = image
        return int(next(left, None) is not None)

    @Take
    def take(_user: None, given: Any, taken: int) -> int:
        found.append((given.contents.index, read_array(library, taken, "scores")))
        library.gcv_edge_release(c_void_p(taken))
        return 1

    assert library.gcv_edge_stream(network, read, take, None, None, None) == OK
    assert [index for index, _ in found] == list(range(5))
    for _, scores in found:
        np.testing.assert_array_equal(scores, expected.scores)
    library.gcv_edge_destroy(network)


@pytest.mark.parametrize("precision", ["f32", "auto"])
@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_file_runs_as_it_was_measured_to_run_best(
    precision: str, hint: str, threads: int, library: Any, make_model: Maker
) -> None:
    """Python and the library take the same of what the caller leaves open."""
    library.gcv_edge_precision.restype = c_char_p
    measured = {
        "gcv_edge batch": "1",
        "gcv_edge streams": "1",
        "gcv_edge cpus": "2",
        "gcv_edge precision": "f32",
    }
    model, network = make_model("detection", entries=measured), c_void_p()
    options = Options(ctypes.sizeof(Options), PRECISIONS.index(precision), HINTS.index(hint), threads)
    assert library.gcv_edge_create(os.fsencode(model), byref(options), byref(network)) == OK
    session = Detector(model, precision=precision, hint=hint, threads=threads).session
    assert library.gcv_edge_streams(network) == session.streams == 1
    assert library.gcv_edge_precision(network).decode() == session.precision == "f32"
    library.gcv_edge_destroy(network)


def test_a_network_from_memory(library: Any, make_model: Maker) -> None:
    content, network = make_model("classification").read_bytes(), c_void_p()
    whole = c_size_t(len(content))
    assert library.gcv_edge_create_from_memory(content, whole, b"built in", None, byref(network)) == OK
    assert library.gcv_edge_task(network) == b"classification"
    library.gcv_edge_destroy(network)
    half = c_size_t(len(content) // 2)
    assert library.gcv_edge_create_from_memory(content, half, b"half", None, byref(network)) == BAD_FILE
    assert library.gcv_edge_error().startswith(b"half: is truncated")


def test_the_header_and_the_library_have_the_same_functions(path: Path) -> None:
    header = (ROOT / "cpp" / "include" / "gcv_edge.h").read_text()
    declared = set(re.findall(r"GCV_EDGE_C_API [^;(]*?(gcv_edge_\w+)\(", header))
    exported = set(re.findall(r" T (gcv_edge_\w+)$", run(find_tool("nm"), "-D", path), re.MULTILINE))
    assert declared == exported
    assert len(declared) > 35


LITTLE_MEMORY = """
import ctypes, resource, sys
library = ctypes.CDLL(sys.argv[1])
library.gcv_edge_error.restype = ctypes.c_char_p
def open_once():
    network = ctypes.c_void_p()
    return library.gcv_edge_create(sys.argv[2].encode(), None, ctypes.byref(network))
assert open_once() == 0
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (8 << 20), resource.RLIM_INFINITY))
opened = [open_once() for _ in range(60)]
print(opened[-1], library.gcv_edge_error().decode())
"""

FORKED_CHILD = """
import ctypes, os, sys
library = ctypes.CDLL(sys.argv[1])
network = ctypes.c_void_p()
assert library.gcv_edge_create(sys.argv[2].encode(), None, ctypes.byref(network)) == 0
assert library.gcv_edge_warmup(network, 2) == 0
child = os.fork()
if child == 0:
    status = library.gcv_edge_warmup(network, 1)
    library.gcv_edge_destroy(network)
    sys.exit(status)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def run_script(script: str, path: Path, model: Path) -> str:
    command = [sys.executable, "-c", script, str(path), str(model)]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout.strip()


def test_too_little_memory_is_told(path: Path, make_model: Maker) -> None:
    status, _, text = run_script(LITTLE_MEMORY, path, make_model("detection")).partition(" ")
    assert int(status) == NO_MEMORY, text
    assert "out of memory (" in text


def test_a_forked_child_ends_its_network(path: Path, make_model: Maker) -> None:
    assert run_script(FORKED_CHILD, path, make_model("detection")) == str(FORKED)
