"""Networks that are converted: MXNet's symbols and parameters, foreign ONNX files."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gcv_edge.errors import GcvEdgeError
from gcv_edge.exporters.loading import load_source
from gcv_edge.exporters.mxnet.params import read_params
from gcv_edge.exporters.source import ExportOptions
from tests.fuzz import ROOT
from tests.fuzz.json_mutations import mutate_json
from tests.fuzz.mutations import mutate_bytes
from tests.fuzz.target import Target, mutating
from tests.support import onnx_mutations, symbol_mutations
from tests.support.symbol_files import SymbolFile

HOSTILE = ROOT / "tests" / "data" / "hostile"
SYMBOL, PARAMS = "net-symbol.json", "net-0000.params"


def classifier(folder: Path) -> SymbolFile:
    """Write a small network with a branch and a BatchNorm."""
    net = SymbolFile()
    body = net.norm("bn", net.conv("first", net.data, 3, 3), 3)
    net.save(
        folder,
        net.op("SoftmaxOutput", "softmax", net.classes(4, net.op("broadcast_add", "sum", net.data, body))),
    )
    return net


def good_files(suffix: str) -> Sequence[bytes]:
    """A small network's file of one kind, and the damaged ones that tests know."""
    with tempfile.TemporaryDirectory() as folder:
        classifier(Path(folder))
        return [path.read_bytes() for path in Path(folder).glob(f"*{suffix}")]


def hostile_files(suffix: str) -> Sequence[bytes]:
    return [path.read_bytes() for path in sorted(HOSTILE.glob(f"*{suffix}"))]


def symbols() -> Sequence[bytes]:
    known = [text for text in hostile_files("-symbol.json") if is_json(text) and len(text) < 10_000]
    return [*good_files("-symbol.json") * (8 * len(known)), *known]


def is_json(text: bytes) -> bool:
    try:
        return bool(json.loads(text))
    except (ValueError, RecursionError):
        return False


def convert(path: Path, options: ExportOptions) -> None:
    load_source(str(path), options=options).convert(options)


def read_symbol_text(data: bytes, folder: Path) -> None:
    """Convert a symbol with the parameters that it should have."""
    if not (folder / PARAMS).exists():
        classifier(folder)
    path = folder / SYMBOL
    path.write_bytes(data)
    convert(path, ExportOptions(input_shape=(1, 3, 16, 16)))


def parameters() -> Sequence[bytes]:
    known = [data for data in hostile_files(".params") if len(data) < 10_000]
    return [*good_files(".params") * (8 * len(known)), *known]


def read_parameters(data: bytes, folder: Path) -> None:
    """Look at every array, and convert a network with them."""
    path = folder / PARAMS
    path.write_bytes(data)
    with read_params(path) as params:
        [array.sum() for array in params.values()]
    classifier_symbol = folder / SYMBOL
    if not classifier_symbol.exists():
        classifier_symbol.write_bytes(good_files("-symbol.json")[0])
    convert(classifier_symbol, ExportOptions(input_shape=(1, 3, 16, 16)))


def damaged_operator(dice: random.Random) -> bytes:
    """Make a row of the operator table, damaged: symbol, parameters and shapes in one JSON document."""
    with tempfile.TemporaryDirectory() as folder:
        path, options = symbol_mutations.write_damaged(dice, Path(folder))
        case = {
            "symbol": json.loads(path.read_text()),
            "shapes": [options.input_shape, *options.further_shapes],
            "params": base64.b64encode((Path(folder) / PARAMS).read_bytes()).decode(),
        }
    return json.dumps(case).encode()


def read_operator(data: bytes, folder: Path) -> None:
    case = json.loads(data)
    (folder / PARAMS).write_bytes(base64.b64decode(case["params"]))
    path = folder / SYMBOL
    path.write_text(json.dumps(case["symbol"]))
    first, *others = map(tuple, case["shapes"])
    convert(path, ExportOptions(input_shape=first, further_shapes=tuple(others)))


def damaged_onnx(dice: random.Random) -> bytes:
    """Make a foreign detector's file, damaged in its graph or in its bytes."""
    if dice.random() < 0.25:
        good, other = (onnx_mutations.original(dice.choice(onnx_mutations.MAKERS)) for _ in range(2))
        return mutate_bytes(good, other, dice)
    with tempfile.TemporaryDirectory() as folder:
        return onnx_mutations.write_damaged(dice, Path(folder))[0].read_bytes()


def adopt(data: bytes, folder: Path) -> None:
    """Adopt a file as a detector, then as a network of tensors; engines open what has passed the checks."""
    path = folder / "net.onnx"
    path.write_bytes(data)
    with contextlib.suppress(GcvEdgeError):
        convert(path, ExportOptions(task="detection", mean=(0.0,) * 3, scale=(255.0,) * 3))
    convert(path, ExportOptions(task="tensors"))


MXNET = "exporters/mxnet/"
TARGETS = (
    Target("symbol", mutating(symbols, mutate_json), read_symbol_text, (MXNET + "symbol.py",)),
    Target(
        "params",
        mutating(parameters, mutate_bytes),
        read_parameters,
        (MXNET + "params.py", MXNET + "source_file.py"),
    ),
    Target("operator", damaged_operator, read_operator, (), share=5),
    Target(
        "onnx", damaged_onnx, adopt, ("exporters/onnx/reading.py", "exporters/onnx/reference.py"), share=1
    ),
)
