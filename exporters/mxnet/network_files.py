"""A network from the two files that ``HybridBlock.export`` or ``Module.save_checkpoint`` wrote."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from gcv_edge.errors import ModelNotFoundError
from gcv_edge.exporters.mxnet.binding import bind_params
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.outputs import name_by_node
from gcv_edge.exporters.mxnet.params import read_params
from gcv_edge.exporters.mxnet.symbol import read_symbol

SYMBOL_SUFFIX = "-symbol.json"


def read_network(symbol_path: str | os.PathLike[str], params_path: str | os.PathLike[str] | None) -> Network:
    """Read a network; without a parameter file, with ``PREFIX-NNNN.params`` of the highest epoch.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelFileError: a file is damaged or of another kind.
        ParamsMismatchError: the parameters' names do not tell which variables they are.
    """
    path = Path(symbol_path)
    name = path.name.removesuffix(SYMBOL_SUFFIX).removesuffix(".json")
    params = [Path(params_path)] if params_path is not None else find_params(path, name)
    symbol = read_symbol(path)
    weights, notes = bind_params(symbol, read_params(params[0]), name)
    if len(params) > 1:
        notes = (describe_choice(params, f"{name}.params"), *notes)
    return Network(name, symbol, weights, head_names=name_by_node(symbol), notes=notes)


def describe_choice(params: Sequence[Path], unnumbered: str) -> str:
    """Say which of several parameter files is read."""
    epochs = [path for path in params if path.name != unnumbered]
    highest = f", the highest of {len(epochs)} epochs" if len(epochs) > 1 else ""
    other = f", not {unnumbered}" if len(epochs) < len(params) else ""
    return f"parameters: {params[0].name}{highest}{other} (--params)"


def find_params(symbol: Path, name: str) -> list[Path]:
    """Find the parameters beside a symbol, the highest epoch first, ``PREFIX.params`` last.

    MXNet writes epochs with at least four digits.

    Raises:
        ModelNotFoundError: there are none.
    """
    if not symbol.is_file():
        raise ModelNotFoundError(f"{symbol}: no such file")
    pattern = re.compile(re.escape(name) + r"-(\d{4,18})\.params")
    epochs = {
        path: int(found.group(1))
        for path in symbol.parent.iterdir()
        if (found := pattern.fullmatch(path.name)) is not None
    }
    plain = symbol.parent / f"{name}.params"
    unnumbered = [plain] if plain.is_file() else []
    if not epochs and not unnumbered:
        raise ModelNotFoundError(
            f"{symbol}: no parameters {name}-0000.params beside it: give them with --params"
        )
    return sorted(epochs, key=lambda path: (epochs[path], path.name), reverse=True) + unnumbered
