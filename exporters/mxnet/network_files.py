"""A network from the two files that ``HybridBlock.export`` or ``Module.save_checkpoint`` wrote."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gcv_edge.errors import ModelNotFoundError
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.params import read_params
from gcv_edge.exporters.mxnet.symbol import read_symbol

SYMBOL_SUFFIX = "-symbol.json"


def read_network(symbol_path: str | os.PathLike[str], params_path: str | os.PathLike[str] | None) -> Network:
    """Read a network; without a parameter file, the newest ``PREFIX-NNNN.params`` beside the symbol.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelFileError: a file is damaged or of another kind.
    """
    path = Path(symbol_path)
    name = path.name.removesuffix(SYMBOL_SUFFIX).removesuffix(".json")
    params = Path(params_path) if params_path is not None else find_params(path, name)
    return Network(name=name, symbol=read_symbol(path), weights=read_params(params))


def find_params(symbol: Path, name: str) -> Path:
    """Find the parameters of the highest epoch beside a symbol.

    Raises:
        ModelNotFoundError: there are none.
    """
    if not symbol.is_file():
        raise ModelNotFoundError(f"{symbol}: no such file")
    pattern = re.compile(re.escape(name) + r"-\d{4}\.params")
    found = sorted(path for path in symbol.parent.iterdir() if pattern.fullmatch(path.name))
    if not found:
        raise ModelNotFoundError(
            f"{symbol}: no parameters {name}-0000.params beside it: give them with --params"
        )
    return found[-1]
