"""Operators that give their input back at inference."""

from __future__ import annotations

import onnx_ir as ir

from gcv_edge.exporters.builder import GraphBuilder
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.registry import converts


@converts(
    "BlockGrad",
    "stop_gradient",
    "MakeLoss",
    "make_loss",
    "_copy",
    "identity",
    "amp_cast",
    "_CrossDeviceCopy",
    "_contrib_gradientmultiplier",
)
def identity(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Give the input back; ``amp_cast`` too, since all is float32 here."""
    attrs.ignore_all()
    return data


@converts("Dropout")
def dropout(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Do nothing, unless noise at inference is asked for (``mode=always``)."""
    attrs.get_str("mode", "training", choices=("training",))
    attrs.get_float("p", 0.5)
    attrs.get_optional_int_tuple("axes")
    return data


@converts("LinearRegressionOutput", "MAERegressionOutput", "SVMOutput")
def regression_output(graph: GraphBuilder, attrs: Attributes, data: ir.Value) -> ir.Value:
    """Head of the Module API for training: the loss plays no part here."""
    attrs.ignore_all()
    return data


@converts("amp_multicast")
def amp_multicast(graph: GraphBuilder, attrs: Attributes, *inputs: ir.Value) -> tuple[ir.Value, ...]:
    """Give the inputs back, which already have a common precision."""
    attrs.ignore_all()
    return inputs
