"""How far a calibration or a pruning is."""

from __future__ import annotations

from collections.abc import Callable

from gcv_edge.pipeline import Stages

Progress = Callable[[str, int, int], None]
"""Called with the stage's name, and how much of how much of it is done; 0 where that is not known."""


class CountedStages(Stages):
    """Times the stages of a calibration, and announces them and how far each is."""

    def __init__(self, progress: Progress | None) -> None:
        super().__init__(None if progress is None else lambda name: progress(name, 0, 0))
        self._counted = progress

    def count(self, done: int, total: int) -> None:
        """Say how much of the current stage is done."""
        if self._counted is not None and self._current is not None:
            self._counted(self._current[0], done, total)
