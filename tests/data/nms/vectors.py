"""What MXNet's box_nms keeps in the cases of tests/exporters/nms_cases.py."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).with_name("mxnet_1.9.1.npz")


@functools.cache
def read_kept() -> Mapping[str, NDArray[Any]]:
    """Return the kept rows by case."""
    with np.load(FILE) as arrays:
        return dict(arrays)


def read_fingerprints() -> dict[str, str]:
    """Return what each case was when it was computed."""
    found: dict[str, str] = json.loads(str(read_kept()["fingerprints"]))
    return found
