"""One page that shows a calibration: nothing is fetched when it is opened. Needs the extra [report]."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gcv_edge.calibration.result import CalibrationResult, rounded, today
from gcv_edge.optimize.samples import SamplePair
from gcv_edge.reporting import format_page


def format_report(
    result: CalibrationResult,
    *,
    title: str,
    measure: str,
    verdict: Iterable[str],
    forms: Iterable[Mapping[str, Any]],
    facts: Mapping[str, str],
    samples: Iterable[SamplePair],
) -> str:
    """Return the page as text.

    Args:
        result: the calibration.
        title: name of the network.
        measure: what ``points`` of the forms are; empty for nothing.
        verdict: sentences for the top of the page.
        forms: rows with ``name``, ``is``, ``points`` and ``milliseconds``; None for what was not measured.
        facts: what else is worth knowing, by heading.
        samples: drawn pictures.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    document = {
        "title": title,
        "where": [result.machine.get("cpu", ""), f"for {result.target}", today()],
        "passed": result.passed,
        "verdict": list(verdict),
        "warnings": list(result.warnings),
        "measure": measure,
        "forms": [dict(form) for form in forms],
        "layers": [
            {"name": layer, "decibels": ratio, "kept": result.kept_float.get(layer)}
            for layer, ratio in result.sensitivity.items()
        ],
        "kept": dict(result.kept_float),
        "recipes": [
            {"name": name, "decibels": ratio}
            for name, ratio in sorted(result.candidates.items(), key=lambda item: -item[1])
        ],
        "facts": dict(facts),
        "samples": [sample.to_dict() for sample in samples],
    }
    return format_page(__name__, {key: rounded(value) for key, value in document.items()})
