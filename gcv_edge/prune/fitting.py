"""Fitting layers anew to the channels that are left, by least squares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.graph.cleaning import drop_unused
from gcv_edge.graph.values import add_constant, constant_of
from gcv_edge.prune.matrices import Matrix, Reader, from_matrix, to_matrix
from gcv_edge.prune.moments import Moments

RIDGE = 0.01
"""Pull towards the original weights, in units of the columns' mean variance."""

SOME = 0.01
"""What biases are where their numbers do not matter."""


@dataclass(frozen=True)
class Fit:
    """New weights of a layer, as ``Reader`` arranges them, and its bias."""

    matrix: Matrix
    bias: Matrix


def fit_layer(
    reader: Reader,
    weight: Matrix,
    bias: Matrix,
    moments: Moments,
    kept: NDArray[np.bool_],
    ridge: float = RIDGE,
) -> Fit:
    """Fit a layer to kept columns so that it gives what it gave, on the whole network's numbers.

    Minimises ``|W x - W' x_kept|² + ridge · |W' - W_kept|²`` over centred rows; the bias takes the means.

    Args:
        reader: the layer.
        weight: its matrix.
        bias: its bias.
        moments: of its columns.
        kept: columns that stay.
        ridge: pull towards the original weights.
    """
    covariance, mean = moments.covariance(), moments.mean()
    target = weight @ covariance[:, kept]
    matrix = solve(covariance[np.ix_(kept, kept)], target, weight[:, kept], ridge)
    return Fit(matrix, bias + total(reader, weight @ mean - matrix @ mean[kept]))


def fit_pair(
    reader: Reader, weight: Matrix, bias: Matrix, prior: Matrix, moments: Moments, ridge: float = RIDGE
) -> Fit:
    """Fit a pruned layer on what it really reads to what the whole network's gives (``gather_pairs``)."""
    cross, mean, target_mean = moments.cross(), moments.mean(), moments.t / max(1, moments.rows)
    if reader.by_patch:
        matrix = solve(moments.covariance(), cross, prior, ridge)
        return Fit(matrix, target_mean - matrix @ mean)
    matrix = solve(moments.covariance(), weight @ cross, prior, ridge)
    return Fit(matrix, bias + total(reader, weight @ target_mean - matrix @ mean))


def fit_heir(weight: Matrix, moments: Moments, kept: NDArray[np.bool_], ridge: float = RIDGE) -> Fit:
    """Fit a layer to the targets that its moments have, with kept columns, on the whole network's numbers."""
    covariance, mean = moments.covariance(), moments.mean()
    cross = moments.cross()[:, kept]
    matrix = solve(covariance[np.ix_(kept, kept)], cross, weight[:, kept], ridge)
    return Fit(matrix, moments.t / max(1, moments.rows) - matrix @ mean[kept])


def rescale_pair(reader: Reader, bias: Matrix, prior: Matrix, moments: Moments) -> Fit:
    """Give a pruned layer's results the mean and the deviation they had: as re-estimating BatchNorm does."""
    if not reader.by_patch:
        return Fit(prior, bias)
    covariance, mean = moments.covariance(), moments.mean()
    found = np.sum((prior @ covariance) * prior, axis=1)
    target_mean = moments.t / max(1, moments.rows)
    wanted = moments.tt / max(1, moments.rows) - target_mean**2
    factor = np.sqrt(np.maximum(wanted, 0) / np.maximum(found, 1e-12))
    factor = np.where(found > 1e-12, np.minimum(factor, 10.0), 1.0)
    matrix = prior * factor[:, None]
    return Fit(matrix, target_mean - matrix @ mean)


def solve(covariance: Matrix, target: Matrix, prior: Matrix, ridge: float) -> Matrix:
    """Solve ``W' (C + λ) = T + λ W`` with λ in units of the mean variance."""
    if not len(covariance):
        return np.zeros((len(target), 0))
    strength = max(ridge * float(np.trace(covariance)) / len(covariance), 1e-10)
    system = covariance + strength * np.eye(len(covariance))
    return np.linalg.solve(system, (target + strength * prior).T).T


def total(reader: Reader, rows: Matrix) -> Matrix:
    """Add up what the offsets of a kernel give to one result."""
    if reader.by_patch:
        return rows
    each = math.prod(reader.kernel) if reader.kernel else reader.run
    share = math.prod(reader.strides) if reader.layer.op_type == "ConvTranspose" else 1
    summed: Matrix = rows.reshape(-1, each).sum(axis=1) / share
    return summed


def read_weights(node: ir.Node, reader: Reader) -> tuple[Matrix, Matrix]:
    """Return a layer's matrix and bias in float64."""
    weight, bias = constant_of(node.inputs[1]), constant_of(node.inputs[2]) if len(node.inputs) > 2 else None
    assert weight is not None
    matrix = to_matrix(reader, weight.astype(np.float64))
    count = weight.shape[1 if reader.transposed else 0]
    return matrix, np.zeros(count) if bias is None else np.broadcast_to(
        bias.astype(np.float64).ravel(), count
    )


def write_weights(model: ir.Model, node: ir.Node, reader: Reader, fit: Fit) -> None:
    """Give a layer of a pruned network its new weights."""
    weight = from_matrix(reader, fit.matrix, len(fit.bias)).astype(np.float32)
    place_constant(model, node, 1, np.ascontiguousarray(weight), "weight")
    if node.op_type == "MatMul":
        return
    node.resize_inputs(3)
    place_constant(model, node, 2, fit.bias.astype(np.float32), "bias")


def place_constant(model: ir.Model, node: ir.Node, place: int, array: NDArray[np.float32], role: str) -> None:
    """Give a node a constant of its own, named after it."""
    node.replace_input_with(place, add_constant(model.graph, f"{node.name}_pruned_{role}", array))


def add_biases(model: ir.Model, readers: Mapping[str, Reader]) -> None:
    """Give layers of a pruned network biases where fits will, and what is left of layers a number.

    They are not zero, since engines leave out what adds nothing.
    """
    for node in model.graph:
        weight = constant_of(node.inputs[1]) if node.name in readers else None
        if weight is not None and node.op_type != "MatMul" and len(node.inputs) < 3:
            count = weight.shape[1 if readers[node.name or ""].transposed else 0]
            node.resize_inputs(3)
            place_constant(model, node, 2, np.full(count, SOME, np.float32), "bias")
    for name in readers:
        rest = model.graph.initializers.get(f"{name}_rest")
        numbers = constant_of(rest)
        if numbers is not None:
            write_rest(model, f"{name}_rest", np.full(numbers.size, SOME))


def write_all(model: ir.Model, readers: Mapping[str, Reader], fits: Mapping[str, Fit]) -> None:
    """Give layers of a pruned network new weights; those that are gone are left out."""
    nodes = {node.name: node for node in model.graph}
    for name, fit in fits.items():
        if name in nodes and fit.matrix.shape[1]:
            write_weights(model, nodes[name], readers[name], fit)
        elif f"{name}_rest" in model.graph.initializers:
            write_rest(model, f"{name}_rest", fit.bias)
    drop_unused(model)


def write_rest(model: ir.Model, name: str, bias: Matrix) -> None:
    """Set the constant that took the place of a layer which reads nothing any more."""
    value = model.graph.initializers[name]
    assert value.const_value is not None
    numbers = bias.astype(np.float32).reshape(value.const_value.numpy().shape)
    value.const_value = ir.Tensor(numbers, name=name)
