"""What a student learns, and from which pictures."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray

from gcv_edge.prune.forward import Forward, is_fixed
from gcv_edge.prune.inputs import Batch, Pictures
from gcv_edge.prune.sensitivity import Divergence
from gcv_edge.prune.student.network import Student
from gcv_edge.prune.student.registry import Tensor
from gcv_edge.prune.study import Study, Widths

HINTS = 1.0
"""Weight of what is computed on the way, beside the outputs."""
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
        self._is_classifier = check.is_classifier
        self._heads = check.heads
        self._places = hinted_channels(study, student, widths)
        self._teacher = Forward(study.model, [*check.heads, *self._places])
        source = study.model.graph.inputs[0]
        self.is_fixed, self.batch = is_fixed(source), self._teacher.batch
        sample = next(self._teacher.stream(pictures.some(SAMPLE)))
        self._variances = {name: max(float(array.var()), 1e-12) for name, array in sample.items()}
        self._places = {n: p for n, p in self._places.items() if self._variances[n] > DEAD}

    def __call__(self, student: Student, images: Batch) -> Tensor:
        """Return the loss of a batch."""
        wanted = {name: torch.from_numpy(array) for name, array in self._teacher.run(images).items()}
        names = [*self._heads, *self._places]
        found = student(torch.from_numpy(images).contiguous(memory_format=torch.channels_last), names)
        if self._is_classifier:
            (name,) = self._heads
            loss = divergence(found[name], wanted[name])
        else:
            loss = torch.stack([self._error(n, found[n], wanted[n]) for n in self._heads]).mean()
        hints = [self._error(n, found[n], wanted[n].index_select(*p)) for n, p in self._places.items()]
        return loss + HINTS * torch.stack(hints).mean() if hints else loss

    def _error(self, name: str, found: Tensor, wanted: Tensor) -> Tensor:
        """Mean square difference in units of the variance."""
        return (found - wanted).square().mean() / self._variances[name]


def divergence(found: Tensor, wanted: Tensor) -> Tensor:
    """Mean divergence of logits, in nats."""
    first, second = F.log_softmax(wanted, dim=1), F.log_softmax(found, dim=1)
    return F.kl_div(second, first, reduction="batchmean", log_target=True)


def hinted_channels(study: Study, student: Student, widths: Widths) -> dict[str, tuple[int, Tensor]]:
    """Return tensors that layers of both networks read: where their channels are, and which are left."""
    kept = study.spaces.mask(study.keep(widths))
    computed = {value.name or "" for node in student.nodes for value in node.outputs}
    found: dict[str, tuple[int, Tensor]] = {}
    for name in dict.fromkeys(reader.source for reader in study.readers.values()):
        carrier = study.spaces.carriers.get(name)
        if name in computed and carrier is not None:
            found[name] = carrier.axis, torch.from_numpy(np.flatnonzero(kept[carrier.labels]))
    return found


def disturb(pictures: Pictures, chosen: NDArray[np.int64], random: np.random.Generator) -> Pictures:
    """Turn some pictures round, move all, and mix each with another: the whole network is asked anew."""
    levels = pictures.levels[chosen]
    turned = np.where(random.random((len(levels), 1, 1, 1)) < 0.5, levels[..., ::-1], levels)
    moved = move(turned, random)
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
