"""What a pruning has found out so far, and what each finding depends on."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gcv_edge.measure.findings import Finding, Findings, environment, hash_file, key_of
from gcv_edge.measure.machine import find_version
from gcv_edge.prune.fitting import Fit


class Known:
    """Findings of one pruning.

    Args:
        output: the file that is going to be written; the findings are beside it.
        source: the file that is pruned.
        levels: of all pictures.
        seed: of every random choice.
        distill: passes of a training; True: as many as some minutes allow.
    """

    def __init__(
        self, output: Path, source: Path, levels: NDArray[Any], seed: int, distill: bool | int
    ) -> None:
        self._findings = Findings(findings_path(output))
        self._machine = key_of(hash_file(source), environment())
        self._key = key_of(self._machine, levels, seed)
        self._training = (distill, find_version("torch")) if distill else ()

    def orders(self) -> Finding:
        """Units of each space, the most important first."""
        return self._findings.at("orders", self._key)

    def curves(self) -> Finding:
        """What each space loses alone, by width."""
        return self._findings.at("curves", self._key)

    def table(self, precision: str) -> Finding:
        """Seconds of each layer by width; no picture has a part in them."""
        return self._findings.at("table", self._machine, precision)

    def widths(self, speedup: float | None, macs: float | None, precision: str) -> Finding:
        """Widths chosen, before any is widened."""
        return self._findings.at("widths", self._key, speedup, macs, precision)

    def fits(self, widths: Mapping[str, int]) -> Finding:
        """Layers fitted at some widths."""
        return self._findings.at("fits", self._key, spell(widths))

    def distilled(self, widths: Mapping[str, int]) -> Finding:
        """A training at some widths, as far as it is."""
        return self._findings.at("distilled", self._key, spell(widths), self._training)

    def drops(self, has_score: bool, score_hash: str) -> Finding:
        """How much is lost, by widths."""
        judged_by = score_hash or secrets.token_hex()  # unknown: no other call's score counts
        return self._findings.at("drops", self._key, self._training, judged_by if has_score else "")

    def discard(self) -> None:
        """Remove the file: the run is done."""
        self._findings.discard()


def findings_path(output: Path) -> Path:
    """File beside an output that keeps what has been found out."""
    return output.with_name(f".{output.name}.prune")


def spell(widths: Mapping[str, int]) -> str:
    """Name widths, whatever their order."""
    return json.dumps(sorted(widths.items()))


def keep_fits(finding: Finding, fits: Mapping[str, Fit]) -> None:
    """Keep fitted layers."""
    matrices = {f"{name}/matrix": fit.matrix for name, fit in fits.items()}
    finding.keep(list(fits), matrices | {f"{name}/bias": fit.bias for name, fit in fits.items()})


def restore_fits(finding: Finding) -> dict[str, Fit]:
    """Return the layers that are known to be fitted."""
    arrays = finding.arrays
    return {name: Fit(arrays[f"{name}/matrix"], arrays[f"{name}/bias"]) for name in finding.value or ()}
