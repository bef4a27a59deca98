"""Running a file and its reference on the same inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gcv_edge.metadata import ModelMetadata
from gcv_edge.pictures import Inputs, check_inputs, noise_inputs
from gcv_edge.runtime.memory import give_back
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import Session, SessionOptions
from gcv_edge.tasks import TENSORS
from gcv_edge.verification.deviation import Array, Outputs
from gcv_edge.verification.lists import lists_peaks

if TYPE_CHECKING:
    from gcv_edge.exporters.source import Batch, Reference

InputMaker = Callable[[Mapping[str, tuple[int, ...]], ModelMetadata], Mapping[str, Inputs]]
"""Makes what a network is tried on, by kind, for the shapes of its inputs."""

TOGETHER = 3
"""Pictures in the batch that is tried."""


@dataclass(frozen=True)
class Trial:
    """One picture, alone or out of a batch, and what came of it.

    Attributes:
        picture: its kind.
        inputs: the picture alone.
        found, expected: outputs of the file and of the reference.
    """

    picture: str
    inputs: Inputs
    found: Outputs
    expected: Outputs


@dataclass(frozen=True)
class Runs:
    """Outputs of a file and of its reference for the same inputs.

    Attributes:
        reference: whose numbers ``expected`` are.
        found, expected: outputs by name, one entry per run: each picture alone, then the batch.
        inputs: kinds of the pictures.
        batches: batch sizes used.
        engine: that ran the file.
        given: what each run was given.
    """

    reference: str
    found: Sequence[Mapping[str, Array]]
    expected: Sequence[Mapping[str, Array]]
    inputs: tuple[str, ...]
    batches: tuple[int, ...]
    engine: str = ""
    given: Sequence[Inputs] = ()

    @property
    def shapes(self) -> dict[str, list[int]]:
        """Shapes of the inputs for one picture, by name."""
        return {name: list(array.shape) for name, array in self.given[0].items()} if self.given else {}

    def trials(self) -> list[Trial]:
        """Take the runs apart: every picture alone, and every picture of the batch."""
        count = len(self.inputs)
        parts = zip(self.inputs, self.given, self.found, self.expected, strict=False)
        trials = [Trial(*part) for part in parts]
        for found, expected in zip(self.found[count:], self.expected[count:], strict=True):
            for index in range(TOGETHER):
                alone = trials[index % count]
                ours, theirs = row(found, index), row(expected, index)
                trials.append(Trial(alone.picture, alone.inputs, ours, theirs))
        return trials


def row(outputs: Outputs, index: int) -> dict[str, Array]:
    """Return the outputs of one picture of a batch."""
    return {name: value[index : index + 1] for name, value in outputs.items()}


def run_both(
    file: Path,
    metadata: ModelMetadata,
    reference: Reference | None,
    engine: str,
    make_inputs: InputMaker = check_inputs,
    is_joined: bool = True,
) -> Runs:
    """Run a file in an engine and its reference (None: OpenVINO) on the same inputs, one by one and joined.

    A detector that chooses inside its graph does not see the black picture: among equals it takes any.
    """
    session = open_session(file, SessionOptions(engine=engine))
    version = session.engine
    found, given, kinds = run_file(session, file, metadata, make_inputs, is_joined)
    del session  # the reference takes as much memory again
    give_back()
    reference = reference or openvino_reference(file)
    expected = [reference.run(unnamed(data)) for data in given]
    batches = (1, TOGETHER) if len(given) > len(kinds) else (1,)
    return Runs(reference.name, found, expected, kinds, batches, version, given)


def run_file(
    single: Session, file: Path, metadata: ModelMetadata, make_inputs: InputMaker, is_joined: bool
) -> tuple[list[dict[str, Array]], list[Inputs], tuple[str, ...]]:
    """Run a file on every picture alone, and on a batch of them where they have one size.

    Returns:
        outputs; the inputs, one by one and joined; their kinds.
    """
    kinds = dict(make_inputs(single.inputs, metadata))
    is_alone = chooses_regions(single, metadata) or metadata.task is TENSORS
    if is_alone or lists_peaks("scores", metadata.detection):
        kinds.pop("black", None)
    given = list(kinds.values())
    found = [run_session(single, data) for data in given]
    if is_joined and not is_alone and not single.has_own_sizes:
        order = [index % len(kinds) for index in range(TOGETHER)]
        given.append(stack_outputs([given[index] for index in order]))
        if single.dynamic_batch:
            found.append(run_together(file, given[-1], single.engine.partition(" ")[0]))
        else:
            found.append(stack_outputs([found[index] for index in order]))
    return found, given, tuple(kinds)


def chooses_regions(session: Session, metadata: ModelMetadata) -> bool:
    """Whether a detector has two stages: it takes one picture, and of a black one's equals arbitrary ones."""
    settings = metadata.detection
    if settings is not None and settings.nms == "graph":
        return settings.topk_per_class
    return settings is not None and len(session.outputs.get("boxes", ())) == 4


def run_together(file: Path, batch: Inputs, engine: str) -> dict[str, Array]:
    """Run a file whose batch is open on several pictures at once."""
    count = len(next(iter(batch.values())))
    return run_session(open_session(file, SessionOptions(engine=engine), batch=count), batch)


def unnamed(inputs: Inputs) -> Batch:
    """Return the only input without its name: other frameworks call it otherwise."""
    return next(iter(inputs.values())) if len(inputs) == 1 else inputs


class EngineReference:
    """An engine in the role of the reference."""

    def __init__(self, session: Session) -> None:
        self.name = session.engine
        self._session = session

    def run(self, batch: Batch) -> dict[str, Array]:
        """Compute the file's outputs, picture by picture."""
        if isinstance(batch, Mapping):
            return self._session.run(batch)
        (name,) = self._session.inputs
        return stack_outputs([run_session(self._session, {name: picture[None]}) for picture in batch])


def openvino_reference(file: Path) -> EngineReference:
    """Open a file in OpenVINO, for what runs it in ONNX Runtime to be compared with."""
    return EngineReference(open_session(file, SessionOptions("openvino")))


def run_session(session: Session, batch: Inputs) -> dict[str, Array]:
    """Run a batch that fits, or one picture repeated to the file's fixed batch."""
    if {name: array.shape for name, array in batch.items()} == session.inputs:
        return session.run(batch)
    size = session.input_shape[0]
    outputs = session.run({name: np.repeat(array, size, axis=0) for name, array in batch.items()})
    return {name: value[:1] for name, value in outputs.items()}


def run_noise(session: Session, metadata: ModelMetadata) -> dict[str, Array]:
    """Run the noisy picture."""
    return run_session(session, noise_inputs(session.inputs, metadata))


def stack_outputs(outputs: Sequence[Outputs]) -> dict[str, Array]:
    """Join the outputs of single pictures to those of a batch."""
    return {name: np.concatenate([one[name] for one in outputs]) for name in outputs[0]}
