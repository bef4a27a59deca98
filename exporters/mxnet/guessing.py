"""Which network of GluonCV's zoo a parameter file is for.

The names in a file choose a few networks from a table of signatures; these are built, and their shapes
compared. A file with other names than ``save_parameters`` writes says too little.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable

from gcv_edge.exporters.mxnet.fitting import cut_prefix, is_structural
from gcv_edge.exporters.mxnet.params import Params
from gcv_edge.exporters.mxnet.zoo_signatures import SIGNATURES

CONSTANTS = ("anchor", "offset")


def guess_network(stored: Params, asked: str, match: Callable[[str], int | None]) -> str:
    """Say which zoo network a file fits, or that none was found.

    Args:
        stored: the file.
        asked: name that it does not fit.
        match: compares the file with a name: 0 where it fits, the number of classes with which it would,
            None where it does not.
    """
    if not is_structural(stored):
        return "its names are not of save_parameters, so they do not tell which network it is for"
    names = [name for name in SIGNATURES.get(sign(stored), "").split() if name != asked]
    for name in sorted(names, key=lambda name: not name.endswith("_custom")):
        number = match(name)
        if number is not None:
            return f"it fits {name}" + (f" with {number} classes" if number else "")
    return "it fits no other network of the zoo"


def sign(paths: Iterable[str]) -> str:
    """Sign a network's parameter names: without their order, prefixes that count, and constants."""
    names = sorted(cut_prefix(path) for path in paths if not is_constant(path))
    return f"{len(names)}-{zlib.crc32(' '.join(names).encode()):08x}"


def is_constant(path: str) -> bool:
    """Tell whether a name is of anchors or their like, which some versions of GluonCV do not save."""
    return any(word in path.rpartition(".")[2] for word in CONSTANTS)
