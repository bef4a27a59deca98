"""What a caller may want to know while an optimization runs."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gcv_edge.optimize.baseline import Baseline
    from gcv_edge.prune import PruneResult

READING, PRUNING, CALIBRATING, MEASURING = "reading", "pruning", "calibrating", "measuring"
"""The stages."""


class Observer:
    """Receives the progress of an optimization and shows nothing: override what you want to know."""

    def stage(self, name: str, output: Path | None) -> AbstractContextManager[object]:  # noqa: ARG002
        """Return a context in which a stage runs.

        Args:
            name: ``READING``, ``PRUNING``, ``CALIBRATING`` or ``MEASURING``.
            output: file that the stage writes; None where it writes none.
        """
        return contextlib.nullcontext()

    def progress(self, phrase: str, done: int = 0, total: int = 0) -> None:
        """Take a phrase that says what is going on, and how much of it is done where that is known."""

    def prepared(self, baseline: Baseline) -> None:
        """Take the pictures and how files are measured, before pruning and before calibration."""

    def pruned(self, result: PruneResult) -> None:
        """Take the pruned file, before it is calibrated."""
