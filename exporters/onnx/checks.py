"""Attributes that no engine checks, and of which some die: windows of convolutions and poolings."""

from __future__ import annotations

from pathlib import Path

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError

CONVOLUTIONS = ("Conv", "ConvTranspose")
POOLS = ("MaxPool", "AveragePool", "LpPool")
LOWEST = {"kernel_shape": 1, "strides": 1, "dilations": 1, "pads": 0, "output_padding": 0}
"""Smallest number that each attribute may hold."""
MOST = 65_536
"""Larger than any window; bounds what a damaged file can ask for."""


def check_windows(model: ir.Model, path: Path) -> None:
    """Refuse windows that cannot be.

    Raises:
        UnsupportedError: a kernel, stride, dilation or padding is out of range, or there are no weights.
    """
    for node in model.graph.all_nodes():
        if node.op_type in CONVOLUTIONS:
            check_weight(node, path)
        if node.op_type in (*CONVOLUTIONS, *POOLS):
            check_numbers(node, path)
        if node.op_type in POOLS:
            check_pads(node, path)


def check_weight(node: ir.Node, path: Path) -> None:
    """Refuse a convolution whose weight is missing or fits neither input nor groups."""
    weight = node.inputs[1] if len(node.inputs) > 1 else None
    if weight is None:
        raise wrong(node, path, f"{len(node.inputs)} input", "a weight as the second")
    group = node.attributes.get_int("group", 1)
    if group < 1:
        raise wrong(node, path, f"group={group}", "1 or more")
    data = node.inputs[0]
    if (
        data is None
        or data.shape is None
        or weight.shape is None
        or min(len(data.shape), len(weight.shape)) < 2
    ):
        return
    channels, width = data.shape[1], weight.shape[0 if node.op_type == "ConvTranspose" else 1]
    wanted = channels if node.op_type == "ConvTranspose" else None
    if isinstance(channels, int) and isinstance(width, int) and width * group != channels and wanted is None:
        raise wrong(node, path, f"a weight for {width * group} channels", f"{channels}")
    if isinstance(width, int) and isinstance(wanted, int) and width != wanted:
        raise wrong(node, path, f"a weight for {width} channels", f"{wanted}")


def check_numbers(node: ir.Node, path: Path) -> None:
    """Refuse attributes out of range, or of a length that is not the window's."""
    if node.op_type in POOLS and "kernel_shape" not in node.attributes:
        raise wrong(node, path, "no kernel_shape", "one number for each axis")
    data = node.inputs[0]
    axes = len(data.shape) - 2 if data is not None and data.shape is not None else None
    for name, low in LOWEST.items():
        numbers = node.attributes.get_ints(name, ())
        if any(not low <= number <= MOST for number in numbers):
            raise wrong(node, path, f"{name}={list(numbers)}", f"{low} to {MOST}")
        if numbers and axes is not None and len(numbers) != axes * (2 if name == "pads" else 1):
            raise wrong(node, path, f"{name}={list(numbers)}", f"numbers for {axes} axes")


def check_pads(node: ir.Node, path: Path) -> None:
    """Refuse a pooling of which a whole window would lie in the padding, or that is larger than its input."""
    kernel = node.attributes.get_ints("kernel_shape", ())
    pads = node.attributes.get_ints("pads", ()) or [0] * (2 * len(kernel))
    dilations = node.attributes.get_ints("dilations", ()) or [1] * len(kernel)
    for axis, length in enumerate(kernel):
        reach = (length - 1) * dilations[axis] + 1
        both = (pads[axis], pads[axis + len(kernel)])
        if max(both) >= reach:
            raise wrong(node, path, f"pads={list(pads)}", f"less than the kernel's {reach}")
        size = spatial_length(node, axis)
        is_padded = node.attributes.get_string("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER")
        if size is not None and not is_padded and reach > size + sum(both):
            raise wrong(node, path, f"kernel_shape={list(kernel)}", f"at most {size + sum(both)}")


def spatial_length(node: ir.Node, axis: int) -> int | None:
    """Length of the input along an axis of the window; None where it is open."""
    data = node.inputs[0]
    shape = tuple(data.shape) if data is not None and data.shape is not None else ()
    length = shape[axis + 2] if axis + 2 < len(shape) else None
    return length if isinstance(length, int) else None


def wrong(node: ir.Node, path: Path, found: str, expected: str) -> UnsupportedError:
    """Say what is wrong with a node."""
    return UnsupportedError(
        f"{path}: {node.op_type} '{node.name or node.outputs[0].name}': found {found}, expected {expected}"
    )
