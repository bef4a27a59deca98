"""Which array of a parameter file belongs to which variable of a symbol.

``export`` and ``save_checkpoint`` write the symbol's own names. ``SymbolBlock.save_parameters`` leaves out
the beginning that all have in common, and ``HybridBlock.save_parameters`` writes paths of attributes
(``features.0.weight``), in the order in which the layers were made. Of the symbol's names the counters say
that order (``stage1_conv0``, ``stage1_conv1``), for each prefix and kind of layer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from gcv_edge.errors import ParamsMismatchError
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.convert import Weights
from gcv_edge.exporters.mxnet.inputs import PARAMETER_NAME
from gcv_edge.exporters.mxnet.params import Params
from gcv_edge.exporters.mxnet.symbol import Symbol

COUNTER = re.compile(r"(.*?)(\d+)_?$")
Shape = tuple[int, ...]


@dataclass
class Layer:
    """Parameters that belong together.

    Attributes:
        name: what their names have in common.
        names: of its parameters by role (``weight``, ``gamma``, ...).
        shapes: of its parameters by role; empty where unknown.
    """

    name: str
    names: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)

    def fits(self, other: Layer) -> bool:
        """Whether roles and known shapes are the same."""
        return self.names.keys() == other.names.keys() and all(
            not shape or not other.shapes[role] or shape == other.shapes[role]
            for role, shape in self.shapes.items()
        )


def bind_params(symbol: Symbol, params: Params, source: str) -> tuple[Weights, tuple[str, ...]]:
    """Return the arrays under the symbol's names, and a note where they were not stored so.

    Raises:
        ParamsMismatchError: the file holds paths of attributes that do not fit the symbol.
    """
    wanted = {name for name in symbol.arguments() if PARAMETER_NAME.search(name)}
    if not wanted or wanted & set(params):
        return params, ()
    prefix = find_prefix(wanted, list(params))
    if prefix is not None:
        return {prefix + name: params[name] for name in params}, ()
    if not any("." in name for name in params):
        return params, ()
    found = match_layers(symbol, params, source)
    note = f"{params.source}: its names are of save_parameters: fitted by their order and shapes"
    return found, (note,)


def find_prefix(wanted: set[str], stored: Sequence[str]) -> str | None:
    """Return what the symbol's names begin with and the file's do not; None where that is not all."""
    first = stored[0] if stored else ""
    prefixes = {name.removesuffix(first) for name in wanted if first and name.endswith(first)}
    return next((prefix for prefix in prefixes if all(prefix + name in wanted for name in stored)), None)


def match_layers(symbol: Symbol, params: Params, source: str) -> dict[str, NDArray[Any]]:
    """Fit layers in the file's order to those of the symbol that come next in their own.

    Raises:
        ParamsMismatchError: for a layer of one there is none in the other.
    """
    stored = group_layers({name: params[name].shape for name in params}, ".")
    free = group_layers(variable_shapes(symbol), "_")
    weights: dict[str, NDArray[Any]] = {}
    for layer in stored:
        partner = next((one for one in next_layers(free) if one.fits(layer)), None)
        if partner is None:
            raise misfit(source, params, layer.name)
        free.remove(partner)
        weights |= {partner.names[role]: params[name] for role, name in layer.names.items()}
    if free:
        raise misfit(source, params, free[0].name)
    return weights


def variable_shapes(symbol: Symbol) -> dict[str, Shape]:
    """Shapes of a symbol's parameters by name, in its order; empty where it does not say them.

    Gluon says the shapes of parameters, constants such as anchors included, and of nothing else.
    """
    return {
        node.name: stored_shape(Attributes(node).get_optional_int_tuple("__shape__") or ())
        for node in symbol.nodes
        if node.is_variable and ("__shape__" in node.attrs or PARAMETER_NAME.search(node.name))
    }


def stored_shape(shape: Shape) -> Shape:
    """Return a shape; empty where a length is still to be found out."""
    return shape if min(shape, default=0) > 0 else ()


def group_layers(shapes: Mapping[str, Shape], separator: str) -> list[Layer]:
    """Group parameters by what stands before their roles, in order."""
    layers: dict[str, Layer] = {}
    for name, shape in shapes.items():
        found = PARAMETER_NAME.search(name)
        role = found.group(1) if found else name.rpartition(separator)[2]
        stem = name[: len(name) - len(role)].rstrip(separator)
        layer = layers.setdefault(stem, Layer(stem))
        layer.names[role], layer.shapes[role] = name, shape
    return list(layers.values())


def next_layers(free: Sequence[Layer]) -> list[Layer]:
    """Layers of which none with a lower counter, of the same prefix and kind, is left."""
    lowest: dict[str, tuple[int, Layer]] = {}
    for layer in free:
        found = COUNTER.fullmatch(layer.name)
        kind, count = (found.group(1), int(found.group(2))) if found else (layer.name, 0)
        if kind not in lowest or count < lowest[kind][0]:
            lowest[kind] = (count, layer)
    chosen = [layer for _, layer in lowest.values()]
    return [layer for layer in free if layer in chosen]


def misfit(source: str, params: Params, layer: str) -> ParamsMismatchError:
    """Say that paths do not fit, and what does."""
    return ParamsMismatchError(
        f"{source}: {params.source} holds paths of save_parameters, of which '{layer}' fits no layer of the "
        "symbol: give the block itself (package.module:factory or a zoo name) with --params"
    )
