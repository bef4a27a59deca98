"""Reading, decoding and inferring side by side: threads for each, results in order, bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from gcv_edge.batch.sources.entries import PictureEntry, show_name
from gcv_edge.batch.sources.reading import EntryReader
from gcv_edge.cpus import usable_cpus
from gcv_edge.errors import DataError
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.model import Model
from gcv_edge.runtime.picture_decoding import decode_picture

STAGES = ("read", "decode", "infer")
READERS_OF_DISKS = 2
READERS_OF_STORES = 16
"""Threads that wait for a network most of the time."""


@dataclass
class Outcome:
    """What became of a picture.

    Attributes:
        entry: the picture.
        pixels: uint8 ``[h, w, 3]``, BGR, only where they are asked for; None where it could not be read.
        size: width and height; None where it could not be read.
        result: what the model sees.
        error: why there is no result.
        seconds: that each stage took, by its name.
    """

    entry: PictureEntry
    pixels: Pixels | None = None
    size: tuple[int, int] | None = None
    result: Any = None
    error: DataError | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def milliseconds(self) -> float:
        """Of decoding and inference."""
        return 1e3 * sum(taken for stage, taken in self.seconds.items() if stage != "read")


class Workshop:
    """Runs a model on listed pictures: each stage in threads of its own.

    At most ``window`` pictures are between being listed and being given on, so that queues are bounded.

    Args:
        network: opened for throughput.
        readers: threads that read.
        decoders: threads that decode; None for one per CPU that the network may use.
        keeps_pixels: outcomes have the decoded pictures.
    """

    def __init__(
        self,
        network: Model[Any],
        readers: int = READERS_OF_DISKS,
        decoders: int | None = None,
        keeps_pixels: bool = False,
    ) -> None:
        streams = network.session.streams
        decoders = decoders or min(usable_cpus(), network.session.threads)
        self._network = network
        self._keeps_pixels = keeps_pixels
        self._source = EntryReader()
        self.threads = dict(zip(STAGES, (readers, decoders, streams), strict=True))
        self.window = readers + 2 * (decoders + streams)
        self._pools = {
            stage: ThreadPoolExecutor(count, thread_name_prefix=f"gcv-edge {stage}")
            for stage, count in self.threads.items()
        }

    def run(self, entries: Iterable[PictureEntry]) -> Iterator[Outcome]:
        """Give outcomes in the order of the entries; a picture that cannot be read is an outcome too.

        Raises:
            GcvEdgeError: the engine failed.
        """
        pending: deque[Future[Outcome]] = deque()
        for entry in entries:
            pending.append(self._start(entry))
            if len(pending) >= self.window:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()

    def close(self) -> None:
        """End the threads; pictures that wait are dropped."""
        for pool in self._pools.values():
            pool.shutdown(cancel_futures=True)

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _start(self, entry: PictureEntry) -> Future[Outcome]:
        done: Future[Outcome] = Future()
        self._pools["read"].submit(self._read, Outcome(entry), done)
        return done

    def _read(self, outcome: Outcome, done: Future[Outcome]) -> None:
        self._step("read", outcome, done, lambda: self._source.read(outcome.entry), "decode", self._decode)

    def _decode(self, outcome: Outcome, done: Future[Outcome], data: bytes) -> None:
        self._step("decode", outcome, done, lambda: decode(outcome.entry, data), "infer", self._infer)

    def _infer(self, outcome: Outcome, done: Future[Outcome], pixels: Pixels) -> None:
        outcome.size = (pixels.shape[1], pixels.shape[0])
        outcome.pixels = pixels if self._keeps_pixels else None

        def infer() -> None:
            outcome.result = self._network.run(pixels)

        self._step("infer", outcome, done, infer, None, None)

    def _step(
        self,
        stage: str,
        outcome: Outcome,
        done: Future[Outcome],
        work: Callable[[], Any],
        following: str | None,
        go_on: Callable[..., None] | None,
    ) -> None:
        """Do a stage's work and hand on what it made, or end with what went wrong."""
        started = perf_counter()
        try:
            made = work()
            outcome.seconds[stage] = perf_counter() - started
            if following is None or go_on is None:
                done.set_result(outcome)
            else:
                self._pools[following].submit(go_on, outcome, done, made)
        except DataError as error:
            outcome.seconds[stage] = perf_counter() - started
            outcome.error = error
            done.set_result(outcome)
        except BaseException as error:
            done.set_exception(error)


def decode(entry: PictureEntry, data: bytes) -> Pixels:
    """Decode a picture, upright; the error names it."""
    try:
        return np.asarray(decode_picture(data), np.uint8)
    except DataError as error:
        raise DataError(f"{show_name(entry.name)}: {error}") from None


def readers_for(inputs: Sequence[str]) -> int:
    """Choose how many threads read: more where each waits for a network."""
    from_afar = any("://" in name and not name.lower().startswith("file://") for name in inputs)
    return READERS_OF_STORES if from_afar else READERS_OF_DISKS
