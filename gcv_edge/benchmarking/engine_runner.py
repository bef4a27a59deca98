"""A model file in OpenVINO or ONNX Runtime, as users run it, and its network alone."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from time import perf_counter
from typing import Any

import numpy as np

from gcv_edge.benchmarking.frames import fetch_frames
from gcv_edge.benchmarking.turns import Call, Lap, Turn, take_turn
from gcv_edge.errors import UnsupportedError
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.sessions import Session, SessionOptions, open_session

SEED = 7


class EngineRunner:
    """Runs a file.

    Args:
        job: of ``Variant.to_job``, with ``hint``, ``threads``, ``batch`` and ``frames``.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        self._job = job
        self._batch = int(job["batch"])
        self._frames: list[Pixels] = fetch_frames(job["frames"])
        self._alone: Session | None = None

    def load(self) -> dict[str, Any]:
        """Import the engine, load the file, run it once; say how long each took."""
        start = perf_counter()
        import_engine(self._job["engine"])
        from gcv_edge.runtime.loading import open_network

        imported = perf_counter()
        options = {key: self._job[key] for key in ("engine", "precision", "hint", "threads")}
        self._model = open_network(self._job["model"], **options)
        self._session: Session = self._model.session
        self._check_batch()
        loaded = perf_counter()
        self._call = self._choose_call()
        self._call(0)
        ended = perf_counter()
        take_turn(self._call, 0.0, self._batch, self._streams)  # every stream allocates its buffers
        return {
            "engine": self._session.engine,
            "precision": self._session.precision,
            "streams": self._streams,
            "threads": self._session.threads,
            "import_seconds": imported - start,
            "load_seconds": loaded - imported,
            "first_seconds": ended - loaded,
        }

    def turn(self, seconds: float) -> Turn:
        """Run on frames, from the picture to the result."""
        return take_turn(self._call, seconds, self._batch, self._streams)

    def network(self, seconds: float) -> Turn:
        """Run the network alone on noise, as OpenVINO's benchmark_app does."""
        if self._alone is None:
            self._alone = self._open_alone()
            infer_once(self._alone, 0)
        return take_turn(self._noise_call(self._alone), seconds, self._batch, self._streams)

    def profile(self) -> list[dict[str, Any]]:
        """Say which kernels the network's time goes to, most time first.

        Raises:
            UnsupportedError: the engine does not tell.
        """
        if self._job["engine"] != "openvino":
            raise UnsupportedError(f"profile: is not supported with {self._job['engine']}")
        from gcv_edge.benchmarking.profiling import profile

        options = SessionOptions(precision=self._job["precision"], threads=self._job["threads"])
        return [asdict(kernel) for kernel in profile(self._model.path, options, self._batch)]

    @property
    def _streams(self) -> int:
        return self._session.streams if self._job["hint"] == "throughput" else 1

    def _check_batch(self) -> None:
        found = self._session.input_shape[0]
        if self._is_picture and not self._session.dynamic_batch and self._batch % found:
            raise UnsupportedError(
                f"{self._model.path}: found a fixed batch of {found}, expected one that divides "
                f"{self._batch}: --batch {found} measures it"
            )
        if self._is_picture and not self._session.dynamic_batch and found == 1 and self._batch > 1:
            raise UnsupportedError(
                f"{self._model.path}: found batch 1, expected {self._batch}: export with --dynamic-batch"
            )

    @property
    def _is_picture(self) -> bool:
        return bool(self._model.metadata.task.takes == "picture")

    def _choose_call(self) -> Call:
        if self._is_picture:
            return self._run_one if self._batch == 1 else self._run_batch
        if self._model.metadata.task.takes == "clip" and self._batch == 1:
            return self._run_clip
        return self._noise_call(self._open_alone())

    def _run_one(self, number: int) -> Lap:
        speed = self._model.run(self._frames[number % len(self._frames)]).speed
        return Lap(speed.preprocess_ms, speed.inference_ms, speed.postprocess_ms)

    def _run_batch(self, number: int) -> Lap:
        speeds = [result.speed for result in self._model.run_batch(choose(self._frames, number, self._batch))]
        return Lap(
            sum(speed.preprocess_ms for speed in speeds),
            sum(speed.inference_ms for speed in speeds),
            sum(speed.postprocess_ms for speed in speeds),
        )

    def _run_clip(self, number: int) -> Lap:  # noqa: ARG002
        window = self._model.clip.window
        speed = self._model.run(choose(self._frames, 0, window)).speed
        return Lap(speed.preprocess_ms, speed.inference_ms, speed.postprocess_ms)

    def _open_alone(self) -> Session:
        """Return a session of the batch: the model's own where it is one."""
        if self._session.dynamic_batch and self._session.input_shape[0] != self._batch:
            return open_session(self._model.path, self._options(), batch=self._batch)
        return self._session

    def _noise_call(self, session: Session) -> Call:
        fill_with_noise(session, self._streams)
        return lambda number: infer_once(session, number)

    def _options(self) -> SessionOptions:
        return SessionOptions(*(self._job[key] for key in ("engine", "precision", "hint", "threads")))


def fill_with_noise(session: Session, streams: int) -> None:
    """Write noise into the buffers of every stream: what lies in new ones may be anything, even denormal."""
    drawn = {name: noise(shape, session.input_dtype) for name, shape in session.inputs.items()}
    with contextlib.ExitStack() as stack:
        for request in [stack.enter_context(session.lease()) for _ in range(streams)]:
            for name, array in drawn.items():
                np.copyto(request.inputs[name], array)


def infer_once(session: Session, number: int) -> Lap:  # noqa: ARG001
    """Infer what is in the request's buffers."""
    with session.lease() as request:
        start = perf_counter()
        request.infer()
        return Lap(0.0, (perf_counter() - start) * 1e3, 0.0)


def import_engine(engine: str) -> None:
    """Import an inference engine as its session does."""
    if engine == "openvino":
        from gcv_edge.engines import import_openvino

        import_openvino()
    else:
        from gcv_edge.engines import import_onnxruntime

        import_onnxruntime()


def noise(shape: Sequence[int], dtype: np.dtype[Any]) -> Any:
    """Draw normal noise, the same every time."""
    drawn = np.random.default_rng(SEED).standard_normal(tuple(shape), np.float32)
    return drawn if dtype == np.float32 else (drawn * 40 + 128).clip(0, 255).astype(dtype)


def choose(frames: Sequence[Pixels], number: int, count: int) -> list[Pixels]:
    """Return so many frames, the first of which comes after those of the batch before; they repeat."""
    return [frames[(number * count + index) % len(frames)] for index in range(count)]
