"""GluonCV's pruned ResNets again: their speed-up in FP32 and in INT8 over the networks they were pruned from.

All run in this package's own runtime. Ratios are those of GluonCV 0.4 (FP32 over the unpruned FP32 network),
with the top-1 accuracy published beside them. Weights are random: speed only. An interrupted command goes on
where it was. Needs the extra [mxnet]: python -m benchmarks.table_pruned
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from benchmarks.network_files import make_int8, make_network
from benchmarks.records import Record
from benchmarks.tables import PendingRow, measure_rows, open_table, parse, run
from gcv_edge.benchmarking import Variant, list_variants
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.prune.job import load_model
from gcv_edge.prune.search.cost import count_macs


class PublishedPruning(NamedTuple):
    """What GluonCV published of a pruned name."""

    base: str
    speedup: float
    top1: float


ROWS = {
    "resnet18_v1b_0.89": PublishedPruning("resnet18_v1b", 2.0, 67.2),
    "resnet50_v1d_0.86": PublishedPruning("resnet50_v1d", 1.68, 78.02),
    "resnet50_v1d_0.48": PublishedPruning("resnet50_v1d", 3.3, 74.66),
    "resnet50_v1d_0.37": PublishedPruning("resnet50_v1d", 5.01, 70.71),
    "resnet50_v1d_0.11": PublishedPruning("resnet50_v1d", 8.78, 63.22),
    "resnet101_v1d_0.76": PublishedPruning("resnet101_v1d", 1.8, 79.46),
    "resnet101_v1d_0.73": PublishedPruning("resnet101_v1d", 2.02, 78.89),
}


def pair(base: Sequence[Variant], pruned: Sequence[Variant]) -> list[Variant]:
    """Make one family of a network and its pruned form, all held against the former."""
    family = base[0].family
    return [
        *(replace(variant, is_reference=True) for variant in base),
        *(replace(variant, family=family, name=f"pruned {variant.name}") for variant in pruned),
    ]


def count(path: Path) -> dict[str, int]:
    """Count a graph's multiply-accumulates and parameters."""
    model = load_model(path)
    weights = (value.const_value for value in model.graph.initializers.values())
    return {"macs": count_macs(model), "parameters": sum(int(w.size) for w in weights if w is not None)}


@ending_tidily()
def main() -> None:
    arguments = parse(__doc__ or "", list(ROWS))

    def prepare(row: PendingRow) -> Record:
        published = ROWS[row.name]
        whole, pruned = (make_network(each, row.folder) for each in (published.base, row.name))
        return {"published": published._asdict(), **count(pruned.onnx), "whole": count(whole.onnx)}

    def measure(row: PendingRow, isa: str) -> Record:
        made = [make_network(each, row.folder) for each in (ROWS[row.name].base, row.name)]
        files = [[one.onnx, make_int8(one, isa, arguments.threads)] for one in made]
        variants = pair(*(list_variants(each) for each in files))
        return run(variants, arguments.batch or 1, isa, arguments, with_profile=True)

    with tempfile.TemporaryDirectory(prefix="gcv-edge.") as folder:  # several rows share an unpruned network
        measure_rows(open_table("table_pruned", arguments), arguments, prepare, measure, Path(folder))


if __name__ == "__main__":
    main()
