"""What all metrics have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gcv_edge.evaluation.figures import Measured
from gcv_edge.evaluation.resampling import Weights
from gcv_edge.runtime.results import class_name

Size = tuple[int, int]


class Metric(ABC):
    """Takes results and labels, a picture at a time, and keeps no pixels.

    Args:
        labels: class names by id; empty where there are none.

    Attributes:
        key: short name.
        title: name for people.
        is_share: each picture is right or wrong, and the metric is the share of those that are right.
    """

    is_share: ClassVar[bool] = False
    key: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, labels: Sequence[str] = ()) -> None:
        self.labels = tuple(labels)

    @abstractmethod
    def update(self, result: Any, target: Any, size: Size) -> None:
        """Take in a picture.

        Args:
            result: what the runtime gave.
            target: what the data set says.
            size: width and height of the picture.

        Raises:
            DataError: the labels do not fit the model.
        """

    @abstractmethod
    def compute(self) -> Measured:
        """Return the figures of all pictures so far.

        Raises:
            DataError: there was nothing to measure with.
        """

    @abstractmethod
    def compute_weighted(self, weights: Weights) -> NDArray[np.float64]:
        """Return the metric of data sets that hold each picture as often as weights say, one per row.

        Args:
            weights: ``[draws, pictures]``, pictures in the order in which they were taken in.
        """

    def name_of(self, class_id: int) -> str:
        """Return a class's name."""
        return class_name(self.labels, class_id)
