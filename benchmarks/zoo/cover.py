"""A few names in which every kind of operator of the zoo occurs, cheapest first: what a quick check runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.records import Record
from benchmarks.workers import PASSED
from gcv_edge.files import replacing

COVER = Path(__file__).with_name("cover.json")


@dataclass(frozen=True)
class Cover:
    """The covering subset.

    Attributes:
        names: chosen names.
        variants: every kind of operator, and the chosen names in which it occurs.
    """

    names: list[str]
    variants: dict[str, list[str]]


def choose(kinds: Mapping[str, Iterable[str]], costs: Mapping[str, float]) -> list[str]:
    """Choose names so that all kinds occur: the most new kinds per second first, then drop what is spare.

    Args:
        kinds: of each name.
        costs: seconds of each name.
    """
    missing = set().union(*kinds.values())
    left = {name: set(found) for name, found in sorted(kinds.items())}
    chosen = []
    while missing:
        best = max(left, key=lambda name: len(left[name] & missing) / costs[name])
        missing -= left.pop(best)
        chosen.append(best)
    return sorted(drop_spare(chosen, kinds, costs))


def drop_spare(
    chosen: list[str], kinds: Mapping[str, Iterable[str]], costs: Mapping[str, float]
) -> list[str]:
    """Leave out names, the dearest first, without which all kinds still occur."""
    kept = list(chosen)
    for name in sorted(chosen, key=lambda name: -costs[name]):
        others = set().union(*(kinds[other] for other in kept if other != name))
        if set(kinds[name]) <= others:
            kept.remove(name)
    return kept


def write_cover(records: Iterable[Record]) -> None:
    """Choose among the names that pass, and keep the choice with all kinds."""
    passed = {record["name"]: record for record in records if record["verdict"] == PASSED}
    kinds = {name: record["variants"] for name, record in passed.items()}
    chosen = choose(kinds, {name: record["seconds"] for name, record in passed.items()})
    every = sorted(set().union(*kinds.values()))
    variants = {kind: [name for name in chosen if kind in kinds[name]] for kind in every}
    with replacing(COVER) as temporary:
        temporary.write_text(json.dumps({"names": chosen, "variants": variants}, indent=1) + "\n")


def read_cover() -> Cover:
    """Read the choice."""
    return Cover(**json.loads(COVER.read_text()))
