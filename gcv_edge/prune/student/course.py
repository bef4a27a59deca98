"""One training, pass after pass; it may be interrupted between them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gcv_edge.measure.findings import Finding
from gcv_edge.prune.inputs import Pictures
from gcv_edge.prune.student.lesson import Lesson, disturb
from gcv_edge.prune.student.network import Student

BATCH = 32
"""Pictures per step."""
RATE = 0.003
"""Length of a step, in units of the root mean square of the constant that it changes."""
LEAST_SCALE = 1e-3
WARM_UP = 20
"""Steps until they have their full length; fewer in a short training."""


class Course:
    """One training, pass after pass.

    Args:
        lesson: what is learnt.
        student: the pruned network.
        pictures: to train on.
        part: of them that are computed at once.
        passes: of all.
        seed: of their order.

    Attributes:
        losses: mean of each pass that is done.
        steps: in a pass.
    """

    def __init__(
        self, lesson: Lesson, student: Student, pictures: Pictures, part: int, passes: int, seed: int
    ) -> None:
        self._lesson, self._student, self._pictures = lesson, student, pictures
        self._part, self._passes, self._seed = part, passes, seed
        self.steps = -(-len(pictures) // BATCH)
        self.losses: list[float] = []
        groups = [
            {"params": [parameter], "scale": scale_of(parameter)} for parameter in student.parameters.values()
        ]
        self._optimizer = torch.optim.Adam(groups, lr=0.0)

    def run_pass(self, report: Callable[[int, int], None]) -> None:
        """See all pictures once, in an order of this pass's own; report steps done and all that there are."""
        number = len(self.losses)
        random = np.random.default_rng([self._seed, number])
        order = np.array_split(random.permutation(len(self._pictures)), self.steps)
        losses: list[float] = []
        for place, chosen in enumerate(order, number * self.steps):
            losses.append(self._step(place, chosen, random))
            report(place + 1, self.steps * self._passes)
        self.losses.append(float(np.mean(losses)))

    def _step(self, number: int, chosen: NDArray[np.int64], random: np.random.Generator) -> float:
        """Change the constants once; return the loss."""
        if self._lesson.is_fixed:
            chosen = np.resize(chosen, -(-len(chosen) // self._part) * self._part)
        self._optimizer.zero_grad()
        total = 0.0
        for images in disturb(self._pictures, chosen, random).batches(self._part):
            loss = self._lesson(self._student, images) * (len(images) / len(chosen))
            loss.backward()
            total += float(loss.detach())
        for group in self._optimizer.param_groups:
            group["lr"] = group["scale"] * self._rate(number)
        self._optimizer.step()
        return total

    def _rate(self, step: int) -> float:
        """Return the length of a step: short at first, then falling with a cosine."""
        count = self.steps * self._passes
        rising = min(1.0, (step + 1) / max(1, min(WARM_UP, count // 4)))
        return RATE * rising * 0.5 * (1 + math.cos(math.pi * step / count))

    def save(self, finding: Finding) -> None:
        """Leave what is needed to go on after this pass."""
        memory = self._optimizer.state_dict()["state"]
        arrays = {f"{place}/{key}": n.numpy() for place, each in memory.items() for key, n in each.items()}
        weights = {f"{place}/weights": array for place, array in enumerate(self._student.read().values())}
        finding.keep(list(self.losses), arrays | weights)

    def restore(self, finding: Finding) -> None:
        """Go on where an interrupted run was."""
        if finding.value is None:
            return
        memory: dict[int, dict[str, Any]] = {}
        for name, array in finding.arrays.items():
            place, key = name.split("/")
            memory.setdefault(int(place), {})[key] = torch.from_numpy(array)
        weights = [memory[place].pop("weights").numpy() for place in range(len(memory))]
        self._student.write(dict(zip(self._student.parameters, weights, strict=True)))
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": memory, "param_groups": groups})
        self.losses = list(finding.value)


def scale_of(parameter: Any) -> float:
    """Return the root mean square of a constant, in whose units it is changed."""
    return max(LEAST_SCALE, float(parameter.detach().square().mean().sqrt()))
