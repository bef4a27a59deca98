"""Frames per second of the zoo's names in FP32, BF16 and INT8, from the smallest network to the largest.

Names and their order are those of the zoo's sweep (gcv_edge/zoo.json: python -m benchmarks.zoo). Weights are
random: speed only; 8 bits are made quickly, without full bias correction. An interrupted command
continues; --minutes ends it. Needs the extra [mxnet]: python -m benchmarks.table_zoo
"""

from __future__ import annotations

import json

from benchmarks import ROOT
from benchmarks.network_files import make_int8, make_network
from benchmarks.records import Record
from benchmarks.tables import PendingRow, measure_rows, open_table, parse, run
from gcv_edge.benchmarking import list_variants
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.runtime.modelfile import read_metadata

TASKS = ("classification", "detection", "segmentation", "pose")


def list_names() -> list[str]:
    """Names that export, the smallest files first; quantised and custom ones are other forms of the rest."""
    names = json.loads((ROOT / "gcv_edge" / "zoo.json").read_text())["names"]
    chosen = [
        row for row in names if row.get("task") in TASKS and not row["name"].endswith(("_int8", "_custom"))
    ]
    return [row["name"] for row in sorted(chosen, key=lambda row: row["bytes"])]


@ending_tidily()
def main() -> None:
    arguments = parse(__doc__ or "", list_names(), is_open=True, rounds=3, seconds=0.5, isa=("native",))

    def prepare(row: PendingRow) -> Record:
        made = make_network(row.name, row.folder, has_open_batch=False)
        return {"task": read_metadata(made.onnx).task.name, "batch": 1}

    def measure(row: PendingRow, isa: str) -> Record:
        made = make_network(row.name, row.folder)
        files = [made.onnx, make_int8(made, isa, arguments.threads, is_quick=True)]
        return run(list_variants(files), 1, isa, arguments)

    measure_rows(open_table("table_zoo", arguments), arguments, prepare, measure)


if __name__ == "__main__":
    main()
