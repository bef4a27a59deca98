"""MXNet beside packages that it knows nothing of."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gcv_edge.exporters.mxnet.compat import without_module

CODE = """
import sys
from gcv_edge.exporters.mxnet.compat import import_mxnet
assert import_mxnet().__version__
assert "sklearn" not in sys.modules
"""


def test_scikit_learn_is_not_loaded_and_can_be_later(mxnet: object) -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True)


def test_a_module_is_missing_for_a_while() -> None:
    with without_module("this_module"), pytest.raises(ImportError):
        import this_module  # noqa: F401
    assert "this_module" not in sys.modules


def test_a_module_that_is_loaded_stays() -> None:
    with without_module("json"):
        import json
    assert sys.modules["json"] is json
