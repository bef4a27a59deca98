"""The last layer of a classifier, fitted to the probabilities that the whole network gives.

Least squares treat all differences of logits alike; what counts is the divergence of the probabilities. In
the last layer's weights it is convex, and half of the features' second moments bound its curvature
(D. Böhning, "Multinomial logistic regression algorithm", 1992), so that no length of a step is searched for.
"""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from gcv_edge.graph.values import name_of
from gcv_edge.prune.fitting import Fit, read_weights, write_all
from gcv_edge.prune.forward import Forward
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.matrices import Matrix
from gcv_edge.prune.sensitivity import Divergence, log_softmax
from gcv_edge.prune.study import Study

STEPS = 60
PULL = 0.01
"""Towards what least squares found, in units of the features' mean second moment."""


def fit_classifier(study: Study, pruned: ir.Model, pictures: Pictures, check: Divergence) -> bool:
    """Fit the last layer of a pruned classifier, in place, where that helps on other pictures.

    Args:
        study: the whole network.
        pruned: the pruned one, its layers fitted.
        pictures: what to fit on.
        check: compares on others.

    Returns:
        Whether the layer was changed.
    """
    node = pruned.graph.outputs[0].producer()
    reader = study.readers.get(node.name or "") if node is not None else None
    if node is None or reader is None or node.op_type != "Gemm":
        return False
    if not (check.is_classifier and reader.by_patch):
        return False
    before = check(pruned)
    features = collect(pruned, name_of(node.inputs[0]), pictures)
    wanted = np.exp(log_softmax(collect(study.model, check.heads[0], pictures)))
    old = Fit(*read_weights(node, reader))
    weight = descend(features, wanted, np.column_stack([old.matrix, old.bias]))
    write_all(pruned, study.readers, {reader.layer.name: Fit(weight[:, :-1], weight[:, -1])})
    if check(pruned) < before:
        return True
    write_all(pruned, study.readers, {reader.layer.name: old})
    return False


def collect(model: ir.Model, name: str, pictures: Pictures) -> Matrix:
    """Compute a tensor for all pictures, as rows."""
    parts = [tensors[name] for tensors in Forward(model, [name]).stream(pictures)]
    return np.concatenate(parts)[: len(pictures)].reshape(len(pictures), -1).astype(np.float64)


def descend(features: Matrix, wanted: Matrix, weight: Matrix) -> Matrix:
    """Bring the probabilities of a layer closer to those that are wanted.

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
