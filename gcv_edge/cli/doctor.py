"""``gcv-edge doctor``: what this machine has, what is installed, and whether inference works."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

import click

from gcv_edge import __version__
from gcv_edge.cli.console import echo_json, echo_table
from gcv_edge.cli.guard import debug_option
from gcv_edge.cli.options import json_option
from gcv_edge.engines import ENGINES, choose_engine, is_installed
from gcv_edge.errors import GcvEdgeError, cure_missing

CPU_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
PACKAGES = {
    "": ("numpy", "opencv-python-headless", "click", "rich"),
    "openvino": ("openvino",),
    "onnxruntime": ("onnxruntime",),
    "export": ("onnx", "onnx-ir", "pycocotools", "threadpoolctl"),
    "mxnet": ("mxnet", "gluoncv"),
    "torch": ("torch", "onnxscript"),
    "batch": ("pyarrow",),
    "ray": ("ray",),
}
"""Distributions by extra; the empty one is the base install."""

OPENVINO_GLIBC_ARM = (2, 35)
"""Version of glibc that OpenVINO's packages for 64-bit ARM need, by their names."""

OK, ABSENT, BROKEN = "ok", "absent", "BROKEN"


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was looked at.

    Attributes:
        what: the thing.
        state: ``ok``, ``absent`` (which is no fault) or ``BROKEN``.
        detail: what was found, or what to do.
    """

    what: str
    state: str
    detail: str


@click.command()
@json_option()
@debug_option
def doctor(as_json: bool) -> None:
    """Check this machine and this installation; the exit code is 1 when something is broken."""
    findings = list(examine())
    if as_json:
        echo_json([asdict(finding) for finding in findings])
    else:
        echo_table(
            ("checked", "state", "found"),
            [(finding.what, finding.state, finding.detail) for finding in findings],
            text=("found",),
        )
    broken = [finding.what for finding in findings if finding.state == BROKEN]
    if broken:
        raise GcvEdgeError(f"broken: {', '.join(broken)}")


def examine() -> Iterator[Diagnosis]:
    """Look at everything in turn."""
    yield Diagnosis("gcv-edge", OK, __version__)
    yield Diagnosis("Python", OK, f"{platform.python_version()} ({sys.executable})")
    yield Diagnosis("system", OK, f"{platform.system()} {platform.release()} {platform.machine()}")
    yield examine_cpu()
    yield examine_usable_cpus()
    yield examine_core()
    for extra, packages in PACKAGES.items():
        yield from examine_packages(extra, packages)
    yield examine_store()
    for engine in ENGINES:
        yield examine_engine(engine)
    yield examine_choice()


def examine_cpu() -> Diagnosis:
    """Name the instruction sets that make inference fast."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.exists() else []
    fields = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    values = {key.strip(): value.strip() for key, value in fields.items()}
    flags = [flag for flag in CPU_FLAGS if flag in values.get("flags", "").split()]
    model = values.get("model name", platform.processor() or "unknown processor")
    return Diagnosis("CPU", OK, f"{model}; {' '.join(flags) or 'none of ' + ' '.join(CPU_FLAGS)}")


def examine_usable_cpus() -> Diagnosis:
    """Count the CPUs that this process gets."""
    from gcv_edge.cpus import affinity_count, cgroup_quota

    quota = cgroup_quota()
    limit = f"cgroup quota {quota:.1f}" if quota is not None else "no cgroup quota"
    return Diagnosis("usable CPUs", OK, f"{affinity_count()} of {os.cpu_count()}, {limit}")


def examine_core() -> Diagnosis:
    """Load the native core."""
    try:
        from gcv_edge import _core
    except ImportError as error:
        return Diagnosis(
            "native core", BROKEN, f"{error}: install gcv-edge again, with a C++ compiler at hand"
        )
    return Diagnosis(
        "native core", OK, f"{_core.version()}, {_core.isa()} of {', '.join(_core.available_isas())}"
    )


def examine_packages(extra: str, packages: tuple[str, ...]) -> Iterator[Diagnosis]:
    """Look for the distributions of an extra."""
    cure = cure_missing(extra) if extra else "pip install gcv-edge"
    for package in packages:
        try:
            yield Diagnosis(package, OK, importlib.metadata.version(package))
        except importlib.metadata.PackageNotFoundError:
            yield Diagnosis(package, ABSENT if extra else BROKEN, cure)


def examine_store() -> Diagnosis:
    """Try to write into the model store."""
    from gcv_edge.store import models_folder, stored_models

    try:
        folder = models_folder()
    except GcvEdgeError as error:
        return Diagnosis("model store", BROKEN, str(error))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(prefix=".doctor.", dir=folder):
            pass
    except OSError as error:
        return Diagnosis(
            "model store", BROKEN, f"{folder}: {error.strerror}: set GCV_EDGE_HOME to another folder"
        )
    return Diagnosis("model store", OK, f"{folder}: {len(stored_models())} models")


def examine_engine(engine: str) -> Diagnosis:
    """Run a tiny network in an engine."""
    what = f"inference in {engine}"
    if not is_installed(engine):
        return Diagnosis(what, ABSENT, f"{engine} is not installed: {explain_absence(engine)}")
    try:
        return Diagnosis(what, OK, run_tiny_network(engine))
    except GcvEdgeError as error:
        return Diagnosis(what, BROKEN, str(error))


def explain_absence(engine: str) -> str:
    """Say how an engine is had here, or why there is no package of it."""
    libc, version = platform.libc_ver()
    is_old = libc == "glibc" and tuple(map(int, version.split("."))) < OPENVINO_GLIBC_ARM
    if engine == "openvino" and platform.machine() == "aarch64" and is_old:
        needed = ".".join(map(str, OPENVINO_GLIBC_ARM))
        return f"its package for aarch64 needs glibc {needed}, found {version}: {cure_missing('onnxruntime')}"
    return cure_missing(engine)


def examine_choice() -> Diagnosis:
    """Name the engine that runs what names none."""
    try:
        return Diagnosis("engine, if none is named", OK, choose_engine())
    except GcvEdgeError as error:
        return Diagnosis("engine, if none is named", BROKEN, str(error))


def run_tiny_network(engine: str) -> str:
    """Run the shipped network of one addition; return the engine's version.

    Raises:
        GcvEdgeError: it cannot be loaded, or adds wrongly.
    """
    import numpy as np

    from gcv_edge.runtime.opening import open_session
    from gcv_edge.runtime.sessions import SessionOptions

    with resources.as_file(resources.files("gcv_edge") / "demo" / "plus_one.onnx") as path:
        session = open_session(path, SessionOptions(engine=engine))
    outputs = session.run(np.ones(session.input_shape, np.float32))
    if not all((value == 2).all() for value in outputs.values()):
        raise GcvEdgeError(f"{engine} adds 1 and 1 wrongly")
    return session.engine
