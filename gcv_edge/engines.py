"""Importing the engines, without what they would tell others about their user."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from gcv_edge.errors import GcvEdgeError, MissingExtraError, cure_missing

ENGINES = ("openvino", "onnxruntime")
"""Each is also the extra and the distribution that has it; the first that is installed is the default."""

EXACT_SUMS, SHARED_WEIGHTS = "session.x64quantprecision", "AddInitializerWithOrtValue"
"""An option of sessions, and what the error names where it cannot be applied."""
LOG = logging.getLogger(__name__)

QUIET = 4
"""Only fatal messages reach ONNX Runtime's log: what fails is raised anyway."""

TELEMETRY_OFF = "ORT_DISABLE_TELEMETRY"
"""Environment variable that ONNX Runtime reads while it is imported."""

IMPORT_LOCK = threading.Lock()


def is_installed(engine: str) -> bool:
    """Whether Python finds an engine; it is not imported."""
    return importlib.util.find_spec(engine) is not None


def installed_engines() -> tuple[str, ...]:
    """List the engines that are installed, the preferred one first."""
    return tuple(filter(is_installed, ENGINES))


def choose_engine(named: str | None = None) -> str:
    """Return the engine that is named, else the preferred one of those that are installed.

    Raises:
        GcvEdgeError: none is named, and there is none.
    """
    if named is not None:
        return named
    for engine in installed_engines():
        return engine
    cures = " or ".join(cure_missing(engine) for engine in ENGINES)
    raise GcvEdgeError(f"no inference engine is installed: {cures}")


def require_openvino(what: str) -> None:
    """Raise MissingExtraError unless OpenVINO is installed, before something that needs it takes long."""
    if not is_installed("openvino"):
        raise MissingExtraError(what, "openvino")


@functools.cache
def import_openvino() -> ModuleType:
    """Import OpenVINO without its telemetry, which would report the import over the network.

    While ``openvino_telemetry`` cannot be imported, OpenVINO uses its own stub. Where another program has
    imported either before, nothing is changed.

    Raises:
        MissingExtraError: it is not installed.
        GcvEdgeError: it is, and cannot be loaded.
    """
    with IMPORT_LOCK:
        blocked = "openvino_telemetry" not in sys.modules
        if blocked:
            sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
        try:
            import openvino
        except ImportError as error:
            raise describe_failure("openvino", error) from error
        finally:
            if blocked:
                sys.modules.pop("openvino_telemetry", None)
    module: ModuleType = openvino
    return module


def import_onnxruntime() -> Any:
    """Import ONNX Runtime without its telemetry.

    From 1.32 on it would write a device's id and a data base of events below the user's cache, and look for
    hosts; calls after the import do not stop that. Where another program has imported it before, nothing is
    changed.

    Raises:
        MissingExtraError: it is not installed.
        GcvEdgeError: it is, and cannot be loaded.
    """
    if "onnxruntime" in sys.modules:  # the environment is the whole process's: it is changed once
        return load_onnxruntime()
    with IMPORT_LOCK, without_telemetry():
        return load_onnxruntime()


def load_onnxruntime() -> Any:
    """Import ONNX Runtime."""
    try:
        import onnxruntime
    except ImportError as error:
        raise describe_failure("onnxruntime", error) from error
    return onnxruntime


def describe_failure(engine: str, error: ImportError) -> GcvEdgeError:
    """Say why an engine cannot be imported: it is not there, or its library does not load here."""
    if not is_installed(engine):
        return MissingExtraError(f"engine '{engine}'", engine)
    return GcvEdgeError(f"engine '{engine}' is installed and cannot be loaded: {error}")


def onnxruntime_settings(threads: int) -> Any:
    """Make options for a session of ONNX Runtime that uses a number of threads and logs nothing."""
    settings = import_onnxruntime().SessionOptions()
    settings.intra_op_num_threads = threads
    settings.log_severity_level = QUIET
    return settings


def open_onnxruntime(model: bytes | str, settings: Any) -> Any:
    """Open a session on the CPU that adds products of 8-bit numbers exactly.

    Without VNNI, kernels of x86 saturate pairs of them at 16 bits, and what they compute is wrong; elsewhere
    the option changes nothing. ONNX Runtime 1.32 cannot apply it to layers that share their weights: such a
    model is opened without it, and that is logged.
    """
    session = import_onnxruntime().InferenceSession
    settings.add_session_config_entry(EXACT_SUMS, "1")
    try:
        return session(model, settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own class is not public
        if SHARED_WEIGHTS not in str(error):
            raise
    LOG.warning("layers share 8-bit weights: in ONNX Runtime, sums may overflow on this processor (no VNNI)")
    settings.add_session_config_entry(EXACT_SUMS, "0")
    return session(model, settings, providers=["CPUExecutionProvider"])


@contextlib.contextmanager
def without_telemetry() -> Iterator[None]:
    """Let ONNX Runtime find its switch while it is imported, and leave the environment as it was."""
    before = os.environ.get(TELEMETRY_OFF)
    os.environ[TELEMETRY_OFF] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[TELEMETRY_OFF]
        else:
            os.environ[TELEMETRY_OFF] = before
