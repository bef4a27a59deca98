"""GluonCV's pruned ResNets again: their speed-up in FP32 and in INT8 over the networks they were pruned from.

Ratios are those of GluonCV 0.4 (FP32 over the unpruned FP32 network), with the top-1 accuracy published
beside them. Weights are random: speed only. Needs the extra [mxnet]: python benchmarks/table_pruned.py
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tables import Record, Table, export_random, list_files, measure_rows, parse, run_isas

from gcv_edge.benchmarking import Variant, list_variants


class Published(NamedTuple):
    """What GluonCV published of a pruned name."""

    base: str
    speedup: float
    top1: float


ROWS = {
    "resnet18_v1b_0.89": Published("resnet18_v1b", 2.0, 67.2),
    "resnet50_v1d_0.86": Published("resnet50_v1d", 1.68, 78.02),
    "resnet50_v1d_0.48": Published("resnet50_v1d", 3.3, 74.66),
    "resnet50_v1d_0.37": Published("resnet50_v1d", 5.01, 70.71),
    "resnet50_v1d_0.11": Published("resnet50_v1d", 8.78, 63.22),
    "resnet101_v1d_0.76": Published("resnet101_v1d", 1.8, 79.46),
    "resnet101_v1d_0.73": Published("resnet101_v1d", 2.02, 78.89),
}


def pair(base: list[Variant], pruned: list[Variant]) -> list[Variant]:
    """Make one family of a network and its pruned form, all held against the former."""
    family = base[0].family
    return [
        *(replace(variant, is_reference=True) for variant in base),
        *(replace(variant, family=family, name=f"pruned {variant.name}") for variant in pruned),
    ]


def main() -> None:
    arguments = parse(__doc__ or "")

    def measure(name: str, folder: Path) -> Record:
        base, pruned = (
            list_variants(list_files(export_random(each, folder))) for each in (ROWS[name].base, name)
        )
        batch = arguments.batch or 1
        runs = run_isas(pair(base, pruned), batch, arguments, with_profile=True)
        return {"published": ROWS[name]._asdict(), "batch": batch, "runs": runs}

    measure_rows(Table("table_pruned", arguments.again), list(ROWS), arguments, measure)


if __name__ == "__main__":
    main()
