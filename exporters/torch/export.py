"""A torch module becomes an ONNX graph with the canonical outputs of its task.

Torch's own exporter captures the graph; clean-up, outputs and metadata are this project's.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import MissingExtraError, UnsupportedError, UsageError
from gcv_edge.exporters.builder import BATCH, IR_VERSION, OPSET, GraphBuilder
from gcv_edge.exporters.passes import clean
from gcv_edge.exporters.source import (
    Batch,
    ExportedModel,
    ExportOptions,
    check_labels,
    check_rank,
    default_preprocessing,
    describe_task,
    override_preprocessing,
    task_of_output,
)
from gcv_edge.metadata import ModelMetadata
from gcv_edge.tasks import DETECTION, SEGMENTATION, find_task

INPUT_NAME = "data"


def export_module(module: Any, name: str, options: ExportOptions) -> ExportedModel:
    """Convert a ``torch.nn.Module`` that takes ``[N, 3, H, W]``, or clips.

    Of a tuple of outputs the first counts for segmentation, where the others are auxiliary heads for training
    (gluoncvth/models/fcn.py); any other module has one output.

    Raises:
        UsageError: the input's shape is not given, or the class names do not fit.
        UnsupportedError: torch cannot export the module, or its output belongs to no task.
    """
    if options.input_shape is None:
        raise UsageError(f"{name}: give the input's shape: --input-shape 1,3,HEIGHT,WIDTH")
    model = capture(module.eval(), name, options.input_shape, options.dynamic_batch)
    outputs = list(model.graph.outputs)
    graph = GraphBuilder.reopen(model)
    for value in outputs:
        value.name = graph.unique(f"{value.name}_found")
    size = options.input_shape[-2:]
    task = find_task(options.task) if options.task else task_of_output(graph.shape(outputs[0]), size, name)
    if task is DETECTION or (len(outputs) != 1 and task is not SEGMENTATION):
        raise UnsupportedError(f"{name}: {len(outputs)} outputs for {task.name} are not supported")
    check_rank(task, graph.shape(outputs[0]), name)
    check_labels(options.labels, int(graph.shape(outputs[0])[1]), name)
    metadata = ModelMetadata(
        task=task,
        labels=options.labels,
        preprocessing=override_preprocessing(default_preprocessing(task, size), options),
        **describe_task(task, options.input_shape, options, name),
        source=name,
        source_hash=hash_module(module),
    )
    exported = clean(graph.model({task.outputs[0]: outputs[0]}))
    return ExportedModel(exported, metadata, partial(TorchReference, module))


def capture(module: Any, name: str, shape: tuple[int, ...], dynamic_batch: bool) -> ir.Model:
    """Let torch's exporter turn the module into a graph.

    Raises:
        UnsupportedError: it cannot.
        MissingExtraError: torch or onnxscript is not installed.
    """
    torch = import_torch()
    batch = 2 if dynamic_batch else shape[0]  # torch takes a batch of one for a constant
    dynamic = ({0: torch.export.Dim(BATCH)},) if dynamic_batch else None
    try:
        with silence():
            program = torch.onnx.export(
                module,
                (torch.zeros(batch, *shape[1:]),),
                dynamo=True,
                opset_version=OPSET,
                input_names=[INPUT_NAME],
                dynamic_shapes=dynamic,
                verbose=False,
            )
    except Exception as error:  # the module's code runs here, so anything may be raised
        raise UnsupportedError(f"{name}: torch cannot export it: {root_cause(error)}") from error
    model: ir.Model = program.model
    model.ir_version = IR_VERSION
    return model


def root_cause(error: BaseException) -> str:
    """Say in one line what torch's exporter stumbled over; it wraps that in advice."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def import_torch() -> Any:
    """Import torch, and see that what its exporter needs is there too.

    Raises:
        MissingExtraError: torch or onnxscript is not installed.
    """
    try:
        import onnxscript  # noqa: F401
        import torch
    except ImportError as error:
        raise MissingExtraError("a torch module", "torch") from error
    return torch


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Keep torch's progress and warnings about its own internals off the user's terminal."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def hash_module(module: Any) -> str:
    """SHA-256 over the names and bytes of the state dict, in sorted order."""
    digest = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


class TorchReference:
    """Runs a module in torch, float32 on the CPU.

    Attributes:
        name: ``torch`` and its version.
    """

    def __init__(self, module: Any) -> None:
        self._torch = import_torch()
        self.name = f"torch {self._torch.__version__}"
        self._module = module.eval()

    def run(self, batch: Batch) -> dict[str, NDArray[Any]]:
        """Compute the first output of ``batch [N, 3, H, W]``, under the name ``output``."""
        (pictures,) = batch.values() if isinstance(batch, Mapping) else (batch,)
        with self._torch.no_grad():
            outputs = self._module(self._torch.from_numpy(pictures))
        first = outputs[0] if isinstance(outputs, (tuple, list)) else outputs
        return {"output": first.numpy()}
