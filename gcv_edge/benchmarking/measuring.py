"""Measuring variants in turn: A B A B ..., each in its own process, one of which computes at a time."""

from __future__ import annotations

import contextlib
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gcv_edge.benchmarking.frames import describe_frames, load_frames, store_frames
from gcv_edge.benchmarking.results import Benchmark, LeftOut, collect
from gcv_edge.benchmarking.rows import Measurement
from gcv_edge.benchmarking.settings import FEWEST_ROUNDS, Settings
from gcv_edge.benchmarking.variants import Variant
from gcv_edge.errors import GcvEdgeError
from gcv_edge.measure.calls import CallTimes
from gcv_edge.measure.isa import check_isa
from gcv_edge.measure.timer import Rounds
from gcv_edge.measure.workers import Worker
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.runtime.ports import read_ports

Progress = Callable[[str], None]
NETWORK_SHARE = 0.5
"""The network alone is measured for this part of a turn."""

SERVICE = "gcv_edge.benchmarking.service:VariantService"


@dataclass
class RunningVariant:
    """A variant with the process that runs it, and what was measured so far."""

    variant: Variant
    worker: Worker
    measurement: Measurement = field(default_factory=Measurement)


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
    run = BenchmarkRun(settings, progress or ignore, with_network, with_profile)
    for batch in settings.batches:
        run.measure_batch(variants, batch, frames)
    if not run.measured:
        raise GcvEdgeError(run.left_out[0].reason if run.left_out else "there is nothing to measure")
    return collect(run.measured, settings, describe_frames(frames, source), run.left_out)


def ignore(phrase: str) -> None:
    """Tell nobody."""


class BenchmarkRun:
    """The rounds of one benchmark.

    Attributes:
        measured: variants with what was measured, batch by batch.
        left_out: what could not be measured.
    """

    def __init__(
        self, settings: Settings, progress: Progress, with_network: bool, with_profile: bool
    ) -> None:
        self.measured: list[tuple[Variant, Measurement]] = []
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
            running = self._start(variants, batch, store_frames(frames, Path(name)), stack)
            self._take_rounds(running, batch)
            self._profile(running)
            self.measured += [(one.variant, one.measurement) for one in running]

    def _start(
        self, variants: Sequence[Variant], batch: int, frames: Path, stack: contextlib.ExitStack
    ) -> list[RunningVariant]:
        """Start and load every variant, one after the other; give those that can be measured."""
        running: list[RunningVariant] = []
        for index, variant in enumerate(variants):
            if reason := refuse(variant, self._settings):
                self.left_out.append(LeftOut(variant, batch, reason))
                continue
            self._progress(f"loading {variant.title}")
            job, log = self._make_job(variant, batch, frames), frames.with_name(f"{index}.log")
            worker = stack.enter_context(Worker(SERVICE, job, variant.title, log, self._settings.patience))
            one = RunningVariant(variant, worker, Measurement(batch))
            running += [one] if self._load(one) else []
        return running

    def _take_rounds(self, running: list[RunningVariant], batch: int) -> None:
        """Let variants take turns until the rounds, or the time, are over; those that fail are taken out."""
        limit = self._settings.limit if self._settings.limit is not None else math.inf
        for number in Rounds(self._settings.rounds, limit=limit, fewest=FEWEST_ROUNDS).count():
            for one in list(running):
                self._progress(
                    f"batch {batch}, round {number + 1} of {self._settings.rounds}: {one.variant.title}"
                )
                if not self._take_turn(one):
                    running.remove(one)

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

    def _load(self, one: RunningVariant) -> bool:
        with self._leave_out_on_error(one):
            one.measurement.facts = one.worker.ask("load")
            return True
        return False

    def _take_turn(self, one: RunningVariant) -> bool:
        with self._leave_out_on_error(one):
            time.sleep(self._settings.rest)
            seconds = self._settings.seconds
            calls = CallTimes(**one.worker.ask("turn", seconds=seconds))
            network = None
            if self._with_network:
                network = CallTimes(**one.worker.ask("network", seconds=seconds * NETWORK_SHARE))
            one.measurement.add(calls, network)
            return True
        return False

    def _profile(self, running: Sequence[RunningVariant]) -> None:
        for one in running if self._with_profile else ():
            with contextlib.suppress(GcvEdgeError):  # what was measured stands without it
                self._progress(f"profiling {one.variant.title}")
                one.measurement.layers = one.worker.ask("profile")["layers"]
                one.worker.close()  # it is done, and what a profile takes of memory is much

    @contextlib.contextmanager
    def _leave_out_on_error(self, one: RunningVariant) -> Iterator[None]:
        """Leave a variant out that fails, remembering why."""
        try:
            yield
        except GcvEdgeError as error:
            one.worker.close()
            self.left_out.append(LeftOut(one.variant, one.measurement.batch, str(error)))


def refuse(variant: Variant, settings: Settings) -> str:
    """Say why a variant is not measured at all; nothing where it is."""
    if variant.precision == "bf16" and settings.isa != "native":
        return f"a processor capped to {settings.isa} has no bf16"
    if variant.engine == "mxnet" and read_metadata(variant.model).preprocessing.has_own_sizes:
        return f"{variant.model}: pictures have a size of their own: export with --input-shape 1,3,H,W"
    return ""


def has_open_batch(model: Path) -> bool:
    """Whether a file takes any number of frames at once."""
    return read_ports(model).inputs[0].shape[0] is None


def input_shape(model: Path) -> list[int]:
    """Return the shape of a file's input, without the batch."""
    return [length for length in read_ports(model).inputs[0].shape[1:] if length is not None]
