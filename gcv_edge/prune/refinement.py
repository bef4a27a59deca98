"""Fitting a pruned network's layers one after the other, on what they really read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import onnx_ir as ir

from gcv_edge.prune.counting import count_macs
from gcv_edge.prune.edits import Mask
from gcv_edge.prune.fitting import Fit, fit_pair, read_weights, rescale_pair, write_all
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.matrices import Reader
from gcv_edge.prune.moments import Moments
from gcv_edge.prune.pairs import Pair, gather_pairs
from gcv_edge.prune.study import Study, Widths, crop
from gcv_edge.prune.trace import shape_of

WORK = 3e13
"""Multiply-accumulates that all passes together may take: some minutes on one core. Half
of each network is run in a round, on average, and that twice."""

METHODS = ("least_squares", "statistics")


def refine(
    study: Study,
    pruned: ir.Model,
    widths: Widths,
    pictures: Pictures,
    seed: int,
    report: Callable[[int, int], None],
    method: str = "least_squares",
    done: Mapping[str, Fit] | None = None,
    save: Callable[[Mapping[str, Fit]], None] | None = None,
) -> None:
    """Fit the layers of a pruned network in the order of the graph, in place.

    Each round looks at a few layers that follow each other; what comes before them has been fitted already.
    There are as many rounds as layers, or fewer where that would take too long. Layers of which only what is
    positive matters are fitted twice: the second time, what is negative in both networks counts as equal.

    Args:
        study: the whole network.
        pruned: the pruned one.
        widths: with which it was pruned.
        pictures: what to fit on.
        seed: of the positions that are looked at.
        report: called with the number of rounds done and of all.
        method: ``least_squares``, or ``statistics``: mean and deviation alone.
        done: fits of an interrupted run.
        save: called with all fits after each round.
    """
    kept = study.spaces.mask(study.keep(widths))
    todo = [name for name in study.readers if is_there(study, pruned, name, kept)]
    rounds = plan_rounds(todo, study.model, pruned, len(pictures))
    fits: dict[str, Fit] = {name: fit for name, fit in (done or {}).items() if name in todo}
    write_all(pruned, study.readers, fits)
    for number, names in enumerate(rounds):
        if not all(name in fits for name in names):
            fits |= fit_round(study, pruned, names, pictures, seed, method, kept)
            write_all(pruned, study.readers, {name: fits[name] for name in names})
            if save is not None:
                save(fits)
        report(number + 1, len(rounds))


def is_there(study: Study, pruned: ir.Model, name: str, kept: Mask) -> bool:
    """Tell whether a layer is left, or the constant that took its place."""
    present = any(node.name == name for node in pruned.graph) or f"{name}_rest" in pruned.graph.initializers
    return present and bool(kept[study.readers[name].layer.outputs].any())


def plan_rounds(names: Sequence[str], model: ir.Model, pruned: ir.Model, pictures: int) -> list[list[str]]:
    """Divide the layers into rounds of neighbours, as many as the work allows."""
    work = (count_macs(model) + count_macs(pruned)) * pictures
    count = max(1, min(len(names), int(WORK / max(1, work))))
    size = -(-len(names) // count) if names else 1
    return [list(names[start : start + size]) for start in range(0, len(names), size)]


def fit_round(
    study: Study,
    pruned: ir.Model,
    names: Sequence[str],
    pictures: Pictures,
    seed: int,
    method: str,
    kept: Mask,
) -> dict[str, Fit]:
    """Fit a few layers; of one that reads nothing any more, the mean result is left."""
    nodes = {node.name or "": node for node in pruned.graph}
    pairs = [describe_pair(study, name, kept) for name in names]
    if method == "statistics":
        pairs = [replace(pair, addend="") for pair in pairs]
    sums = gather_pairs(study.model, pruned, pairs, pictures, seed)
    fits = {pair.reader.layer.name: fit_one(study, pair, nodes, sums, kept, method) for pair in pairs}
    rectified = [pair for pair in pairs if is_rectified(study, pair.reader.layer.name)]
    again = [replace(pair, guess=fits[pair.reader.layer.name]) for pair in rectified]
    if again and method == "least_squares":
        sums = gather_pairs(study.model, pruned, again, pictures, seed)
        fits |= {pair.reader.layer.name: fit_one(study, pair, nodes, sums, kept, method) for pair in again}
    return fits


def describe_pair(study: Study, name: str, kept: Mask) -> Pair:
    """Describe a layer in both networks."""
    reader = study.readers[name]
    return Pair(reader, kept[reader.layer.outputs], find_addend(study, name))


def fit_one(
    study: Study,
    pair: Pair,
    nodes: Mapping[str, ir.Node],
    sums: Mapping[str, Moments],
    kept: Mask,
    method: str,
) -> Fit:
    """Fit a layer to its sums."""
    name = pair.reader.layer.name
    if name not in nodes:
        return fit_rest(study, pair.reader, sums[name], kept)
    prior, bias = read_weights(nodes[name], pair.reader)
    if method == "statistics":
        return rescale_pair(pair.reader, bias, prior, sums[name])
    whole = crop(Fit(*study.weights[name]), pair.outputs)
    return fit_pair(pair.reader, whole.matrix, whole.bias, prior, sums[name])


def is_rectified(study: Study, name: str) -> bool:
    """Tell whether only what is positive of a layer's result, or of the sum it goes into, matters."""
    reader = study.readers[name]
    value = list(study.model.graph)[reader.layer.node].outputs[0]
    users = [user for user, _ in value.uses()]
    if reader.by_patch and find_addend(study, name):
        users = [user for user, _ in users[0].outputs[0].uses()]
    return reader.by_patch and len(users) == 1 and users[0].op_type == "Relu"


def fit_rest(study: Study, reader: Reader, moments: Moments, kept: Mask) -> Fit:
    """Let a layer that reads nothing any more give its mean."""
    if not reader.by_patch:
        return study.fit(reader.layer.name, kept)
    mean = moments.t / max(1, moments.rows)
    return Fit(np.zeros((len(mean), 0)), mean)


def find_addend(study: Study, name: str) -> str:
    """Return the name of what a layer's result is added to, where that is computed before the layer is."""
    nodes = list(study.model.graph)
    node = nodes[study.readers[name].layer.node]
    users = [user for user, _ in node.outputs[0].uses()]
    if len(users) != 1 or users[0].op_type != "Add":
        return ""
    (other,) = [value for value in users[0].inputs if value is not node.outputs[0]] or [None]
    producer = other.producer() if other is not None else None
    if other is None or producer is None or shape_of(other) != shape_of(node.outputs[0]):
        return ""
    return other.name or "" if nodes.index(producer) < nodes.index(node) else ""
