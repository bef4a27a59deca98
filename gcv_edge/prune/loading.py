"""Reading a file and bringing its graph into the form that pruning works on."""

from __future__ import annotations

from pathlib import Path

import onnx_ir as ir

from gcv_edge.errors import GcvEdgeError, ModelFileError
from gcv_edge.exporters.boundary import first_line
from gcv_edge.exporters.passes import FoldBatchNormPass
from gcv_edge.exporters.passes.constants import add_constant


def load_model(path: Path) -> ir.Model:
    """Read a graph; constants are initializers, nodes have names of their own, BatchNorm is in its layer.

    Raises:
        ModelFileError: the file is no model.
    """
    try:
        return normalize(ir.load(path))
    except (GcvEdgeError, MemoryError):
        raise
    except Exception as error:  # of what libraries raise for a damaged graph nobody has a list
        if type(error).__name__ == "DecodeError":
            raise ModelFileError(path, "is no ONNX file") from error
        raise ModelFileError(path, f"cannot be read: {first_line(error)}") from error


def normalize(model: ir.Model) -> ir.Model:
    """Bring a graph into the form that pruning works on, without changing what it computes."""
    take_constants(model)
    name_nodes(model)
    FoldBatchNormPass()(model)
    return model


def take_constants(model: ir.Model) -> None:
    """Make Constant nodes initializers."""
    for node in [node for node in model.graph if node.op_type == "Constant"]:
        attribute = node.attributes.get("value")
        if attribute is None or node.outputs[0].is_graph_output():
            continue
        value = add_constant(model.graph, node.outputs[0].name or "constant", attribute.as_tensor().numpy())
        ir.convenience.replace_all_uses_with(node.outputs[0], value)
        model.graph.remove(node, safe=True)


def name_nodes(model: ir.Model) -> None:
    """Give every node a name that no other has."""
    seen: set[str] = set()
    for node in model.graph:
        name = node.name or node.outputs[0].name or node.op_type
        while name in seen:
            name += "_"
        node.name = name
        seen.add(name)
