"""Reading a foreign ONNX file, and bringing it to this package's opset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx
import onnx.inliner
import onnx_ir as ir
import onnx_ir.passes.common as common

from gcv_edge.errors import ModelFileError, ModelNotFoundError, UnsupportedError, UsageError
from gcv_edge.exporters.boundary import first_line
from gcv_edge.exporters.builder import IR_VERSION, OPSET, Shape
from gcv_edge.exporters.onnx.checks import check_graph
from gcv_edge.exporters.onnx.opsets import name_old_resizes, step_down

MIN_OPSET = 7
STANDARD_DOMAINS = ("", "ai.onnx")


@dataclass(frozen=True)
class ForeignFile:
    """A file as it was read.

    Attributes:
        proto: its model; functions that it defines itself are put where they are called.
        tensors: names of all tensors that the file's own graph computes.
        notes: what its makers wrote into it, by key.
    """

    proto: onnx.ModelProto
    tensors: frozenset[str]
    notes: Mapping[str, str]


def read_file(path: Path) -> ForeignFile:
    """Read a file.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelFileError: it is damaged, or older than opset 7.
        UsageError: it is this package's own.
        UnsupportedError: it has operators that are not ONNX's, or a graph that engines may die of.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path}: no such file")
    try:
        proto = onnx.load(path)
        onnx.checker.check_model(proto)
    except Exception as error:
        raise ModelFileError(path, f"not a valid ONNX file ({first_line(error)})") from error
    tensors = frozenset(name for node in proto.graph.node for name in node.output if name)
    if proto.functions:
        proto = onnx.inliner.inline_local_functions(proto)
    check_graph(ir.from_proto(proto), path)
    if any(entry.key == "gcv_edge task" for entry in proto.metadata_props):
        raise UsageError(f"{path}: was written by gcv-edge and needs no export")
    opset = find_opset(proto)
    if opset < MIN_OPSET:
        raise ModelFileError(path, f"found opset {opset}, expected {MIN_OPSET} or later")
    for node in proto.graph.node:
        if node.domain not in STANDARD_DOMAINS:
            raise UnsupportedError(
                f"{path}: {node.op_type} '{node.name or node.output[0]}' is of the domain '{node.domain}', "
                "expected ONNX's own operators"
            )
    return ForeignFile(proto, tensors, {entry.key: entry.value for entry in proto.metadata_props})


def find_opset(proto: onnx.ModelProto) -> int:
    """Version of the standard operators that a model uses; 0 where it does not say."""
    versions = (entry.version for entry in proto.opset_import if entry.domain in STANDARD_DOMAINS)
    return next(versions, 0)


def fed_inputs(proto: onnx.ModelProto) -> dict[str, onnx.ValueInfoProto]:
    """Inputs that must be fed: old files list their weights as inputs too."""
    weights = {tensor.name for tensor in proto.graph.initializer}
    return {value.name: value for value in proto.graph.input if value.name not in weights}


def declared_shape(value: onnx.ValueInfoProto) -> Shape | None:
    """Shape that a file declares: a number or a name for each axis; None where there is none."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return tuple(
        dim.dim_value if dim.HasField("dim_value") else dim.dim_param or "?" for dim in tensor.shape.dim
    )


def modernize(proto: onnx.ModelProto, shapes: Mapping[str, Shape], path: Path) -> ir.Model:
    """Bring a model to this package's opset, with shapes that follow from those of its inputs.

    Args:
        proto: the model, as it was read; it is changed.
        shapes: of the inputs to be fed.
        path: for messages.

    Raises:
        ModelFileError: it uses operators that cannot be converted, or its shapes contradict each other.
    """
    opset = find_opset(proto)
    try:
        if opset > OPSET:
            step_down(proto)
        fix_shapes(proto, shapes)
        if opset < OPSET:
            proto = onnx.version_converter.convert_version(proto, OPSET)
        if opset <= 10:
            name_old_resizes(proto)
        proto = onnx.shape_inference.infer_shapes(proto, strict_mode=True, data_prop=True)
    except Exception as error:
        raise ModelFileError(path, f"cannot be brought to opset {OPSET} ({first_line(error)})") from error
    model = ir.from_proto(proto)
    model.ir_version = max(model.ir_version, IR_VERSION)
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    common.RemoveInitializersFromInputsPass()(model)
    return model


def fix_shapes(proto: onnx.ModelProto, shapes: Mapping[str, Shape]) -> None:
    """Give the inputs their shapes, and forget what the file says of all that follows from them."""
    for name, value in fed_inputs(proto).items():
        dims = value.type.tensor_type.shape
        dims.Clear()
        for length in shapes[name]:
            dims.dim.add(**{"dim_value" if isinstance(length, int) else "dim_param": length})
    del proto.graph.value_info[:]
    for output in proto.graph.output:
        output.type.tensor_type.ClearField("shape")
