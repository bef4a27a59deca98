"""Recognition of actions in videos."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from gcv_edge.errors import DataError, MetadataError
from gcv_edge.metadata import ClipSettings
from gcv_edge.runtime.clips import sample_clips
from gcv_edge.runtime.crops import COUNTS, CROPS, fill_crop
from gcv_edge.runtime.frames import FrameView, check_color, view_frame
from gcv_edge.runtime.model import LoadedNetwork
from gcv_edge.runtime.pixel_formats import PixelFormat
from gcv_edge.runtime.results import Classification, Floats, Speed
from gcv_edge.runtime.sources import Frame, Source, read_source
from gcv_edge.runtime.videos import Video, VideoSource
from gcv_edge.tasks import ACTION

if TYPE_CHECKING:
    from typing import Unpack

    from gcv_edge.runtime.options import NetworkOptions

SHORTEST_STRETCH = 64
"""Frames of a stream that make one result at least: two seconds and a half of most videos."""


class ActionRecognizer(LoadedNetwork):
    """Says what happens in a video: ``ActionRecognizer("i3d").run("clip.mp4").top(5)``.

    Args:
        model: as ``LoadedNetwork``.
        segments: clips, spread evenly over a video, whose logits are averaged; None for the file's own.
        color: order of the channels of frames that the caller passes: ``bgr`` (OpenCV's) or ``rgb``.
        options: as ``LoadedNetwork``.

    Raises:
        ValueError: the network averages over another number of clips itself.

    Examples:
        >>> ActionRecognizer("i3d.onnx").run("clip.avi").top(1)[0].class_id >= 0
        True
    """

    task = ACTION

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes,
        *,
        segments: int | None = None,
        color: str = "bgr",
        **options: Unpack[NetworkOptions],
    ) -> None:
        self.color = check_color(color)
        super().__init__(model, **options)
        self.clip = required_clip(self.metadata.clip, self.path)
        self.segments = self.clip.segments if segments is None else segments
        if self.segments < 1 or (self.clip.in_graph and self.segments != self.clip.segments):
            own = f"{self.clip.segments}: the network has it inside" if self.clip.in_graph else "1 or more"
            raise ValueError(f"segments: found {segments}, expected {own}")

    def run(
        self, video: VideoSource, *, crops: str = "centre", format: str | PixelFormat | None = None
    ) -> Classification:
        """Run on a whole video.

        Args:
            video: its path, a folder of its frames, or a sequence of frames, uint8 ``[h, w, 3]`` each.
            crops: parts of each frame whose logits are averaged, as in GluonCV's tests: ``centre`` (what the
                file says), ``three`` along the longer side, which networks for clips are tested on, or
                ``ten``: centre, corners and their mirror images, for networks that see single pictures.
            format: of a sequence of frames, as ``Model.run``.

        Raises:
            DataError: the video cannot be read, or has no frame.
            TypeError, ValueError: not frames, or ``crops`` is none of these.
        """
        if crops not in CROPS:
            raise ValueError(f"crops: found '{crops}', expected one of {', '.join(CROPS)}")
        if crops == "three" and self.session.input_shape[-1] != self.session.input_shape[-2]:
            raise ValueError(
                f"crops: found an input of {self.session.input_shape}, expected a square for three"
            )
        return self._run(video, self.color, crops, format)

    def stream(self, source: Source, *, format: str | PixelFormat | None = None) -> Iterator[Classification]:
        """Say what happens in one stretch of a video or camera after the other.

        A stretch has as many frames as the clips span, at least 64; what is left at the end counts if it is
        at least half of one, or all there is.

        Raises:
            DataError: the source cannot be read, or has no frame.
            TruncatedError, UnreadableError: at the end, when what could be read was given.
        """
        length = max(SHORTEST_STRETCH, self.segments * self.clip.window)
        frames = read_source(source)
        is_first = True
        for stretch in stretches(frames, length):
            if is_first or 2 * len(stretch) >= length:
                is_read = stretch[0].is_read
                pixels = [frame.pixels for frame in stretch]
                yield self._run(pixels, "bgr" if is_read else self.color, format=None if is_read else format)
            is_first = False

    def warmup(self, runs: int = 1) -> None:
        """Run on a grey frame, so that the first real clip is as fast as the next."""
        height, width = self.session.input_shape[-2:]
        for _ in range(runs):
            self.run([np.full((height, width, 3), 127, np.uint8)])

    def _run(
        self,
        source: VideoSource,
        color: str,
        crops: str = "centre",
        format: str | PixelFormat | None = None,
    ) -> Classification:
        video, watch = Video(source), ClipWatch()
        clips = sample_clips(video.frames, self.clip, self.segments)
        view_pixels = partial(view_frame, color=color, format=format)
        if video.is_file:
            view_pixels = partial(view_frame, color="bgr")
        batches = self._fill_batches(video, clips, view_pixels, crops, watch)
        logits = [self._infer(batch, watch) for batch in batches]
        mean = np.mean(logits, axis=0, dtype=np.float32)
        return Classification(mean, self.labels, watch.speed(), self.metadata.activation)

    def _fill_batches(
        self,
        video: Video,
        clips: Sequence[Sequence[int]],
        view_pixels: Callable[[object], FrameView],
        crops: str,
        watch: ClipWatch,
    ) -> Iterator[Floats]:
        """Read a video once, in order, and give each batch as soon as its last frame is in.

        Every crop has batches of its own.
        """
        size = len(clips) if self.clip.in_graph else 1
        input_size = (self.session.input_shape[-1], self.session.input_shape[-2])
        places = defaultdict(list)
        for number, clip in enumerate(clips):
            for position, index in enumerate(clip):
                places[index].append((*divmod(number, size), position))
        count, preprocessing = COUNTS[crops], self.metadata.preprocessing
        missing = [size * len(self.clip.offsets)] * (len(clips) // size * count)
        batches: dict[int, Floats] = {}
        for index, frame in video.read(sorted(places)):
            view = view_pixels(frame)
            for number, crop in enumerate(CROPS[crops](preprocessing, view.size, input_size)):
                for clip_batch, row, position in places[index]:
                    batch = clip_batch * count + number
                    shape = (size, *self.session.input_shape[1:])
                    filled = batches.setdefault(batch, np.empty(shape, np.float32))
                    with watch.stage("preprocess"):
                        moment = moment_of(filled[row], position)
                        fill_crop(view, preprocessing, crop, moment, self.session.crew)
                    missing[batch] -= 1
                    if not missing[batch]:
                        yield batches.pop(batch)

    def _infer(self, batch: Floats, watch: ClipWatch) -> Floats:
        session = self._session_for(len(batch))
        if len(batch) != session.input_shape[0]:
            batch = np.resize(batch, session.input_shape)
        with watch.stage("inference"):
            outputs = session.run(batch)
        return np.asarray(outputs["logits"][0], np.float32)


def stretches(frames: Iterator[Frame], length: int) -> Iterator[list[Frame]]:
    """Give so many frames at a time; those left over come before the error that ended a source."""
    stretch: list[Frame] = []
    try:
        for frame in frames:
            stretch.append(frame)
            if len(stretch) == length:
                yield stretch
                stretch = []
    except DataError:
        if stretch:
            yield stretch
        raise
    if stretch:
        yield stretch


def required_clip(clip: ClipSettings | None, path: Path) -> ClipSettings:
    """Return an action file's settings."""
    if clip is None:
        raise MetadataError(path, "metadata lacks the frames of a clip")
    return clip


def moment_of(clip: Floats, position: int) -> Floats:
    """Return one frame's place: a moment of a clip ``[C, T, H, W]``, or a whole picture ``[C, H, W]``."""
    return clip[:, position] if clip.ndim == 4 else clip


class ClipWatch:
    """Adds up the stages of a video's clips."""

    def __init__(self) -> None:
        self._spent = {"preprocess": 0.0, "inference": 0.0}

    @contextlib.contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what is done inside."""
        started = perf_counter()
        yield
        self._spent[name] += (perf_counter() - started) * 1e3

    def speed(self) -> Speed:
        """Return what was added up."""
        return Speed(self._spent["preprocess"], self._spent["inference"], 0.0)
