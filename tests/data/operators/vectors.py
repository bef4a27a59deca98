"""Numbers that MXNet computed for the rows of the operator table."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.exporters.mxnet.operator_rows import Row

FILE = Path(__file__).with_name("mxnet_1.9.1.npz")


class Vectors:
    """Outputs by row and batch size, and what each row was when they were computed."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = arrays
        self.fingerprints: dict[str, str] = json.loads(str(arrays["fingerprints"]))

    def outputs(self, case: Row, batch: int) -> list[NDArray[Any]]:
        """Return MXNet's outputs of a row."""
        return [self._arrays[key(case, batch, index)] for index in range(case.outputs)]


def key(case: Row, batch: int, output: int) -> str:
    """Name an output in the file."""
    return f"{case}/{batch}/{output}"


@functools.cache
def read_vectors() -> Vectors:
    """Read the stored file."""
    with np.load(FILE) as arrays:
        return Vectors(dict(arrays))
