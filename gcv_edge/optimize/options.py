"""What a caller asks of an optimization."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field

from gcv_edge.cpus import own_target
from gcv_edge.errors import UsageError
from gcv_edge.points import MOST_POINTS

PRUNING_SHARE = 0.75
"""Part of ``max_drop`` that pruning may lose where 8 bits follow; the rest is for these."""


@dataclass(frozen=True)
class OptimizeOptions:
    """What is asked for: by default, an 8-bit file for processors of this machine's kind.

    Attributes:
        max_drop: points that may be lost against the whole float network, at a confidence of 90 %. None: any
            number, but 5 where channels are pruned and labels measure it (as measured, without confidence);
            100 sets no limit. Where nothing can be measured (noise), it is what ``PruneResult.changed`` may
            be.
        speedup: prune channels until the network is that many times as fast, measured on this machine.
        macs: prune until that part of the multiply-accumulates is left, instead.
        precision: in which ``speedup`` counts, ``f32`` or ``int8``; None: in 8 bits where they follow.
        distill: train the pruned network that many passes over the pictures, or (True) for some minutes.
            Needs the extra ``[torch]``.
        seed: of every random choice of the pruning.
        int8: calibrate to 8 bits, after pruning where both are asked for.
        target: processors the 8-bit file is for: ``x86`` (with VNNI), ``arm`` or ``portable`` (x86 without).
        mode: how ranges are chosen: ``auto``, ``minmax``, ``percentile``, ``entropy`` or ``mse``.
        samples: pictures to calibrate on, at most.
        keep_float: names of layers that stay float in any case.
        time_budget: seconds that the search for layers that must stay float may take.
        deadline: when that search ends at the latest, on the clock ``time.monotonic``.
        is_quick: search neither for the best bias correction nor for layers without an 8-bit kernel.
        sensitivity: measure what every layer costs, for a report.
        split: part of the data set to measure on; None for the one that is for measuring.
        calibration_split: part to prune and calibrate on; None for the one that is for training.
        pictures: folder of the pictures, where it is not found beside the data set.
        ignore_unknown: leave out labels of classes that the network does not know.

    Raises:
        UsageError: options contradict each other.
    """

    max_drop: float | None = None
    speedup: float | None = None
    macs: float | None = None
    precision: str | None = None
    distill: bool | int = False
    seed: int = 0
    int8: bool = True
    target: str = field(default_factory=own_target)
    mode: str = "auto"
    samples: int = 300
    keep_float: tuple[str, ...] = ()
    time_budget: float | None = None
    deadline: float = math.inf
    is_quick: bool = False
    sensitivity: bool = False
    split: str | None = None
    calibration_split: str | None = None
    pictures: str | os.PathLike[str] | None = None
    ignore_unknown: bool = False

    def __post_init__(self) -> None:
        if self.speedup is not None and self.macs is not None:
            raise UsageError("expected speedup or macs, one of the two")
        if not (self.prunes or self.int8):
            raise UsageError("found nothing to do, expected speedup, macs or int8")
        if self.distill and not self.prunes:
            raise UsageError("distill is for pruning: expected speedup or macs")
        if self.max_drop is not None and not self.max_drop >= 0:
            raise UsageError(f"max_drop: found {self.max_drop:g}, expected 0 points or more")
        if self.seed < 0:
            raise UsageError(f"seed: found {self.seed}, expected 0 or more")
        if self.samples < 1:
            raise UsageError(f"samples: found {self.samples}, expected 1 picture or more")

    @property
    def prunes(self) -> bool:
        """Whether channels are pruned."""
        return self.speedup is not None or self.macs is not None

    @property
    def pruning_max_drop(self) -> float | None:
        """Points that pruning may lose."""
        if self.max_drop is None or self.max_drop >= MOST_POINTS or not self.int8:
            return self.max_drop
        return PRUNING_SHARE * self.max_drop

    @property
    def timed_precision(self) -> str:
        """Precision in which pruned networks are timed."""
        if self.precision is not None:
            return self.precision
        return "int8" if self.int8 and self.speedup is not None else "f32"

    @property
    def pictures_read(self) -> int:
        """Pictures to prune and calibrate on, at most."""
        if not self.prunes:
            return self.samples
        from gcv_edge.prune.preparation import MOST_PICTURES

        return max(MOST_PICTURES, self.samples)
