"""One protocol for running a network, whichever inference engine does it."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge import _core
from gcv_edge.cpus import usable_cpus
from gcv_edge.engines import ENGINES, choose_engine
from gcv_edge.errors import ForkError, ModelFileError, UnsupportedError
from gcv_edge.metadata import RunSettings, parse_metadata
from gcv_edge.runtime.in_flight import IN_FLIGHT
from gcv_edge.runtime.modelfile import read_entries

PRECISIONS = ("f32", "bf16", "auto")
HINTS = ("latency", "throughput")
DEVICES = ("CPU", "GPU", "NPU", "AUTO")

MOST = 1024
"""Of threads and streams, more than any machine has use for; OpenVINO takes memory for each stream."""

LARGEST_CREW = 4
"""What memory can feed: more threads make resizing no faster."""

Array = NDArray[Any]

OPEN: weakref.WeakSet[Session] = weakref.WeakSet()


def leave_behind() -> None:
    """Keep what was opened before a fork for ever: its end would wait for threads that are not there."""
    for session in list(OPEN):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(session))


os.register_at_fork(after_in_child=leave_behind)


@dataclass(frozen=True)
class SessionOptions:
    """How a network is run.

    Attributes:
        engine: ``openvino`` or ``onnxruntime``; not given, the first of them that is installed.
        precision: of float operations. ``f32`` computes what was verified at export; ``bf16`` is faster on
            CPUs that have it (AMX) and keeps 8 bits of mantissa; ``auto`` leaves the choice to the engine,
            and OpenVINO then takes bf16 wherever the CPU has it.
        hint: ``latency`` (one frame as soon as possible) or ``throughput`` (many frames at once).
        threads: CPU threads; None for the affinity mask's count or the cgroup's quota, whichever is smaller.
        streams: frames computed side by side; None for the hint's own choice.
        device: where OpenVINO runs it: ``CPU``, ``GPU``, ``NPU``, or ``AUTO`` for its own choice; ``GPU.1``
            is the second one.
        cache_dir: folder where OpenVINO keeps compiled networks, so that the next open is quicker; None for
            nowhere. What is in it runs as it is: nobody else may write there.
    """

    engine: str = field(default_factory=choose_engine)
    precision: str = "f32"
    hint: str = "latency"
    threads: int | None = None
    streams: int | None = None
    device: str = "CPU"
    cache_dir: str | None = None

    def __post_init__(self) -> None:
        check_choice("engine", self.engine, ENGINES)
        check_choice("precision", self.precision, PRECISIONS)
        check_choice("hint", self.hint, HINTS)
        check_count("threads", self.threads)
        check_count("streams", self.streams)
        check_choice("device", self.device.partition(".")[0], DEVICES)
        if self.engine != "openvino" and (self.device != "CPU" or self.cache_dir is not None):
            given = f"cache_dir {self.cache_dir!r}" if self.device == "CPU" else f"device {self.device!r}"
            raise ValueError(f"{given}: found engine {self.engine!r}, expected 'openvino'")
        if self.threads is not None and self.device not in ("CPU", "AUTO"):
            raise ValueError(f"threads: found {self.threads}, expected None for device {self.device!r}")


def fill_in(options: SessionOptions, measured: RunSettings) -> SessionOptions:
    """Take what the caller leaves open as the file was measured to run best in OpenVINO on CPUs.

    That is ``f32`` where the precision is left to the engine, which takes bf16 by itself; and the streams for
    many frames at once, where there are as many CPUs as they were measured with.
    """
    if options.engine != "openvino" or options.device != "CPU":
        return options
    if options.precision == "auto" and measured.precision == "f32":
        options = replace(options, precision="f32")
    is_open = options.hint == "throughput" and options.streams is None
    if is_open and measured.cpus == (options.threads or usable_cpus()):
        options = replace(options, streams=measured.streams)
    return options


def check_choice(name: str, found: object, choices: tuple[str, ...]) -> None:
    """Raise ValueError unless a value is one of a few."""
    if found not in choices:
        raise ValueError(f"{name}: found {found!r}, expected one of {', '.join(choices)}")


def check_count(name: str, found: object) -> None:
    """Raise ValueError unless a value is None or a whole number within bounds."""
    if found is None or (isinstance(found, int) and not isinstance(found, bool) and 1 <= found <= MOST):
        return
    raise ValueError(f"{name}: found {found!r}, expected a whole number from 1 to {MOST}, or None")


class Request(ABC):
    """Room for one inference: buffers that are written, computed upon and read by one thread at a time."""

    inputs: dict[str, Array]
    """What the network reads, by name, C-contiguous; write into it before ``infer``."""

    @property
    def input(self) -> Array:
        """The first of the inputs, for most networks the only one."""
        return next(iter(self.inputs.values()))

    @abstractmethod
    def resize(self, size: tuple[int, int]) -> None:
        """Give the input of a session of own sizes a width and height; its memory grows to the largest."""

    @abstractmethod
    def infer(self) -> Mapping[str, Array]:
        """Compute the outputs of what is in ``inputs``; the arrays are valid until the request's next use."""


class Session(ABC):
    """A network loaded into an engine; any number of threads may use it at once.

    Attributes:
        engine: the engine's name and version: ``openvino 2026.4.1``.
        precision: what float operations are computed in: ``f32`` or ``bf16``.
        inputs: name to shape; fixed unless ``has_own_sizes``.
        has_own_sizes: height and width are each picture's own; ``inputs`` has those of a picture of 4:3.
        input_dtype: of all inputs: ``float32`` or ``uint8``.
        outputs: name to shape; None for a length that the engine does not know beforehand.
        streams: frames that the engine computes side by side.
        threads: that the engine computes with, for all streams together.
        dynamic_batch: the file can be opened for other batches.
    """

    engine: str
    precision: str
    inputs: dict[str, tuple[int, ...]]
    has_own_sizes: bool
    input_dtype: np.dtype[Any]
    outputs: dict[str, tuple[int | None, ...]]
    streams: int
    threads: int
    dynamic_batch: bool

    def __init__(self) -> None:
        self._idle: list[Request] = []
        self._lock = threading.Lock()
        self._process = os.getpid()
        OPEN.add(self)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of the first of the inputs, for most networks the only one: ``(N, C, H, W)``."""
        return next(iter(self.inputs.values()))

    @functools.cached_property
    def crew(self) -> _core.Crew | None:
        """Threads for what comes before and after an inference, where one has several to itself."""
        threads = min(self.threads, LARGEST_CREW)
        return _core.Crew(threads) if self.streams == 1 and threads > 1 else None

    @abstractmethod
    def new_request(self) -> Request:
        """Allocate buffers for one more inference at a time."""

    @contextlib.contextmanager
    def lease(self) -> Iterator[Request]:
        """Lend a request to the calling thread; there are as many as threads that ever ran at once.

        Raises:
            ForkError: the file was opened in another process.
        """
        if self._process != os.getpid():
            raise ForkError("the file was opened")
        with self._lock:
            request = self._idle.pop() if self._idle else None
        if request is None:
            request = self.new_request()
        with IN_FLIGHT.one():
            try:
                yield request
            finally:
                with self._lock:
                    self._idle.append(request)

    def run(self, batch: Array | Mapping[str, Array]) -> dict[str, Array]:
        """Run the network on a batch.

        Args:
            batch: array of ``input_shape`` (where ``has_own_sizes``, of any height and width) and
                ``input_dtype``; of several inputs, each by its name.

        Returns:
            Output name to array; the arrays are the caller's own.

        Raises:
            TypeError: not an array of the input's type.
            ValueError: not of the input's shape, or an input is missing.
            GcvEdgeError: the engine failed.
            ForkError: the file was opened in another process.
        """
        given = dict(batch) if isinstance(batch, Mapping) else {next(iter(self.inputs)): batch}
        if set(given) != set(self.inputs):
            raise ValueError(f"inputs: found {', '.join(given)}, expected {', '.join(self.inputs)}")
        for name, array in given.items():
            self._check_input("batch" if len(given) == 1 else name, array, self.inputs[name])
        with self.lease() as request:
            if self.has_own_sizes:
                height, width = next(iter(given.values())).shape[2:]
                request.resize((width, height))
            for name, array in given.items():
                np.copyto(request.inputs[name], array)
            return {name: output.copy() for name, output in request.infer().items()}

    def _check_input(self, name: str, array: Array, shape: tuple[int, ...]) -> None:
        if not isinstance(array, np.ndarray) or array.dtype != self.input_dtype:
            found = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
            raise TypeError(f"{name}: found {found}, expected an array of {self.input_dtype}")
        fits = array.shape == shape or (
            self.has_own_sizes and array.ndim == len(shape) and array.shape[:2] == shape[:2] and array.size
        )
        if not fits:
            raise ValueError(f"{name}: found shape {array.shape}, expected {shape}")


def fix_shape(
    path: Path,
    shape: Sequence[int | None],
    batch: int | None,
    is_only: bool,
    content: bytes | None = None,
) -> tuple[int, ...]:
    """Give an input whose batch is open its size, and one of open height and width those of a usual picture.

    Args:
        path: the file.
        shape: of the input; None for lengths that are open.
        batch: frames per inference that the caller wants; None for the file's own, or 1.
        is_only: the network has no other input; else the batch is fixed.
        content: of the file, where it is in memory.

    Raises:
        ModelFileError: another length is open, without metadata that say so, or the input is no tensor of a
            batch.
        UnsupportedError: the file's batch is another.
    """
    usual = usual_size(path, content) if is_only and has_open_size(shape) else None
    if usual is not None:
        width, height = usual
        shape = (*shape[:2], height, width)
    fixed = tuple(length for length in shape[1:] if length is not None)
    if len(shape) < 2 or len(fixed) != len(shape) - 1 or (shape[0] is None and not is_only):
        found = ",".join("?" if length is None else str(length) for length in shape)
        raise ModelFileError(path, f"input: found shape [{found}], expected [N,C,H,W] with fixed H and W")
    return (choose_batch(path, shape[0], batch if is_only else None), *fixed)


def has_open_size(shape: Sequence[int | None]) -> bool:
    """Whether an input takes one picture at a time, of any height and width."""
    return len(shape) == 4 and shape[0] == 1 and tuple(shape[2:]) == (None, None)


def usual_size(path: Path, content: bytes | None) -> tuple[int, int] | None:
    """Return width and height that a picture of 4:3 gets; None where a file does not say how it gets them.

    Raises:
        MetadataError: what it says makes no sense.
    """
    entries = read_entries(path, content)
    if "gcv_edge short_side" not in entries:
        return None
    preprocessing = parse_metadata(entries, str(path)).preprocessing
    return preprocessing.usual_size if preprocessing.has_own_sizes else None


def common_dtype(found: Sequence[Any]) -> np.dtype[Any]:
    """Return the type of all inputs; object where they differ."""
    kinds = {np.dtype(kind) for kind in found}
    return kinds.pop() if len(kinds) == 1 else np.dtype(object)


def choose_batch(path: Path, found: int | None, wanted: int | None) -> int:
    """Decide how many frames one inference takes, from the file's batch (None: dynamic) and a wish."""
    if found is not None and wanted not in (None, found):
        raise UnsupportedError(
            f"{path}: found batch {found}, expected {wanted}: export with --dynamic-batch for other sizes"
        )
    return found or wanted or 1


def one_line(error: BaseException) -> str:
    """Boil an engine's message down to the line that says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("Exception from ", "Check '"))]
    return " ".join(told)[:300] or type(error).__name__
