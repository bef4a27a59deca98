"""How fast files run in OpenVINO on this machine, measured in turn."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, TypeVar

import numpy as np

from gcv_edge.measure.calls import StageTimes, time_calls
from gcv_edge.measure.engine import stream_counts
from gcv_edge.measure.inputs import fill, noise
from gcv_edge.measure.timer import Rounds, interleave, timed
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import Session, SessionOptions

MANY_SHORT = Rounds(40, limit=6.0, fewest=2)
"""Single runs of forms of one network: the best of them counts."""
FEW_LONG = Rounds(12, seconds=2.5)
"""Several runs in a row of different networks: the middle ratio counts."""
A_FEW_SHORT = Rounds(4, limit=2.0)
"""Of each choice of pictures at once: they differ by more than a processor's speed does."""
RUNS = 4
BATCHES = (1, 2, 4, 8)
"""Pictures of an inference that are tried."""
ABOUT_AS_FAST = 0.98

Name = TypeVar("Name", bound=Hashable)


def time_forms(forms: Mapping[str, tuple[Path, str]], rounds: Rounds = MANY_SHORT) -> dict[str, list[float]]:
    """Time forms of a network in turn.

    Args:
        forms: name to file and precision of its float part (``f32`` or ``bf16``).
        rounds: runs of each.

    Returns:
        Milliseconds of each run by name, in order.
    """
    runs = {
        name: prepare_run(open_session(path, SessionOptions("openvino", precision)))
        for name, (path, precision) in forms.items()
    }
    return {name: [1e3 * time for time in times] for name, times in interleave(runs, rounds).items()}


class Together(NamedTuple):
    """How many pictures are worked on at once.

    Attributes:
        batch: pictures of an inference.
        streams: inferences side by side.
    """

    batch: int
    streams: int


def pictures_per_second(
    forms: Mapping[Name, tuple[Path, str, Together]], rounds: Rounds = FEW_LONG, seconds: float = 0.5
) -> dict[Name, float]:
    """Measure how many pictures a second forms of a network work on at best, many at once, in turn.

    Args:
        forms: name to file, precision of its float part (``f32`` or ``bf16``), and pictures at once.
        rounds: runs of each.
        seconds: of each run.
    """
    runs = {name: prepare_stream(open_together(*form), seconds) for name, form in forms.items()}
    return {name: max(rates) for name, rates in interleave(runs, rounds).items()}


def open_together(path: Path, precision: str, together: Together) -> Session:
    """Open a file for many pictures at once."""
    options = SessionOptions("openvino", precision, hint="throughput", streams=together.streams)
    return open_session(path, options, batch=together.batch)


def choose_together(path: Path, precision: str) -> Together:
    """Choose how many pictures at once suit a form best, of a few batches and numbers of streams.

    A file of a fixed batch is tried with that alone. Numbers of streams are measured in turn, batches one
    after the other. Of choices that are about as fast, the one with the smallest batch is taken: nobody waits
    for pictures that fill it.
    """
    session = open_session(path, SessionOptions("openvino", precision))
    batches = BATCHES if session.dynamic_batch else (session.input_shape[0],)
    rates: dict[Together, float] = {}
    for batch in batches:  # all sessions in memory at once would be too many
        grid = [Together(batch, streams) for streams in stream_counts()]
        rates |= pictures_per_second({one: (path, precision, one) for one in grid}, A_FEW_SHORT, 0.1)
    return min(one for one in rates if rates[one] >= ABOUT_AS_FAST * max(rates.values()))


def best(times: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Fastest run by name."""
    return {name: round(min(values), 4) for name, values in times.items()}


def compare_speed(paths: Sequence[Path], rounds: Rounds = FEW_LONG) -> list[float]:
    """Time whole networks in turn; return the seconds of each for one picture.

    They are the best of the first network; of the others, as many times as much as in the median of all
    rounds: a processor's speed changes within a measurement, but hardly within a round.
    """
    sessions = [open_session(path, SessionOptions("openvino")) for path in paths]
    runs = {str(number): prepare_run(session, RUNS) for number, session in enumerate(sessions)}
    pictures = [session.input_shape[0] for session in sessions]
    seconds = np.array(list(interleave(runs, rounds).values())) / np.array(pictures)[:, None]
    ratios = np.median(seconds / seconds[0], axis=1)
    return [float(seconds[0].min() * ratio) for ratio in ratios]


def prepare_run(session: Session, runs: int = 1) -> Callable[[], float]:
    """Make a function that runs a session on noise and gives the seconds of the fastest of some runs."""
    request = session.new_request()
    fill(request.inputs.values())
    request.infer()
    run = timed(request.infer)
    return lambda: min(run() for _ in range(runs))


def prepare_stream(session: Session, seconds: float) -> Callable[[], float]:
    """Make a function that keeps all streams of a session busy and gives the pictures per second."""
    fill_with_noise(session, session.streams)

    def run() -> float:
        pictures = session.input_shape[0]
        found = time_calls(partial(infer_once, session), seconds, pictures, session.streams)
        return found.frames / found.wall

    return run


def fill_with_noise(session: Session, streams: int) -> None:
    """Write noise into the buffers of every stream: what lies in new ones may be anything, even denormal."""
    drawn = {name: noise(shape, session.input_dtype) for name, shape in session.inputs.items()}
    with contextlib.ExitStack() as stack:
        for request in [stack.enter_context(session.lease()) for _ in range(streams)]:
            for name, array in drawn.items():
                np.copyto(request.inputs[name], array)


def infer_once(session: Session, number: int) -> StageTimes:  # noqa: ARG001
    """Infer what is in the request's buffers."""
    with session.lease() as request:
        start = perf_counter()
        request.infer()
        return StageTimes(0.0, (perf_counter() - start) * 1e3, 0.0)
