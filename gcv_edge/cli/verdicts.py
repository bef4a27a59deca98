"""Verdicts of a verification in words; they come from a check just made, or out of a model file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gcv_edge.cli.console import show_number


def describe_verdict(verification: Mapping[str, Any]) -> str:
    """Say in a line what was compared with what, and how it went.

    Args:
        verification: ``Verification.to_dict()``; empty for none.
    """
    if not verification:
        return "not verified"
    verdict = "verified" if has_passed(verification) else "VERIFICATION FAILED"
    differences = ", ".join(describe_comparison(row) for row in comparisons(verification))
    return f"{verdict} against {verification.get('reference', 'an unknown reference')}: {differences}"


def describe_comparison(row: Mapping[str, Any]) -> str:
    """Say how far one output was off: boxes differ by 1.2e-05 at most (tolerance 0.001)."""
    return f"{row['name']} max error {error_of(row)} (tolerance {show_number(float(row['tolerance']))})"


def error_of(row: Mapping[str, Any]) -> str:
    """Return a comparison's largest difference; a file cannot say infinity or NaN."""
    value = row["max_error"]
    return "not a number" if value is None else show_number(float(value))


def has_passed(verification: Mapping[str, Any]) -> bool:
    """Tell whether a verification says that all is well."""
    return bool(verification.get("passed"))


def comparisons(verification: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the comparisons that are well-formed."""
    rows = verification.get("comparisons", [])
    return [row for row in rows if isinstance(row, dict) and {"name", "max_error", "tolerance"} <= row.keys()]
