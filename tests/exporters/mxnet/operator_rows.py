"""What a row of the operator table is, and how its seeded inputs and its one-node symbol are made."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BATCHES = (1, 3)
"""Sizes that the batch dimension "N" of a row is run with."""


@dataclass(frozen=True)
class Input:
    """One input of an operator: data of the network, or a constant parameter."""

    shape: tuple[int | str, ...]
    values: str
    dtype: str
    is_data: bool


@dataclass(frozen=True)
class Row:
    """One use of one MXNet operator.

    Attributes:
        attrs: texts, as a symbol file holds them.
        outputs: how many outputs are compared.
        opens: also converted with the batch dimension left open (where an input has one).
        live: MXNet 1.9.1 runs it as installed; others it runs only without MKL-DNN, as the vectors were made.
        tolerance: of the difference, as a part of the largest value (of 1 where all are smaller).
    """

    op: str
    why: str
    inputs: tuple[Input, ...]
    attrs: Mapping[str, str]
    outputs: int = 1
    opens: bool = True
    live: bool = True
    tolerance: float = 1e-5

    def __str__(self) -> str:
        return f"{self.op}: {self.why}"

    @property
    def has_batch(self) -> bool:
        """Whether an input has a batch dimension."""
        return any("N" in given.shape for given in self.inputs)

    @property
    def has_maps(self) -> bool:
        """Whether an input is maps of pictures."""
        return any(given.is_data and len(given.shape) == 4 for given in self.inputs)

    @property
    def batches(self) -> tuple[int, ...]:
        """Batch sizes that MXNet is run with."""
        return BATCHES if self.has_batch else (0,)


@dataclass(frozen=True)
class Refused:
    """A use of an operator that must raise UnsupportedError with a text that contains ``message``."""

    row: Row
    message: str

    def __str__(self) -> str:
        return str(self.row)


def data(*shape: int | str, values: str = "normal", dtype: str = "float32") -> Input:
    """Declare an input of the network; "N" stands for the batch."""
    return Input(shape, values, dtype, is_data=True)


def weight(*shape: int, values: str = "normal", dtype: str = "float32") -> Input:
    """Declare a constant parameter."""
    return Input(shape, values, dtype, is_data=False)


def row(
    op: str,
    why: str,
    *inputs: Input,
    outputs: int = 1,
    opens: bool = True,
    live: bool = True,
    tolerance: float = 1e-5,
    **attrs: object,
) -> Row:
    """Write a row; attributes are spelt as Python spells them, which is how MXNet does."""
    texts = {key: str(value) for key, value in attrs.items()}
    return Row(op, why, inputs, texts, outputs, opens, live, tolerance)


def refused(message: str, op: str, why: str, *inputs: Input, **attrs: object) -> Refused:
    """Write a row that must be refused."""
    return Refused(row(op, why, *inputs, **attrs), message)


def arrays(case: Row, batch: int) -> list[NDArray[Any]]:
    """Draw a row's inputs, the same ones every time."""
    return [_draw(f"{case}/{index}", given, batch) for index, given in enumerate(case.inputs)]


def symbol_json(case: Row) -> str:
    """Write the symbol file of a row: its inputs ``x0``, ``x1``, .. and the operator ``node``."""
    count = len(case.inputs)
    nodes: list[dict[str, Any]] = [{"op": "null", "name": f"x{i}", "inputs": []} for i in range(count)]
    node = {"op": case.op, "name": "node", "inputs": [[i, 0, 0] for i in range(count)]}
    nodes.append({**node, "attrs": dict(case.attrs)} if case.attrs else node)
    return json.dumps(
        {
            "nodes": nodes,
            "arg_nodes": list(range(count)),
            "node_row_ptr": list(range(count + 2)),
            "heads": [[count, output, 0] for output in range(case.outputs)],
            "attrs": {"mxnet_version": ["int", 10901]},
        }
    )


def fingerprint(case: Row) -> str:
    """Describe all that a row's stored outputs depend on."""
    inputs = [array for batch in case.batches for array in arrays(case, batch)]
    checksum = zlib.crc32(b"".join(np.ascontiguousarray(array).tobytes() for array in inputs))
    shapes = [f"{array.dtype}{array.shape}" for array in inputs]
    return f"{symbol_json(case)} {shapes} {checksum:08x}"


def _draw(key: str, given: Input, batch: int) -> NDArray[Any]:
    random = np.random.RandomState(zlib.crc32(key.encode()))
    shape = [batch if dim == "N" else int(dim) for dim in given.shape]
    kind, _, argument = given.values.partition(":")
    return np.asarray(_DRAWS[kind](random, shape, argument)).reshape(shape).astype(given.dtype)


def _boxes(random: np.random.RandomState, shape: Sequence[int], _: str) -> NDArray[Any]:
    low, size = random.uniform(0, 60, (*shape[:-1], 2)), random.uniform(1, 40, (*shape[:-1], 2))
    return np.concatenate([low, low + size], axis=-1)


def _proposals(random: np.random.RandomState, shape: Sequence[int], _: str) -> NDArray[Any]:
    score = random.permutation(int(np.prod(shape[:-1]))).reshape(*shape[:-1], 1) / 64.0
    return np.concatenate([score - 0.25, _boxes(random, (*shape[:-1], 4), "") / 2], axis=-1)


def _regions(random: np.random.RandomState, shape: Sequence[int], pictures: str) -> NDArray[Any]:
    index = random.randint(0, int(pictures), (*shape[:-1], 1))
    return np.concatenate([index, _boxes(random, (*shape[:-1], 4), "") - 10], axis=-1)


def _listed(random: np.random.RandomState, shape: Sequence[int], text: str) -> NDArray[Any]:
    numbers = np.array([float(number) for number in text.split()])
    return np.resize(numbers, shape)


_DRAWS: dict[str, Any] = {
    "normal": lambda random, shape, _: random.normal(0, 1, shape),
    "wide": lambda random, shape, _: random.normal(0, 4, shape),
    "small": lambda random, shape, _: random.normal(0, 0.3, shape),
    "uniform": lambda random, shape, _: random.uniform(0, 1, shape),
    "positive": lambda random, shape, _: random.uniform(0.5, 1.5, shape),
    "negative": lambda random, shape, _: random.uniform(-9, -1, shape),
    "whole": lambda random, shape, _: random.randint(-5, 6, shape),
    "counts": lambda random, shape, _: random.randint(1, 9, shape),
    "bits": lambda random, shape, _: random.randint(0, 2, shape),
    "index": lambda random, shape, limit: random.randint(0, int(limit), shape),
    "distinct": lambda random, shape, _: random.permutation(int(np.prod(shape))) / 8.0,
    "boxes": _boxes,
    "anchors": lambda random, shape, _: _boxes(random, shape, _) / 100,
    "proposals": _proposals,
    "regions": _regions,
    "is": _listed,
}
