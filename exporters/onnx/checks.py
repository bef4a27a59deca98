"""What no engine checks, and of which some die: numbers out of range, subgraphs in subgraphs."""

from __future__ import annotations

from pathlib import Path

import onnx_ir as ir

from gcv_edge.errors import UnsupportedError

WEIGHTS = {"Conv": 1, "ConvTranspose": 1, "DeformConv": 1, "ConvInteger": 1, "QLinearConv": 3}
"""Convolutions, and which input is the weight."""
POOLS = ("MaxPool", "AveragePool", "LpPool")
WINDOWS = (*WEIGHTS, *POOLS, "MaxUnpool")
LOWEST = {"kernel_shape": 1, "strides": 1, "dilations": 1, "pads": 0, "output_padding": 0}
"""Smallest number that each attribute of a window may hold."""
LOWEST_OF = {
    **dict.fromkeys(WINDOWS, LOWEST),
    "MaxRoiPool": {"pooled_shape": 1},
    "RoiAlign": {"output_height": 1, "output_width": 1, "sampling_ratio": 0},
    "DepthToSpace": {"blocksize": 1},
    "SpaceToDepth": {"blocksize": 1},
    "LRN": {"size": 1},
}
"""Smallest numbers by operator."""
MOST = 65_536
"""Larger than any window; bounds what a damaged file can ask for."""
DEEPEST = 12
"""Subgraphs inside each other; OpenVINO's time doubles with each."""


def check_graph(model: ir.Model, path: Path) -> None:
    """Refuse a graph that engines may die of, subgraphs included.

    Raises:
        UnsupportedError: a kernel, stride, dilation, padding or size is out of range, a weight does not fit,
            or subgraphs lie too deep in each other.
    """
    check_depth(model.graph, path)
    for node in model.graph.all_nodes():
        if node.op_type in WEIGHTS:
            check_weight(node, path)
        if node.op_type in LOWEST_OF:
            check_numbers(node, path)
        if node.op_type in WINDOWS:
            check_lengths(node, path)
        if node.op_type in POOLS:
            check_pads(node, path)


def check_depth(graph: ir.Graph, path: Path, depth: int = 0) -> None:
    """Refuse branches and bodies that lie too deep in each other."""
    for node in graph:
        for inner in subgraphs(node):
            if depth == DEEPEST:
                raise wrong(node, path, f"{depth + 1} subgraphs in each other", f"{DEEPEST} at most")
            check_depth(inner, path, depth + 1)


def subgraphs(node: ir.Node) -> list[ir.Graph]:
    """Return the branches or the body of an If, Loop or Scan."""
    found = [attribute.value for attribute in node.attributes.values()]
    return [value for value in found if isinstance(value, ir.Graph)]


def check_weight(node: ir.Node, path: Path) -> None:
    """Refuse a convolution whose weight fits neither input nor groups."""
    group = node.attributes.get_int("group", 1)
    if group < 1:
        raise wrong(node, path, f"group={group}", "1 or more")
    is_transposed = node.op_type == "ConvTranspose"
    weight = node.inputs[WEIGHTS[node.op_type]]
    channels, width = length(node.inputs[0], 1), length(weight, 0 if is_transposed else 1)
    if channels is None or width is None:
        return
    taken = width if is_transposed else width * group
    if taken != channels:
        raise wrong(node, path, f"a weight for {taken} channels", f"{channels}")


def check_numbers(node: ir.Node, path: Path) -> None:
    """Refuse attributes out of range."""
    for name, low in LOWEST_OF[node.op_type].items():
        numbers = integers(node, name)
        if any(not low <= number <= MOST for number in numbers):
            raise wrong(node, path, f"{name}={numbers}", f"{low} to {MOST}")


def integers(node: ir.Node, name: str) -> list[int]:
    """Return an attribute's integers, one or several; none where it is absent."""
    if name not in node.attributes:
        return []
    value = node.attributes[name].value
    return [value] if isinstance(value, int) else [int(number) for number in value]


def check_lengths(node: ir.Node, path: Path) -> None:
    """Refuse attributes that have not a number for each axis of the window."""
    if node.op_type not in WEIGHTS and "kernel_shape" not in node.attributes:
        raise wrong(node, path, "no kernel_shape", "one number for each axis")
    data = node.inputs[0]
    if data is None or data.shape is None:
        return
    axes = len(data.shape) - 2
    for name in LOWEST:
        numbers = integers(node, name)
        if numbers and len(numbers) != axes * (2 if name == "pads" else 1):
            raise wrong(node, path, f"{name}={numbers}", f"numbers for {axes} axes")


def check_pads(node: ir.Node, path: Path) -> None:
    """Refuse a pooling of which a whole window would lie in the padding, or that is larger than its input."""
    kernel = node.attributes.get_ints("kernel_shape", ())
    pads = node.attributes.get_ints("pads", ()) or [0] * (2 * len(kernel))
    dilations = node.attributes.get_ints("dilations", ()) or [1] * len(kernel)
    for axis, extent in enumerate(kernel):
        reach = (extent - 1) * dilations[axis] + 1
        both = (pads[axis], pads[axis + len(kernel)])
        if max(both) >= reach:
            raise wrong(node, path, f"pads={list(pads)}", f"less than the kernel's {reach}")
        size = length(node.inputs[0], axis + 2)
        is_padded = node.attributes.get_string("auto_pad", "NOTSET") in ("SAME_UPPER", "SAME_LOWER")
        if size is not None and not is_padded and reach > size + sum(both):
            raise wrong(node, path, f"kernel_shape={list(kernel)}", f"at most {size + sum(both)}")


def length(value: ir.Value | None, axis: int) -> int | None:
    """Length of an axis; None where it is open or not known."""
    shape = tuple(value.shape) if value is not None and value.shape is not None else ()
    found = shape[axis] if axis < len(shape) else None
    return found if isinstance(found, int) else None


def wrong(node: ir.Node, path: Path, found: str, expected: str) -> UnsupportedError:
    """Say what is wrong with a node."""
    return UnsupportedError(
        f"{path}: {node.op_type} '{node.name or node.outputs[0].name}': found {found}, expected {expected}"
    )
