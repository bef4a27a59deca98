"""MXNet with a user's network: every output of the symbol, and by which names each goes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.families.family import Array, UserNetwork, mx
from benchmarks.zoo.inputs import add_noise

NOISE = 1e-5
"""Deviation of the noise added to a picture, in units of the picture's, that rounding is compared with."""

PASSING = ("BlockGrad", "MakeLoss", "identity", "_copy")
"""Operators that change nothing but the training."""

Outputs = dict[str, Array]


@dataclass(frozen=True)
class OriginalNetwork:
    """A network as its project runs it.

    Attributes:
        family: what it is.
        symbol: of MXNet.
        params: file of the parameters.
    """

    family: UserNetwork
    symbol: Any
    params: Path

    def run(self, picture: Array, noise: int = 0) -> Outputs:
        """Compute every head as its project did, labels at 0; with noise of a seed, if not 0."""
        inputs = self.family.make_inputs(picture)
        if noise:
            inputs["data"] = add_noise(inputs["data"], NOISE * inputs["data"].std(), noise)
        inputs |= {name: np.zeros(shape, np.float32) for name, shape in self.family.labels.items()}
        known = self._weights | {name: mx.nd.array(array) for name, array in inputs.items()}
        arguments = {name: known[name] for name in self.symbol.list_arguments()}
        states = {name: known[name] for name in self.symbol.list_auxiliary_states()}
        executor = self.symbol.bind(mx.cpu(), args=arguments, aux_states=states, grad_req="null")
        outputs = [output.asnumpy() for output in executor.forward(is_train=False)]
        names = [name.removesuffix("_output") for name in self.symbol.list_outputs()]
        return dict(zip(names, outputs, strict=True))

    @cached_property
    def main_head(self) -> str:
        """Head that the task's own output is made of."""
        return self.family.head or str(self.symbol.list_outputs()[0].removesuffix("_output"))

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """Names by which each head goes: its own, and that of the node whose values it passes on."""
        names = {}
        for index, *_ in self._graph["heads"]:
            node = self._graph["nodes"][index]
            passed = names[node["name"]] = [node["name"]]
            while node["op"] in PASSING:
                node = self._graph["nodes"][node["inputs"][0][0]]
                passed.append(node["name"])
        return names

    def find_head(self, output: str) -> str:
        """Head that an output of the file is: by its name, or by that of the node that it passes on."""
        if output == "output":
            return self.main_head
        return next((head for head, names in self.names.items() if output in names), output)

    def operator(self, name: str) -> str:
        """Operator of a node."""
        return next(str(node["op"]) for node in self._graph["nodes"] if node["name"] == name)

    def list_rows(self, outputs: Outputs, height: int, width: int) -> Array:
        """Detections (class, score, corners in pixels): of MXNet's own SSD, or of GluonCV's heads."""
        rows = outputs[self.main_head][0]
        if rows.shape[-1] == 1:
            rows = np.concatenate([head[0] for head in outputs.values()], axis=1)
        else:
            rows = rows * np.array([1, 1, width, height, width, height], np.float32)
        rows[:, 2:] = np.clip(rows[:, 2:], 0, (width, height, width, height))  # as the runtime ends boxes
        return np.asarray(rows[rows[:, 0] >= 0])

    @cached_property
    def _graph(self) -> dict[str, Any]:
        return dict(json.loads(self.symbol.tojson()))

    @cached_property
    def _weights(self) -> dict[str, Any]:
        saved = mx.nd.load(str(self.params))
        return {name.partition(":")[2]: value for name, value in saved.items()}
