"""Converters of MXNet operators, one function each; importing this package registers them all."""

from gcv_edge.exporters.mxnet.operators import (
    activation,
    box,
    convolution,
    creation,
    elementwise,
    indexing,
    normalization,
    pooling,
    reduction,
    resize,
    shape,
)

__all__ = [
    "activation",
    "box",
    "convolution",
    "creation",
    "elementwise",
    "indexing",
    "normalization",
    "pooling",
    "reduction",
    "resize",
    "shape",
]
