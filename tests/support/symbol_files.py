"""Small networks as the two files that MXNet's Module API writes, made without MXNet."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Entry = tuple[int, int]


class SymbolFile:
    """Builds a symbol operator by operator, with random parameters.

    ``channels`` and ``size`` are of the input, whose variable is called ``data``.
    """

    def __init__(self, channels: int = 3, seed: int = 0) -> None:
        self.nodes: list[dict[str, Any]] = []
        self.weights: dict[str, NDArray[np.float32]] = {}
        self.random = np.random.default_rng(seed)
        self.data = self.variable("data")
        self.channels = channels

    def variable(self, name: str, **attrs: object) -> Entry:
        return self._add("null", name, (), attrs)

    def constant(self, name: str, values: Any) -> Entry:
        """A variable with parameters."""
        self.weights[name] = np.asarray(values, np.float32)
        return self.variable(name)

    def op(self, op: str, name: str, *inputs: Entry, **attrs: object) -> Entry:
        return self._add(op, name, inputs, attrs)

    def conv(self, name: str, x: Entry, outputs: int, inputs: int, kernel: int = 3, stride: int = 1) -> Entry:
        parameters = self._layer(name, (outputs, inputs, kernel, kernel))
        sides = {"kernel": (kernel,) * 2, "stride": (stride,) * 2, "pad": (kernel // 2,) * 2}
        return self.op("Convolution", name, x, *parameters, num_filter=outputs, **sides)

    def dense(self, name: str, x: Entry, outputs: int, inputs: int) -> Entry:
        parameters = self._layer(name, (outputs, inputs))
        return self.op("FullyConnected", name, x, *parameters, num_hidden=outputs)

    def norm(self, name: str, x: Entry, channels: int, **attrs: object) -> Entry:
        roles = ("gamma", "beta", "moving_mean", "moving_var")
        values = [self.random.uniform(0.5, 1.5, channels) for _ in roles]
        parameters = [
            self.constant(f"{name}_{role}", value) for role, value in zip(roles, values, strict=True)
        ]
        return self.op("BatchNorm", name, x, *parameters, **{"fix_gamma": False, **attrs})

    def trunk(self, x: Entry | None = None, outputs: int = 8) -> Entry:
        """A convolution, ReLU and the average of each map: ``[N, outputs]``."""
        maps = self.conv("trunk", self.data if x is None else x, outputs, self.channels, stride=2)
        maps = self.op("Activation", "trunk_relu", maps, act_type="relu")
        pooled = self.op("Pooling", "pool", maps, global_pool=True, kernel=(1, 1), pool_type="avg")
        return self.op("Flatten", "flat", pooled)

    def classes(self, count: int, x: Entry | None = None) -> Entry:
        """The scores of a small classifier."""
        return self.dense("fc", self.trunk(x), count, 8)

    def text(self, heads: Sequence[Entry]) -> str:
        variables = [index for index, node in enumerate(self.nodes) if node["op"] == "null"]
        return json.dumps(
            {
                "nodes": self.nodes,
                "arg_nodes": variables,
                "heads": [[*head, 0] for head in heads],
                "attrs": {"mxnet_version": ["int", 10901]},
            }
        )

    def save(self, folder: Path, *heads: Entry, name: str = "net", epoch: int = 0) -> str:
        """Write both files; return the symbol's path."""
        symbol = folder / f"{name}-symbol.json"
        symbol.write_text(self.text(heads))
        write_params(folder / f"{name}-{epoch:04d}.params", {f"arg:{k}": v for k, v in self.weights.items()})
        return str(symbol)

    def _layer(self, name: str, shape: tuple[int, ...]) -> tuple[Entry, Entry]:
        fan = float(np.prod(shape[1:]))
        weight = self.constant(f"{name}_weight", self.random.normal(0, fan**-0.5, shape))
        return weight, self.constant(f"{name}_bias", self.random.normal(0, 0.3, shape[0]))

    def _add(self, op: str, name: str, inputs: Sequence[Entry], attrs: Mapping[str, object]) -> Entry:
        node = {"op": op, "name": name, "inputs": [[*entry, 0] for entry in inputs]}
        self.nodes.append({**node, "attrs": {key: str(value) for key, value in attrs.items()}})
        return len(self.nodes) - 1, 0


def write_params(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write float32 arrays as ``mx.nd.save`` does (NDArray::Save, format V2)."""
    parts = [struct.pack("<QQQ", 0x112, 0, len(arrays))]
    for array in arrays.values():
        head = struct.pack(f"<Iii{array.ndim}q", 0xF993FAC9, 0, array.ndim, *array.shape)
        parts += [head, struct.pack("<iii", 1, 0, 0), np.ascontiguousarray(array, "<f4").tobytes()]
    parts.append(struct.pack("<Q", len(arrays)))
    parts += [struct.pack("<Q", len(name.encode())) + name.encode() for name in arrays]
    path.write_bytes(b"".join(parts))
