"""Networks that average over the pictures of a clip inside the graph: GluonCV's action networks."""

from __future__ import annotations

from collections.abc import Iterator

from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.symbol import Node, Symbol


def count_segments(symbol: Symbol) -> int:
    """Return how many consecutive pictures of the batch make one result: 1 for all but such networks.

    GluonCV writes ``mean(reshape(x, (-1, segments, features)), axis=1)``
    (gluoncv/model_zoo/action_recognition/actionrec_resnetv1b.py).
    """
    return max(segments_of_means(symbol), default=1)


def segments_of_means(symbol: Symbol) -> Iterator[int]:
    """Give the segments of every mean over pictures."""
    for node in symbol.nodes:
        if node.op == "mean" and Attributes(node).get_optional_int_tuple("axis") == (1,):
            yield segments_of_reshape(symbol.nodes[node.inputs[0].node])


def segments_of_reshape(node: Node) -> int:
    """Return the middle of ``Reshape(-1, segments, features)``, 1 for anything else."""
    shape = Attributes(node).get_int_tuple("shape", ()) if node.op == "Reshape" else ()
    return shape[1] if len(shape) == 3 and shape[0] == -1 and shape[1] > 1 else 1
