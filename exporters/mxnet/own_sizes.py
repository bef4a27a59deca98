"""Networks that take each picture at a size of its own, and which sizes those are.

GluonCV's R-CNNs do always. SSD, YOLOv3 and CenterNet do where ``--fit short`` asks for it, as ``load_test``
of gluoncv/data/transforms/presets shows them; GluonCV's evaluation has one size for all pictures.
"""

from __future__ import annotations

from dataclasses import replace

from gcv_edge.errors import UsageError
from gcv_edge.exporters.framing import OWN_SIZE
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.anchor_sizes import anchored_reach
from gcv_edge.exporters.mxnet.detection import find_detection_head
from gcv_edge.exporters.mxnet.input_shapes import told_shape
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.parts import list_inputs
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.tasks import TENSORS

POOLING = ("_contrib_ROIAlign", "ROIPooling")
"""Operators without which no network is an R-CNN."""


def settle_sides(network: Network, options: ExportOptions) -> Network:
    """Decide whether pictures have a size of their own, and note which; else the network has no ``sides``.

    Raises:
        UsageError: the options contradict each other, or the pictures may be larger than the anchors reach.
    """
    fit, shape = options.fit, options.input_shape
    if not takes_any_size(network, options):
        return replace(network, sides=None)
    if shape is not None:
        check_reach(network, max(shape[2:], default=0))
        return replace(network, sides=None)
    if fit is not None and fit.manner != OWN_SIZE:
        raise UsageError(
            f"{network.name}: --fit {fit.manner}: its pictures have a size of their own: give --input-shape "
            "1,3,H,W too, or --fit short:SHORT,LONG"
        )
    if fit is not None:
        check_reach(network, max(fit.sides or ()))
        return replace(network, sides=fit.sides)
    sides = network.sides or zoo.find_sides(network.name)
    if sides is None:
        check_told(network)
        return network
    note = (
        f"pictures have a size of their own: the short side is {sides[0]}, the long side at most {sides[1]}, "
        f"as in GluonCV's evaluation of {network.name} (--fit short:SHORT,LONG, --input-shape)"
    )
    check_reach(network, max(sides))
    return replace(network, sides=sides, notes=(*network.notes, note))


def takes_any_size(network: Network, options: ExportOptions) -> bool:
    """Tell an R-CNN that is exported as a detector, or another detector that is asked for it."""
    is_asked = options.fit is not None and options.fit.manner == OWN_SIZE
    is_whole = not network.is_part and options.task != TENSORS.name and not options.dynamic_batch
    if not is_whole or not (is_asked or any(node.op in POOLING for node in network.symbol.nodes)):
        return False
    head = find_detection_head(network.symbol)
    return head is not None and (head.one_by_one or (is_asked and head.any_size))


def check_told(network: Network) -> None:
    """Ask for sides where neither the source nor its name says them, and no size is stored either.

    Raises:
        UsageError: none is.
    """
    if told_shape(network, list_inputs(network)[0]) is None:
        raise UsageError(
            f"{network.name}: neither file nor name tells the size of its pictures: give --fit "
            "short:SHORT,LONG (GluonCV's R-CNNs: short:600,1000 for VOC, short:800,1333 for COCO), or "
            "--input-shape 1,3,HEIGHT,WIDTH for one size"
        )


def check_reach(network: Network, longest: int) -> None:
    """Refuse pictures that are longer than the anchors in the parameters reach.

    Raises:
        UsageError: they may be.
    """
    reach = anchored_reach(network.symbol, network.weights)
    if reach is not None and longest > reach:
        raise UsageError(
            f"{network.name}: its anchors are for sides of up to {reach} pixels, found "
            f"{longest}: give --fit short:SHORT,{reach} or a smaller --input-shape"
        )
