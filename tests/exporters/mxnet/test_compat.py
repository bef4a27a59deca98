"""MXNet beside packages that it knows nothing of."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gcv_edge.exporters.mxnet.compat import without_module

PAGE = Path(__file__).parents[3] / "docs/export.md"

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


DOCUMENTED = re.search(r"```python\n(import numpy\n.*?import mxnet\n)```", PAGE.read_text(), re.DOTALL)


def test_what_the_page_says_before_an_import_of_ones_own(mxnet: object) -> None:
    assert DOCUMENTED is not None
    command = [sys.executable, "-W", "ignore", "-c", DOCUMENTED[1] + "mxnet.nd.ones(1).asnumpy()"]
    subprocess.run(command, check=True)


FACTORY = "import mxnet\n\ndef make():\n    return mxnet.gluon.nn.Dense(2, in_units=3)\n"


def test_a_factory_may_import_mxnet_as_it_is(mxnet: object, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(FACTORY)
    code = "from gcv_edge.exporters.loading import call_factory; print(call_factory('own:make'))"
    process = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], check=True, cwd=tmp_path, capture_output=True, text=True
    )
    assert process.stdout.startswith("Dense(")
