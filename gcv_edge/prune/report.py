"""One page that shows a pruning: nothing is fetched when it is opened. Needs the extra [report]."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gcv_edge.prune.result import PruneResult
from gcv_edge.reporting import format_page

PACKAGE = "gcv_edge.prune"


def format_report(result: PruneResult, *, title: str, verdict: Iterable[str]) -> str:
    """Return the page as text.

    Args:
        result: the pruning.
        title: name of the network.
        verdict: sentences for the top of the page.

    Raises:
        MissingExtraError: Plotly is not installed.
    """
    record = result.record
    document = {
        "title": title,
        "passed": result.passed,
        "verdict": list(verdict),
        "spaces": [
            {"name": name, "before": before, "after": result.widths.get(name, (before, before))[1]}
            for name, before in result.free.items()
        ],
        "curves": {
            name: sorted([width / units, loss] for width, loss in curve.items())
            for name, (units, curve) in result.curves.items()
        },
        "measure": "divergence of the outputs",
        "trail": [step.to_dict() for step in result.trail],
        "facts": {
            "File": result.path.name,
            "Pictures": f"{record['pictures']} of {record['pictures_given']} given, {record['data']}",
            "Multiply-accumulates": " -> ".join(f"{macs / 1e6:.1f} million" for macs in result.macs),
            "Instruction set": str(record.get("isa", "not asked for")),
            "Took": ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in result.stages.items()),
        },
    }
    return format_page(PACKAGE, rounded(document))


def rounded(value: Any) -> Any:
    """Shorten all numbers to six digits, through dictionaries and lists."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return [rounded(item) for item in value] if isinstance(value, (list, tuple)) else value
