"""What MXNet computes for a network, through the public way: the reference that its conversion brings."""

from __future__ import annotations

from typing import Any

from gcv_edge.exporters.mxnet.export import export_network
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.source import ExportOptions, Reference


def mxnet_reference(network: Network, shape: tuple[int, ...] | None = None, **options: Any) -> Reference:
    """MXNet, ready to compute the outputs of the file that the options make."""
    reference = export_network(network, ExportOptions(input_shape=shape, **options)).make_reference()
    assert reference is not None
    assert reference.name.startswith("mxnet")
    return reference
