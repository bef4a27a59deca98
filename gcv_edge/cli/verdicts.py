"""Verdicts of a verification in words; they come from a check just made, or out of a model file."""

from __future__ import annotations

import sys
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
    differences = "; ".join(describe_comparison(row) for row in comparisons(verification))
    reference = verification.get("reference", "an unknown reference")
    return f"{verdict} against {reference}{describe_trials(verification)}: {differences}"


def describe_trials(verification: Mapping[str, Any]) -> str:
    """Say what a file was tried on: on black, noise, picture (batches 1, 3)."""
    inputs, batches = as_words(verification.get("inputs")), as_words(verification.get("batches"))
    on = f" on {', '.join(inputs)}" if inputs else ""
    return on + (f" ({'batch' if len(batches) == 1 else 'batches'} {', '.join(batches)})" if batches else "")


def describe_comparison(row: Mapping[str, Any]) -> str:
    """Say how far one output was off: boxes off by 1.2e-05 of its deviation (tolerance 0.002)."""
    if problem := row.get("problem"):
        return f"{row['name']} {problem}"
    unit = f" {row['unit']}" if row.get("unit") else ""
    return f"{row['name']} off by {error_of(row)}{unit} (tolerance {show_number(float(row['tolerance']))})"


def reservations(verification: Mapping[str, Any]) -> list[tuple[str, str]]:
    """List what limits a verdict, each with its heading: remarks on outputs, and the export's notes."""
    return [
        (heading, line)
        for heading, key in (("remark", "remarks"), ("note", "notes"))
        for line in as_words(verification.get(key))
    ]


def error_of(row: Mapping[str, Any]) -> str:
    """Return a comparison's largest difference; a file cannot say infinity or NaN."""
    value = row["max_error"]
    return "not a number" if value is None else show_number(float(value))


def has_passed(verification: Mapping[str, Any]) -> bool:
    """Tell whether a verification says that all is well."""
    return bool(verification.get("passed"))


def comparisons(verification: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the comparisons that are well-formed."""
    rows = verification.get("comparisons")
    return [row for row in rows if is_comparison(row)] if isinstance(rows, (list, tuple)) else []


def is_comparison(row: object) -> bool:
    """Tell whether something has a comparison's name and numbers."""
    if not isinstance(row, dict) or not {"name", "max_error", "tolerance"} <= row.keys():
        return False
    return is_number(row["tolerance"]) and (row["max_error"] is None or is_number(row["max_error"]))


def is_number(value: object) -> bool:
    """Tell a number that a float can hold."""
    return isinstance(value, float) or (
        isinstance(value, int) and value.bit_length() < sys.float_info.max_exp
    )


def as_words(value: object) -> list[str]:
    """Return a list's members as text; none for anything else."""
    return [str(member) for member in value] if isinstance(value, (list, tuple)) else []
