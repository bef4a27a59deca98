"""What is asked of a pruning: the file, the goal, and what has been found out before it was interrupted."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import onnx_ir as ir
import onnx_ir.passes.common as common

from gcv_edge.calibration.job import load_quantizable
from gcv_edge.calibration.progress import Progress
from gcv_edge.errors import GcvEdgeError, ModelFileError, UnsupportedError
from gcv_edge.exporters.boundary import first_line
from gcv_edge.graph.fold_batch_norm import FoldBatchNormPass
from gcv_edge.graph.nodes import name_nodes
from gcv_edge.measure.machine import find_version
from gcv_edge.measure.result_cache import CachedResult, ResultCache, environment, hash_file, key_of
from gcv_edge.metadata import ModelMetadata
from gcv_edge.prune.fitting.batching import open_batch
from gcv_edge.prune.fitting.calibration_set import CalibrationSet
from gcv_edge.prune.fitting.layers import LayerWeights
from gcv_edge.prune.fitting.network import PrunableNetwork, analyse
from gcv_edge.prune.fitting.sequential import Report
from gcv_edge.prune.search.sensitivity import candidate_widths
from gcv_edge.runtime.modelfile import read_metadata


@dataclass(frozen=True)
class PruneGoal:
    """When a network is pruned enough.

    Attributes:
        speedup: times as fast, measured on this machine; None where work counts.
        macs: part of the multiply-accumulates that is left; None where speed counts.
        precision: in which the speed counts: ``f32`` or ``int8``.
    """

    speedup: float | None
    macs: float | None
    precision: str


@dataclass(frozen=True)
class StageTimer:
    """Tells how far stages are, and times them.

    Attributes:
        progress: told how far a stage is.
        seconds: that each stage took, of all its parts.
    """

    progress: Progress | None
    seconds: dict[str, float] = field(default_factory=dict)

    def start(self, stage: str) -> Report:
        """Return a function that tells how far a stage is."""
        begin, before = time.perf_counter(), self.seconds.get(stage, 0.0)

        def tell(done: int, total: int) -> None:
            self.seconds[stage] = before + time.perf_counter() - begin
            if self.progress is not None:
                self.progress(stage, done, total)

        return tell


@dataclass(frozen=True)
class PruneJob:
    """One pruning.

    Attributes:
        source: the file that is pruned.
        output: file to write.
        goal: when it is pruned enough.
        distill: epochs of a training; True: as many as some minutes allow; False: none.
        seed: of every random choice.
        metadata: of the source.
        network: what may go of it.
        timer: times the stages and tells how far they are.
        shared: file of results that other prunings of the same network use too; None: the job's own.
    """

    source: Path
    output: Path
    goal: PruneGoal
    distill: bool | int
    seed: int
    metadata: ModelMetadata
    network: PrunableNetwork
    timer: StageTimer
    shared: Path | None = None


def open_job(
    source: Path,
    output: Path,
    goal: PruneGoal,
    distill: bool | int,
    seed: int,
    progress: Progress | None,
    shared: Path | None = None,
) -> PruneJob:
    """Load a network and make sure that what is asked can be done.

    Raises:
        UnsupportedError: the network is for clips or tensors, or quantised, or cannot become narrower; or its
            speed counts in 8 bits and no layer can be.
    """
    metadata = read_metadata(source)
    if metadata.variant == "int8":
        raise UnsupportedError(f"{source}: is quantised: prune the network first, then calibrate it")
    if metadata.task.takes != "picture":
        raise UnsupportedError(
            f"{source}: takes {metadata.task.takes.rstrip('s')}s, expected a network of pictures"
        )
    if goal.precision == "int8":
        load_quantizable(source)
    network = analyse(open_batch(load_model(source)))
    check_widths(source, network)
    return PruneJob(source, output, goal, distill, seed, metadata, network, StageTimer(progress), shared)


def check_widths(source: Path, network: PrunableNetwork) -> None:
    """Refuse a network of which nothing can go."""
    if not network.free:
        raise UnsupportedError(f"{source}: no channels can go (gcv-edge prune --explain says why)")
    if not any(candidate_widths(space) for space in network.free):
        widest = max(space.channels for space in network.free)
        raise UnsupportedError(
            f"{source}: no channels can go: layers keep a multiple of 8, and the widest that may lose "
            f"some has {widest}"
        )


def load_model(path: Path) -> ir.Model:
    """Read a graph; constants are initializers, nodes have names of their own, BatchNorm is in its layer.

    Raises:
        ModelFileError: the file is no model.
    """
    try:
        return normalize(ir.load(path))
    except (GcvEdgeError, MemoryError):
        raise
    except Exception as error:  # of what libraries raise for a damaged graph nobody has a list
        if type(error).__name__ == "DecodeError":
            raise ModelFileError(path, "is no ONNX file") from error
        raise ModelFileError(path, f"cannot be read: {first_line(error)}") from error


def normalize(model: ir.Model) -> ir.Model:
    """Bring a graph into the form that pruning works on, without changing what it computes."""
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    name_nodes(model.graph)
    FoldBatchNormPass()(model)
    return model


class PruneResultCache:
    """What a pruning has found out so far, and what each result depends on.

    Args:
        job: the pruning; the cache is beside its output, or the file that it shares with others.
        pictures: all that it looks at.
    """

    def __init__(self, job: PruneJob, pictures: CalibrationSet) -> None:
        self._cache, self._goal = ResultCache(job.shared or cache_path(job.output)), job.goal
        self._is_shared = job.shared is not None
        self._machine = key_of(hash_file(job.source), environment())
        self._key = key_of(self._machine, pictures.levels, job.seed)
        self._training = (job.distill, find_version("torch")) if job.distill else ()

    def ranking(self) -> CachedResult:
        """Units of each space, the most important first."""
        return self._cache.at("orders", self._key)

    def curves(self) -> CachedResult:
        """What each space loses alone, by width."""
        return self._cache.at("curves", self._key)

    def joint_losses(self) -> CachedResult:
        """What spaces lose together, at all widths that were looked at."""
        return self._cache.at("losses", self._key)

    def layer_times(self) -> CachedResult:
        """Seconds of each layer by width; no picture has a part in them."""
        return self._cache.at("table", self._machine, self._goal.precision)

    def widths(self) -> CachedResult:
        """Widths chosen, before any is widened."""
        goal = self._goal
        return self._cache.at("widths", self._key, goal.speedup, goal.macs, goal.precision)

    def fits(self, widths: Mapping[str, int]) -> CachedResult:
        """Layers fitted at some widths."""
        return self._cache.at("fits", self._key, name_widths(widths))

    def training(self, widths: Mapping[str, int]) -> CachedResult:
        """A training at some widths, as far as it is."""
        return self._cache.at("distilled", self._key, name_widths(widths), self._training)

    def drops(self, has_score: bool, score_hash: str, is_bound: bool) -> CachedResult:
        """How much is lost, by widths: on the pictures, or at most on others of the kind."""
        judged_by = score_hash or secrets.token_hex()  # unknown: no other call's score counts
        return self._cache.at("drops", self._key, self._training, judged_by if has_score else "", is_bound)

    def discard(self) -> None:
        """Remove the file, unless others use it: the pruning is done."""
        if not self._is_shared:
            self._cache.discard()


def cache_path(output: Path) -> Path:
    """File beside an output that keeps what has been found out."""
    return output.with_name(f".{output.name}.prune")


def name_widths(widths: Mapping[str, int]) -> str:
    """Name widths, whatever their order."""
    return json.dumps(sorted(widths.items()))


def keep_fits(cached: CachedResult, fits: Mapping[str, LayerWeights]) -> None:
    """Keep fitted layers."""
    matrices = {f"{name}/matrix": weights.matrix for name, weights in fits.items()}
    cached.keep(list(fits), matrices | {f"{name}/bias": weights.bias for name, weights in fits.items()})


def restore_fits(cached: CachedResult) -> dict[str, LayerWeights]:
    """Return the layers that are known to be fitted."""
    arrays = cached.arrays
    return {n: LayerWeights(arrays[f"{n}/matrix"], arrays[f"{n}/bias"]) for n in cached.value or ()}
