"""Running a model over a data set."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, cast

import numpy as np

from gcv_edge.data import Dataset, Sample
from gcv_edge.data.targets import KeypointTarget
from gcv_edge.errors import DataError, UnsupportedError, UsageError
from gcv_edge.evaluation.classification import TopAccuracy
from gcv_edge.evaluation.coco import BoxPrecision, KeypointPrecision, MaskPrecision
from gcv_edge.evaluation.figures import Evaluation, Measured, OtherMeasure
from gcv_edge.evaluation.gluoncv import LikeGluonCv, like_gluoncv
from gcv_edge.evaluation.metric import Metric
from gcv_edge.evaluation.resampling import resample
from gcv_edge.evaluation.segmentation import PixelMetric
from gcv_edge.evaluation.voc import Voc07Precision, Voc12Precision
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.model import LoadedNetwork, Model
from gcv_edge.runtime.pose import PoseEstimator
from gcv_edge.runtime.sources import Frame
from gcv_edge.runtime.streaming import run_in_order
from gcv_edge.tasks import CLASSIFICATION, DETECTION, INSTANCES, POSE, SEGMENTATION, Task

Progress = Callable[[int, int], None]

GLUONCV = "gluoncv"
NO_OPTIONS: Mapping[str, Any] = {}
METRICS: Mapping[str, Mapping[str, type[Metric]]] = {
    CLASSIFICATION.name: {"top1": TopAccuracy},
    DETECTION.name: {"voc07": Voc07Precision, "voc12": Voc12Precision, "coco": BoxPrecision},
    INSTANCES.name: {
        "coco-masks": MaskPrecision,
        "coco": BoxPrecision,
        "voc07": Voc07Precision,
        "voc12": Voc12Precision,
    },
    SEGMENTATION.name: {"miou": PixelMetric},
    POSE.name: {"oks": KeypointPrecision},
}
"""Task to metrics; the first is the usual one."""

CLASS_AXES = {
    CLASSIFICATION.name: ("logits", -1),
    DETECTION.name: ("scores", -1),
    SEGMENTATION.name: ("logits", 1),
    POSE.name: ("heatmaps", 1),
}
"""Task to the output, and its axis, whose length is the number of classes."""


def evaluate(
    model: LoadedNetwork,
    dataset: Dataset,
    *,
    metric: str | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
    resampling: bool = False,
    like: str | None = None,
    flip: bool = False,
    scales: Sequence[float] | None = None,
) -> Evaluation:
    """Measure how good a model is on labelled pictures.

    Args:
        model: any with a task that has a metric.
        dataset: opened for the model's task and labels.
        metric: ``top1``, ``voc07``, ``voc12``, ``coco``, ``coco-masks``, ``miou`` or ``oks``; None for the
            task's usual one, which for boxes out of COCO's JSON is COCO's.
        limit: measure on that many pictures, spread evenly over the data set.
        progress: called with the number of pictures done and their total.
        resampling: compute the metric on draws of these pictures too (the bootstrap).
        flip: GluonCV's option at test time, as ``PoseEstimator.run`` and ``Segmenter.run`` have it.
        scales: likewise, as ``Segmenter.run`` has it.
        like: ``gluoncv`` measures as GluonCV's own scripts count too (``Evaluation.gluoncv``).

    Raises:
        DataError: the data set has no labels or no readable picture, or its labels are not the model's.
        UnsupportedError: the task has no metric.
        UsageError: the task has another metric.
        MissingExtraError: the metric needs a package that is not installed.
    """
    start = perf_counter()
    refuse_task(model.task)
    model = cast("Model[Any]", model)  # those with a metric take frames
    chosen = dataset if limit is None else dataset.limit(limit)
    measure = make_metric(model, chosen, metric)
    other = like_gluoncv(measure, model) if like == GLUONCV else None
    pictures = 0
    options = test_time_options(model.task, flip, scales)
    for sample, result in run_labelled(model, chosen, progress, options):
        height, width = sample.frame.shape[:2]
        try:
            measure.update(result, sample.target, (width, height))
            if other is not None:
                other.update(result, sample.target, (width, height))
        except DataError as error:
            raise DataError(f"{chosen.name}: {sample.name}: {error}") from None
        pictures += 1
    refuse_empty(chosen, pictures)
    refuse_black_and_white(chosen, measure)
    measured = compute(measure, chosen)
    return Evaluation(
        measure.key,
        measure.title,
        measured,
        str(model.path),
        chosen.name,
        chosen.kind,
        chosen.fingerprint(),
        pictures,
        chosen.skipped,
        chosen.dropped_boxes,
        chosen.damaged_labels,
        perf_counter() - start,
        resample(pictures, measure.compute_weighted) if resampling else (),
        measure.is_share,
        compute_other(measured, other, chosen) if like == GLUONCV else None,
    )


def test_time_options(task: Task, flip: bool, scales: Sequence[float] | None) -> dict[str, Any]:
    """Return what a model's ``run`` takes beside a frame.

    Raises:
        UsageError: the task has no such option.
    """
    if scales is not None and task is not SEGMENTATION:
        raise UsageError(f"--scales is for {SEGMENTATION.name}, not for {task.name}")
    if flip and task is not POSE and scales is None:
        raise UsageError(f"--flip is for {POSE.name}, and for {SEGMENTATION.name} with --scales")
    return {**({"flip": True} if flip else {}), **({} if scales is None else {"scales": tuple(scales)})}


def compute_other(measured: Measured, other: LikeGluonCv | None, dataset: Dataset) -> OtherMeasure:
    """Return GluonCV's figures, which are the same where it counts the same way."""
    if other is None:
        return OtherMeasure(measured, "GluonCV counts the same way")
    return OtherMeasure(compute(other.metric, dataset), other.why)


def refuse_task(task: Task) -> None:
    """Raise UnsupportedError where a task has no metric."""
    if task.name not in METRICS:
        raise UnsupportedError(
            f"measuring {task.name} is not supported: expected one of {', '.join(METRICS)}"
        )


def make_metric(model: Model[Any], dataset: Dataset, name: str | None) -> Metric:
    """Choose and make the metric.

    Raises:
        UnsupportedError: the task has none.
        UsageError: the task has another.
        DataError: the data set has another number of classes than the model.
    """
    refuse_task(model.task)
    choices = METRICS[model.task.name]
    usual = "coco" if dataset.kind == "COCO" and model.task is DETECTION else next(iter(choices))
    kind = choices.get(name or usual)
    if kind is None:
        raise UsageError(
            f"metric '{name}' is not supported for {model.task.name}: expected one of {', '.join(choices)}"
        )
    count = class_count(model)
    check_classes(model, dataset, count)
    labels = model.labels or dataset.classes
    return PixelMetric(labels, count) if kind is PixelMetric else kind(labels)


def class_count(model: Model[Any]) -> int:
    """Return the number of the network's classes; 0 where the graph does not say."""
    name, axis = CLASS_AXES.get(model.task.name, ("", 0))
    shape = model.session.outputs.get(name, ())
    says = len(shape) > 1 and not (model.task is DETECTION and "ids" in model.session.outputs)
    return int(shape[axis] or 0) if says else 0


def check_classes(model: Model[Any], dataset: Dataset, count: int) -> None:
    """Make sure that classes numbered by the data set can be the network's.

    Raises:
        DataError: there are more or fewer of them, or their number is not known.
    """
    if model.labels or not dataset.classes or len(dataset.classes) == count:
        return
    problem = f"found {len(dataset.classes)} classes, expected the network's {count}; " if count else ""
    raise DataError(
        f"{dataset.name}: {problem}the model has no names to tell which class is which: "
        "gcv-edge export --classes names them"
    )


def compute(measure: Metric, dataset: Dataset) -> Any:
    """Compute the metric, naming the data set where that fails."""
    try:
        return measure.compute()
    except DataError as error:
        raise DataError(f"{dataset.name}: {error}") from None


def refuse_empty(dataset: Dataset, pictures: int) -> None:
    """Raise where nothing could be read."""
    if not pictures:
        first = dataset.skipped[0]
        raise DataError(
            f"{dataset.name}: none of {len(dataset)} pictures could be read; {first.name}: {first.reason}"
        )


def refuse_black_and_white(dataset: Dataset, measure: Metric) -> None:
    """Raise where masks of two classes are spelt 0 and 255."""
    if isinstance(measure, PixelMetric) and measure.is_black_and_white:
        raise DataError(
            f"{dataset.name}: found masks of 0 and 255, expected 0 and 1: 255 is a pixel that does not count"
        )


def run_labelled(
    model: Model[Any],
    dataset: Dataset,
    progress: Progress | None = None,
    options: Mapping[str, Any] = NO_OPTIONS,
) -> Iterator[tuple[Sample, Any]]:
    """Run a model over labelled samples; pictures are read ahead.

    Raises:
        DataError: a sample has no labels.
    """
    if isinstance(model, PoseEstimator):
        results = run_poses(model, dataset, options)
    else:
        results = run_pictures(model, dataset, options)
    for done, (sample, result) in enumerate(results, start=1):
        if progress is not None:
            progress(done, len(dataset))
        yield sample, result


def run_pictures(
    model: Model[Any], dataset: Dataset, options: Mapping[str, Any]
) -> Iterator[tuple[Sample, Any]]:
    """Run a model on whole pictures, as many at once as it computes side by side."""
    waiting: deque[Sample] = deque()

    def frames() -> Iterator[Frame]:
        for index, sample in enumerate(require_labels(dataset)):
            waiting.append(sample)
            yield Frame(in_color_of(model, sample.frame), sample.name, index)

    def run(frame: Frame) -> Any:
        return model.run(frame.pixels, **options)

    for _, result in run_in_order(run, frames(), model.session.streams):
        yield waiting.popleft(), result


def run_poses(
    model: PoseEstimator, dataset: Dataset, options: Mapping[str, Any]
) -> Iterator[tuple[Sample, Any]]:
    """Run a pose network on the people of each picture, in their labelled boxes."""
    for sample in require_labels(dataset):
        boxes = boxes_of_people(sample)
        yield sample, model.run(in_color_of(model, sample.frame), boxes, **options)


def require_labels(dataset: Dataset) -> Iterator[Sample]:
    """Give samples on; raise where one has no labels."""
    for sample in dataset:
        if sample.target is None:
            found = f"{dataset.name}: found {dataset.kind} without labels, expected some to measure with"
            raise DataError(dataset.unlabelled or found)
        yield sample


def in_color_of(model: Model[Any], frame: Pixels) -> Pixels:
    """Return a BGR frame in the order of channels that the model was opened for."""
    return frame[:, :, ::-1] if model.color == "rgb" else frame


def boxes_of_people(sample: Sample) -> Any:
    """Return the boxes that GluonCV validates in: people with a labelled keypoint, cut off at the picture.

    Source: ``_check_load_keypoints`` in gluoncv/data/mscoco/keypoints.py.
    """
    target = sample.target
    if not isinstance(target, KeypointTarget):
        raise DataError(f"{sample.name}: found no keypoints, expected COCO's person_keypoints")
    height, width = sample.frame.shape[:2]
    boxes = np.clip(target.boxes, 0, np.tile([width - 1, height - 1], 2))
    labelled = (target.keypoints[:, :, 2] > 0).any(axis=1) & ~target.crowd & (target.areas > 0)
    return boxes[labelled & (boxes[:, :2] < boxes[:, 2:]).all(axis=1)]
