"""Compute the stored vectors with MXNet: ``python -m tests.data.operators.make_operator_vectors``."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_mxnet
from tests.data.operators.vectors import FILE, key
from tests.exporters.mxnet.operator_rows import fingerprint
from tests.exporters.mxnet.operator_runs import run_mxnet
from tests.exporters.mxnet.operator_table import ROWS


def main() -> None:
    """Write the file."""
    os.environ["MXNET_MKLDNN_ENABLED"] = "0"
    mxnet = import_mxnet()
    arrays: dict[str, NDArray[Any]] = {
        "fingerprints": np.array(json.dumps({str(row): fingerprint(row) for row in ROWS}))
    }
    for row in ROWS:
        for batch in row.batches:
            for index, output in enumerate(run_mxnet(mxnet, row, batch)):
                arrays[key(row, batch, index)] = output
    np.savez_compressed(FILE, **arrays)
    print(f"{len(ROWS)} rows, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
