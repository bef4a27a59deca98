"""Training a pruned network (the student), in torch, to give what the whole one (the teacher) gives."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import onnx_ir as ir
import torch

from gcv_edge.cpus import usable_cpus
from gcv_edge.errors import UnsupportedError
from gcv_edge.measure.result_cache import CachedResult
from gcv_edge.prune.channels.surgery import REST
from gcv_edge.prune.channels.tracing import describe_node
from gcv_edge.prune.distillation.student import Arrays, Student
from gcv_edge.prune.distillation.training import BATCH, DistillationLoss, Training
from gcv_edge.prune.fitting.activations import ActivationCache, Tensors
from gcv_edge.prune.fitting.calibration_set import CalibrationSet
from gcv_edge.prune.fitting.network import PrunableNetwork, RankedNetwork, Widths
from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.fitting.sequential import Report
from gcv_edge.prune.results import Distillation
from gcv_edge.prune.search.cost import count_macs

WORK = 1e13
"""Multiply-accumulates of a training of which nobody said how long it may take: some minutes on two cores."""
MOST_EPOCHS = 100
NUMBERS = 60_000_000
"""Of a student's tensors that are held for the way back, at most; bounds memory."""
TOLERANCE = 1e-3
"""By which torch may differ from the engine, in units of a tensor's largest number."""


class Distiller:
    """Trains networks that were pruned from one.

    The teacher is computed by the engine, anew for every batch: nothing is held.

    Args:
        teacher: the whole network.
        check: says which tensors count, and compares on pictures that are not trained on.
        pictures: to train on.
        epochs: times that each is seen; None: as many as some minutes allow.
        seed: of their order.

    Raises:
        UnsupportedError: torch does not compute the network, or not as the engine does.
    """

    def __init__(
        self, teacher: ir.Model, check: Divergence, pictures: CalibrationSet, epochs: int | None, seed: int
    ) -> None:
        self._check, self._pictures = check, pictures
        self._epochs, self._seed = epochs, seed
        self._compare(teacher)

    def _compare(self, model: ir.Model) -> int:
        """Hold torch against the engine; return how many numbers it computes for a picture."""
        student = Student(model, self._check.heads)
        names = [value.name or "" for node in student.nodes for value in node.outputs if value.name]
        found = next(ActivationCache(model, self._pictures.some(2)).stream([student.input, *names]))
        compare(student, found)
        return sum(array.size for array in found.values()) // len(found[student.input])

    def train(
        self, network: RankedNetwork, pruned: ir.Model, widths: Widths, cached: CachedResult, report: Report
    ) -> Distillation:
        """Train a pruned network, in place, where that helps on other pictures.

        Args:
            network: the whole network.
            pruned: the pruned one, its layers fitted.
            widths: with which it was pruned.
            cached: what an interrupted run learnt; takes the rest.
            report: called with the number of steps done and of all.
        """
        student = Student(pruned, self._check.heads, trained_constants(network, pruned))
        loss = DistillationLoss(network, self._check, student, widths, self._pictures)
        numbers = self._compare(pruned)
        part = loss.batch if loss.is_fixed else max(1, min(BATCH, NUMBERS // numbers))
        epochs = self._epochs or choose_epochs(network.model, pruned, len(self._pictures))
        training = Training(loss, student, self._pictures, part, epochs, self._seed)
        before, old = self._check(pruned), student.read()
        training.restore(cached)
        with limited_threads():
            while len(training.losses) < epochs:
                training.run_epoch(report)
                training.save(cached)
        set_constants(pruned, student.read())
        after = self._check(pruned)
        if not after < before:
            set_constants(pruned, old)
        losses = training.losses[0], training.losses[-1]
        return Distillation(epochs, epochs * training.steps, losses, (before, after), after < before)


def trained_constants(network: PrunableNetwork, pruned: ir.Model) -> list[str]:
    """Return the names of the weights and biases of layers, and of normalisation that no layer took in."""
    layers = {layer.name for layer in network.spaces.layers}
    values = [pruned.graph.initializers.get(f"{name}{REST}") for name in sorted(layers)]
    for node in pruned.graph:
        if node.name in layers or node.op_type == "BatchNormalization":
            values += node.inputs[1:3]
    floats = [
        v for v in values if v is not None and v.const_value is not None and v.dtype == ir.DataType.FLOAT
    ]
    return list(dict.fromkeys(value.name or "" for value in floats))


def choose_epochs(whole: ir.Model, pruned: ir.Model, pictures: int) -> int:
    """Return how often pictures can be seen in some minutes; the way back takes as long as two forward."""
    each = (count_macs(whole) + 3 * count_macs(pruned)) * pictures
    return int(np.clip(WORK / max(1, each), 1, MOST_EPOCHS))


def compare(student: Student, expected: Tensors) -> None:
    """Raise UnsupportedError naming the first operator that torch computes otherwise than the engine."""
    with torch.no_grad():
        found = student(torch.from_numpy(expected[student.input]), list(expected))
    for node in student.nodes:
        for name in [value.name or "" for value in node.outputs if value.name in expected]:
            difference = float(np.abs(found[name].numpy() - expected[name]).max(initial=0))
            allowed = TOLERANCE * max(1e-3, float(np.abs(expected[name]).max(initial=0)))
            if not difference <= allowed:
                raise UnsupportedError(
                    f"{describe_node(node)}: torch gives other numbers than the engine: found a difference "
                    f"of {difference:.3g}, expected {allowed:.3g} at most; the network cannot be distilled"
                )


@contextlib.contextmanager
def limited_threads() -> Iterator[None]:
    """Let torch use the CPUs of this process, and no more."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(before, usable_cpus()))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def set_constants(model: ir.Model, arrays: Arrays) -> None:
    """Give a graph's constants other numbers."""
    for name, array in arrays.items():
        model.graph.initializers[name].const_value = ir.Tensor(array, name=name)
