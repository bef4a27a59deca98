"""Result of a calibration, and the record of it in the file."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gcv_edge.measure.machine import find_version

PACKAGES = ("gcv-edge", "openvino", "onnxruntime", "onnx", "onnx-ir")
METADATA_KEY = "gcv_edge calibration"


@dataclass(frozen=True)
class CalibrationResult:
    """An 8-bit network and how it was made; ``to_record`` is the record in its file.

    Attributes:
        path: the file.
        target: processors it is for.
        mode, correction, asymmetric: of the recipe that was kept.
        data: name or description of the pictures, as the caller gave it.
        data_hash: of the pictures: the caller's, or SHA-256 over the frames read.
        measured_hash: of the pictures that the score was measured on, as the caller gave it.
        pictures: how many the statistics are of.
        held_out: pictures that recipes were compared on.
        layers: quantised layers.
        kept_float: layers that stay float, with the reason: ``asked for``,
            ``no 8-bit kernel`` or ``accuracy``.
        scales: number, smallest and largest scale of activations.
        candidates: agreement with the float network in decibels, by recipe.
        agreement: of the file.
        sensitivity: agreement with one layer quantised, where it was measured.
        score_before, score_after: the caller's score of the float and of this network, in points of 100.
        metric: what the score is: ``top-1``, ``VOC07 mAP``; empty where the caller does not say.
        measured: ``accuracy``, against labels, or ``agreement`` with the float network; empty likewise.
        drop_at_most: points lost at most, at a confidence of 90 %; None without a score.
        max_drop: the largest drop allowed.
        passed: ``drop_at_most`` is within it, or none was set.
        pictures_needed: estimate of the labelled pictures that would decide, where the drop is within the
            limit and ``drop_at_most`` is not; else None.
        collapses: classes that lose more than 5 points: ``WBC 96.9 -> 87.9``.
        complete: no search was cut short by the time budget.
        resumed: an interrupted calibration was continued.
        milliseconds: fastest run of each form on the machine.
        fastest: the form with the shortest.
        engines_agree: ONNX Runtime and OpenVINO compute the same, up to rounding.
        warnings: what the user should know.
        seconds: time of each stage.
        machine: processor and engine.
    """

    path: Path
    target: str
    mode: str
    correction: str
    asymmetric: bool
    data: str
    data_hash: str
    pictures: int
    held_out: int
    layers: int
    kept_float: Mapping[str, str]
    scales: Mapping[str, float]
    candidates: Mapping[str, float]
    agreement: float
    sensitivity: Mapping[str, float] = field(default_factory=dict)
    measured_hash: str = ""
    score_before: float | None = None
    score_after: float | None = None
    metric: str = ""
    measured: str = ""
    drop_at_most: float | None = None
    max_drop: float | None = None
    passed: bool = True
    pictures_needed: int | None = None
    collapses: tuple[str, ...] = ()
    complete: bool = True
    resumed: bool = False
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    fastest: str = ""
    engines_agree: bool = True
    warnings: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)

    @property
    def drop(self) -> float | None:
        """Points of the score that were lost; None without a score."""
        if self.score_before is None or self.score_after is None:
            return None
        return self.score_before - self.score_after

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            **self.to_record(),
            "engines_agree": self.engines_agree,
            "seconds": rounded(self.seconds),
            "resumed": self.resumed,
        }

    def to_record(self) -> dict[str, Any]:
        """Return what goes into the file's metadata.

        It leaves out what is known only when the file is written, and whether the calibration was
        interrupted: it ends with the same file.
        """
        entries = asdict(self)
        for name in ("path", "resumed", "engines_agree", "seconds"):
            del entries[name]
        entries["fine"] = entries.pop("asymmetric")  # as files that exist name it
        entries |= {"drop": self.drop, "versions": versions(), "date": today()}
        return {name: rounded(value) for name, value in entries.items()}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that were used."""
    found = {name: version for name in PACKAGES if (version := find_version(name))}
    return {"python": platform.python_version(), **found}


def today() -> str:
    """Return the date in UTC."""
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def rounded(value: Any) -> Any:
    """Shorten all numbers to six digits, through dictionaries and lists."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return value
