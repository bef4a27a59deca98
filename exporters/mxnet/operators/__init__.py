"""Converters of MXNet operators, one function each; importing this package registers them all."""

from gcv_edge.exporters.mxnet.operators import (
    activation,
    box,
    convolution,
    creation,
    dense,
    elementwise,
    indexing,
    joining,
    normalization,
    ordering,
    passthrough,
    pooling,
    reduction,
    reshaping,
    resize,
    shape,
)

__all__ = [
    "activation",
    "box",
    "convolution",
    "creation",
    "dense",
    "elementwise",
    "indexing",
    "joining",
    "normalization",
    "ordering",
    "passthrough",
    "pooling",
    "reduction",
    "reshaping",
    "resize",
    "shape",
]
