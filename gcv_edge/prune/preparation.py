"""What the pictures tell of a network: what its layers read, and which of its channels matter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import onnx_ir as ir
from numpy.typing import ArrayLike

from gcv_edge.errors import UnsupportedError
from gcv_edge.graph.values import shape_of
from gcv_edge.prune.fitting.activations import MAX_BATCH
from gcv_edge.prune.fitting.calibration_set import CalibrationSet, collect_pictures, noise_frames
from gcv_edge.prune.fitting.network import RankedNetwork
from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.fitting.statistics import Moments, gather_moments
from gcv_edge.prune.job import PruneJob, PruneResultCache
from gcv_edge.prune.search.importance import rank_channels
from gcv_edge.tasks import CLASSIFICATION

if TYPE_CHECKING:
    from gcv_edge.prune.distillation import Distiller

MOST_PICTURES = 1000
"""Pictures kept at most, to fit on and to check with."""
NOISE_PICTURES = 256
CHECK_SHARE = 1 / 8
"""Part of them that nothing is fitted on."""


@dataclass(frozen=True)
class Preparation:
    """What the pictures tell of a network.

    Attributes:
        fitted_on: pictures to fit on.
        checked: number of others, on which ``check`` compares.
        is_noise: they are none, but noise.
        check: compares pruned networks with the whole one.
        cache: what an interrupted run found out; takes the rest.
        distiller: trains pruned networks; None where that is not asked for.
        network: the network, its channels ranked.
    """

    fitted_on: CalibrationSet
    checked: int
    is_noise: bool
    check: Divergence
    cache: PruneResultCache
    distiller: Distiller | None
    network: RankedNetwork


def prepare(job: PruneJob, frames: Iterable[ArrayLike] | None) -> Preparation:
    """Read the pictures, or noise if there are none, and rank the channels.

    Raises:
        DataError: there are fewer than 8 pictures.
        UnsupportedError: the input's size is open, or torch does not compute what it is to train.
    """
    tell, size = job.timer.start("pictures"), input_size(job.network.model)
    given = frames if frames is not None else noise_frames(NOISE_PICTURES, size, job.seed)
    pictures = collect_pictures(given, job.metadata.preprocessing, size, MOST_PICTURES, job.seed)
    tell(len(pictures), len(pictures))
    fitted_on, checked_on = pictures.split(CHECK_SHARE)
    check, cache = compare_on(job, checked_on), PruneResultCache(job, pictures)
    distiller = find_distiller(job, check, fitted_on)
    network = rank_network(job, fitted_on, cache)
    return Preparation(fitted_on, len(checked_on), frames is None, check, cache, distiller, network)


def input_size(model: ir.Model) -> tuple[int, int]:
    """Return width and height of the input.

    Raises:
        UnsupportedError: they are open.
    """
    height, width = shape_of(model.graph.inputs[0])[-2:]
    if isinstance(height, int) and isinstance(width, int):
        return width, height
    raise UnsupportedError(
        "input: found an open height or width, expected fixed ones: export with --input-shape 1,3,H,W"
    )


def compare_on(job: PruneJob, pictures: CalibrationSet) -> Divergence:
    """Return what compares pruned networks with the whole one on some pictures."""
    chooses = job.metadata.task is CLASSIFICATION and job.metadata.activation == "softmax"
    return Divergence(job.network.model, pictures, chooses)


def find_distiller(job: PruneJob, check: Divergence, pictures: CalibrationSet) -> Distiller | None:
    """Return what trains, where that is asked for; a network that torch cannot compute is refused now."""
    if not job.distill:
        return None
    from gcv_edge.prune.distillation import Distiller

    epochs = None if job.distill is True else int(job.distill)
    return Distiller(job.network.model, check, pictures, epochs, job.seed)


def rank_network(job: PruneJob, pictures: CalibrationSet, cache: PruneResultCache) -> RankedNetwork:
    """Sum up what layers read, in one pass over the pictures, and rank the channels."""
    tell, batches = job.timer.start("statistics"), -(-len(pictures) // MAX_BATCH)
    network = job.network
    statistics: dict[str, Moments] = {}
    passed = gather_moments(network.model, network.layers, pictures, job.seed, network.substitutes)
    for done, sums in enumerate(passed, 1):
        statistics = sums
        tell(done, max(done, batches))
    cached = cache.ranking()
    ranking = rank_channels(network, statistics, cached.value or {}, job.timer.start("order"))
    cached.keep({name: order.tolist() for name, order in ranking.items()})
    return network.ranked(statistics, ranking)
