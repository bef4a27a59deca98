"""From an MXNet symbol and its parameters to values of an ONNX graph, by the converters of all operators."""

from gcv_edge.exporters.mxnet import operators as _operators  # noqa: F401  (registers the converters)
from gcv_edge.exporters.mxnet.symbol_converter import SymbolConverter, check_symbol

__all__ = ["SymbolConverter", "check_symbol"]
