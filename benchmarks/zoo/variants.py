"""Which kinds of operators a network is made of: each operator with the attributes that change what it does.

Sizes are of no kind: numbers but for the smallest are all alike, so that a 3x3 convolution is of the kind of
a 5x5 one, and neither is of that of a 1x1 one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gcv_edge.exporters.mxnet.symbol import Node, Symbol
from gcv_edge.exporters.mxnet.symbol_converter import BOOKKEEPING

SIZES = frozenset({"num_filter", "num_hidden", "no_bias", "__layout__", "key", "ndev", "p"})
"""Attributes of which every value is handled alike (``no_bias`` shows in the number of inputs)."""

NUMBER = re.compile(r"(?<![\w.])-?\d+(\.\d*)?(e-?\d+)?L?(?![\w.])", re.IGNORECASE)
SMALLEST = range(-4, 2)
MOST_INPUTS = 5


def list_variants(symbol: Symbol) -> set[str]:
    """Return the kinds of a graph's operators, those inside fused ones too."""
    return set(walk(symbol, ""))


def walk(symbol: Symbol, place: str) -> Iterator[str]:
    """Give the kind of each operator."""
    for node in symbol.nodes:
        if not node.is_variable:
            yield place + describe(node)
            for subgraph in node.subgraphs:
                yield from walk(subgraph, f"{place}{node.op} > ")


def describe(node: Node) -> str:
    """Spell an operator's kind."""
    attributes = (
        f"{key}={simplify(value)}"
        for key, value in sorted(node.attrs.items())
        if key not in BOOKKEEPING | SIZES and not key.startswith("__")
    )
    inputs = str(len(node.inputs)) if len(node.inputs) < MOST_INPUTS else f"{MOST_INPUTS}+"
    return " ".join([node.op, f"inputs={inputs}", *attributes])


def simplify(value: str) -> str:
    """Let all but the smallest whole numbers be ``n``, and all fractions ``x``."""
    return NUMBER.sub(lambda found: simplify_number(found.group()), value).replace(" ", "")


def simplify_number(text: str) -> str:
    """Return a number's kind."""
    number = float(text.rstrip("Ll"))
    if number != int(number):
        return "x"
    return str(int(number)) if int(number) in SMALLEST else "n"
