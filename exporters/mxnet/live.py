"""Networks that are live Gluon blocks: zoo names and blocks of the user's own. Needs the extra [mxnet].

A block is only a description here: it is traced symbolically, its shapes are inferred, and the values come
from the parameter file without passing through MXNet.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import (
    GcvEdgeError,
    ModelNotFoundError,
    ParamsMismatchError,
    UnsupportedError,
    UsageError,
)
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.compat import import_gluoncv, import_mxnet
from gcv_edge.exporters.mxnet.fitting import (
    ParameterFit,
    count_classes,
    describe_misfit,
    fit_parameters,
    list_slots,
)
from gcv_edge.exporters.mxnet.guessing import guess_network
from gcv_edge.exporters.mxnet.inference import needed_nodes
from gcv_edge.exporters.mxnet.input_shapes import describe_usual
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.params import Params, read_params
from gcv_edge.exporters.mxnet.pretrained import fetch_params
from gcv_edge.exporters.mxnet.quantized_zoo import is_quantized, load_quantized
from gcv_edge.exporters.mxnet.random_weights import draw_weights, initial_value
from gcv_edge.exporters.mxnet.refusals import explain_refusal
from gcv_edge.exporters.mxnet.symbol import Symbol, parse_symbol
from gcv_edge.exporters.mxnet.zoo_blocks import build_block, find_zoo_name
from gcv_edge.exporters.source import check_rank_of_shape, hint_at_rank
from gcv_edge.tasks import ACTION, CLASSIFICATION, POSE, SEGMENTATION

Shape = tuple[int, ...]
File = str | os.PathLike[str]
HINTS = ("__shape__", "__dtype__")
SMALL_SIZE = (512, 512)
"""Height and width at which a block that takes pictures of any size is traced; its parameters have the same
shapes at all."""

ACTION_DATA_SETS = {
    "_kinetics400": "Kinetics400Attr",
    "_kinetics700": "Kinetics700Attr",
    "_ucf101": "UCF101Attr",
    "_hmdb51": "HMDB51Attr",
    "_sthsthv2": "SomethingSomethingV2Attr",
}
"""Ends of zoo names, and what holds the class names in ``gluoncv.data``."""


@dataclass(frozen=True)
class Traced:
    """A block as a graph.

    Attributes:
        block: the HybridBlock.
        symbol: its inference graph.
        shapes: shape of each of the graph's variables, in the graph's order.
    """

    block: Any
    symbol: Symbol
    shapes: dict[str, tuple[int, ...]]


def load_zoo_network(
    name: str,
    params: File | None,
    input_shape: Shape | None,
    classes: tuple[str, ...],
    random_weights: int | None,
    further_shapes: Sequence[Shape] = (),
) -> Network:
    """Build a zoo network with trained, given or (for benchmarks) random weights.

    Raises:
        MissingExtraError: MXNet or gluoncv is not installed.
        ModelNotFoundError: the zoo has no such name, or there is no such file.
        GcvEdgeError: trained weights are wanted and cannot be downloaded.
        ParamsMismatchError: the given parameters are another network's.
        UsageError: class names are missing, or another number than the file's.
    """
    gluoncv = import_gluoncv()
    name = find_zoo_name(gluoncv, name)
    if input_shape and zoo.describe(name) is not None:
        check_rank_of_shape(name, input_shape, len(zoo_shape(name)))
    if is_quantized(name):
        one = input_shape and (1, *input_shape[1:])
        load_twin = partial(
            load_zoo_network, params=params, input_shape=one, classes=classes, random_weights=random_weights
        )
        return load_quantized(name, load_twin, random_weights)
    shapes = ((input_shape,) if input_shape else zoo_shapes(name)[:1]) + (
        tuple(further_shapes) or zoo_shapes(name)[1:]
    )
    if random_weights is not None:
        traced = trace_block(build_block(gluoncv, name, classes, size_of(shapes)), name, *shapes)
        weights = draw_weights(
            traced.block, traced.symbol, traced.shapes, name_inputs(shapes), random_weights
        )
    else:
        file = params if params is not None else fetch_params(gluoncv, name)
        traced, weights = fit_zoo_network(gluoncv, name, shapes, classes, file, is_verified=params is None)
    labels = classes or find_labels(gluoncv, traced.block, name)
    return Network(
        name,
        traced.symbol,
        weights,
        labels,
        name_inputs(shapes),
        sides=find_own_sides(traced.block),
        notes=assumed_size(name, shapes[0], input_shape, params),
    )


def assumed_size(name: str, shape: Shape, asked: Shape | None, params: File | None) -> tuple[str, ...]:
    """Say which size was assumed for parameters of the user's own, where pictures have one size."""
    is_assumed = asked is None and params is not None and zoo.find_sides(name) is None
    return (describe_usual(name, shape),) if is_assumed else ()


def load_block_network(
    block: Any,
    name: str,
    params: File | None,
    input_shape: Shape | None,
    further_shapes: Sequence[Shape] = (),
) -> Network:
    """Trace a block of the user's own.

    Raises:
        UsageError: there is no input shape, or the block has no values.
        ParamsMismatchError: the given parameters are another network's.
        UnsupportedError: it gives something else than a HybridBlock, or MXNet cannot trace it.
    """
    sides = find_own_sides(block)
    if input_shape is None and sides is not None:
        input_shape = (1, 3, *SMALL_SIZE)
    if input_shape is None:
        raise UsageError(f"{name}: give the input's shape: --input-shape 1,3,HEIGHT,WIDTH")
    shapes = (input_shape, *further_shapes)
    if params is None:
        network = trace(block, name, *shapes)
        return replace(network, labels=find_own_labels(block), sides=sides)
    traced = trace_block(block, name, *shapes)
    with_values = fit_traced(traced, open_params(params), name)
    if not with_values.is_good:
        raise explain_misfit(with_values, params, name)
    return Network(
        name, traced.symbol, with_values.weights, find_own_labels(block), name_inputs(shapes), sides=sides
    )


def zoo_names() -> list[str]:
    """All names of GluonCV's model zoo."""
    gluoncv = import_gluoncv()
    return sorted(gluoncv.model_zoo.get_model_list())


def zoo_shape(name: str) -> Shape:
    """Shape of the first input that goes with a zoo name."""
    return zoo_shapes(name)[0]


def zoo_shapes(name: str) -> tuple[Shape, ...]:
    """Shapes of the inputs that go with a zoo name."""
    facts = zoo.describe(name)
    if facts is None:
        raise UsageError(f"{name}: give the input's shape: --input-shape 1,3,HEIGHT,WIDTH")
    return tuple((1, *shape) for shape in facts.shapes)


def size_of(shapes: Sequence[Shape]) -> tuple[int, int]:
    """Height and width of the first input."""
    return shapes[0][-2], shapes[0][-1]


def name_inputs(shapes: Sequence[Shape]) -> dict[str, Shape]:
    """Name inputs as ``HybridBlock.export`` does: ``data``, or ``data0``, ``data1``, ..."""
    if len(shapes) == 1:
        return {"data": shapes[0]}
    return {f"data{index}": shape for index, shape in enumerate(shapes)}


def fit_zoo_network(
    gluoncv: Any,
    name: str,
    shapes: Sequence[Shape],
    classes: tuple[str, ...],
    file: File,
    is_verified: bool,
) -> tuple[Traced, dict[str, NDArray[Any]]]:
    """Build a zoo network as its parameter file wants it.

    Args:
        gluoncv: the module.
        name: name in the zoo.
        shapes: of the inputs.
        classes: names that the user gave; empty for the zoo's.
        file: the parameters.
        is_verified: they are known to be GluonCV's own, so what the network does not use is of no matter.

    Raises:
        ParamsMismatchError: the parameters are another network's.
        UsageError: class names are missing, or another number than the file's.
    """
    stored = open_params(file)
    guessed = classes or placeholders(1 if "custom" in name else 0)
    block = build_block(gluoncv, name, guessed, size_of(shapes))
    traced = trace_block(block, name, *shapes)
    fit = fit_traced(traced, stored, name)
    number = count_classes(fit, class_number(traced.block))
    if number is not None:
        other = trace_block(build_block(gluoncv, name, placeholders(number), size_of(shapes)), name, *shapes)
        if fit_traced(other, stored, name).is_good:
            raise explain_classes(file, name, number, classes)
    if fit.missing or fit.reshaped or (fit.unexpected and not is_verified):
        raise explain_misfit(fit, file, name, gluoncv, stored)
    if "custom" in name and not classes:
        raise explain_classes(file, name, 1, classes)
    return traced, fit.weights


def open_params(file: File) -> Params:
    """Open a parameter file.

    Raises:
        ModelNotFoundError: there is none.
        ModelFileError: it is damaged, or something else.
    """
    if not Path(file).exists():
        raise ModelNotFoundError(f"{os.fspath(file)}: no such file")
    return read_params(file)


def fit_traced(traced: Traced, stored: Params, name: str) -> ParameterFit:
    """Find the parameters of a traced block in a file."""
    facts = zoo.describe(name)
    heads = (
        traced.symbol.heads[:1] if facts is not None and facts.task is SEGMENTATION else traced.symbol.heads
    )
    needed = {traced.symbol.nodes[index].name for index in needed_nodes(traced.symbol, heads)}
    return fit_parameters(stored, list_slots(traced.block, traced.shapes), needed, list(traced.shapes))


def class_number(block: Any) -> int | None:
    """Class number that a block knows of."""
    classes = getattr(block, "classes", None)
    return len(classes) if isinstance(classes, (list, tuple)) else None


def explain_classes(file: File, name: str, found: int, given: Sequence[str]) -> UsageError:
    """Say how many classes a file is for."""
    where = f"{os.fspath(file)}: has {found} class{'es' * (found > 1)}"
    if given:
        return UsageError(f"{where}, but --classes names {len(given)}")
    other = "" if "custom" in name else f", which is not the number of {name}"
    return UsageError(f"{where}{other}: name them in order with --classes a,b,c or --classes FILE")


def explain_misfit(
    fit: ParameterFit, file: File, name: str, gluoncv: Any = None, stored: Params | None = None
) -> ParamsMismatchError:
    """Say what differs, and for a zoo name which other network would fit."""
    text = f"{os.fspath(file)}: does not fit {name}: {describe_misfit(fit)}"
    if gluoncv is not None and stored is not None:
        text += f"; {guess_network(stored, name, partial(match_network, gluoncv, stored))}"
    return ParamsMismatchError(text)


def match_network(gluoncv: Any, stored: Params, name: str) -> int | None:
    """Compare a file with a zoo network: see ``guess_network``."""
    try:
        shapes = zoo_shapes(name)
        usual = placeholders(1 if "custom" in name else 0)
        traced = trace_block(build_block(gluoncv, name, usual), name, *shapes)
        fit = fit_traced(traced, stored, name)
        number = count_classes(fit, class_number(traced.block))
        if number is not None:
            traced = trace_block(build_block(gluoncv, name, placeholders(number)), name, *shapes)
            fit = fit_traced(traced, stored, name)
    except GcvEdgeError:
        return None
    return (number or 0) if fit.is_good else None


def placeholders(count: int) -> tuple[str, ...]:
    """Names for classes of which only the number is known."""
    return tuple(f"class_{index}" for index in range(count))


def trace(block: Any, name: str, *shapes: Shape) -> Network:
    """Turn a block that holds values into a network.

    Raises:
        UnsupportedError: it is no HybridBlock, or MXNet cannot trace it.
        UsageError: it has no values.
    """
    traced = trace_block(block, name, *shapes)
    parameters = block.collect_params()
    weights = {
        key: read_value(parameters[key], traced.shapes[key], name)
        for key in traced.shapes
        if key in parameters
    }
    return Network(name, traced.symbol, weights, input_shapes=name_inputs(shapes))


def trace_block(block: Any, name: str, *shapes: Shape) -> Traced:
    """Turn a block, with or without values, into a graph, without running it.

    Args:
        block: the HybridBlock.
        name: for messages.
        shapes: of its inputs.

    Raises:
        UnsupportedError: it is no HybridBlock, or MXNet cannot trace it at these shapes.
    """
    mxnet = import_mxnet()
    if not isinstance(block, mxnet.gluon.HybridBlock):
        raise UnsupportedError(f"{name}: found {type(block).__name__}, expected a gluon HybridBlock")
    inputs = name_inputs(shapes)
    shown = " and ".join(map(str, shapes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            symbol = mxnet.sym.Group(flatten(block(*map(mxnet.sym.var, inputs))))
            with redirect_stdout(StringIO()):  # MXNet prints what it refuses, beside raising it
                arguments, _, states = symbol.infer_shape(**inputs)
        except Exception as error:  # a block of the user's own raises what it likes
            raise UnsupportedError(
                f"{name}: MXNet cannot trace it at {shown}: {explain_refusal(error, name, shapes)}"
                f"{hint_at_rank(shapes[0])}"
            ) from error
    if arguments is None:
        raise UnsupportedError(f"{name}: MXNet cannot tell the shapes of all parameters at {shown}")
    found = dict(zip(symbol.list_arguments(), arguments, strict=True))
    found |= dict(zip(symbol.list_auxiliary_states(), states, strict=True))
    parameters = {key: tuple(found[key]) for key in symbol.list_inputs() if key not in inputs}
    return Traced(block, parse_symbol(without_hints(symbol.tojson()), name), parameters)


def flatten(outputs: Any) -> list[Any]:
    """List the symbols in nested lists."""
    if isinstance(outputs, (list, tuple)):
        return [symbol for part in outputs for symbol in flatten(part)]
    return [outputs]


def without_hints(text: str) -> str:
    """Take shapes and types out of a symbol's variables: the file's constants may be larger or smaller."""
    graph = json.loads(text)
    for node in graph["nodes"]:
        for hint in HINTS if node["op"] == "null" else ():
            node.get("attrs", {}).pop(hint, None)
    return json.dumps(graph)


def read_value(parameter: Any, shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """Read a parameter of a live block; one whose making was put off is made now.

    Raises:
        UsageError: it has no value.
    """
    mxnet = import_mxnet()
    try:
        return np.asarray(parameter.list_data()[0].asnumpy())
    except mxnet.gluon.parameter.DeferredInitializationError:
        return initial_value(parameter, shape)
    except RuntimeError:
        if isinstance(parameter, mxnet.gluon.Constant):
            return initial_value(parameter, shape)
        raise UsageError(
            f"{name}: '{parameter.name}' has no value: give a parameter file: --params FILE"
        ) from None


def find_own_labels(block: Any) -> tuple[str, ...]:
    """Class names that a block carries."""
    classes = getattr(block, "classes", ())
    return tuple(str(label) for label in classes) if isinstance(classes, (list, tuple)) else ()


def find_own_sides(block: Any) -> tuple[int, int] | None:
    """Return short and long side of the pictures that an R-CNN of GluonCV is evaluated on.

    Of several short sides that it was trained at, GluonCV's scripts evaluate at the last.
    """
    short, longest = getattr(block, "short", None), getattr(block, "max_size", None)
    last = short[-1] if isinstance(short, (list, tuple)) and short else short
    return (last, longest) if isinstance(last, int) and isinstance(longest, int) else None


def find_labels(gluoncv: Any, block: Any, name: str) -> tuple[str, ...]:
    """Class names (keypoint names for pose) that GluonCV gives a network."""
    facts = zoo.describe(name)
    if facts is not None and facts.task is POSE:
        joints = gluoncv.data.mscoco.keypoints.COCOKeyPoints.KEYPOINTS
        return tuple(joints[index] for index in range(len(joints)))
    if labels := find_own_labels(block):
        return labels
    if facts is None or facts.task not in (CLASSIFICATION, ACTION) or name.startswith("cifar_"):
        return ()
    if facts.task is CLASSIFICATION:
        return tuple(gluoncv.data.ImageNet1kAttr().classes)
    data_set = next((value for end, value in ACTION_DATA_SETS.items() if name.endswith(end)), None)
    return tuple(getattr(gluoncv.data, data_set)().classes) if data_set is not None else ()
