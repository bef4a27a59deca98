"""What a student learns, and from which pictures."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray

from gcv_edge.prune.forward import Forward, is_fixed, whole_batches
from gcv_edge.prune.inputs import Batch, Pictures
from gcv_edge.prune.sensitivity import Divergence
from gcv_edge.prune.student.network import Student
from gcv_edge.prune.student.registry import Tensor
from gcv_edge.prune.study import Study, Widths

HINTS = 10.0
"""Weight of what is computed on the way, in units of the outputs' loss, when both begin."""
MOST_HINTS = 10
"""Tensors that are looked at on the way."""
DEAD = 1e-8
"""Variance of a tensor that is not looked at on the way, at most."""
SAMPLE = 32
"""Pictures from which variances are estimated."""
SHIFT_SHARE = 16
"""Pictures are moved by up to this part of their shorter side."""


class Lesson:
    """What a student learns: the outputs of the whole network, and what its layers read on the way to them.

    Args:
        study: the whole network.
        check: says which tensors are its outputs, and how they are compared.
        student: the pruned one.
        widths: with which it was pruned.
        pictures: from which the tensors' variances are estimated.
    """

    def __init__(
        self, study: Study, check: Divergence, student: Student, widths: Widths, pictures: Pictures
    ) -> None:
        self._is_classifier, self._heads = check.is_classifier, check.heads
        self._places = hinted_channels(study, student, widths)
        self._teacher = Forward(study.model, [*check.heads, *self._places])
        source = study.model.graph.inputs[0]
        self.is_fixed, self.batch = is_fixed(source), self._teacher.batch
        images = next(whole_batches(pictures.some(SAMPLE), self.batch, self.is_fixed))
        sample = self._teacher.run(images)
        self._variances = {name: max(float(array.var()), 1e-12) for name, array in sample.items()}
        self._places = {n: p for n, p in self._places.items() if self._variances[n] > DEAD}
        with torch.no_grad():
            outputs, hints = self._losses(student, images)
        self._weight = HINTS * float(outputs) / max(float(hints), 1e-12)

    def __call__(self, student: Student, images: Batch) -> Tensor:
        """Return the loss of a batch."""
        outputs, hints = self._losses(student, images)
        return outputs + self._weight * hints

    def _losses(self, student: Student, images: Batch) -> tuple[Tensor, Tensor]:
        """Return the loss of the outputs, and that of what is computed on the way."""
        wanted = {name: torch.from_numpy(array) for name, array in self._teacher.run(images).items()}
        names = [*self._heads, *self._places]
        found = student(torch.from_numpy(images).contiguous(memory_format=torch.channels_last), names)
        if self._is_classifier:
            (name,) = self._heads
            outputs = divergence(found[name], wanted[name])
        else:
            outputs = torch.stack([self._error(n, found[n], wanted[n]) for n in self._heads]).mean()
        hints = [self._error(n, found[n], wanted[n].index_select(*p)) for n, p in self._places.items()]
        return outputs, torch.stack(hints).mean() if hints else outputs.new_zeros(())

    def _error(self, name: str, found: Tensor, wanted: Tensor) -> Tensor:
        """Mean square difference in units of the variance."""
        return (found - wanted).square().mean() / self._variances[name]


def divergence(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean divergence of logits, in nats."""
    first, second = F.log_softmax(wanted, dim=1), F.log_softmax(found, dim=1)
    return F.kl_div(second, first, reduction="batchmean", log_target=True)


def hinted_channels(study: Study, student: Student, widths: Widths) -> dict[str, tuple[int, Tensor]]:
    """Return tensors that layers of both networks read: where their channels are, and which are left.

    1. Those that lost no channels; where there are none, all.
    2. A few of them, spread over the network.
    """
    kept = study.spaces.mask(study.keep(widths))
    known = study.spaces.carriers
    computed = {value.name or "" for node in student.nodes for value in node.outputs} & known.keys()
    sources = dict.fromkeys(reader.source for reader in study.readers.values())
    carriers = {name: known[name] for name in sources if name in computed}
    whole = [name for name, carrier in carriers.items() if kept[carrier.labels].all()]
    names = whole or list(carriers)
    step = -(-len(names) // MOST_HINTS)
    left = {name: np.flatnonzero(kept[carriers[name].labels]) for name in names[::-1][::step]}
    return {name: (carriers[name].axis, torch.from_numpy(each)) for name, each in left.items()}


def disturb(pictures: Pictures, chosen: NDArray[np.int64], random: np.random.Generator) -> Pictures:
    """Mirror some pictures, move all, and mix each with another: the whole network is asked anew."""
    levels = pictures.levels[chosen]
    mirrored = np.where(random.random((len(levels), 1, 1, 1)) < 0.5, levels[..., ::-1], levels)
    moved = move(mirrored, random)
    share = random.random((len(levels), 1, 1, 1), np.float32)
    mixed = moved + share * (moved[random.permutation(len(moved))].astype(np.float32) - moved)
    return Pictures(np.rint(mixed).astype(np.uint8), pictures.preprocessing, pictures.seen)


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
