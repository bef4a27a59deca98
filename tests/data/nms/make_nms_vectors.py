"""Compute what MXNet's box_nms keeps in each case: ``python -m tests.data.nms.make_nms_vectors``."""

from __future__ import annotations

import json

import numpy as np

from gcv_edge.exporters.mxnet.compat import import_mxnet
from tests.data.nms.vectors import FILE
from tests.exporters.nms_cases import CASES, fingerprint, run_box_nms


def main() -> None:
    """Write the file; rows of -1 at the end of every picture's list are left out."""
    mxnet = import_mxnet()
    arrays = {"fingerprints": np.array(json.dumps({str(case): fingerprint(case) for case in CASES}))}
    for case in CASES:
        rows = run_box_nms(mxnet, case)
        kept = int((rows[:, :, 0] >= 0).sum(axis=1).max())
        assert (rows[:, kept:] == -1).all()
        arrays[str(case)] = rows[:, :kept]
    np.savez_compressed(FILE, **arrays)
    print(f"{len(CASES)} cases, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
