"""The base of Detector and its siblings: a model file, its session, and the way from frame to result."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from gcv_edge import _core
from gcv_edge.engines import choose_engine
from gcv_edge.metadata import ModelMetadata
from gcv_edge.runtime.frames import FrameView, check_color, view_frame
from gcv_edge.runtime.modelfile import check_graph, read_metadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.pixel_formats import PixelFormat, parse_format
from gcv_edge.runtime.preprocessing import fill, input_slots
from gcv_edge.runtime.results import Speed
from gcv_edge.runtime.sessions import Array, Session, SessionOptions, fill_in
from gcv_edge.runtime.sources import Frame, Source, read_source
from gcv_edge.runtime.streaming import run_in_order
from gcv_edge.store import find_model
from gcv_edge.tasks import Task

if TYPE_CHECKING:
    from typing import Unpack

    from gcv_edge.runtime.options import NetworkOptions

Result = TypeVar("Result")

MEMORY = Path("<memory>")
"""Stands for the path of a network that was opened from bytes."""

KEPT_BATCH_SIZES = 3
"""Networks compiled for other batch sizes that a model keeps at most."""


class FrameGeometry(NamedTuple):
    """Where a frame lies in the network's input, its size (width, height) and the order of its channels."""

    placement: _core.Placement
    frame_size: tuple[int, int]
    color: str


class Stopwatch:
    """Measures the stages of results; stages that a batch shares are divided among its frames."""

    def __init__(self, frames: int = 1) -> None:
        self._share = 1 / frames
        self._preprocess = self._inference = 0.0
        self._last = perf_counter()

    def end_preprocess(self) -> None:
        """End what comes before the inference."""
        self._preprocess = self._since_last() * self._share

    def end_inference(self) -> None:
        """End the inference."""
        self._inference = self._since_last() * self._share

    def end_frame(self) -> Speed:
        """End one frame's post-processing and return its stages."""
        return Speed(self._preprocess, self._inference, self._since_last())

    def _since_last(self) -> float:
        """Milliseconds since the last call."""
        now = perf_counter()
        milliseconds = (now - self._last) * 1e3
        self._last = now
        return milliseconds


class LoadedNetwork(ABC):
    """A model file opened in an engine; any number of threads may use one at once.

    Args:
        model: path of an exported file, a name (or its unambiguous beginning) in the model store, or the
            content of a file as ``bytes``.
        engine: ``openvino`` or ``onnxruntime``; None for the first of them that is installed.
        precision: ``f32`` computes what export verified; ``bf16`` is faster where the CPU has it;
            ``auto`` takes the one that the file says, or leaves it to the engine.
        hint: ``latency`` or ``throughput``.
        threads: CPU threads; None for all that the process may use.
        streams: frames computed side by side; None for what the file says of as many CPUs with
            ``throughput``, else for the hint's choice.
        device: ``CPU``, ``GPU``, ``NPU`` or ``AUTO``, of OpenVINO; ``GPU.1`` is the second one.
        cache_dir: folder where OpenVINO keeps compiled networks for the next open; None for nowhere. Nobody
            else may write there: what is in it runs as it is.

    Raises:
        ModelNotFoundError: no such file or name; the message lists what is close.
        MissingExtraError: the engine is not installed.
        GcvEdgeError: no engine is, or it cannot be loaded.
        UnsupportedError: there is no such device, or the CPU does not have that precision.
        ModelFileError: the file is no model, is damaged, or is for another task.
        MetadataError: the file does not say what the runtime needs to know.
        ValueError: an option's value is none of those allowed.
    """

    task: ClassVar[Task]

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        *,
        engine: str | None = None,
        precision: str = "f32",
        hint: str = "latency",
        threads: int | None = None,
        streams: int | None = None,
        device: str = "CPU",
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        folder = None if cache_dir is None else os.fspath(cache_dir)
        self._options = SessionOptions(
            choose_engine(engine), precision, hint, threads, streams, device, folder
        )
        self._content = model if isinstance(model, bytes) else None
        self.path: Path = MEMORY if isinstance(model, bytes) else find_model(model)
        self.metadata: ModelMetadata = read_metadata(self.path, self.task, self._content)
        self._options = fill_in(self._options, self.metadata.run)
        self.session: Session = open_session(self.path, self._options, content=self._content)
        check_graph(self.path, self.metadata, self.session)
        self._batches: OrderedDict[int, Session] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the classes (or keypoints), by id; empty where the file has none."""
        return self.metadata.labels

    def __repr__(self) -> str:
        shapes = ", ".join("x".join(map(str, shape)) for shape in self.session.inputs.values())
        return (
            f"{type(self).__name__}({self.path.name}: input {shapes}, {len(self.labels)} labels, "
            f"{self.session.engine}, {self.session.precision})"
        )

    def _session_for(self, count: int) -> Session:
        """Return the session that takes that many frames, or the file's own where its batch is fixed."""
        if count == self.session.input_shape[0] or not self.session.dynamic_batch:
            return self.session
        with self._lock:
            if count not in self._batches:
                self._batches[count] = open_session(
                    self.path, self._options, batch=count, content=self._content
                )
            self._batches.move_to_end(count)
            while len(self._batches) > KEPT_BATCH_SIZES:
                self._batches.popitem(last=False)
            return self._batches[count]


class Model(LoadedNetwork, Generic[Result]):
    """A network ready to run on frames.

    Args:
        model: as ``LoadedNetwork``.
        color: order of the frames' channels: ``bgr`` (OpenCV's) or ``rgb``.
        options: as ``LoadedNetwork``.

    Attributes:
        color: as given.
    """

    def __init__(
        self, model: str | os.PathLike[str] | bytes, *, color: str = "bgr", **options: Unpack[NetworkOptions]
    ) -> None:
        self.color = check_color(color)
        super().__init__(model, **options)

    @property
    def input_size(self) -> tuple[int, int]:
        """Width and height of the network's input; where each frame has its own, of one of 4:3."""
        height, width = self.session.input_shape[2:]
        return width, height

    def run(self, frame: ArrayLike, *, format: str | PixelFormat | None = None) -> Result:
        """Run on one frame.

        Args:
            frame: uint8 ``[h, w]``, ``[h, w, 1]``, ``[h, w, 3]`` or ``[h, w, 4]``, any strides.
            format: how the pixels lie where they are not like that, such as a camera's ``nv12``: a name of
                ``PixelFormat``, or one.

        Raises:
            TypeError: not an array, or not of uint8.
            ValueError: another shape, or no pixels.
        """
        return self._run_one(frame, self.color, format)

    def run_batch(
        self, frames: Sequence[ArrayLike], *, format: str | PixelFormat | None = None
    ) -> list[Result]:
        """Run on several frames at once, all of one ``format``, as ``run``.

        A file exported with a dynamic batch is compiled for a number of frames when that first occurs; one
        with a fixed batch is run as often as it takes.

        Raises:
            TypeError, ValueError: as ``run``; the message names the frame.
        """
        views = [self._view_numbered(index, frame, format) for index, frame in enumerate(frames)]
        if not views:
            return []
        session = self._session_for(len(views))
        step = session.input_shape[0]
        chunks = [views[start : start + step] for start in range(0, len(views), step)]
        return [result for chunk in chunks for result in self._run_together(session, chunk)]

    def stream(self, source: Source, *, format: str | PixelFormat | None = None) -> Iterator[Result]:
        """Run on every frame of a source; results come in order.

        Frames are read ahead by a thread, a bounded number of them, while others are being inferred. Of
        several pictures and videos, those that cannot be read are passed over, and an error at the end names
        them; so does one when a video or a camera has ended before its time.

        Args:
            source: a picture, a folder, a pattern (``cam*/*.jpg``), a video, a camera's number, or an
                iterable of these or of arrays.
            format: of arrays, as ``run``; frames from files and cameras are BGR.

        Raises:
            DataError: the source cannot be read, or has no frame.
            TruncatedError, UnreadableError: at the end, when what could be read was given.
        """
        return (result for _, result in self.stream_frames(source, format=format))

    def stream_frames(
        self, source: Source, *, format: str | PixelFormat | None = None
    ) -> Iterator[tuple[Frame, Result]]:
        """Do as ``stream`` does, giving each frame beside its result.

        Frames from files and cameras are BGR, whatever ``color`` and ``format`` say of the caller's own.
        """
        given = None if format is None else parse_format(format)
        run = partial(self._run_read, format=given)
        return run_in_order(run, read_source(source), self.session.streams)

    def warmup(self, runs: int = 1) -> None:
        """Run on a grey frame, so that the first real frame is as fast as the next."""
        width, height = self.input_size
        for _ in range(runs):
            self.run(np.full((height, width, 3), 127, np.uint8))

    @abstractmethod
    def _decode(self, outputs: Mapping[str, Array], geometry: FrameGeometry) -> Result:
        """Turn one frame's outputs, gone afterwards, into its result."""

    def _finish(
        self, outputs: Mapping[str, Array], index: int, geometry: FrameGeometry, watch: Stopwatch
    ) -> Result:
        """Turn a frame's part of a batch's outputs into its result, with its stage timings."""
        result = self._decode({name: rows[index] for name, rows in outputs.items()}, geometry)
        object.__setattr__(result, "speed", watch.end_frame())  # results are frozen
        return result

    def _run_one(self, frame: ArrayLike, color: str, format: str | PixelFormat | None = None) -> Result:
        return self._run_together(self.session, [view_frame(frame, color, format)])[0]

    def _run_read(self, frame: Frame, format: PixelFormat | None) -> Result:
        if frame.is_read:
            return self._run_one(frame.pixels, "bgr")
        return self._run_one(frame.pixels, self.color, format)

    def _view_numbered(self, index: int, frame: ArrayLike, format: str | PixelFormat | None) -> FrameView:
        try:
            return view_frame(frame, self.color, format)
        except (TypeError, ValueError) as error:
            raise type(error)(f"frames[{index}]: {error}") from None

    def _run_together(self, session: Session, views: Sequence[FrameView]) -> list[Result]:
        """Run frames, at most as many as the session's batch, in one inference."""
        watch = Stopwatch(len(views))
        with session.lease() as request:
            preprocessing = self.metadata.preprocessing
            geometries = [
                FrameGeometry(fill(view, preprocessing, slot, self.session.crew), view.size, view.color)
                for view, slot in input_slots(views, preprocessing, request)
            ]
            watch.end_preprocess()
            outputs = request.infer()
            watch.end_inference()
            return [self._finish(outputs, i, geometry, watch) for i, geometry in enumerate(geometries)]
