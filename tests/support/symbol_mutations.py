"""Damaged symbols: attributes, inputs and shapes of good ones, replaced by what makes no sense."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gcv_edge.exporters.source import ExportOptions
from tests.exporters.mxnet.operator_rows import arrays, symbol_json
from tests.exporters.mxnet.operator_table import ROWS
from tests.support.symbol_files import write_params
from tests.support.trials import run_trials

HOSTILE = (
    *("-1", "0", "1", "2", "3", "7", "1000000000", "999999999999999999", "-1000000000"),
    *("1e30", "-inf", "nan", "0.0", "None", "True", "text", "", "()", "(0, 0)", "(-1, -1)", "(1,)"),
    *("(1, 2, 3, 4, 5)", "(1000000000, 1000000000)", "(2, 2)", "(None, 0)", "(0.5, -1)", "(100000, 100000)"),
)
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?")
NUMBERS = ("-1", "0", "1", "2", "3", "5", "9", "64", "65536", "1000000", "1000000000", "-1000000000")
FOLLOWERS: tuple[tuple[str, dict[str, str]], ...] = (
    ("slice_axis", {"axis": "2", "begin": "0", "end": "4"}),
    ("mean", {"axis": "(1, 2)"}),
    ("Reshape", {"shape": "(0, -1)"}),
    ("UpSampling", {"scale": "2", "sample_type": "nearest", "num_args": "1"}),
    ("Pooling", {"kernel": "(2, 2)", "stride": "(2, 2)", "pool_type": "avg"}),
    ("tile", {"reps": "(1, 2)"}),
    ("broadcast_add", {}),
    ("Concat", {"dim": "1"}),
)
Nodes = list[dict[str, Any]]


def operators(nodes: Nodes) -> Nodes:
    return [node for node in nodes if node["op"] != "null"]


def change_attribute(nodes: Nodes, dice: random.Random) -> None:
    node = dice.choice(operators(nodes))
    if node.get("attrs"):
        node["attrs"][dice.choice(sorted(node["attrs"]))] = dice.choice(HOSTILE)


def change_number(nodes: Nodes, dice: random.Random) -> None:
    """Replace one number of an attribute, so that type and count stay right."""
    attrs = dice.choice(operators(nodes)).get("attrs") or {}
    numeric = [key for key, text in sorted(attrs.items()) if NUMBER.search(text)]
    if numeric:
        key = dice.choice(numeric)
        found = dice.choice(list(NUMBER.finditer(attrs[key])))
        attrs[key] = attrs[key][: found.start()] + dice.choice(NUMBERS) + attrs[key][found.end() :]


def drop_attribute(nodes: Nodes, dice: random.Random) -> None:
    node = dice.choice(operators(nodes))
    if node.get("attrs"):
        del node["attrs"][dice.choice(sorted(node["attrs"]))]


def drop_input(nodes: Nodes, dice: random.Random) -> None:
    node = dice.choice(operators(nodes))
    if node["inputs"]:
        node["inputs"].pop(dice.randrange(len(node["inputs"])))


def exchange_inputs(nodes: Nodes, dice: random.Random) -> None:
    dice.shuffle(dice.choice(operators(nodes))["inputs"])


def read_another_output(nodes: Nodes, dice: random.Random) -> None:
    node = dice.choice(operators(nodes))
    if node["inputs"]:
        dice.choice(node["inputs"])[1] = dice.randrange(4)


def exchange_operator(nodes: Nodes, dice: random.Random) -> None:
    dice.choice(operators(nodes))["op"] = dice.choice(ROWS).op


MUTATIONS: tuple[Callable[[Nodes, random.Random], None], ...] = (
    *[change_number] * 8,
    change_attribute,
    drop_attribute,
    drop_input,
    exchange_inputs,
    read_another_output,
    exchange_operator,
)


def mutate_shape(shape: list[int], dice: random.Random) -> tuple[int, ...]:
    """Change a length or the number of axes, now and then."""
    if shape and dice.random() < 0.15:
        shape[dice.randrange(len(shape))] = dice.choice((1, 2, 5, 64))
    if len(shape) > 1 and dice.random() < 0.1:
        shape = shape[:-1] if dice.random() < 0.5 else [*shape, 3]
    return tuple(shape)


def append_follower(nodes: Nodes, dice: random.Random) -> None:
    """Let another operator read the last one."""
    op, attrs = dice.choice(FOLLOWERS)
    last = len(nodes) - 1
    inputs = [[last, 0, 0]] * (2 if op in ("broadcast_add", "Concat") else 1)
    nodes.append({"op": op, "name": f"behind{last}", "inputs": inputs, "attrs": dict(attrs)})


def write_damaged(dice: random.Random, folder: Path) -> tuple[Path, ExportOptions]:
    """Write a row of the operator table as a network's two files, damaged; return the symbol and shapes."""
    case = dice.choice(ROWS)
    graph = json.loads(symbol_json(case))
    graph.pop("node_row_ptr")
    for _ in range(dice.randrange(3)):
        append_follower(graph["nodes"], dice)
    for _ in range(dice.randrange(1, 4)):
        dice.choice(MUTATIONS)(graph["nodes"], dice)
    graph["heads"] = [[len(graph["nodes"]) - 1, 0, 0]]
    values = list(zip(case.inputs, arrays(case, 2), strict=True))
    weights = {f"arg:x{index}": array for index, (given, array) in enumerate(values) if not given.is_data}
    weights = {
        name: np.resize(array, mutate_shape(list(array.shape), dice)) for name, array in weights.items()
    }
    shapes = [mutate_shape(list(array.shape), dice) for given, array in values if given.is_data]
    symbol = folder / "net-symbol.json"
    symbol.write_text(json.dumps(graph))
    write_params(folder / "net-0000.params", weights)
    first, *others = shapes or [(1, 3, 8, 8)]
    return symbol, ExportOptions(input_shape=first, further_shapes=tuple(others))


if __name__ == "__main__":
    run_trials(write_damaged)
