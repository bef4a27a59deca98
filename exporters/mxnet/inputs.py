"""What a symbol's variables are that have no parameters: inputs, labels of its training, or a mistake."""

from __future__ import annotations

import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gcv_edge.errors import ParamsMismatchError
from gcv_edge.exporters.mxnet.inference import Weights, needed_nodes
from gcv_edge.exporters.mxnet.symbol import NodeEntry, Symbol

NORM_PARAMETERS = (1, 2, 3, 4)
PARAMETER_INPUTS: Mapping[str, Sequence[int]] = {
    "Convolution": (1, 2),
    "Deconvolution": (1, 2),
    "FullyConnected": (1, 2),
    "Embedding": (1,),
    "LeakyReLU": (1,),
    "RNN": (1,),
    "LayerNorm": (1, 2),
    "InstanceNorm": (1, 2),
    "GroupNorm": (1, 2),
    "BatchNorm": NORM_PARAMETERS,
    "BatchNorm_v1": NORM_PARAMETERS,
    "_contrib_SyncBatchNorm": NORM_PARAMETERS,
    "_contrib_DeformableConvolution": (2, 3),
    "_contrib_ModulatedDeformableConvolution": (3, 4),
}
"""Positions at which operators take what training learns."""

PARAMETER_NAME = re.compile(r"(weight|bias|gamma|beta|(moving|running)_(mean|var)|parameters)$")
"""Ends of the names that MXNet gives to parameters."""

LABEL_INPUTS: Mapping[str, Sequence[int]] = {
    "SoftmaxOutput": (1,),
    "Softmax": (1,),
    "LinearRegressionOutput": (1,),
    "LogisticRegressionOutput": (1,),
    "MAERegressionOutput": (1,),
    "SVMOutput": (1,),
    "softmax_cross_entropy": (1,),
    "CTCLoss": (1, 2, 3),
    "ctc_loss": (1, 2, 3),
    "_contrib_CTCLoss": (1, 2, 3),
    "_contrib_MultiBoxTarget": (1,),
}
"""Positions at which operators take labels, or lengths of labels."""

LABEL_NAME = re.compile(r"(^|_)(labels?|targets?|gt)(_|\d*$)|(^|_)bbox_weight$")
"""Names of labels in MXNet's examples: ``softmax_label``, ``gt_boxes``, ``bbox_target``, ``bbox_weight``."""


@dataclass(frozen=True)
class Unbound:
    """Variables for which there are no parameters, by what they are, in the symbol's order.

    Attributes:
        inputs: what a user feeds.
        labels: what only training feeds.
        absent: what training learned and the parameters lack.
    """

    inputs: tuple[str, ...]
    labels: tuple[str, ...]
    absent: tuple[str, ...]


def sort_unbound(
    symbol: Symbol, weights: Weights, entries: Iterable[NodeEntry], known: Container[str] = ()
) -> Unbound:
    """Tell inputs from labels and from missing parameters, by where operators take them and by their names.

    Args:
        symbol: the graph.
        weights: its parameters.
        entries: what is wanted of it.
        known: names that are known to be inputs.
    """
    needed = needed_nodes(symbol, entries)
    missing = [
        node.name
        for index in sorted(needed)
        if (node := symbol.nodes[index]).is_variable and node.name not in weights
    ]
    unknown = [name for name in missing if name not in known]
    learned = taken_at(symbol, PARAMETER_INPUTS)
    labels = [name for name in unknown if is_label(symbol, name)]
    absent = [
        name for name in unknown if name not in labels and (name in learned or PARAMETER_NAME.search(name))
    ]
    inputs = [name for name in missing if name not in labels and name not in absent]
    return Unbound(tuple(inputs), tuple(labels), tuple(absent))


def is_label(symbol: Symbol, name: str) -> bool:
    """Tell a label: it is called so, or no operator takes it but as one."""
    if LABEL_NAME.search(name):
        return True
    uses = [
        position in LABEL_INPUTS.get(node.op, ())
        for node in symbol.nodes
        for position, entry in enumerate(node.inputs)
        if symbol.nodes[entry.node].name == name
    ]
    return bool(uses) and all(uses)


def taken_at(symbol: Symbol, positions: Mapping[str, Sequence[int]]) -> set[str]:
    """Names of the variables that operators take at given positions."""
    return {
        symbol.nodes[node.inputs[position].node].name
        for node in symbol.nodes
        for position in positions.get(node.op, ())
        if position < len(node.inputs)
    }


def find_inputs(
    symbol: Symbol, weights: Weights, entries: Iterable[NodeEntry], source: str, known: Collection[str] = ()
) -> list[str]:
    """Names of the network's inputs, in the source's order, else ``data0``, ``data1``, else the symbol's.

    Args:
        symbol, weights, entries, known: as ``sort_unbound``.
        source: the network's name, for messages.

    Raises:
        ParamsMismatchError: more than inputs are missing, so these are the parameters of another network.
    """
    entries = list(entries)
    unbound = sort_unbound(symbol, weights, entries, known)
    if unbound.absent:
        raise explain_absent(symbol, weights, entries, unbound, source)
    inputs = [*unbound.inputs, *unbound.labels]
    if known:
        return [name for name in known if name in inputs] + [name for name in inputs if name not in known]
    return sorted(inputs) if all(re.fullmatch(r"data\d", name) for name in inputs) else inputs


def explain_absent(
    symbol: Symbol, weights: Weights, entries: Sequence[NodeEntry], unbound: Unbound, source: str
) -> ParamsMismatchError:
    """Say which parameters are missing, and how many of the file's are of no use."""
    needed = needed_nodes(symbol, entries)
    wanted = [symbol.nodes[index].name for index in needed if symbol.nodes[index].is_variable]
    spare = [name for name in weights if name not in set(wanted)]
    hint = f"; {len(spare)} of the file's are of no use, the first '{spare[0]}'" if spare else ""
    learned = len(wanted) - len(unbound.inputs) - len(unbound.labels)
    return ParamsMismatchError(
        f"{source}: {len(unbound.absent)} of the network's {learned} parameters are missing, the first "
        f"'{unbound.absent[0]}'{hint}: are these the parameters of another network?"
    )


def labels_behind(
    symbol: Symbol, weights: Weights, entry: NodeEntry, known: Container[str] = ()
) -> tuple[str, ...]:
    """Labels on which an output depends."""
    return sort_unbound(symbol, weights, [entry], known).labels
