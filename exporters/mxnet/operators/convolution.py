"""Convolution and Deconvolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import onnx_ir as ir

from gcv_edge.errors import ParamsMismatchError
from gcv_edge.exporters.builder import GraphBuilder, Shape
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.operators.arguments import MAX_WINDOW, check_divides, read_spatial
from gcv_edge.exporters.mxnet.registry import converts

CHANNEL_FIRST = ("None", "NCW", "NCHW", "NCDHW")


def check_weight(attrs: Attributes, role: str, found: Shape, expected: Shape) -> None:
    """Refuse a parameter of another shape than the operator's attributes and input ask for."""
    if found != expected:
        raise ParamsMismatchError(f"{attrs.where}: {role} has shape {found}, expected {expected}")


@dataclass(frozen=True)
class Filters:
    """What Convolution and Deconvolution have in common, a number per spatial axis."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    count: int
    groups: int


def read_filters(attrs: Attributes) -> Filters:
    """Read the attributes of a convolution, either way."""
    kernel = attrs.get_int_tuple("kernel", low=1, high=MAX_WINDOW)
    rank = len(kernel)
    attrs.get_str("layout", "None", choices=CHANNEL_FIRST)
    attrs.get_str("no_bias", "")
    count, groups = attrs.get_int("num_filter", low=1), attrs.get_int("num_group", 1, low=1)
    check_divides(attrs, "num_group", count, groups)
    return Filters(
        kernel=kernel,
        strides=read_spatial(attrs, "stride", rank, 1),
        dilations=read_spatial(attrs, "dilate", rank, 1),
        pads=read_spatial(attrs, "pad", rank, 0),
        count=count,
        groups=groups,
    )


@converts("Convolution", "Convolution_v1")
def convolution(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, weight: ir.Value, bias: ir.Value | None = None
) -> ir.Value:
    """1-D, 2-D and 3-D convolution, grouped, dilated, its weights constant or computed."""
    filters = read_filters(attrs)
    channels = graph.length(data, 1)
    check_divides(attrs, "num_group", channels, filters.groups)
    per_group = channels // filters.groups
    check_weight(attrs, "weight", graph.shape(weight), (filters.count, per_group, *filters.kernel))
    return graph.op(
        "Conv",
        with_bias(graph, attrs, data, weight, bias),
        attrs.name,
        kernel_shape=filters.kernel,
        strides=filters.strides,
        dilations=filters.dilations,
        pads=filters.pads * 2,
        group=filters.groups,
    )


@converts("Deconvolution")
def deconvolution(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, weight: ir.Value, bias: ir.Value | None = None
) -> ir.Value:
    """Transposed convolution; ``target_shape`` overrides ``pad`` and ``adj`` as in MXNet."""
    filters = read_filters(attrs)
    rank = len(filters.kernel)
    per_group, channels = filters.count // filters.groups, graph.length(data, 1)
    check_divides(attrs, "num_group", channels, filters.groups)
    check_weight(attrs, "weight", graph.shape(weight), (channels, per_group, *filters.kernel))
    pads, adjust = filters.pads, read_spatial(attrs, "adj", rank, 0)
    target = read_spatial(attrs, "target_shape", rank, 0)
    if any(target):
        sizes = [graph.length(data, axis + 2) for axis in range(rank)]
        pads, adjust = fit_target(attrs, filters, sizes, target)
    return graph.op(
        "ConvTranspose",
        with_bias(graph, attrs, data, weight, bias),
        attrs.name,
        kernel_shape=filters.kernel,
        strides=filters.strides,
        dilations=filters.dilations,
        pads=pads * 2,
        output_padding=adjust,
        group=filters.groups,
    )


def fit_target(
    attrs: Attributes, filters: Filters, sizes: Sequence[int], target: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Padding and adjustment that give a wanted size (MXNet, ``DeconvolutionParam::InferPad``)."""
    pads, adjust = [], []
    for axis, (size, wanted) in enumerate(zip(sizes, target, strict=True)):
        extent = filters.dilations[axis] * (filters.kernel[axis] - 1) + 1
        surplus = filters.strides[axis] * (size - 1) + extent - wanted
        if surplus < 0:
            raise attrs.unsupported("target_shape")
        pads.append((surplus + 1) // 2)
        adjust.append(surplus % 2)
    return tuple(pads), tuple(adjust)


def with_bias(
    graph: GraphBuilder, attrs: Attributes, data: ir.Value, weight: ir.Value, bias: ir.Value | None
) -> list[ir.Value]:
    """List the inputs of a layer, its bias checked against ``num_filter``."""
    if bias is None:
        return [data, weight]
    check_weight(attrs, "bias", graph.shape(bias), (attrs.get_int("num_filter"),))
    return [data, weight, bias]
