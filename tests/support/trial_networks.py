"""Tiny networks on which a check must be stricter than yes, or say more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.drop_identity import DropIdentityPass
from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import ModelMetadata, Preprocessing, format_metadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions
from gcv_edge.tasks import CLASSIFICATION
from gcv_edge.verification.runs import EngineReference
from tests.support.small_graphs import Graph

Build = Callable[["Classifier"], ir.Value]
Numbers = NDArray[Any]
METADATA = ModelMetadata(CLASSIFICATION, preprocessing=Preprocessing())
SIZE = 16


def scaled(factor: float, offset: float = 0.0) -> Build:
    """Logits of any size, around any number."""

    def build(g: Classifier) -> ir.Value:
        logits = features(g, g.block(g.data, 8))
        wide = g.op("Mul", logits, g.builder.constant(float(factor)))
        return g.op("Add", wide, g.builder.constant(float(offset)))

    return build


def sigmoid(factor: float) -> Build:
    """Scores that hardly vary around a half."""
    return lambda g: g.op("Sigmoid", scaled(factor)(g))


def biased(g: Classifier) -> ir.Value:
    """Logits that are biases alone."""
    return g.op("Add", zero(g), g.numbers(6))


def bright(g: Classifier) -> ir.Value:
    """Logits that only pictures lighter than grey move."""
    mean = g.op("Relu", g.op("ReduceMean", g.data, g.builder.constant([1, 2, 3]), keepdims=1))
    return g.op("Add", g.op("Mul", g.op("Flatten", mean), g.numbers(1, 6)), g.numbers(6))


def blind(g: Classifier) -> ir.Value:
    """Logits that the picture does not reach."""
    return features(g, g.op("Mul", g.block(g.data, 8), g.builder.constant(0.0)))


def zero(g: Classifier) -> ir.Value:
    """Logits that are all zero."""
    return g.op("Mul", features(g, g.block(g.data, 8)), g.builder.constant(0.0))


def dark(g: Classifier) -> ir.Value:
    """Logits that are no numbers where the picture is black: a root of its negative mean."""
    mean = g.op("ReduceMean", g.data, g.builder.constant([1, 2, 3]), keepdims=1)
    root = g.op("Flatten", g.op("Sqrt", g.op("Add", mean, g.builder.constant(1.0))))
    return g.op("Add", features(g, g.block(g.data, 8)), root)


def positive(g: Classifier) -> ir.Value:
    """The same of its positive part alone: numbers everywhere."""
    mean = g.op("Relu", g.op("ReduceMean", g.data, g.builder.constant([1, 2, 3]), keepdims=1))
    root = g.op("Flatten", g.op("Sqrt", g.op("Add", mean, g.builder.constant(1.0))))
    return g.op("Add", features(g, g.block(g.data, 8)), root)


def normalising(factor: float = 1.0) -> Build:
    """A network that divides each map by its deviation: of a black picture's that is rounding alone."""

    def build(g: Classifier) -> ir.Value:
        ones, zeros = (g.builder.constant(np.full(3, value, np.float32)) for value in (1, 0))
        maps = g.op("InstanceNormalization", g.data, ones, zeros, epsilon=1e-20)
        wide = g.op("Mul", g.block(maps, 8), g.builder.constant(float(factor)))
        return features(g, g.block(wide, 8))

    return build


def chaotic(g: Classifier) -> ir.Value:
    """Logits that the last place of the input decides about."""
    return features(g, g.op("Sin", g.op("Mul", g.block(g.data, 8), g.builder.constant(10000000.0))))


def features(g: Classifier, maps: ir.Value) -> ir.Value:
    """Six logits of all numbers of some maps."""
    return g.op("MatMul", g.op("Flatten", maps), g.numbers_for(maps, 6))


def write(path: Path, build: Build, seed: int = 0, is_foreign: bool = False) -> Path:
    """Write a network as a classifier's file, or as one that says nothing of itself."""
    graph = Classifier(SIZE, seed, 1)
    model = DropIdentityPass()(graph.builder.model({"logits": build(graph)})).model
    if not is_foreign:
        model.metadata_props.update(format_metadata(METADATA))
    write_model(model, path)
    return path


class Classifier(Graph):
    """A graph with dense layers over maps."""

    def numbers_for(self, maps: ir.Value, outputs: int) -> ir.Value:
        """Draw the weights of a dense layer over all numbers of some maps."""
        inputs = int(np.prod([int(length) for length in self.builder.shape(maps)[1:]]))
        values = self.random.standard_normal((inputs, outputs)) / inputs**0.5
        return self.builder.constant(values.astype(np.float32))


class OtherFramework:
    """A framework that computes a file's network, and rounds in its own way.

    Args:
        path: the file.
        change: what it does to the outputs.
    """

    def __init__(self, path: Path, change: Callable[[Numbers], Numbers] = lambda value: value) -> None:
        self.name = "another framework"
        self._engine = EngineReference(open_session(path, SessionOptions(engine="onnxruntime")))
        self._change = change

    def run(self, batch: Numbers | Mapping[str, Numbers]) -> dict[str, Numbers]:
        """Compute the outputs of inputs that are rounded once more."""
        assert not isinstance(batch, Mapping)
        signs = np.random.default_rng(9).choice([-1, 1], batch.shape)
        rounded = (batch * (1 + signs * 2.0**-23)).astype(np.float32)
        return {name: self._change(value) for name, value in self._engine.run(rounded).items()}
