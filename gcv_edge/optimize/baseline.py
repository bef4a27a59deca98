"""The baseline of an optimization: the whole float network, the pictures, and how files are measured."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gcv_edge.calibration.batches import FrameOrTensors
from gcv_edge.calibration.quantization_parameters import comparison_engine, find_target
from gcv_edge.evaluation.drop import Measure, Score
from gcv_edge.measure.result_cache import hash_file, key_of
from gcv_edge.optimize.dataset_split import DatasetSplit, SplitOptions, split_dataset
from gcv_edge.optimize.evaluator import Evaluator, choose_evaluator, without_wrong_labels
from gcv_edge.optimize.options import OptimizeOptions
from gcv_edge.runtime.loading import open_network
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.runtime.pixel_limit import LIMIT

Data = str | os.PathLike[str] | Iterable[FrameOrTensors]
"""A data set, or frames."""


@dataclass(frozen=True)
class Baseline:
    """What every file of an optimization is held against.

    Attributes:
        whole: the float file.
        frames: pictures to prune and calibrate on; None for noise.
        split: they are its part for calibration; None where the caller gave frames.
        evaluator: how files are measured; None where nothing can be.
        engine: that runs files to measure them.
    """

    whole: Path
    frames: Iterable[Any] | None
    split: DatasetSplit | None
    evaluator: Evaluator | None
    engine: str

    @property
    def title(self) -> str:
        """What is measured; empty for nothing."""
        return self.evaluator.title if self.evaluator is not None else ""

    @property
    def score_hash(self) -> str:
        """Hash of what points depend on beside the file that has them; empty where that is not known."""
        if self.evaluator is None or self.split is None or not self.evaluator.title:
            return ""
        measured = self.evaluator.title, self.evaluator.kind, self.engine, LIMIT.pixels
        return key_of(measured, self.split.evaluation.fingerprint(), hash_file(self.whole))

    def score(self, file: Path) -> Measure | None:
        """Return what scores files made from a float file; that one's own points are the whole network's."""
        if self.evaluator is None:
            return None
        measure = self.evaluator.score

        def score(path: Path) -> Score | float:
            return measure(self.whole if path == file else path)

        return score

    def limited(self, samples: int) -> Baseline:
        """Return the same with fewer pictures to calibrate on."""
        if self.split is None:
            return self
        split = replace(self.split, calibration=self.split.calibration.limit(samples))
        return replace(self, split=split, frames=split.calibration.frames)


def open_baseline(
    whole: Path,
    data: Data | None,
    options: OptimizeOptions,
    score: Measure | None = None,
    progress: Callable[[str], None] | None = None,
) -> Baseline:
    """Split the data set, once for all stages, and decide how files are measured.

    Args:
        whole: the float file.
        data: data set, or frames; None for noise.
        options: what is asked for.
        score: the caller's own measure of files.
        progress: takes a phrase.

    Raises:
        DataError: there are no pictures.
        UnsupportedError: the network takes something else than pictures, and ``data`` is a data set.
    """
    engine, own = comparison_engine(find_target(options.target)), None
    if score is not None:
        own = Evaluator("", "", score)
    if not isinstance(data, (str, os.PathLike)):
        return Baseline(whole, data, None, own, engine)
    metadata = read_metadata(whole)
    split = split_dataset(data, metadata.task, metadata.labels, split_options(options))
    network = open_network(whole, engine=engine)
    split = without_wrong_labels(split, network)
    evaluator = own or choose_evaluator(network, split, engine, progress)
    return Baseline(whole, split.calibration.frames, split, evaluator, engine)


def split_options(options: OptimizeOptions) -> SplitOptions:
    """Return what is asked of the split."""
    return SplitOptions(
        options.pictures_read,
        options.split,
        options.calibration_split,
        options.max_drop is not None,
        options.pictures,
        options.ignore_unknown,
    )
