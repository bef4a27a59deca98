"""Frames per second of the zoo's names in FP32, BF16 and INT8, from the smallest network to the largest.

Names and their order are those of the zoo's sweep (gcv_edge/zoo.json: python -m benchmarks.zoo). Weights are
random: speed only. Needs the extra [mxnet]: python benchmarks/table_zoo.py
"""

from __future__ import annotations

import json
from pathlib import Path

from harness import ROOT
from tables import Record, Table, export_random, list_files, measure_rows, parse, run_isas

from gcv_edge.benchmarking import list_variants
from gcv_edge.errors import GcvEdgeError

TASKS = ("classification", "detection", "segmentation", "pose")


def list_names() -> list[str]:
    """Names that export, the smallest files first; MXNet's own quantised ones are other forms of the rest."""
    names = json.loads((ROOT / "gcv_edge" / "zoo.json").read_text())["names"]
    chosen = [row for row in names if row.get("task") in TASKS and not row["name"].endswith("_int8")]
    return [row["name"] for row in sorted(chosen, key=lambda row: row["bytes"])]


def main() -> None:
    arguments = parse(__doc__ or "", rounds=3, seconds=0.5)
    names = arguments.names or list_names()

    def measure(name: str, folder: Path) -> Record:
        try:
            variants = list_variants(list_files(export_random(name, folder)))
            return {"task": variants[0].task, "batch": 1, "runs": run_isas(variants, 1, arguments)}
        except GcvEdgeError as error:
            return {"reason": str(error)}

    measure_rows(Table("table_zoo", arguments.again), names, arguments, measure)


if __name__ == "__main__":
    main()
