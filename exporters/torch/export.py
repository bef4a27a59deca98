"""A torch module becomes an ONNX graph with the canonical outputs of its task.

Torch's own exporter captures the graph; clean-up, outputs and metadata are this project's.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import onnx_ir as ir
from numpy.typing import NDArray

from gcv_edge.errors import MissingExtraError, UnsupportedError, UsageError
from gcv_edge.exporters.builder import BATCH, IR_VERSION, OPSET, GraphBuilder, Shape
from gcv_edge.exporters.onnx.adoption import describe, finish
from gcv_edge.exporters.onnx.inputs import NHWC_TO_NCHW, ForeignInput, ForeignInputs, is_channels, open_inputs
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.onnx.plans import Foreign, choose_values, plan_outputs, refuse_unused
from gcv_edge.exporters.onnx.preprocessing import InputLevels, choose_preprocessing
from gcv_edge.exporters.onnx.reference import Tail, Tap, build_tail, run_in_rows, run_tail
from gcv_edge.exporters.source import (
    Batch,
    ExportedModel,
    ExportOptions,
    assume_imagenet,
    hint_at_rank,
)
from gcv_edge.graph.probing import onnxruntime_session
from gcv_edge.metadata import Preprocessing
from gcv_edge.tasks import TENSORS

INPUT_NAME = "data"


@dataclass(frozen=True)
class Captured:
    """What torch's exporter made of a module.

    Attributes:
        model: the ONNX graph.
        exported: torch's own graph (``torch.export.ExportedProgram``), with the same names inside.
        outputs: names of the ONNX graph's outputs.
    """

    model: ir.Model
    exported: Any
    outputs: tuple[str, ...]


def export_module(module: Any, name: str, options: ExportOptions) -> ExportedModel:
    """Convert a ``torch.nn.Module`` that takes ``[N, 3, H, W]``, clips, or tensors of any kind.

    What its output is for is read from how the graph ends. Tuples and dictionaries become named tensors; for
    segmentation the first counts, where the others are auxiliary heads for training
    (gluoncvth/models/fcn.py).

    Raises:
        UsageError: the input's shape is not given, what the output is for is not certain, or the class names
            do not fit.
        UnsupportedError: torch cannot export the module, or its output has another form than the task's.
    """
    if options.input_shape is None:
        raise UsageError(f"{name}: give the input's shape: --input-shape 1,3,HEIGHT,WIDTH")
    module = module.eval()
    entries = describe_inputs(options)
    program = capture(module, name, entries, options.dynamic_batch)
    foreign = open_program(program, name_outputs(module, entries), name, entries, options)
    plan = plan_outputs(foreign, options, Adoption())
    refuse_unused(plan, options, Adoption(), name)
    preprocessing, notes = choose_preprocessing(foreign, plan.task, options, imagenet_levels(options))
    metadata = describe(foreign, plan, preprocessing, options)
    metadata = replace(metadata, source=name, source_hash=hash_module(module, program, options))
    taps = [Tap(value.name or "", foreign.graph.shape(value), dtype_of(value)) for value in plan.taps]
    reference = partial(TorchReference, module, program, entries, taps, plan.tail)
    return finish(foreign, plan, metadata, reference, notes)


def describe_inputs(options: ExportOptions) -> ForeignInputs:
    """Describe the inputs whose shapes are given; one of 1 or 3 channels is a picture or a clip."""
    shapes = [shape for shape in (options.input_shape, *options.further_shapes) if shape is not None]
    first = [(BATCH if options.dynamic_batch else shape[0], *shape[1:]) for shape in shapes]
    if len(shapes) == 1:
        return describe_input(first[0], options)
    fed = [ForeignInput(f"{INPUT_NAME}{index}", shape) for index, shape in enumerate(first)]
    return ForeignInputs(tuple(fed), is_picture=False)


def describe_input(shape: Shape, options: ExportOptions) -> ForeignInputs:
    """Describe the only input; pictures may have their channels last."""
    axes = len(shape)
    is_last = axes == 4 and is_channels(shape[3]) and not is_channels(shape[1])
    is_last = is_last and options.task != TENSORS.name
    own = tuple(shape[axis] for axis in NHWC_TO_NCHW) if is_last else shape
    entry = ForeignInput(INPUT_NAME, own, is_last=is_last)
    return ForeignInputs((entry,), is_picture=axes in (4, 5) and is_channels(own[1]))


def make_zeros(entries: ForeignInputs, batch: int) -> tuple[Any, ...]:
    """Make inputs of zeros, ``batch`` rows where that is open."""
    torch = import_torch()
    shapes = [[batch if dim == BATCH else dim for dim in entry.own_shape] for entry in entries.fed]
    return tuple(torch.zeros(*shape) for shape in shapes)


def name_outputs(module: Any, entries: ForeignInputs) -> list[str]:
    """Name the tensors that a module returns: by keys of dictionaries and positions in tuples."""
    with import_torch().no_grad(), silence():
        return [".".join(path) or "output" for path, _ in walk_tensors(module(*make_zeros(entries, 2)))]


def walk_tensors(outputs: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each tensor of nested dictionaries and sequences with its place."""
    if isinstance(outputs, Mapping):
        for key, value in outputs.items():
            yield from walk_tensors(value, (*path, str(key)))
    elif isinstance(outputs, (tuple, list)):
        for index, value in enumerate(outputs):
            yield from walk_tensors(value, (*(path or ("output",)), str(index)))
    elif outputs is not None:
        yield path, outputs


def open_program(
    program: Captured, names: list[str], source: str, entries: ForeignInputs, options: ExportOptions
) -> Foreign:
    """Take a captured graph apart; its tensors have the names that torch's own graph gives them."""
    outputs = dict(zip(names, program.model.graph.outputs, strict=True))
    graph = GraphBuilder.reopen(program.model)
    known = frozenset(node.name for node in program.exported.graph.nodes)
    inner = {value.name or "": value for node in graph.nodes for value in node.outputs if value.name in known}
    values = choose_values(outputs, {**inner, **outputs}, options.outputs, source)
    open_inputs(graph, entries)
    return Foreign(graph, values, entries, known, {}, source)


def dtype_of(value: ir.Value) -> ir.DataType:
    """Type of a tensor of the captured graph, which torch always gives."""
    assert value.dtype is not None
    return value.dtype


def imagenet_levels(options: ExportOptions) -> InputLevels:
    """Levels by ImageNet's statistics, in the order of the network's channels."""
    usual, notes = assume_imagenet(Preprocessing(), options)
    return InputLevels(usual.mean, usual.scale, " ".join(notes))


def capture(module: Any, name: str, entries: ForeignInputs, dynamic_batch: bool) -> Captured:
    """Let torch's exporter turn the module into a graph.

    Raises:
        UnsupportedError: it cannot.
        MissingExtraError: torch or onnxscript is not installed.
    """
    torch = import_torch()
    dynamic = tuple({0: torch.export.Dim(BATCH)} for _ in entries.fed) if dynamic_batch else None
    try:
        with silence():
            program = torch.onnx.export(
                module,
                make_zeros(entries, 2),  # torch takes an open batch of one for a constant
                dynamo=True,
                opset_version=OPSET,
                input_names=[entry.name for entry in entries.fed],
                dynamic_shapes=dynamic,
                verbose=False,
            )
    except Exception as error:  # the module's code runs here, so anything may be raised
        raise UnsupportedError(
            f"{name}: torch cannot export it: {root_cause(error)}{hint_at_rank(entries.fed[0].shape)}"
        ) from error
    model: ir.Model = program.model
    model.ir_version = IR_VERSION
    outputs = tuple(value.name or "" for value in model.graph.outputs)
    return Captured(model, program.exported_program, outputs)


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


def hash_module(module: Any, program: Captured, options: ExportOptions) -> str:
    """SHA-256 over all that an export follows from: the graph, the state dict and the options."""
    digest = hashlib.sha256(repr((options, program.exported.graph_module.code)).encode())
    for name, tensor in sorted(module.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


class TorchReference:
    """Runs a module in torch, float32 on the CPU.

    Attributes:
        name: ``torch`` and its version.
    """

    def __init__(
        self, module: Any, program: Captured, entries: ForeignInputs, taps: Sequence[Tap], tail: Tail
    ):
        """Take a module and, for tensors inside it, what torch captured of it."""
        self._torch = import_torch()
        self.name = f"torch {self._torch.__version__}"
        self._module = module
        self._program = program
        self._entries = entries
        self._taps = [tap.name for tap in taps]
        self._tail = onnxruntime_session(build_tail(taps, tail))

    def run(self, batch: Batch) -> dict[str, NDArray[Any]]:
        """Compute the canonical outputs, as many pictures at a time as the graph takes."""
        return run_in_rows(self._entries, batch, self._run_once)

    def _run_once(self, batch: Batch) -> dict[str, NDArray[Any]]:
        arrays = self._entries.feeds(batch)
        inputs = [self._torch.from_numpy(arrays[entry.name]) for entry in self._entries.fed]
        with self._torch.no_grad(), silence():
            own = [tensor for _, tensor in walk_tensors(self._module(*inputs))]
            values = dict(zip(self._program.outputs, own, strict=True))
            inner = [name for name in self._taps if name not in values]
            values |= record_tensors(self._program.exported, inputs, inner) if inner else {}
        return run_tail(self._tail, [values[name].numpy() for name in self._taps])


def record_tensors(exported: Any, inputs: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
    """Compute tensors inside a captured graph, operator by operator, in torch."""
    torch = import_torch()
    found: dict[str, Any] = {}

    class Recorder(torch.fx.Interpreter):  # type: ignore[misc, name-defined]
        def run_node(self, node: Any) -> Any:
            value = super().run_node(node)
            if node.name in names:
                found[node.name] = value
            return value

    Recorder(exported.module()).run(*inputs)
    return found
