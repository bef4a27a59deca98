"""Statistics of the pictures, which are read once: histograms and ranges of values, and means of channels."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.calibration.batches import MOST_HELD_OUT, Batch, FrameOrTensors, HeldOutSplit
from gcv_edge.calibration.bias_correction import Means, channel_means
from gcv_edge.calibration.job import CalibrationJob, cache_path
from gcv_edge.calibration.qdq_nodes import Ranges
from gcv_edge.calibration.qdq_placement import QdqPlacement
from gcv_edge.calibration.ranges import Histogram, choose_range
from gcv_edge.errors import DataError
from gcv_edge.graph.probing import Probe
from gcv_edge.graph.values import name_of
from gcv_edge.measure.result_cache import CachedResult, ResultCache, key_of

T = TypeVar("T")

DRY_RUN = 2
"""Pictures, clips or sets of tensors that are tried before the others are read."""


@dataclass(frozen=True)
class ActivationStatistics:
    """Distributions of a float network's values.

    Attributes:
        histograms: of each group of values that share a scale.
        groups: group of each value, by its name; copies are among them.
        means: of the channels of each layer's input, by the layer's name.
        batches: how many were read.
    """

    histograms: Mapping[str, Histogram]
    groups: Mapping[str, str]
    means: Means
    batches: int

    def ranges(self, mode: str) -> dict[str, tuple[float, float]]:
        """Choose the range of each value; values of a group share one."""
        found = {group: choose_range(histogram, mode) for group, histogram in self.histograms.items()}
        return {name: found[group] for name, group in self.groups.items()}


def collect_statistics(
    model: ir.Model, placement: QdqPlacement, batches: Iterable[Mapping[str, NDArray[np.float32]]]
) -> ActivationStatistics:
    """Run a float network, prepared, on batches, of which only counts and sums are kept."""
    inputs = {layer.name or "": name_of(layer.inputs[0]) for layer in placement.layers}
    members = {group: list(map(name_of, values)) for group, values in placement.groups.items()}
    names = sorted({*inputs.values(), *(name for names in members.values() for name in names)})
    probe = Probe(model, names, keep_memory=has_one_size(model))
    histograms = {group: Histogram() for group in members}
    sums: dict[str, NDArray[np.float64]] = {}
    layer_inputs = set(inputs.values())

    def add(found: Mapping[str, NDArray[np.float32]]) -> None:
        for group, names in members.items():
            for name in names:
                histograms[group].add(found[name])
        for name in layer_inputs:
            sums[name] = sums.get(name, 0.0) + channel_means(found[name])

    count = overlap(map(probe.run, batches), add)
    means = {layer: sums[name] / count for layer, name in inputs.items()} if count else {}
    groups = {name_of(value): group for value, group in (placement.values | placement.copies).items()}
    return ActivationStatistics(histograms, groups, means, count)


def overlap(items: Iterable[T], take: Callable[[T], None]) -> int:
    """Take each item in another thread while the next one is made; return how many there were."""
    count = 0
    with ThreadPoolExecutor(1) as pool:
        last: Future[None] | None = None
        for item in items:
            count += 1
            if last is not None:
                last.result()
            last = pool.submit(take, item)
        if last is not None:
            last.result()
    return count


def has_one_size(model: ir.Model) -> bool:
    """Whether all batches have one shape; a file's open number of pictures is one here."""
    lengths = [length for value in model.graph.inputs for length in (value.shape or [None, None])[1:]]
    return all(isinstance(length, int) for length in lengths)


@dataclass(frozen=True)
class CalibrationData:
    """What one pass over the pictures gave.

    Attributes:
        cache: what this calibration has found out so far, on disk.
        key: hash of what results about 8-bit networks depend on: the job's key, all pictures, the target.
        ranges: of each value, by mode.
        means: of the channels of each layer's input.
        corrected_on: batches for full bias correction.
        held_out: batches that candidates are compared on.
        pictures: how many the statistics are of.
        compared: pictures in the held-out batches.
        data_hash: of the pictures.
        identical_pictures_warning: says that the pictures are all the same; empty where they are not.
        sensitivity: agreement by layer, as far as it was measured.
    """

    cache: ResultCache
    key: str
    ranges: Mapping[str, Ranges]
    means: Means
    corrected_on: Sequence[Batch]
    held_out: Sequence[Batch]
    pictures: int
    compared: int
    data_hash: str
    identical_pictures_warning: str
    sensitivity: dict[str, float] = field(default_factory=dict)


def collect_data(
    job: CalibrationJob,
    frames: Iterable[FrameOrTensors],
    held_out: Iterable[FrameOrTensors] | None,
    dry_run: Callable[[Sequence[FrameOrTensors]], None],
) -> CalibrationData:
    """Read all pictures: take statistics of most, and hold a few out.

    An interrupted call's statistics are used again where ``frames`` can be read twice and are the same.

    Args:
        job: what is asked for.
        frames: read once, or twice where they can be.
        held_out: pictures to compare on; None: some of ``frames``.
        dry_run: tries the first frames before the others are read.

    Raises:
        DataError: there is no picture, or something that is none.
    """
    job.watch.start("read")
    cache, given = ResultCache(cache_path(job.output)), read_held_out(job, held_out)
    pictures = len(frames) if isinstance(frames, Sized) else 0
    known = None
    if cache.has("statistics") and iter(frames) is not frames:
        collector = StatisticsCollector(job, given, pictures)
        for _ in collector.batches(frames):
            pass
        known = collector.cached(cache).value
    if known is None:
        collector = StatisticsCollector(job, given, pictures)
        known = collector.statistics(frames, dry_run)
        collector.cached(cache).keep(known)
    collector.split.fill_held_out()
    return CalibrationData(
        cache,
        collector.key,
        ranges={
            mode: {name: (low, high) for name, (low, high) in found.items()}  # JSON has lists
            for mode, found in known["ranges"].items()
        },
        means={name: np.asarray(mean) for name, mean in known["means"].items()},
        corrected_on=collector.split.corrected_on,
        held_out=collector.split.held_out,
        pictures=known["pictures"],
        compared=len(collector.split.held_out) * collector.batcher.per_batch - collector.batcher.repeated,
        data_hash=job.options.data_hash or collector.batcher.digest,
        identical_pictures_warning=known.get("identical_pictures_warning", ""),
    )


def read_held_out(job: CalibrationJob, frames: Iterable[FrameOrTensors] | None) -> HeldOutSplit:
    """Read the pictures that the caller gave to compare on."""
    if frames is None:
        return HeldOutSplit()
    batcher = job.batcher()
    batches = list(itertools.islice(batcher.batches(frames), MOST_HELD_OUT))
    return HeldOutSplit(batches, given_hash=batcher.digest)


class StatisticsCollector:
    """One pass over the pictures: ``batcher`` makes batches of them, ``split`` divides these.

    Args:
        job: what is asked for.
        given: batches that the caller gave to compare on.
        pictures: how many there will be; 0 where that is not known.
    """

    def __init__(self, job: CalibrationJob, given: HeldOutSplit, pictures: int) -> None:
        self._job, self.batcher, self._pictures = job, job.batcher(), pictures
        self.split = replace(given, held_out=list(given.held_out), corrected_on=[])

    def batches(self, frames: Iterable[FrameOrTensors]) -> Iterator[Batch]:
        """Give the batches that statistics are taken of."""
        return self.split.divide(self._counted(self.batcher.batches(frames)))

    def _counted(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self._job.watch.count(self.batcher.frames, self._pictures)
            yield batch

    def statistics(
        self, frames: Iterable[FrameOrTensors], dry_run: Callable[[Sequence[FrameOrTensors]], None]
    ) -> dict[str, Any]:
        """Take statistics of all batches, as values for JSON."""
        stream = iter(frames)
        first = list(itertools.islice(stream, DRY_RUN * self.batcher.clip_length))
        dry_run(first)
        batches = self.batches(itertools.chain(first, stream))
        found = collect_statistics(self._job.floating, self._job.placement, batches)
        if not found.batches:
            raise DataError("calibration: found no pictures, expected some hundred")
        return {
            "ranges": {mode: found.ranges(mode) for mode in self._job.modes},
            "means": {name: mean.tolist() for name, mean in found.means.items()},
            "pictures": found.batches * self.batcher.per_batch - self.batcher.repeated,
            "identical_pictures_warning": self.batcher.identical_pictures_warning,
        }

    def cached(self, cache: ResultCache) -> CachedResult:
        """Return the result that depends on the pictures read, and on how they were divided."""
        digest, is_given = self.batcher.digest, bool(self.split.given_hash)
        return cache.at("statistics", self._job.key, self._job.modes, digest, is_given)

    @property
    def key(self) -> str:
        """Hash of what results about 8-bit networks depend on."""
        return key_of(self._job.key, self.batcher.digest, self.split.given_hash, self._job.target.name)
