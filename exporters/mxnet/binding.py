"""Which array of a parameter file belongs to which variable of a symbol.

``export`` and ``save_checkpoint`` write the symbol's own names. ``SymbolBlock.save_parameters`` leaves out
the beginning that all have in common, and ``HybridBlock.save_parameters`` writes paths of attributes
(``features.0.weight``), in the order in which the layers were made. Of the symbol's names the counters say
that order, of layers and of blocks of the same kind (``stage1_conv0``, ``stage1_conv1``, ``stage2_conv0``),
and layers of one block begin alike. Where that leaves several layers of equal shapes, nothing is guessed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from gcv_edge.errors import ParamsMismatchError
from gcv_edge.exporters.mxnet.attributes import Attributes
from gcv_edge.exporters.mxnet.inference import Weights
from gcv_edge.exporters.mxnet.inputs import PARAMETER_NAME
from gcv_edge.exporters.mxnet.layer_shapes import shapes_by_use
from gcv_edge.exporters.mxnet.params import Params
from gcv_edge.exporters.mxnet.symbol import Symbol

COUNTER = re.compile(r"(.*?)(\d+)$")
Shape = tuple[int, ...]


@dataclass
class LayerParameters:
    """Parameters that belong together.

    Attributes:
        name: what their names have in common.
        names: of its parameters by role (``weight``, ``gamma``, ...).
        shapes: of its parameters by role; empty where unknown.
    """

    name: str
    names: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)

    @property
    def block(self) -> str:
        """Beginning of the names of a symbol's layers that were made in the same block."""
        return self.name.rpartition("_")[0]

    @functools.cached_property
    def counters(self) -> tuple[tuple[str, int], ...]:
        """Kind and counter of each part of a symbol's name: ``stage``, 1 and ``conv``, 0."""
        found = ((part, COUNTER.fullmatch(part)) for part in self.name.split("_"))
        return tuple((match[1], int(match[2])) if match else (part, 0) for part, match in found)

    def fits(self, other: LayerParameters) -> bool:
        """Whether roles and known shapes are the same."""
        return self.names.keys() == other.names.keys() and all(
            are_equal(shape, other.shapes[role]) for role, shape in self.shapes.items()
        )


def are_equal(shape: Shape, other: Shape) -> bool:
    """Whether shapes are the same as far as they are known: 0 is an unknown length."""
    if not shape or not other:
        return True
    pairs = zip(shape, other, strict=False)
    return len(shape) == len(other) and all(one == two or 0 in (one, two) for one, two in pairs)


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
        ParamsMismatchError: for a layer of one there is none in the other, or there are several.
    """
    stored = group_layers({name: params[name].shape for name in params}, ".")
    free = group_layers(variable_shapes(symbol), "_")
    weights: dict[str, NDArray[Any]] = {}
    blocks: dict[str, set[str]] = {}
    for layer in stored:
        partners = nearest([one for one in next_layers(free) if one.fits(layer)], layer.name, blocks)
        if len(partners) != 1:
            raise misfit(source, params, layer.name, [one.name for one in partners])
        (partner,) = partners
        for path in parents(layer.name):
            blocks.setdefault(path, set()).add(partner.block)
        free.remove(partner)
        weights |= {partner.names[role]: params[name] for role, name in layer.names.items()}
    if free:
        raise misfit(source, params, free[0].name)
    return weights


def parents(path: str) -> Iterator[str]:
    """Give the blocks that a layer is in, the innermost first, without the network itself."""
    while "." in path:
        path = path.rpartition(".")[0]
        yield path


def nearest(
    layers: list[LayerParameters], path: str, blocks: Mapping[str, Collection[str]]
) -> list[LayerParameters]:
    """Of the layers that fit a path, keep those that begin as others of its innermost known block do.

    Layers of one block are made in one scope, and so have one beginning; those of blocks inside it go on
    from there.
    """
    own = next(parents(path), "")
    for parent in parents(path):
        known = blocks.get(parent, ())
        kept = [
            layer
            for layer in layers
            if layer.block in known or (parent != own and any(layer.block.startswith(one) for one in known))
        ]
        if kept:
            return kept
    return layers


def variable_shapes(symbol: Symbol) -> dict[str, Shape]:
    """Shapes of a symbol's parameters by name, in its order, with 0 for lengths that it does not say.

    Gluon says the shapes of parameters, constants such as anchors included, and of nothing else.
    """
    used = shapes_by_use(symbol)
    return {
        node.name: stored_shape(Attributes(node).get_optional_int_tuple("__shape__") or ())
        or used.get(node.name, ())
        for node in symbol.nodes
        if node.is_variable and ("__shape__" in node.attrs or PARAMETER_NAME.search(node.name))
    }


def stored_shape(shape: Shape) -> Shape:
    """Return a shape; empty where a length is still to be found out."""
    return shape if min(shape, default=0) > 0 else ()


def group_layers(shapes: Mapping[str, Shape], separator: str) -> list[LayerParameters]:
    """Group parameters by what stands before their roles, in order."""
    layers: dict[str, LayerParameters] = {}
    for name, shape in shapes.items():
        found = PARAMETER_NAME.search(name)
        role = found.group(1) if found else name.rpartition(separator)[2]
        stem = name[: len(name) - len(role)].rstrip(separator)
        layer = layers.setdefault(stem, LayerParameters(stem))
        layer.names[role], layer.shapes[role] = name, shape
    return list(layers.values())


def next_layers(free: Sequence[LayerParameters]) -> list[LayerParameters]:
    """Layers of which none is left that was made before: a lower counter where their names first differ."""
    return [layer for layer in free if not any(is_made_before(other, layer) for other in free)]


def is_made_before(layer: LayerParameters, other: LayerParameters) -> bool:
    """Whether the names first differ in the counter of a kind, and this layer's is lower."""
    pairs = zip(layer.counters, other.counters, strict=False)
    first, second = next(((one, two) for one, two in pairs if one != two), (("", 0), ("", 0)))
    return first[0] == second[0] and first[1] < second[1]


def misfit(source: str, params: Params, layer: str, partners: Sequence[str] = ()) -> ParamsMismatchError:
    """Say that paths do not fit, or fit in several ways, and what does."""
    fits = f"may be any of {', '.join(partners)}" if partners else "fits no layer of the symbol"
    return ParamsMismatchError(
        f"{source}: {params.source} holds paths of save_parameters, of which '{layer}' {fits}: "
        "give the block itself (package.module:factory or a zoo name) with --params"
    )
