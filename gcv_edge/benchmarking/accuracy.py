"""How good a model file says it is: what calibration and pruning measured when they made it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gcv_edge.points import MOST_POINTS, to_points

PRUNING, CALIBRATION = "gcv_edge pruning", "gcv_edge calibration"
"""Keys of the metadata whose JSON may hold points, in the order in which a file goes through the stages."""

STAGES = {PRUNING: "pruning", CALIBRATION: "calibration"}
SCORES = {PRUNING: ("score",), CALIBRATION: ("score_before", "score_after")}
"""Where the points before and after a stage are: a pair (``prune``), or two entries (``calibrate``)."""

HASHES = ("measured_hash", "data_hash")
"""Where a record tells the pictures: those measured on, else (a caller's own score) those calibrated on."""

AGREEMENT = "agreement"


@dataclass(frozen=True)
class StageScores:
    """What a stage measured of the network it was given and of the one it made.

    Attributes:
        stage: ``pruning`` or ``calibration``.
        metric: name for people: ``top-1``, ``VOC07 mAP``; empty where the record does not tell.
        kind: ``accuracy``, against labels, or ``agreement``, with the network before.
        before, after: 0 to 1; more is better. Before a calibration that was part of a pruning is the whole
            network (``export --prune``).
        pictures: what tells the pictures from others: a hash; empty where the record does not tell.
    """

    stage: str
    metric: str
    kind: str
    before: float
    after: float
    pictures: str = ""

    @property
    def is_accuracy(self) -> bool:
        """Whether it was measured against labels."""
        return self.kind != AGREEMENT

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "before": to_points(self.before), "after": to_points(self.after)}

    def describe(self) -> str:
        """Say it: ``calibration: top-1 71.20 % -> 70.90 %``."""
        metric = self.metric or self.kind
        against = "" if self.is_accuracy else ", agreement with the network before"
        return f"{self.stage}: {metric} {100 * self.before:.2f} % -> {100 * self.after:.2f} %{against}"


def read_scores(entries: Mapping[str, str]) -> tuple[StageScores, ...]:
    """Find what a file's stages measured among its metadata, in their order.

    A pruning that does not say what its points are was measured as the calibration that followed it.
    """
    records = {key: read_record(entries.get(key, "")) for key in STAGES}
    told = {name: records[CALIBRATION].get(name) for name in ("metric", "measured", *HASHES)}
    records[PRUNING] = {**told, **records[PRUNING]}
    found = [make_scores(key, record) for key, record in records.items()]
    return tuple(one for one in found if one is not None)


def make_scores(key: str, record: Mapping[str, Any]) -> StageScores | None:
    """Read a stage's record; None where nothing was measured, or something that makes no sense."""
    places = SCORES[key]
    found = record.get(places[0]) if len(places) == 1 else [record.get(place) for place in places]
    pair = [float(value) for value in found if is_points(value)] if isinstance(found, list) else []
    if len(pair) != 2:
        return None
    before, after = (value / MOST_POINTS for value in pair)
    metric, kind = (str(record.get(name) or "") for name in ("metric", "measured"))
    pictures = next((str(record[name]) for name in HASHES if record.get(name)), "")
    return StageScores(STAGES[key], metric, kind or "accuracy", before, after, pictures)


def is_points(value: Any) -> bool:
    """Tell a number from 0 to 100."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MOST_POINTS


def last_of(measured: Sequence[StageScores], stage: str, is_accuracy: bool) -> StageScores | None:
    """Return what a stage measured of one kind, or None."""
    found = [one for one in measured if one.stage == stage and one.is_accuracy == is_accuracy]
    return found[-1] if found else None


def read_record(text: str) -> Mapping[str, Any]:
    """Read a JSON object; an empty one where there is none."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
