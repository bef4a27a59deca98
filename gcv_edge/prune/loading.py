"""Reading a file and bringing its graph into the form that pruning works on."""

from __future__ import annotations

from pathlib import Path

import onnx_ir as ir
import onnx_ir.passes.common as common

from gcv_edge.errors import GcvEdgeError, ModelFileError
from gcv_edge.exporters.boundary import first_line
from gcv_edge.graph.fold_batch_norm import FoldBatchNormPass
from gcv_edge.graph.nodes import name_nodes


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
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    name_nodes(model.graph)
    FoldBatchNormPass()(model)
    return model
