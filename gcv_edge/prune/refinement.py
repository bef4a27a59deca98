"""Fitting a pruned network's layers one after the other, on what they really read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx_ir as ir

from gcv_edge.prune.counting import count_macs
from gcv_edge.prune.edits import Mask
from gcv_edge.prune.fitting import Fit, fit_pair, read_weights, rescale_pair, write_all
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.matrices import Reader
from gcv_edge.prune.moments import Moments, gather_pairs
from gcv_edge.prune.study import Study, Widths, crop
from gcv_edge.prune.trace import shape_of

WORK = 4e13
"""Multiply-accumulates that all passes together may take: some minutes on one core."""

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
    There are as many rounds as layers, or fewer where that would take too long.

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
    work = (count_macs(model) + count_macs(pruned)) * pictures / 2
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
    nodes = {node.name: node for node in pruned.graph}
    readers = {study.readers[name]: kept[study.readers[name].layer.outputs] for name in names}
    addends = {name: addend for name in names if (addend := find_addend(study, name))}
    sums = gather_pairs(study.model, pruned, readers, addends, pictures, seed)
    fits: dict[str, Fit] = {}
    for reader, outputs in readers.items():
        name, moments = reader.layer.name, sums[reader.layer.name]
        if name not in nodes:
            fits[name] = fit_rest(study, reader, moments, kept)
            continue
        prior, bias = read_weights(nodes[name], reader)
        if method == "statistics":
            fits[name] = rescale_pair(reader, bias, prior, moments)
        else:
            whole = crop(Fit(*study.weights[name]), outputs)
            fits[name] = fit_pair(reader, whole.matrix, whole.bias, prior, moments)
    return fits


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
