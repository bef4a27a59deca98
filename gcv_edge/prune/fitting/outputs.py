"""The outputs: how far a pruned network's are from the whole network's, and the last layer fitted to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import name_of, shape_of
from gcv_edge.prune.fitting.activations import ActivationCache, compute
from gcv_edge.prune.fitting.calibration_set import CalibrationSet
from gcv_edge.prune.fitting.layers import FittableLayer, LayerWeights, Matrix, read_weights, write_weights

WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
"""Operators with weights."""

STEPS = 60
PULL = 0.01
"""Towards what least squares found, in units of the features' mean second moment."""


class Distance(NamedTuple):
    """How far a pruned network is from the whole one.

    Attributes:
        divergence: of its outputs.
        changed: percentage of top-1 classes that changed, for a classifier; else of the divergence.
    """

    divergence: float
    changed: float


class Divergence:
    """Compares a pruned network's outputs with the whole network's.

    Classifiers of one class out of many are compared by the divergence of Kullback and Leibler of their
    outputs, in nats; all others by the mean square difference of what their last layers give, before any
    decoding, in units of its variance.

    Args:
        model: the whole network.
        pictures: what to compare on.
        chooses: whether the softmax of its logits is what the network says.

    Attributes:
        heads: names of what is compared.
        is_classifier: it is compared by probabilities.
    """

    def __init__(self, model: ir.Model, pictures: CalibrationSet, chooses: bool = True) -> None:
        self._pictures = pictures
        self.is_classifier = chooses and gives_logits(model)
        self.heads = [name_of(model.graph.outputs[0])] if self.is_classifier else find_heads(model)
        self._expected = compute(model, self.heads, pictures)

    def __call__(self, model: ir.Model) -> float:
        """Return the divergence of a pruned network."""
        return self.measure(model).divergence

    def cache(self, model: ir.Model, places: Mapping[str, int]) -> ActivationCache:
        """Return an empty cache of a pruned network's activations on the pictures.

        Args:
            model: the pruned network.
            places: of the whole network's nodes, by name.
        """
        return ActivationCache(model, self._pictures, places)

    def measure(self, model: ir.Model) -> Distance:
        """Run a pruned network, and say how far it is from the whole one."""
        return self.measure_from(ActivationCache(model, self._pictures))

    def measure_from(self, cache: ActivationCache) -> Distance:
        """Say how far a pruned network is from the whole one, from where its activations are held on."""
        found = cache.compute(self.heads)
        if not self.is_classifier:
            errors = [relative_error(self._expected[name], found[name]) for name in self.heads]
            error = float(np.mean(errors))
            return Distance(error, 100 * error)
        expected, given = self._expected[self.heads[0]], found[self.heads[0]]
        changed = float(100 * np.mean(given.argmax(axis=1) != expected.argmax(axis=1)))
        return Distance(mean_divergence(expected, given), changed)


def gives_logits(model: ir.Model) -> bool:
    """Whether the only output is a vector for each picture, of however many the input takes."""
    (first, *_), outputs = shape_of(model.graph.inputs[0]), model.graph.outputs
    if len(outputs) != 1 or len(outputs[0].shape or ()) != 2:
        return False
    length = shape_of(outputs[0])[0]
    return length == first or not (isinstance(length, int) or isinstance(first, int))


def find_heads(model: ir.Model) -> list[str]:
    """Return the results of the last layers: those after which no other layer comes."""
    heads: dict[str, None] = {}
    seen: set[str] = set()
    waiting = list(model.graph.outputs)
    while waiting:
        value = waiting.pop()
        node = value.producer()
        if value.name in seen or node is None:
            continue
        seen.add(value.name or "")
        if node.op_type in WEIGHTED:
            heads[value.name or ""] = None
        else:
            waiting += [source for source in node.inputs if source is not None]
    return [name_of(value) for node in model.graph for value in node.outputs if value.name in heads]


def mean_divergence(expected: Matrix, found: Matrix) -> float:
    """Mean divergence of two sets of logits, in nats."""
    first, second = log_softmax(expected), log_softmax(found)
    return float(np.mean(np.sum(np.exp(first) * (first - second), axis=1)))


def log_softmax(logits: Matrix) -> Matrix:
    """Logarithms of probabilities, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def relative_error(expected: Matrix, found: Matrix) -> float:
    """Mean square difference in units of the variance."""
    difference = np.mean(np.square(found - expected, dtype=np.float64))
    return float(difference / max(float(expected.var(dtype=np.float64)), 1e-12))


def fit_classifier(
    whole: ActivationCache, pruned: ActivationCache, layers: Mapping[str, FittableLayer], check: Divergence
) -> None:
    """Fit the last layer of a pruned classifier to probabilities, in place, where that helps elsewhere.

    Least squares treat all differences of logits alike; what counts is the divergence of the probabilities.
    In the last layer's weights it is convex.

    Args:
        whole: the whole network on the pictures to fit on.
        pruned: the pruned one on them, its layers fitted.
        layers: those that can be fitted, by name.
        check: compares on others.
    """
    model = pruned.model
    node = model.graph.outputs[0].producer()
    layer = layers.get(node.name or "") if node is not None else None
    if node is None or layer is None or node.op_type != "Gemm" or not check.is_classifier:
        return
    if not layer.by_patch:
        return
    before, old = check(model), read_weights(node, layer)
    features = compute_rows(pruned, name_of(node.inputs[0]))
    wanted = np.exp(log_softmax(compute_rows(whole, check.heads[0])))
    fitted = fit_probabilities(features, wanted, np.column_stack([old.matrix, old.bias]))
    write_weights(model, layers, {layer.name: LayerWeights(fitted[:, :-1], fitted[:, -1])})
    if not check(model) < before:
        write_weights(model, layers, {layer.name: old})


def compute_rows(cache: ActivationCache, name: str) -> Matrix:
    """Compute a tensor for all pictures, as rows."""
    return cache.compute([name])[name].reshape(cache.count, -1).astype(np.float64)


def fit_probabilities(features: Matrix, wanted: Matrix, weight: Matrix) -> Matrix:
    """Bring the probabilities of a layer closer to those that are wanted.

    Half of the features' second moments bound the curvature (D. Böhning, "Multinomial logistic regression
    algorithm", 1992), so that no length of a step is searched for.

    Args:
        features: rows that the layer reads.
        wanted: probabilities by row.
        weight: to begin with and to stay close to, ``[classes, features + 1]``; the last column is the bias.
    """
    rows = np.column_stack([features, np.ones(len(features))])
    moments = rows.T @ rows / len(rows)
    pull = PULL * float(np.trace(moments)) / len(moments)
    step = np.linalg.inv(0.5 * moments + pull * np.eye(len(moments)))
    found = weight.copy()
    for _ in range(STEPS):
        error = np.exp(log_softmax(rows @ found.T)) - wanted
        found -= (error.T @ rows / len(rows) + pull * (found - weight)) @ step
    return found
