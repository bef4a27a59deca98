"""MXNet 1.9.1 beside a current NumPy.

MXNet and gluoncv use names that NumPy removed in 1.24 (``np.bool`` and friends). They are put back before
the first import of ``mxnet``; nothing else in this package imports it directly.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType

import numpy as np

from gcv_edge.errors import MissingExtraError

REMOVED_ALIASES = {"bool": bool, "object": object, "int": int, "float": float, "complex": complex, "str": str}


def restore_numpy_aliases() -> None:
    """Put the aliases back that NumPy 1.24 removed and MXNet 1.9.1 still reads."""
    for name, builtin in REMOVED_ALIASES.items():
        if name not in vars(np):
            setattr(np, name, builtin)


def import_mxnet() -> ModuleType:
    """Import mxnet 1.9.1.

    Raises:
        MissingExtraError: mxnet is not installed, or NumPy is too new for it.
    """
    restore_numpy_aliases()
    os.environ.setdefault("MXNET_STORAGE_FALLBACK_LOG_VERBOSE", "0")
    try:
        with warnings.catch_warnings(), without_module("sklearn"):
            warnings.simplefilter("ignore")
            import mxnet
    except ImportError as error:
        raise MissingExtraError("MXNet", "mxnet") from error
    return mxnet  # type: ignore[no-any-return]


@contextlib.contextmanager
def without_module(name: str) -> Iterator[None]:
    """Let a module, unless it is loaded already, be missing for a while.

    mxnet.model loads scikit-learn, where it is installed, for the base class of an estimator that nobody
    uses here, and that takes as long as all the rest.
    """
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]


def import_gluoncv() -> ModuleType:
    """Import gluoncv 0.10.5.

    Raises:
        MissingExtraError: gluoncv or mxnet is not installed.
    """
    import_mxnet()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import gluoncv
    except ImportError as error:
        raise MissingExtraError("gluoncv", "mxnet") from error
    return gluoncv  # type: ignore[no-any-return]
