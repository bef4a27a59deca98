"""What becomes of a foreign network's outputs: canonical ones of a task, or all as they are."""

from __future__ import annotations

import difflib
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.choosing import choose_head, describe_choice
from gcv_edge.exporters.effects import check_effects, describe_effect
from gcv_edge.exporters.heads import TANH, Purpose, emit_canonical, find_purpose
from gcv_edge.exporters.onnx.boxes import as_float
from gcv_edge.exporters.onnx.choosing import find_family
from gcv_edge.exporters.onnx.detections import choose_settings, describe_family, detector_tail
from gcv_edge.exporters.onnx.ends import Ended, has_channels_last, read_output
from gcv_edge.exporters.onnx.families import BACKGROUND
from gcv_edge.exporters.onnx.inputs import NHWC_TO_NCHW, ForeignInputs
from gcv_edge.exporters.onnx.options import Adoption, show_option
from gcv_edge.exporters.onnx.outputs import Outputs
from gcv_edge.exporters.onnx.reference import Tail
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.metadata import DetectionSettings
from gcv_edge.tasks import DETECTION, TENSORS, Task, find_task


@dataclass(frozen=True)
class Foreign:
    """A network that is being taken over.

    Attributes:
        graph: its graph.
        values: its outputs, or those asked for, by the names that they have in the original.
        entries: its inputs.
        known: names of the original's tensors.
        notes: what its makers wrote into it.
        source: for messages.
    """

    graph: GraphBuilder
    values: Mapping[str, ir.Value]
    entries: ForeignInputs
    known: Container[str]
    notes: Mapping[str, str]
    source: str

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the input."""
        height, width = self.entries.fed[0].shape[-2:]
        return int(height), int(width)


@dataclass(frozen=True)
class Plan:
    """What becomes of the outputs.

    Attributes:
        task: of the exported file.
        taps: the original's tensors that its outputs are made from.
        tail: makes them.
        activation, detection: see ``ModelMetadata``.
        image_range: see ``ExportOptions``; what the end of the network says.
        assumed_logit: name of an output that is taken for a mask's logit, which the graph does not tell.
        assumes_centres: boxes are taken for centre and size, which nobody said.
        may_have_background: one of the scores may be the background's, of which nobody said anything.
        first_class: the number of the first class in a list that holds class numbers.
        notes: what was recognised, assumed and left out.
    """

    task: Task
    taps: Sequence[ir.Value]
    tail: Tail
    activation: str = "softmax"
    detection: DetectionSettings | None = None
    image_range: tuple[float, float] | None = None
    assumed_logit: str | None = None
    assumes_centres: bool = False
    may_have_background: bool = False
    first_class: int | None = None
    notes: tuple[str, ...] = ()


def plan_outputs(foreign: Foreign, options: ExportOptions, adoption: Adoption) -> Plan:
    """Decide what becomes of a network's outputs.

    Raises:
        UsageError: what they are for is not certain.
        UnsupportedError: they have another form than the task asked for.
    """
    if options.task == TENSORS.name:
        return plan_tensors(foreign)
    if not foreign.entries.is_picture:
        return plan_tensors(foreign, describe_inputs(foreign.entries))
    if options.task in (None, DETECTION.name):
        detector = plan_detector(foreign, options, adoption)
        if detector is not None:
            return detector
    if len(foreign.values) == 1:
        return plan_head(foreign, next(iter(foreign.values)), options)
    names = ", ".join(foreign.values)
    if options.task is None:
        return plan_tensors(foreign, f"its outputs {names} are exported as they are (task tensors)")
    return plan_task_head(foreign, find_task(options.task), options)


def plan_task_head(foreign: Foreign, task: Task, options: ExportOptions) -> Plan:
    """Export the only one of several outputs that is for a task."""
    heads = {name: read_head(foreign, name).head for name in foreign.values}
    chosen = choose_head(heads, task, options, foreign.source)
    plan = plan_head(foreign, chosen, options)
    return replace(plan, notes=(*plan.notes, describe_choice(heads, chosen, task)))


def refuse_unused(plan: Plan, options: ExportOptions, adoption: Adoption, source: str) -> None:
    """Refuse what the user says where it means nothing for what the network is for.

    Raises:
        UsageError: it would be dropped.
    """
    reasons = plan.notes[:1] if options.task is None else ()
    check_effects(options, plan.task, source, reasons)
    if plan.task is not DETECTION and adoption.given:
        begin = f"{source}: {show_option(adoption.given[0])} is for detectors"
        raise UsageError(describe_effect(begin, plan.task, reasons))


def describe_inputs(entries: ForeignInputs) -> str:
    """Say why a network that nobody says anything of is no picture's."""
    shown = ", ".join(f"{entry.name} {list(entry.own_shape)}" for entry in entries.fed)
    return f"reads {shown}, which is no picture or clip: all is exported as it is (task tensors)"


def plan_tensors(foreign: Foreign, *notes: str) -> Plan:
    """Export all outputs as they are, in float32."""
    names = list(foreign.values)
    is_cast = [name for name, value in foreign.values.items() if value.dtype != ir.DataType.FLOAT]
    if is_cast:
        notes = (*notes, f"in float32: {', '.join(is_cast)}")

    def emit(graph: GraphBuilder, taps: Sequence[ir.Value]) -> dict[str, ir.Value]:
        return {name: as_float(graph, tap) for name, tap in zip(names, taps, strict=True)}

    return Plan(TENSORS, list(foreign.values.values()), emit, notes=notes)


def plan_head(foreign: Foreign, name: str, options: ExportOptions) -> Plan:
    """Export one output for what it is for."""
    ended = read_head(foreign, name)
    purpose = find_purpose(ended.head, options, foreign.source)
    if purpose.task is TENSORS:
        return plan_tensors(foreign, *purpose.notes)
    tap = ended.core if purpose.takes_core else ended.whole
    is_last = has_channels_last(foreign.graph.shape(tap), foreign.entries.fed[0].shape[-2:])
    return Plan(
        purpose.task,
        [tap],
        head_tail(purpose, is_last),
        activation=purpose.activation,
        assumed_logit=name if purpose.is_assumed else None,
        image_range=(-1.0, 1.0) if ended.head.maker == TANH else None,
        notes=purpose.notes,
    )


def read_head(foreign: Foreign, name: str) -> Ended:
    """Read an output from its end."""
    shape = foreign.entries.fed[0].shape
    return read_output(foreign.graph, name, foreign.values[name], foreign.known, shape[0], shape[-2:])


def head_tail(purpose: Purpose, is_last: bool) -> Tail:
    """Make what brings a head into its task's form."""

    def emit(graph: GraphBuilder, taps: Sequence[ir.Value]) -> dict[str, ir.Value]:
        value = as_float(graph, taps[0])
        if is_last:
            value = graph.op("Transpose", [value], "channels_second", perm=NHWC_TO_NCHW)
        return {purpose.task.outputs[0]: emit_canonical(graph, purpose, value)}

    return emit


def plan_detector(foreign: Foreign, options: ExportOptions, adoption: Adoption) -> Plan | None:
    """Export boxes and scores; None for what is no detector."""
    graph, values = foreign.graph, foreign.values
    outputs = Outputs(
        values=values,
        shapes={name: graph.shape(value) for name, value in values.items()},
        operators=frozenset(node.op_type for node in graph.nodes),
        size=foreign.size,
        classes=len(options.labels),
        adoption=adoption,
        notes=foreign.notes,
        is_asked=options.task == DETECTION.name or adoption != Adoption(),
        source=foreign.source,
    )
    found = find_family(outputs)
    if found is None:
        return None
    family, names = found
    if family.is_list and outputs.find(1) and foreign.entries.fed[0].shape[0] != 1:
        raise UnsupportedError(f"{foreign.source}: lists of no fixed length are of one picture at a time")
    return Plan(
        DETECTION,
        [values[name] for name in names],
        detector_tail(family, outputs),
        detection=replace(choose_settings(family, outputs), nms=options.nms),
        assumes_centres=family.assumes_centres and adoption.box_format is None,
        may_have_background=BACKGROUND in family.takes and adoption.background is None,
        first_class=family.first_class,
        notes=tuple(describe_family(family, names, outputs)),
    )


def choose_values(
    values: Mapping[str, ir.Value], named: Mapping[str, ir.Value], wanted: Sequence[str], source: str
) -> dict[str, ir.Value]:
    """Return the outputs, or the tensors that are asked for.

    Args:
        values: the network's outputs.
        named: all of its tensors.
        wanted: names of those that are asked for; none for the outputs.
        source: for messages.

    Raises:
        UsageError: there is none of that name.
    """
    for name in wanted:
        if name not in named:
            close = difflib.get_close_matches(name, named, n=3)
            hint = f"did you mean {' or '.join(close)}?" if close else f"its outputs are {', '.join(values)}"
            raise UsageError(f"{source}: --outputs {name}: there is no such tensor: {hint}")
    return {name: named[name] for name in wanted} if wanted else dict(values)
