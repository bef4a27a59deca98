"""Which array of a parameter file belongs to which parameter of a live block. Needs the extra [mxnet].

Three ways of naming occur: ``save_parameters`` writes the path of attributes (``features.0.weight``),
``export`` and ``collect_params().save`` the name inside the graph (``resnetv10_conv0_weight``), whose
prefix counts the blocks of the process that wrote it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.params import Params

Shape = tuple[int, ...]

CLASS_LAYERS = (
    (re.compile(r"(^|\.)class_predictors?\."), 1),
    (re.compile(r"(^|\.)yolo_outputs\."), 5),
    (re.compile(""), 0),
)
"""Layers by path, and how many outputs of each group are not classes (background; box and objectness)."""

SHOWN = 2


@dataclass(frozen=True)
class Slot:
    """A parameter of a block.

    Attributes:
        name: its name inside the graph.
        paths: the attributes that lead to it, as ``save_parameters`` joins them.
        shape: its shape; 0 where only tracing would tell.
        value: what it holds unless a file says otherwise; only constants (anchors) have one.
    """

    name: str
    paths: tuple[str, ...]
    shape: Shape
    value: NDArray[Any] | None = None


@dataclass(frozen=True)
class Reshaped:
    """A parameter whose array in the file has another shape."""

    path: str
    found: Shape
    expected: Shape


@dataclass(frozen=True)
class ParameterFit:
    """How a parameter file fits a block.

    Attributes:
        weights: arrays by name inside the graph.
        missing: paths of parameters that the file lacks.
        unexpected: names in the file that the block lacks.
        reshaped: parameters that have another shape.
    """

    weights: dict[str, NDArray[Any]]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[Reshaped, ...]

    @property
    def is_good(self) -> bool:
        """Tell whether nothing is amiss."""
        return not (self.missing or self.unexpected or self.reshaped)

    @property
    def problems(self) -> int:
        """Count what is amiss."""
        return len(self.missing) + len(self.unexpected) + len(self.reshaped)


def list_slots(block: Any, shapes: Mapping[str, Shape] | None = None) -> list[Slot]:
    """List a block's parameters in the order of their making; ``shapes`` are those that tracing found.

    MXNet has no public way to the paths, which only ``save_parameters`` and ``load_parameters`` use.
    """
    paths: dict[str, list[str]] = {}
    parameters: dict[str, Any] = {}
    for path, parameter in block._collect_params_with_prefix().items():
        paths.setdefault(parameter.name, []).append(path)
        parameters[parameter.name] = parameter
    for name, parameter in block.collect_params().items():
        parameters.setdefault(name, parameter)
    constant = import_mxnet().gluon.Constant
    return [
        Slot(
            name,
            tuple(paths.get(name, [name])),
            tuple((shapes or {}).get(name) or parameter.shape or ()),
            parameter.value.asnumpy() if isinstance(parameter, constant) else None,
        )
        for name, parameter in parameters.items()
    ]


def fit_parameters(
    stored: Params, slots: Sequence[Slot], needed: Collection[str] | None = None, order: Sequence[str] = ()
) -> ParameterFit:
    """Find every parameter's array.

    Args:
        stored: the file.
        slots: the block's parameters.
        needed: names that the inference graph uses; None for all. Others may be missing from the file.
        order: names in the order of the graph, in which ``export`` writes them.
    """
    matches, taken = match_names(stored, slots, order)
    missing = [slot.paths[0] for slot in slots if is_missing(slot, matches, needed)]
    weights, reshaped = {}, []
    for slot in slots:
        array = stored[matches[slot.name]] if slot.name in matches else slot.value
        if array is None:
            continue
        weights[slot.name] = array
        if slot.value is None and not has_shape(array.shape, slot.shape):
            reshaped.append(Reshaped(slot.paths[0], tuple(array.shape), slot.shape))
    unexpected = [name for name in stored if name not in taken]
    return ParameterFit(weights, tuple(missing), tuple(unexpected), tuple(reshaped))


def is_missing(slot: Slot, matches: Mapping[str, str], needed: Collection[str] | None) -> bool:
    """Tell whether a parameter is needed and nowhere to be had."""
    return slot.name not in matches and slot.value is None and (needed is None or slot.name in needed)


def has_shape(found: Shape, expected: Shape) -> bool:
    """Compare shapes; nothing is known of an expected dimension below 1, or of an empty shape."""
    if not expected:
        return True
    return len(found) == len(expected) and all(b < 1 or a == b for a, b in zip(found, expected, strict=True))


def match_names(
    stored: Params, slots: Sequence[Slot], order: Sequence[str]
) -> tuple[dict[str, str], set[str]]:
    """Find the block's names in the file by the spelling under which most are found, else by their order.

    Returns:
        The file's name for each of the block's, and all names of the file that mean one of the block's.
    """
    spellings = (list_paths, list_name, list_stripped, list_tails)
    found = [match_spelling(stored, slots, spell) for spell in spellings]
    best = max(found, key=lambda match: len(match[1]))
    if len(best[1]) == len(stored) or is_structural(stored):
        return best
    by_name = {slot.name: slot for slot in slots}
    sequences = [[by_name[name] for name in order if name in by_name], list(slots)]
    likely = [sequence for sequence in sequences if is_same_sequence(stored, sequence)]
    if not likely:
        return best
    sequence = max(likely, key=lambda sequence: count_alike(stored, sequence))
    return dict(zip((slot.name for slot in sequence), stored, strict=True)), set(stored)


def is_structural(names: Iterable[str]) -> bool:
    """Tell whether ``save_parameters`` wrote a file: its names are paths."""
    return any("." in name for name in names)


def list_paths(slot: Slot) -> Sequence[str]:
    """Names as ``save_parameters`` writes them; a shared parameter has several."""
    return slot.paths


def list_name(slot: Slot) -> Sequence[str]:
    """Name inside the graph."""
    return (slot.name,)


def list_stripped(slot: Slot) -> Sequence[str]:
    """Name inside the graph, without the block's own prefix (``strip_prefix``)."""
    return (cut_prefix(slot.name),)


def list_tails(slot: Slot) -> Sequence[str]:
    """All names, without the prefixes that count blocks."""
    return [f"~{cut_prefix(name)}" for name in (*slot.paths, slot.name)]


def cut_prefix(name: str) -> str:
    """Take the first word off a name, or off a path's last part (``features.mobilenet0_conv0_weight``)."""
    path, dot, last = name.rpartition(".")
    return path + dot + (last.partition("_")[2] or last)


def match_spelling(
    stored: Params, slots: Sequence[Slot], spell: Callable[[Slot], Sequence[str]]
) -> tuple[dict[str, str], set[str]]:
    """Find the block's names in the file under one spelling; what is ambiguous is left out."""
    names = {name: name for name in stored} | unambiguous((f"~{cut_prefix(name)}", name) for name in stored)
    keys = unambiguous((key, slot.name) for slot in slots for key in set(spell(slot)))
    found = [(name, names[key]) for key, name in keys.items() if key in names]
    return dict(found), {name for _, name in found}


def unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Make a mapping of the pairs whose first part occurs once."""
    pairs = list(pairs)
    counts = Counter(key for key, _ in pairs)
    return {key: value for key, value in pairs if counts[key] == 1}


def is_same_sequence(stored: Params, slots: Sequence[Slot]) -> bool:
    """Tell whether roles (weight, gamma, ...) and ranks agree one by one."""
    if len(stored) != len(slots):
        return False
    return all(
        role(name) == role(slot.name) and (not slot.shape or stored[name].ndim == len(slot.shape))
        for name, slot in zip(stored, slots, strict=True)
    )


def count_alike(stored: Params, slots: Sequence[Slot]) -> int:
    """Count the parameters whose shapes agree one by one."""
    pairs = zip(stored, slots, strict=True)
    return sum(has_shape(stored[name].shape, slot.shape) for name, slot in pairs)


def role(name: str) -> str:
    """Last word of a name."""
    return name.rpartition("_")[2]


def count_classes(fit: ParameterFit, classes: int | None) -> int | None:
    """Find the class number with which a file would fit a block of ``classes`` classes (None: unknown).

    Returns:
        The number; None where names differ too, or the shapes agree on none.
    """
    if fit.missing or fit.unexpected or not fit.reshaped:
        return None
    numbers = {count_outputs(entry, classes) for entry in fit.reshaped}
    return numbers.pop() if len(numbers) == 1 else None


def count_outputs(entry: Reshaped, classes: int | None) -> int | None:
    """Class number of one layer, whose outputs come in groups of classes and a few others."""
    if len(entry.found) != len(entry.expected) or not has_shape(entry.found[1:2], entry.expected[1:2]):
        return None  # of kernels not the size: reset_class makes 3x3 of an SSDLite's 1x1
    others = next(others for pattern, others in CLASS_LAYERS if pattern.search(entry.path))
    group = (classes or entry.expected[0]) + others
    groups = entry.expected[0] // group if entry.expected[0] % group == 0 else 1
    number, rest = divmod(entry.found[0], groups)
    return number - others if rest == 0 and number > others else None


def describe_misfit(fit: ParameterFit) -> str:
    """Say what differs, the first of each kind."""
    parts = [
        list_some(len(names), [f"'{name}'" for name in names[:SHOWN]], kind)
        for names, kind in ((fit.missing, "missing"), (fit.unexpected, "unexpected"))
        if names
    ]
    if fit.reshaped:
        shown = [
            f"'{entry.path}' found {show_shape(entry.found)}, expected {show_shape(entry.expected)}"
            for entry in fit.reshaped[:SHOWN]
        ]
        parts.append(list_some(len(fit.reshaped), shown, "of another shape"))
    return ", ".join(parts)


def list_some(count: int, shown: Sequence[str], kind: str) -> str:
    """Say how many there are, and name the first."""
    return f"{count} {kind} ({', '.join(shown)}{', ...' if count > len(shown) else ''})"


def show_shape(shape: Shape) -> str:
    """Spell a shape; ``?`` where it is not known."""
    return "x".join(str(size) if size > 0 else "?" for size in shape) or "scalar"
