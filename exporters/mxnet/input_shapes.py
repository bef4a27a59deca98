"""Shape of a network's only input: asked for, stored, told by its anchors, or usual for its name."""

from __future__ import annotations

from gcv_edge.errors import UsageError
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.anchor_sizes import anchored_size
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.clips import count_segments
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.parts import stored_shapes
from gcv_edge.exporters.mxnet.picture_front import find_users
from gcv_edge.exporters.mxnet.picture_input import TO_FRONT, PictureInput
from gcv_edge.exporters.source import ExportOptions, check_rank_of_shape

WINDOWED = ("Convolution", "Deconvolution", "Pooling")
"""Operators whose kernel has a side for each of a map's."""

CHANNELS = (1, 3)
"""Of pictures: grey or in colour."""


def known_shape(network: Network, name: str, options: ExportOptions) -> tuple[int, ...] | None:
    """Shape of the input that is asked for, or that symbol, source, anchors or name tell."""
    if options.input_shape is not None:
        return options.input_shape
    if network.sides is not None:
        return 1, 3, *network.usual_size
    shape = told_shape(network, name) or anchored_shape(network) or usual_shape(network)
    if shape is None or shape[0] != 1:
        return shape
    return (count_segments(network.symbol), *shape[1:])


def told_shape(network: Network, name: str) -> tuple[int, ...] | None:
    """Shape of an input that the symbol or the source itself says."""
    return {**stored_shapes(network.symbol), **network.input_shapes}.get(name)


def anchored_shape(network: Network) -> tuple[int, ...] | None:
    """Shape that a detector's anchors are made for."""
    size = anchored_size(network.weights)
    return (1, 3, size, size) if size is not None else None


def usual_shape(network: Network) -> tuple[int, ...] | None:
    """Shape that networks of that name mostly have."""
    facts = zoo.describe(network.name)
    return (1, *facts.shapes[0]) if facts is not None else None


def describe_usual(name: str, shape: tuple[int, ...]) -> str:
    """Say that the size that is usual for a zoo name was assumed."""
    return (
        f"assumed: an input of {','.join(map(str, shape))}, as is usual for {name}; if it was trained at "
        "another size, say so (--input-shape)"
    )


def assumed_shape(network: Network, name: str, options: ExportOptions) -> tuple[str, ...]:
    """Say which size was assumed, and from what, where neither the user nor the source says it."""
    if options.input_shape is not None or network.sides is not None or told_shape(network, name) is not None:
        return ()
    shape = known_shape(network, name, options) or ()
    if anchored_shape(network) is not None:
        shown = ",".join(map(str, shape))
        return (f"the input is {shown}, as the anchors in the parameters say (--input-shape)",)
    return (describe_usual(network.name, shape),)


def check_rank(network: Network, picture: PictureInput, options: ExportOptions) -> None:
    """Refuse a given shape of another rank than the network's first layer works on.

    Raises:
        UsageError: the layer's kernel has another number of sides than a map of that shape.
    """
    if options.input_shape is None or network.is_part:
        return
    nodes = network.symbol.nodes
    for index in find_users(network.symbol).get(picture.end, ()):
        kernel = (
            Attributes(nodes[index]).get_optional_int_tuple("kernel") if nodes[index].op in WINDOWED else None
        )
        if kernel:
            check_rank_of_shape(network.name, options.input_shape, 2 + len(kernel))


def channels_first(shape: tuple[int, ...], picture: PictureInput) -> tuple[int, ...]:
    """Bring a shape with the channels last, as a network itself has it, into the file's order."""
    if not picture.is_channels_last or (shape[1] in CHANNELS and shape[-1] not in CHANNELS):
        return shape
    return tuple(shape[axis] for axis in TO_FRONT[len(shape)])


def find_input_shape(
    network: Network, name: str, picture: PictureInput, options: ExportOptions
) -> tuple[int, ...]:
    """Shape of the file's input; a clip's pictures make up the batch.

    Raises:
        UsageError: nothing tells it, or it is no picture's.
    """
    segments = count_segments(network.symbol)
    if segments > 1 and options.dynamic_batch:
        raise UsageError(
            f"{network.name}: averages over clips of {segments} pictures: no batch can be left open"
        )
    shape = known_shape(network, name, options)
    if shape is None:
        raise UsageError(
            f"{network.name}: neither file nor name tells the input's size: "
            "give --input-shape 1,3,HEIGHT,WIDTH"
        )
    if len(shape) not in TO_FRONT or channels_first(shape, picture)[1] not in CHANNELS:
        raise UsageError(
            f"{network.name}: input shape {','.join(map(str, shape))}: expected a picture 1,3,H,W "
            "(grey: 1,1,H,W) or a clip 1,3,T,H,W; --task tensors takes any"
        )
    if shape[0] % segments:
        raise UsageError(
            f"{network.name}: averages over clips of {segments} pictures: found a batch of "
            f"{shape[0]}, expected a multiple of {segments}"
        )
    return channels_first(shape, picture)
