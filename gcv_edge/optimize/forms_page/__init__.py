"""One page that shows a search for the fastest form: nothing is fetched when it is opened.

Needs the extra [report].
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from gcv_edge.calibration.result import rounded, today
from gcv_edge.optimize.form_search import FormSearchResult
from gcv_edge.optimize.form_text import (
    describe_goal,
    describe_setting,
    describe_together,
    describe_verdict,
)
from gcv_edge.optimize.forms import Form, pareto, why_not
from gcv_edge.reporting import format_page, write_page


def write_form_report(found: FormSearchResult, path: str | os.PathLike[str]) -> Path:
    """Write the page of a search, which replaces an older one as a whole.

    Args:
        found: what the search found.
        path: where to.

    Raises:
        MissingExtraError: Plotly is not installed.
        OSError: it cannot be written.
    """
    return write_page(__name__, page_document(found), path)


def format_form_report(found: FormSearchResult) -> str:
    """Return the same page as text.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    return format_page(__name__, page_document(found))


def page_document(found: FormSearchResult) -> dict[str, Any]:
    """Return what the page shows, as values that JSON can spell."""
    goal, floating, line = found.goal, found.forms[0], pareto(found.forms)
    lowest = None
    if goal.max_drop is not None and floating.points is not None:
        lowest = floating.points - goal.max_drop
    document = {
        "title": found.source.stem,
        "where": [found.machine.get("cpu", ""), today()],
        "passed": found.best is not None,
        "verdict": [describe_verdict(found), *describe_setting(found)],
        "warnings": list(found.notes),
        "measure": found.baseline.title or "points",
        "is_latency": goal.hint == "latency",
        "lowest": lowest,
        "fastest_needed": None if goal.target_ms is None else floating.milliseconds / goal.target_ms,
        "target_ms": goal.target_ms,
        "max_drop": goal.max_drop,
        "forms": [{**form_row(form, found), "is_on_line": form in line} for form in found.forms],
        "facts": page_facts(found),
    }
    return {key: rounded(value) for key, value in document.items()}


def form_row(form: Form, found: FormSearchResult) -> dict[str, Any]:
    """Return a form's row: what was measured of it, and why it lost."""
    floating = found.forms[0]
    at_most = None
    if form.drop_at_most is not None and floating.points is not None:
        at_most = max(floating.points - form.drop_at_most, 0.0)
    return {
        "name": form.name,
        "points": form.points,
        "points_at_least": at_most,
        "milliseconds": finite(form.milliseconds),
        "per_second": finite(form.per_second),
        "times": floating.seconds / form.seconds,
        "bytes": form.size,
        "together": describe_together(form),
        "why": why_not(form, found.best, found.goal),
        "is_best": form == found.best,
        "is_within": form.is_within(found.goal.max_drop),
    }


def finite(value: float) -> float | None:
    """Return a number, or None where nothing was measured."""
    return None if math.isnan(value) else value


def page_facts(found: FormSearchResult) -> dict[str, str]:
    """Return what else is worth knowing, by heading."""
    baseline, split = found.baseline, found.baseline.split
    facts = {
        "Goal": describe_goal(found.goal),
        "Float file": found.source.name,
        "File that won": "none" if found.path is None else found.path.name,
    }
    if baseline.evaluator is not None and baseline.title:
        kinds = {"accuracy": "against the labels", "agreement": "agreement with the float file"}
        facts["Measured"] = f"{baseline.title}, {kinds.get(baseline.evaluator.kind, baseline.evaluator.kind)}"
    if split is not None:
        facts["Pictures"] = split.describe()
        facts["Labels"] = split.label_problem or ("used" if split.has_labels else "none")
    if found.machine:
        threads = found.machine.get("usable_cpus")
        engine = f"OpenVINO {found.machine.get('openvino', '')}"
        facts["Machine"] = "; ".join(
            [str(found.machine.get("cpu", "")), *([f"{threads} CPUs"] if threads else []), engine]
        )
    facts["Time used"] = f"{found.seconds / 60:.1f} of {found.goal.minutes:g} minutes"
    if split is not None and split.skipped:
        facts["Pictures that could not be read"] = ", ".join(one.name for one in split.skipped)
    return facts
