"""How far the outputs move when one space becomes narrower."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import onnx_ir as ir

from gcv_edge.prune.forward import Forward, Tensors
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.refinement import QuickFit
from gcv_edge.prune.spaces import ChannelSpace
from gcv_edge.prune.study import Study, candidate_widths

Curves = dict[str, dict[int, float]]
"""Of each space, the divergence of the outputs by the number of units kept."""

NEARBY = 4
"""Layers behind a narrower space that are fitted anew for its curve."""

LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


class Judgement(NamedTuple):
    """How far a pruned network is from the whole one.

    Attributes:
        divergence: of its outputs.
        changed: percentage of first choices that changed, for a classifier; else of the divergence.
    """

    divergence: float
    changed: float


class Divergence:
    """Compares a pruned network's outputs with the whole network's.

    Classifiers of one class out of many are compared by the divergence of Kullback and Leibler, in nats; all
    others by the mean square difference of what their last layers give, before any decoding, in units of its
    variance.

    Args:
        model: the whole network.
        pictures: what to compare on.
        chooses: whether the softmax of its logits is what the network says.
    """

    def __init__(self, model: ir.Model, pictures: Pictures, chooses: bool = True) -> None:
        self.heads = find_heads(model)
        self._pictures = pictures
        output = model.graph.outputs[0]
        self.is_classifier = chooses and self.heads == [output.name] and len(output.shape or ()) == 2
        self._expected = self.outputs(model)

    def outputs(self, model: ir.Model) -> Tensors:
        """Compute the last layers' results for all pictures."""
        parts = list(Forward(model, self.heads).stream(self._pictures))
        return {
            name: np.concatenate([part[name] for part in parts])[: len(self._pictures)] for name in self.heads
        }

    def __call__(self, model: ir.Model) -> float:
        """Return the divergence of a pruned network."""
        return self.judge(model).divergence

    def judge(self, model: ir.Model) -> Judgement:
        """Run a pruned network, and say how far it is from the whole one."""
        found = self.outputs(model)
        if not self.is_classifier:
            errors = [relative_error(self._expected[name], found[name]) for name in self.heads]
            error = float(np.mean(errors))
            return Judgement(error, 100 * error)
        (name,) = self.heads
        expected, given = self._expected[name], found[name]
        changed = float(100 * np.mean(given.argmax(axis=1) != expected.argmax(axis=1)))
        return Judgement(classifier_divergence(expected, given), changed)


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
        if node.op_type in LAYERS:
            heads[value.name or ""] = None
        else:
            waiting += [source for source in node.inputs if source is not None]
    order = [value.name or "" for node in model.graph for value in node.outputs]
    return sorted(heads, key=order.index)


def classifier_divergence(expected: np.ndarray, found: np.ndarray) -> float:  # type: ignore[type-arg]
    """Mean divergence of two sets of logits, in nats."""
    first, second = log_softmax(expected), log_softmax(found)
    return float(np.mean(np.sum(np.exp(first) * (first - second), axis=1)))


def log_softmax(logits: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """Logarithms of probabilities, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def relative_error(expected: np.ndarray, found: np.ndarray) -> float:  # type: ignore[type-arg]
    """Mean square difference in units of the variance."""
    difference = np.mean(np.square(found - expected, dtype=np.float64))
    return float(difference / max(float(expected.var(dtype=np.float64)), 1e-12))


def measure_curves(
    study: Study,
    divergence: Callable[[ir.Model], float],
    curves: Curves,
    report: Callable[[int, int], None],
    choices: int = 4,
    quick: QuickFit | None = None,
) -> None:
    """Prune one space at a time to each candidate width, and compare.

    Args:
        study: the network.
        divergence: what to compare by.
        curves: what an interrupted run found out; takes the rest.
        report: called with the number done and the number of all after each.
        choices: widths of each space that are tried.
        quick: fits a few layers behind to what they really read: without that, branches look more important
            than they are, since it is the layers behind them that make up for them.
    """
    places = {node.name or "": place for place, node in enumerate(study.model.graph)}
    begin = {space.name: first_place(study, space, places) for space in study.free}
    wanted = [(space.name, width) for space in study.free for width in candidate_widths(space, choices)]
    wanted.sort(key=lambda pair: begin[pair[0]])
    for number, (name, width) in enumerate(wanted):
        curve = curves.setdefault(name, {})
        if width not in curve:
            pruned = study.prune({name: width})
            if quick is not None:
                quick.behind(pruned, {name: width}, begin[name], NEARBY)
            curve[width] = divergence(pruned)
        report(number + 1, len(wanted))


def first_place(study: Study, space: ChannelSpace, places: Mapping[str, int]) -> int:
    """Return the place of the first layer that changes when a space becomes narrower."""
    names = [*space.writers, *([study.heirs[space.name].layer] if space.name in study.heirs else [])]
    return min(places[name] for name in names)


def interpolate(curve: Mapping[int, float], units: int, steps: Sequence[int]) -> dict[int, float]:
    """Read a curve at more widths; it never falls towards narrower ones."""
    known = sorted({**curve, units: 0.0}.items())
    widths, losses = [width for width, _ in known], [loss for _, loss in known]
    raised = np.maximum.accumulate(np.array(losses)[::-1])[::-1]
    return {step: float(np.interp(step, widths, raised)) for step in steps}
