"""Compute the stored vectors with MXNet: ``python -m tests.data.quantized.make_quantized_vectors``.

Rows that are stored already stay as they are: without VNNI, MXNet's own kernels round and saturate.
"""

from __future__ import annotations

import json

import numpy as np

from gcv_edge.exporters.mxnet.compat import import_mxnet
from tests.exporters.mxnet.quantized_rows import QUANTIZED_ROWS
from tests.exporters.mxnet.quantized_runs import VECTORS, read_quantized_vectors, run_quantized_mxnet


def main() -> None:
    """Write the file."""
    mxnet = import_mxnet()
    known, stored = read_quantized_vectors()
    arrays = {
        name: stored[name] if known.get(name) == row.fingerprint else run_quantized_mxnet(mxnet, row)
        for name, row in ((str(row), row) for row in QUANTIZED_ROWS)
    }
    fingerprints = json.dumps({str(row): row.fingerprint for row in QUANTIZED_ROWS})
    np.savez_compressed(VECTORS, fingerprints=np.array(fingerprints), **arrays)
    print(f"{len(arrays)} rows, {VECTORS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
