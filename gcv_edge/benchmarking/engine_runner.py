"""A model file in OpenVINO or ONNX Runtime, as users run it, and its network alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from time import perf_counter
from typing import Any

import gcv_edge
from gcv_edge.benchmarking.frames import choose, fetch_frames
from gcv_edge.benchmarking.kernels import profile
from gcv_edge.engines import import_onnxruntime, import_openvino
from gcv_edge.errors import UnsupportedError
from gcv_edge.measure.calls import Call, CallTimes, StageTimes, time_calls
from gcv_edge.measure.networks import fill_with_noise, infer_once
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import Session, SessionOptions

IMPORTS: dict[str, Callable[[], object]] = {"openvino": import_openvino, "onnxruntime": import_onnxruntime}


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
        IMPORTS[self._job["engine"]]()
        load: Callable[..., Any] = gcv_edge.load  # asking for it imports the runtime
        imported = perf_counter()
        options = {key: self._job[key] for key in ("engine", "precision", "hint", "threads")}
        self._model = load(self._job["model"], **options)
        self._session: Session = self._model.session
        self._check_batch()
        loaded = perf_counter()
        self._call = self._choose_call()
        self._call(0)
        ended = perf_counter()
        time_calls(self._call, 0.0, self._batch, self._streams)  # every stream allocates its buffers
        return {
            "engine": self._session.engine,
            "precision": self._session.precision,
            "streams": self._streams,
            "threads": self._session.threads,
            "import_seconds": imported - start,
            "load_seconds": loaded - imported,
            "first_seconds": ended - loaded,
        }

    def turn(self, seconds: float) -> CallTimes:
        """Run on frames, from the picture to the result."""
        return time_calls(self._call, seconds, self._batch, self._streams)

    def network(self, seconds: float) -> CallTimes:
        """Run the network alone on noise, as OpenVINO's benchmark_app does."""
        if self._alone is None:
            self._alone = self._open_alone()
            infer_once(self._alone, 0)
        return time_calls(self._noise_call(self._alone), seconds, self._batch, self._streams)

    def profile(self) -> list[dict[str, Any]]:
        """Say which kernels the network's time goes to, most time first.

        Raises:
            UnsupportedError: the engine does not tell.
        """
        if self._job["engine"] != "openvino":
            raise UnsupportedError(f"profile: is not supported with {self._job['engine']}")
        options = SessionOptions("openvino", self._job["precision"], threads=self._job["threads"])
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

    def _run_one(self, number: int) -> StageTimes:
        speed = self._model.run(self._frames[number % len(self._frames)]).speed
        return StageTimes(speed.preprocess_ms, speed.inference_ms, speed.postprocess_ms)

    def _run_batch(self, number: int) -> StageTimes:
        speeds = [result.speed for result in self._model.run_batch(choose(self._frames, number, self._batch))]
        return StageTimes(
            sum(speed.preprocess_ms for speed in speeds),
            sum(speed.inference_ms for speed in speeds),
            sum(speed.postprocess_ms for speed in speeds),
        )

    def _run_clip(self, number: int) -> StageTimes:  # noqa: ARG002
        window = self._model.clip.window
        speed = self._model.run(choose(self._frames, 0, window)).speed
        return StageTimes(speed.preprocess_ms, speed.inference_ms, speed.postprocess_ms)

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
