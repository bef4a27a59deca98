"""Measuring variants in turn: A B A B ..., each in its own process, one of which computes at a time."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gcv_edge.benchmarking.frames import describe_frames, load_frames, store_frames
from gcv_edge.benchmarking.isa import check_isa
from gcv_edge.benchmarking.results import Benchmark, LeftOut, Recorded, collect
from gcv_edge.benchmarking.settings import FEWEST_ROUNDS, Settings
from gcv_edge.benchmarking.turns import Turn
from gcv_edge.benchmarking.variants import Variant
from gcv_edge.benchmarking.workers import Worker
from gcv_edge.errors import GcvEdgeError
from gcv_edge.runtime.frames import Pixels

Progress = Callable[[str], None]
NETWORK_SHARE = 0.5
"""The network alone is measured for this part of a turn."""


@dataclass
class Seat:
    """A variant with the process that runs it, and what came out so far."""

    variant: Variant
    worker: Worker
    recorded: Recorded = field(default_factory=Recorded)


def benchmark(
    variants: Sequence[Variant],
    settings: Settings | None = None,
    *,
    source: str | None = None,
    with_network: bool = True,
    with_profile: bool = False,
    progress: Progress | None = None,
) -> Benchmark:
    """Measure variants beside each other.

    A variant that cannot run here is left out, and the result says why.

    Args:
        variants: of ``list_variants`` and ``list_references``, in the order in which they take turns.
        settings: how; None for the defaults.
        source: picture, folder or video to measure on; None for the package's own pictures.
        with_network: measure the network alone, too.
        with_profile: ask OpenVINO and MXNet which kernels the time goes to.
        progress: called with a phrase at the start of each step.

    Raises:
        UnsupportedError: the processor cannot emulate what the settings ask for.
        DataError: there are no frames.
        GcvEdgeError: nothing could be measured; the message is the first variant's.
    """
    settings = settings or Settings()
    check_isa(settings.isa)
    frames = load_frames(source)
    desk = Desk(settings, progress or ignore, with_network, with_profile)
    for batch in settings.batches:
        desk.measure_batch(variants, batch, frames)
    if not desk.seats:
        raise GcvEdgeError(desk.left_out[0].reason if desk.left_out else "there is nothing to measure")
    rows = [(seat.variant, seat.recorded) for seat in desk.seats]
    return collect(rows, settings, describe_frames(frames, source), desk.left_out)


def ignore(phrase: str) -> None:
    """Tell nobody."""


class Desk:
    """Runs the rounds of one benchmark."""

    def __init__(
        self, settings: Settings, progress: Progress, with_network: bool, with_profile: bool
    ) -> None:
        self.seats: list[Seat] = []
        self.left_out: list[LeftOut] = []
        self._settings = settings
        self._progress = progress
        self._with_network = with_network
        self._with_profile = with_profile

    def measure_batch(self, variants: Sequence[Variant], batch: int, frames: list[Pixels]) -> None:
        """Load every variant, let them take turns, and end their processes."""
        with (
            tempfile.TemporaryDirectory(prefix="gcv-edge-benchmark.") as name,
            contextlib.ExitStack() as stack,
        ):
            place = store_frames(frames, Path(name))
            seats: list[Seat] = []
            for index, variant in enumerate(variants):
                if reason := refuse(variant, self._settings):
                    self.left_out.append(LeftOut(variant, batch, reason))
                    continue
                self._progress(f"loading {variant.title}")
                worker = stack.enter_context(
                    Worker(
                        self._make_job(variant, batch, place),
                        variant.title,
                        Path(name) / f"{index}.log",
                        self._settings.patience,
                    )
                )
                seat = Seat(variant, worker, Recorded(batch))
                seats += [seat] if self._load(seat) else []
            self._take_rounds(seats, batch)
            self._profile(seats)
            self.seats += seats

    def _take_rounds(self, seats: list[Seat], batch: int) -> None:
        """Let variants take turns until the rounds, or the time, are over; those that fail are taken out."""
        begin = time.perf_counter()
        longest = 0.0
        for number in range(self._settings.rounds):
            start = time.perf_counter()
            limit = self._settings.limit
            if limit is not None and number >= FEWEST_ROUNDS and start - begin + longest > limit:
                return
            for seat in list(seats):
                self._progress(
                    f"batch {batch}, round {number + 1} of {self._settings.rounds}: {seat.variant.title}"
                )
                if not self._take_turn(seat):
                    seats.remove(seat)
            longest = max(longest, time.perf_counter() - start)

    def _make_job(self, variant: Variant, batch: int, frames: Path) -> dict[str, Any]:
        settings = self._settings
        return {
            **variant.to_job(),
            "hint": settings.hint,
            "threads": settings.threads,
            "isa": settings.isa,
            "batch": batch,
            "frames": str(frames),
            **({"shape": input_shape(variant.model)} if variant.engine == "mxnet" else {}),
        }

    def _load(self, seat: Seat) -> bool:
        with self._telling(seat):
            seat.recorded.facts = seat.worker.ask("load")
            return True
        return False

    def _take_turn(self, seat: Seat) -> bool:
        with self._telling(seat):
            time.sleep(self._settings.rest)
            seconds = self._settings.seconds
            turn = Turn(**seat.worker.ask("turn", seconds=seconds))
            network = None
            if self._with_network:
                network = Turn(**seat.worker.ask("network", seconds=seconds * NETWORK_SHARE))
            seat.recorded.add(turn, network)
            return True
        return False

    def _profile(self, seats: Sequence[Seat]) -> None:
        for seat in seats if self._with_profile else ():
            with contextlib.suppress(GcvEdgeError):  # what was measured stands without it
                self._progress(f"profiling {seat.variant.title}")
                seat.recorded.layers = seat.worker.ask("profile")["layers"]
                seat.worker.close()  # it is done, and what a profile takes of memory is much

    @contextlib.contextmanager
    def _telling(self, seat: Seat) -> Iterator[None]:
        """Leave a variant out that fails, remembering why."""
        try:
            yield
        except GcvEdgeError as error:
            seat.worker.close()
            self.left_out.append(LeftOut(seat.variant, seat.recorded.batch, str(error)))


def refuse(variant: Variant, settings: Settings) -> str:
    """Say why a variant is not measured at all; nothing where it is."""
    if variant.precision == "bf16" and settings.isa != "native":
        return f"a processor capped to {settings.isa} has no bf16"
    return ""


def input_shape(model: Path) -> list[int]:
    """Return the shape of a file's input, without the batch."""
    from gcv_edge.runtime.openvino_session import read_model, shape_of

    shape = shape_of(read_model(model).inputs[0])[1:]
    return [length for length in shape if length is not None]
