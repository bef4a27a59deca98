"""How far two models agree on pictures that nobody has labelled."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from gcv_edge.data import Dataset, Sample
from gcv_edge.data.targets import KeypointTarget
from gcv_edge.errors import DataError, UnsupportedError
from gcv_edge.evaluation.resampling import resample
from gcv_edge.evaluation.running import Progress, boxes_of_people, in_color_of
from gcv_edge.evaluation.voc import overlap
from gcv_edge.runtime.model import LoadedNetwork, Model
from gcv_edge.runtime.pose import PoseEstimator
from gcv_edge.runtime.results import Classification, Detections, Poses, Segmentation

SHOWN_SCORE = 0.5
"""Detections over it are what users are shown."""
MATCH_IOU = 0.5
SEEN_JOINT = 0.2
NEAR = 0.05
"""Part of its box's diagonal that a keypoint may be off."""


@dataclass(frozen=True)
class Agreement:
    """How far a candidate agrees with a reference.

    Attributes:
        measure: what ``value`` is, for people.
        value: 0 to 1; 1 where they say the same.
        figures: it and its relatives by name.
        compared: pictures, detections, pixels or keypoints that were compared.
        pictures: how many were looked at.
        resampled: ``value`` on data sets drawn from these pictures.
        is_share: each picture agrees or does not.
    """

    measure: str
    value: float
    figures: Mapping[str, float]
    compared: int
    pictures: int
    resampled: tuple[float, ...] = ()
    is_share: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "measure": self.measure,
            "value": self.value,
            "figures": dict(self.figures),
            "compared": self.compared,
            "pictures": self.pictures,
        }


class AgreementMetric(ABC):
    """Takes pairs of results and keeps sums."""

    measure: ClassVar[str]
    is_share: ClassVar[bool] = False

    def __init__(self) -> None:
        self.compared = 0
        self.agreed = 0.0

    @abstractmethod
    def update(self, reference: Any, candidate: Any) -> None:
        """Take in a picture's results."""

    def figures(self) -> dict[str, float]:
        """Return the figures beside the main one."""
        return {}


class SameClass(AgreementMetric):
    """Share of pictures with the same most probable class."""

    measure: ClassVar[str] = "top-1 agreement"
    is_share: ClassVar[bool] = True

    def update(self, reference: Classification, candidate: Classification) -> None:
        """Take in a picture's results."""
        self.compared += 1
        self.agreed += int(reference.logits.argmax() == candidate.logits.argmax())


class SameDecisions(AgreementMetric):
    """Share of classes, each by itself, that both take for more or both for less likely than not."""

    measure: ClassVar[str] = "agreement on each class"
    is_share: ClassVar[bool] = True

    def update(self, reference: Classification, candidate: Classification) -> None:
        """Take in a picture's results."""
        self.compared += len(reference)
        self.agreed += int(np.count_nonzero((reference.logits > 0) == (candidate.logits > 0)))


class SameObjects(AgreementMetric):
    """Share of detections over 0.5 with a partner: same class, IoU of at least 0.5, each in one pair."""

    measure: ClassVar[str] = "matched detections"

    def __init__(self) -> None:
        super().__init__()
        self._overlaps = 0.0

    def update(self, reference: Detections, candidate: Detections) -> None:
        """Take in a picture's results."""
        ours, theirs = reference.over(SHOWN_SCORE), candidate.over(SHOWN_SCORE)
        overlaps = match(ours, theirs)
        self.compared += len(ours) + len(theirs)
        self.agreed += 2 * len(overlaps)
        self._overlaps += sum(overlaps)

    def figures(self) -> dict[str, float]:
        """Return the mean overlap of partners."""
        return {"IoU of partners": 2 * self._overlaps / self.agreed} if self.agreed else {}


class SamePixels(AgreementMetric):
    """Share of pixels with the same class."""

    measure: ClassVar[str] = "pixel agreement"

    def update(self, reference: Segmentation, candidate: Segmentation) -> None:
        """Take in a picture's results."""
        self.compared += reference.class_map.size
        self.agreed += int(np.count_nonzero(reference.class_map == candidate.class_map))


class SameJoints(AgreementMetric):
    """Share of the reference's keypoints over 0.2 that are within a twentieth of their box's diagonal."""

    measure: ClassVar[str] = "keypoints in place"

    def __init__(self) -> None:
        super().__init__()
        self._distances = 0.0

    def update(self, reference: Poses, candidate: Poses) -> None:
        """Take in a picture's results."""
        sizes = reference.boxes[:, 2:] - reference.boxes[:, :2]
        diagonals = np.hypot(sizes[:, 0], sizes[:, 1])[:, None]
        distances = np.linalg.norm(reference.keypoints - candidate.keypoints, axis=2)
        seen = reference.scores > SEEN_JOINT
        self.compared += int(np.count_nonzero(seen))
        self.agreed += int(np.count_nonzero(seen & (distances <= NEAR * diagonals)))
        self._distances += float(distances[seen].sum())

    def figures(self) -> dict[str, float]:
        """Return the mean distance in pixels of the frame."""
        return {"distance in pixels": self._distances / self.compared}


KINDS: Mapping[type, Callable[[], AgreementMetric]] = {
    Classification: SameClass,
    Detections: SameObjects,
    Segmentation: SamePixels,
    Poses: SameJoints,
}


def agreement(reference_results: Iterable[Any], candidate_results: Iterable[Any]) -> Agreement:
    """Compare two models' results on the same frames, a pair at a time.

    Args:
        reference_results: of the model that is believed, in the order of the frames.
        candidate_results: of the other model, in the same order.

    Raises:
        DataError: there are no results, or nothing in them to compare.
        UnsupportedError: results of a kind that cannot be compared.
        ValueError: one gives fewer results than the other.
    """
    return compare(zip(reference_results, candidate_results, strict=True))


def agree(
    reference: LoadedNetwork, candidate: LoadedNetwork, dataset: Dataset, progress: Progress | None = None
) -> Agreement:
    """Compare two models on a data set; each picture is read once, and its labels are not compared with.

    Args:
        reference: the model that is believed.
        candidate: the other, for the same task.
        dataset: pictures; people are looked for in their labelled boxes where there are any.
        progress: called with the number of pictures done and their total.

    Raises:
        DataError, UnsupportedError: as ``agreement``.
    """
    ours, theirs = cast("Model[Any]", reference), cast("Model[Any]", candidate)
    return compare(run_both(ours, theirs, dataset, progress))


def compare(pairs: Iterable[tuple[Any, Any]]) -> Agreement:
    """Compare pairs of results, the reference's first."""
    comparison, sums = None, [(0.0, 0)]
    for reference, candidate in pairs:
        comparison = comparison or choose(reference)
        comparison.update(reference, candidate)
        sums.append((comparison.agreed, comparison.compared))
    pictures = len(sums) - 1
    if comparison is None or not comparison.compared:
        raise DataError(f"found nothing to compare in {pictures} pictures, expected results of the reference")
    agreed, compared = np.diff(np.array(sums), axis=0).T
    value = comparison.agreed / comparison.compared
    return Agreement(
        comparison.measure,
        value,
        {comparison.measure: value, **comparison.figures()},
        comparison.compared,
        pictures,
        resample(pictures, lambda weights: weights @ agreed / np.maximum(weights @ compared, 1)),
        comparison.is_share,
    )


def run_both(
    reference: Model[Any], candidate: Model[Any], dataset: Dataset, progress: Progress | None
) -> Iterator[tuple[Any, Any]]:
    """Run two models on the same frames."""
    for done, sample in enumerate(dataset, start=1):
        yield run_sample(reference, sample), run_sample(candidate, sample)
        if progress is not None:
            progress(done, len(dataset))


def run_sample(model: Model[Any], sample: Sample) -> Any:
    """Run a model on a picture, a pose network on the people in it."""
    frame = in_color_of(model, sample.frame)
    if isinstance(model, PoseEstimator) and isinstance(sample.target, KeypointTarget):
        return model.run(frame, boxes_of_people(sample))
    return model.run(frame)


def choose(result: Any) -> AgreementMetric:
    """Return the comparison for a kind of result."""
    if isinstance(result, Classification) and result.activation == "sigmoid":
        return SameDecisions()
    for kind, comparison in KINDS.items():
        if isinstance(result, kind):
            return comparison()
    raise UnsupportedError(f"comparing {type(result).__name__} is not supported")


def match(ours: Detections, theirs: Detections) -> list[float]:
    """Pair detections of a class, best score first, each with the free one that it overlaps most.

    Returns:
        The overlaps of the pairs.
    """
    free: NDArray[np.bool_] = np.ones(len(theirs), bool)
    pairs = []
    overlaps = overlap(ours.boxes, theirs.boxes)
    for row, class_id in enumerate(ours.class_ids):
        candidates = np.where(free & (theirs.class_ids == class_id), overlaps[row], 0.0)
        if candidates.max(initial=0.0) >= MATCH_IOU:
            free[candidates.argmax()] = False
            pairs.append(float(candidates.max()))
    return pairs
