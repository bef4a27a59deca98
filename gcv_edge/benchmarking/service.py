"""What a worker of a benchmark does: it loads one variant, and measures it whenever it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gcv_edge.benchmarking.engine_runner import EngineRunner
from gcv_edge.benchmarking.mxnet_runner import MxnetRunner
from gcv_edge.measure.calls import CallTimes
from gcv_edge.measure.isa import cap_core
from gcv_edge.measure.machine import resident_bytes


class Runner(Protocol):
    """What measures a variant."""

    def load(self) -> dict[str, Any]:
        """Get ready and run once."""

    def turn(self, seconds: float) -> CallTimes:
        """Work on frames."""

    def network(self, seconds: float) -> CallTimes:
        """Run the network alone."""

    def profile(self) -> list[dict[str, Any]]:
        """Say which kernels the network's time goes to."""


class VariantService:
    """Answers ``load``, then ``turn``, ``network`` and ``profile``.

    Args:
        job: of ``Variant.to_job``, with ``hint``, ``threads``, ``batch``, ``frames`` and ``isa``.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        self._before = resident_bytes()
        self._job = job
        self._runner: Runner | None = None

    def answer(self, command: str, seconds: float = 0.0) -> dict[str, Any]:
        """Do what a command says."""
        if command == "load":
            return self._load()
        if self._runner is None or command not in ("turn", "network", "profile"):
            raise ValueError(
                f"command: found {command!r}, expected load, turn, network or profile, after load"
            )
        if command == "profile":
            return {"layers": self._runner.profile()}
        measure = self._runner.turn if command == "turn" else self._runner.network
        return measure(seconds).to_dict()

    def _load(self) -> dict[str, Any]:
        cap_core(self._job["isa"])
        runner = MxnetRunner(self._job) if self._job["engine"] == "mxnet" else EngineRunner(self._job)
        facts = runner.load()
        self._runner = runner
        after = resident_bytes()
        grown = after - self._before if after is not None and self._before is not None else None
        return {**facts, "memory": grown}
