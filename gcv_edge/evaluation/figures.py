"""What an evaluation finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gcv_edge.data.dataset import Skipped
from gcv_edge.points import to_points


@dataclass(frozen=True)
class ClassFigure:
    """The figure of one class.

    Attributes:
        class_id: the model's id.
        name: the class's name.
        value: the metric for this class alone; NaN where the data set has nothing of it.
        count: pictures, objects or pixels of it in the data set.
    """

    class_id: int
    name: str
    value: float
    count: int


@dataclass(frozen=True)
class Confusion:
    """How many pictures of one class were taken for another."""

    truth: str
    predicted: str
    count: int


@dataclass(frozen=True)
class Measured:
    """What a metric says after the last picture.

    Attributes:
        value: the metric itself, 0 to 1.
        figures: it and its relatives by name.
        classes: by class, in the order of their ids.
        confusions: the most frequent first.
    """

    value: float
    figures: Mapping[str, float]
    classes: tuple[ClassFigure, ...] = ()
    confusions: tuple[Confusion, ...] = ()


@dataclass(frozen=True)
class OtherMeasure:
    """The same results counted in another way.

    Attributes:
        measured: the figures.
        why: what is different, in a sentence for people.
    """

    measured: Measured
    why: str


@dataclass(frozen=True)
class Evaluation:
    """How good a model is on a data set.

    Attributes:
        metric: short name, such as ``voc07``.
        title: name for people.
        measured: the figures.
        model: the model's file.
        dataset: as the user called it.
        kind: what the data set is.
        fingerprint: hash of the data set's names, pictures and labels.
        pictures: how many were measured on.
        skipped: samples that could not be read.
        dropped_boxes: labelled boxes that their pictures cannot have.
        damaged_labels: labels that are damaged and were left out.
        seconds: how long it took.
        resampled: the metric on data sets drawn from these pictures (``evaluate(..., resampling=True)``).
        is_share: the metric is the share of pictures that are right.
        gluoncv: what GluonCV's own scripts would print (``evaluate(..., like="gluoncv")``).
    """

    metric: str
    title: str
    measured: Measured
    model: str
    dataset: str
    kind: str
    fingerprint: str
    pictures: int
    skipped: Sequence[Skipped] = field(default=())
    dropped_boxes: int = 0
    damaged_labels: Sequence[Skipped] = field(default=())
    seconds: float = 0.0
    resampled: tuple[float, ...] = ()
    is_share: bool = False
    gluoncv: OtherMeasure | None = None

    @property
    def value(self) -> float:
        """The metric, 0 to 1; more is better."""
        return self.measured.value

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; figures are points, 0 to 100."""
        return {
            "metric": self.metric,
            "title": self.title,
            "value": to_points(self.value),
            "figures": {name: to_points(value) for name, value in self.measured.figures.items()},
            "classes": [
                {**asdict(figure), "value": to_points(figure.value)} for figure in self.measured.classes
            ],
            **({} if self.gluoncv is None else {"gluoncv": describe_other(self.gluoncv)}),
            "confusions": [asdict(confusion) for confusion in self.measured.confusions],
            "model": self.model,
            "dataset": {"name": self.dataset, "kind": self.kind, "fingerprint": self.fingerprint},
            "pictures": self.pictures,
            "skipped": [skipped._asdict() for skipped in self.skipped],
            "dropped_boxes": self.dropped_boxes,
            "damaged_labels": [damaged._asdict() for damaged in self.damaged_labels],
            "seconds": round(self.seconds, 3),
        }

    def __repr__(self) -> str:
        return f"Evaluation({self.title} {self.value:.4f} on {self.pictures} pictures of {self.dataset})"


def describe_other(other: OtherMeasure) -> dict[str, Any]:
    """Return plain values for JSON; figures are points, 0 to 100."""
    figures = {name: to_points(value) for name, value in other.measured.figures.items()}
    return {"value": to_points(other.measured.value), "figures": figures, "why": other.why}
