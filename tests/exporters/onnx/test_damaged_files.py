"""Damaged ONNX files are refused by this package's own errors, and never kill the process."""

from __future__ import annotations

from tests.support.trials import failures


def test_nothing_but_this_packages_errors() -> None:
    assert failures("tests.support.onnx_mutations", 0, 200) == ""
