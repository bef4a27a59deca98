"""Compute the stored vectors with MXNet: ``python -m tests.data.operators.make_operator_vectors``."""

from __future__ import annotations

import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_mxnet
from tests.data.operators.vectors import FILE, key
from tests.exporters.mxnet.operator_rows import Row, fingerprint
from tests.exporters.mxnet.operator_runs import run_mxnet
from tests.exporters.mxnet.operator_table import ROWS


def main() -> None:
    """Write the file; rows that MXNet's MKL-DNN cannot run are computed in a process without it."""
    arrays: dict[str, NDArray[Any]] = {
        "fingerprints": np.array(json.dumps({str(row): fingerprint(row) for row in ROWS}))
    }
    arrays |= compute([row for row in ROWS if row.live])
    os.environ["MXNET_MKLDNN_ENABLED"] = "0"
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        arrays |= process.submit(compute, [row for row in ROWS if not row.live]).result()
    np.savez_compressed(FILE, **arrays)
    print(f"{len(ROWS)} rows, {FILE.stat().st_size} bytes")


def compute(rows: list[Row]) -> dict[str, NDArray[Any]]:
    """Run rows in MXNet."""
    mxnet = import_mxnet()
    return {
        key(row, batch, index): output
        for row in rows
        for batch in row.batches
        for index, output in enumerate(run_mxnet(mxnet, row, batch))
    }


if __name__ == "__main__":
    main()
