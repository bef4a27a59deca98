"""The training of a student: its loss, the pictures that it sees, and its epochs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray

from gcv_edge.graph.probing import Probe
from gcv_edge.measure.result_cache import CachedResult
from gcv_edge.prune.distillation.operators import Tensor
from gcv_edge.prune.distillation.student import Student
from gcv_edge.prune.fitting.activations import ActivationCache, fill_up, is_fixed
from gcv_edge.prune.fitting.calibration_set import Batch, CalibrationSet
from gcv_edge.prune.fitting.network import RankedNetwork, Widths
from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.fitting.sequential import Report

HINTS = 10.0
"""Weight of the hints, in units of the outputs' loss, when both begin."""
MOST_HINTS = 10
"""Tensors on the way to the outputs that are compared, too."""
DEAD = 1e-8
"""Variance of a tensor that is no hint, at most."""
SAMPLE = 32
"""Pictures from which variances are estimated."""
SHIFT_SHARE = 16
"""Pictures are moved by up to this part of their shorter side."""

BATCH = 32
"""Pictures per step."""
RATE = 0.003
"""Learning rate, in units of the root mean square of the constant that is changed."""
LEAST_SCALE = 1e-3
WARM_UP = 20
"""Steps until the learning rate is whole; fewer in a short training."""


class DistillationLoss:
    """Compares a student's outputs with the teacher's, and what its layers read on the way to them (hints).

    Hints: A. Romero et al., "FitNets" (arXiv:1412.6550).

    Args:
        network: the whole network, which is the teacher.
        check: says which tensors are its outputs, and how they are compared.
        student: the pruned network.
        widths: with which it was pruned.
        pictures: from which the tensors' variances are estimated.

    Attributes:
        batch: pictures that the teacher computes at once.
        is_fixed: it computes no other number of them.
    """

    def __init__(
        self,
        network: RankedNetwork,
        check: Divergence,
        student: Student,
        widths: Widths,
        pictures: CalibrationSet,
    ) -> None:
        self._is_classifier, self._heads = check.is_classifier, check.heads
        self._hints = find_hints(network, student, widths)
        names = [*check.heads, *self._hints]
        self._teacher, self._input = Probe(network.model, names), network.model.graph.inputs[0]
        self.is_fixed = is_fixed(self._input)
        self.batch = ActivationCache(network.model, pictures).batch_size(names)
        images = pictures.some(SAMPLE).batch(0, self.batch)
        images = fill_up(images, self.batch) if self.is_fixed else images
        sample = self._teach(images)
        self._variances = {name: max(float(array.var()), 1e-12) for name, array in sample.items()}
        self._hints = {name: hint for name, hint in self._hints.items() if self._variances[name] > DEAD}
        with torch.no_grad():
            outputs, hints = self._losses(student, images)
        self._weight = HINTS * float(outputs) / max(float(hints), 1e-12)

    def __call__(self, student: Student, images: Batch) -> Tensor:
        """Return the loss of a batch."""
        outputs, hints = self._losses(student, images)
        return outputs + self._weight * hints

    def _teach(self, images: Batch) -> dict[str, NDArray[Any]]:
        """Compute what the teacher gives."""
        return self._teacher.run({self._input.name or "": images})

    def _losses(self, student: Student, images: Batch) -> tuple[Tensor, Tensor]:
        """Return the loss of the outputs, and that of the hints."""
        wanted = {name: torch.from_numpy(array) for name, array in self._teach(images).items()}
        names = [*self._heads, *self._hints]
        found = student(torch.from_numpy(images).contiguous(memory_format=torch.channels_last), names)
        if self._is_classifier:
            (name,) = self._heads
            outputs = mean_divergence(found[name], wanted[name])
        else:
            outputs = torch.stack([self._error(n, found[n], wanted[n]) for n in self._heads]).mean()
        hints = [self._error(n, found[n], wanted[n].index_select(*hint)) for n, hint in self._hints.items()]
        return outputs, torch.stack(hints).mean() if hints else outputs.new_zeros(())

    def _error(self, name: str, found: Tensor, wanted: Tensor) -> Tensor:
        """Mean square difference in units of the variance."""
        return (found - wanted).square().mean() / self._variances[name]


def mean_divergence(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean divergence of logits, in nats."""
    first, second = F.log_softmax(wanted, dim=1), F.log_softmax(found, dim=1)
    return F.kl_div(second, first, reduction="batchmean", log_target=True)


def find_hints(network: RankedNetwork, student: Student, widths: Widths) -> dict[str, tuple[int, Tensor]]:
    """Return tensors that layers of both networks read: where their channels are, and which are left.

    1. Those that lost no channels; where there are none, all.
    2. A few of them, spread over the network.
    """
    kept, known = network.spaces.mask(network.keep(widths)), network.spaces.axes
    computed = {value.name or "" for node in student.nodes for value in node.outputs} & known.keys()
    sources = dict.fromkeys(layer.source for layer in network.layers.values())
    read = [name for name in sources if name in computed]
    names = [name for name in read if kept[known[name].ids].all()] or read
    step = -(-len(names) // MOST_HINTS)
    left = {name: np.flatnonzero(kept[known[name].ids]) for name in names[::-1][::step]}
    return {name: (known[name].axis, torch.from_numpy(each)) for name, each in left.items()}


def augment(
    pictures: CalibrationSet, chosen: NDArray[np.int64], random: np.random.Generator
) -> CalibrationSet:
    """Mirror some pictures, move all, and mix each with another: the teacher is asked anew."""
    levels = pictures.levels[chosen]
    mirrored = np.where(random.random((len(levels), 1, 1, 1)) < 0.5, levels[..., ::-1], levels)
    moved = move(mirrored, random)
    share = random.random((len(levels), 1, 1, 1), np.float32)
    mixed = moved + share * (moved[random.permutation(len(moved))].astype(np.float32) - moved)
    return CalibrationSet(np.rint(mixed).astype(np.uint8), pictures.preprocessing, pictures.seen)


def move(levels: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Move pictures by a few positions; what is at the edge is repeated."""
    height, width = levels.shape[2:]
    most = max(1, min(height, width) // SHIFT_SHARE)
    padded = np.pad(levels, ((0, 0), (0, 0), (most, most), (most, most)), mode="edge")
    offsets = random.integers(0, 2 * most + 1, (len(levels), 2))
    parts = [
        each[:, top : top + height, left : left + width]
        for each, (top, left) in zip(padded, offsets, strict=True)
    ]
    return np.stack(parts)


class Training:
    """The epochs of one training; it may be interrupted between them.

    Args:
        loss: what is learnt.
        student: the pruned network.
        pictures: to train on.
        part: of them that are computed at once.
        epochs: of all.
        seed: of the pictures' order.

    Attributes:
        losses: mean of each epoch that is done.
        steps: in an epoch.
    """

    def __init__(
        self,
        loss: DistillationLoss,
        student: Student,
        pictures: CalibrationSet,
        part: int,
        epochs: int,
        seed: int,
    ) -> None:
        self._loss, self._student, self._pictures = loss, student, pictures
        self._part, self._epochs, self._seed = part, epochs, seed
        self.steps = -(-len(pictures) // BATCH)
        self.losses: list[float] = []
        groups = [{"params": [each], "scale": scale_of(each)} for each in student.parameters.values()]
        self._optimizer = torch.optim.Adam(groups, lr=0.0)

    def run_epoch(self, report: Report) -> None:
        """See all pictures once, in an order of this epoch's own; report steps done and of all."""
        number = len(self.losses)
        random = np.random.default_rng([self._seed, number])
        order = np.array_split(random.permutation(len(self._pictures)), self.steps)
        losses: list[float] = []
        for place, chosen in enumerate(order, number * self.steps):
            losses.append(self._step(place, chosen, random))
            report(place + 1, self.steps * self._epochs)
        self.losses.append(float(np.mean(losses)))

    def _step(self, number: int, chosen: NDArray[np.int64], random: np.random.Generator) -> float:
        """Change the constants once; return the loss."""
        if self._loss.is_fixed:
            chosen = np.resize(chosen, -(-len(chosen) // self._part) * self._part)
        self._optimizer.zero_grad()
        total = 0.0
        for images in augment(self._pictures, chosen, random).batches(self._part):
            loss = self._loss(self._student, images) * (len(images) / len(chosen))
            loss.backward()
            total += float(loss.detach())
        for group in self._optimizer.param_groups:
            group["lr"] = group["scale"] * self._rate(number)
        self._optimizer.step()
        return total

    def _rate(self, step: int) -> float:
        """Return the learning rate of a step: low at first, then falling with a cosine."""
        count = self.steps * self._epochs
        rising = min(1.0, (step + 1) / max(1, min(WARM_UP, count // 4)))
        return RATE * rising * 0.5 * (1 + math.cos(math.pi * step / count))

    def save(self, cached: CachedResult) -> None:
        """Leave what is needed to go on after this epoch."""
        memory = self._optimizer.state_dict()["state"]
        arrays = {f"{place}/{key}": n.numpy() for place, each in memory.items() for key, n in each.items()}
        weights = {f"{place}/weights": array for place, array in enumerate(self._student.read().values())}
        cached.keep(list(self.losses), arrays | weights)

    def restore(self, cached: CachedResult) -> None:
        """Go on where an interrupted run was."""
        if cached.value is None:
            return
        memory: dict[int, dict[str, Any]] = {}
        for name, array in cached.arrays.items():
            place, key = name.split("/")
            memory.setdefault(int(place), {})[key] = torch.from_numpy(array)
        weights = [memory[place].pop("weights").numpy() for place in range(len(memory))]
        self._student.write(dict(zip(self._student.parameters, weights, strict=True)))
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": memory, "param_groups": groups})
        self.losses = list(cached.value)


def scale_of(parameter: Tensor) -> float:
    """Return the root mean square of a constant, in whose units it is changed."""
    return max(LEAST_SCALE, float(parameter.detach().square().mean().sqrt()))
