"""Networks that average over the clips of a video inside the graph: GluonCV's action networks."""

from __future__ import annotations

from collections.abc import Iterator

from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.symbol import Node, Symbol


def count_segments(symbol: Symbol) -> int:
    """Return how many consecutive entries of the batch make one result: 1 for all but such networks."""
    return max(segments_of_means(symbol), default=1)


def averages_clips(symbol: Symbol) -> bool:
    """Tell a network that averages over clips, be it over a single one."""
    return any(True for _ in segments_of_means(symbol))


def segments_of_means(symbol: Symbol) -> Iterator[int]:
    """Give the segments of every mean over clips.

    GluonCV writes ``mean(reshape(x, (-1, segments, features)), axis=1)``
    (gluoncv/model_zoo/action_recognition/actionrec_resnetv1b.py).
    """
    for node in symbol.nodes:
        if node.op == "mean" and Attributes(node).get_optional_int_tuple("axis") == (1,):
            yield from segments_of_reshape(symbol.nodes[node.inputs[0].node])


def segments_of_reshape(node: Node) -> Iterator[int]:
    """Give the middle of ``Reshape(-1, segments, features)``."""
    shape = Attributes(node).get_int_tuple("shape", ()) if node.op == "Reshape" else ()
    if len(shape) == 3 and shape[0] == -1 and shape[1] > 0:
        yield shape[1]
