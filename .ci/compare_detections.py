"""Compare the detections that two runs of the example program ``detect`` printed, such as on two processors.

Every detection with a score over the threshold must have one of the same class in the other run, its score
and box within the tolerances; each is matched once.

Run: ``python .ci/compare_detections.py A.jsonl B.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SHOWN = 5


@dataclass
class Differences:
    """What was found: how many match, the largest differences, and descriptions of what does not match."""

    matched: int = 0
    score: float = 0.0
    box: float = 0.0
    missing: list[str] = field(default_factory=list)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def box_distance(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Largest difference of two boxes' corners, pixels."""
    return max(abs(float(a) - float(b)) for a, b in zip(one["box"], other["box"], strict=True))


def match(
    ours: list[dict[str, Any]],
    theirs: list[dict[str, Any]],
    limits: argparse.Namespace,
    found: Differences,
    name: str,
) -> None:
    """Find each of our detections over the threshold among theirs."""
    left = list(theirs)
    for one in ours:
        if one["score"] <= limits.threshold:
            continue
        same = [
            other
            for other in left
            if other["class_id"] == one["class_id"]
            and abs(other["score"] - one["score"]) <= limits.score
            and box_distance(one, other) <= limits.box
        ]
        if not same:
            found.missing.append(f"{name}: {one}")
            continue
        best = min(same, key=lambda other: box_distance(one, other))
        left.remove(best)
        found.matched += 1
        found.score = max(found.score, abs(best["score"] - one["score"]))
        found.box = max(found.box, box_distance(one, best))


def main() -> int:
    """Compare two files; 1 where a detection has no match."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--threshold", type=float, default=0.02, help="scores must be over it")
    parser.add_argument("--score", type=float, default=1e-3, help="largest difference of scores")
    parser.add_argument("--box", type=float, default=0.5, help="largest difference of corners, pixels")
    limits = parser.parse_args()
    first, second = read_lines(limits.first), read_lines(limits.second)
    found = Differences()
    if [Path(line["name"]).name for line in first] != [Path(line["name"]).name for line in second]:
        print("the runs are over other pictures")
        return 1
    for one, other in zip(first, second, strict=True):
        match(one["detections"], other["detections"], limits, found, one["name"])
        match(other["detections"], one["detections"], limits, found, one["name"])
    for text in found.missing[:SHOWN]:
        print(f"no match: {text}")
    if len(found.missing) > SHOWN:
        print(f"... and {len(found.missing) - SHOWN} more")
    print(
        f"{found.matched // 2} detections in {len(first)} pictures match; "
        f"scores differ by {found.score:.2g} at most, boxes by {found.box:.2g} pixels"
    )
    return 1 if found.missing or found.matched == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
