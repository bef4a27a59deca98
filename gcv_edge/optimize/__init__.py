"""From a float file to the fastest file within an accuracy budget. Needs the extra [export].

    from gcv_edge.optimize import Goal, OptimizeOptions, optimize, search_forms

    result = optimize("net.onnx", "pictures", OptimizeOptions(speedup=1.5, max_drop=1.0))
    found = search_forms("net.onnx", "pictures", Goal(max_drop=1.0))

What works is loaded when it is first used, so that options cost next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gcv_edge.optimize.observer import Observer
from gcv_edge.optimize.options import OptimizeOptions

if TYPE_CHECKING:
    from gcv_edge.optimize.form_search import FormSearchResult, search_forms
    from gcv_edge.optimize.forms import Form, Goal
    from gcv_edge.optimize.forms_page import format_form_report, write_form_report
    from gcv_edge.optimize.run import OptimizeResult, optimize

__all__ = [
    "Form",
    "FormSearchResult",
    "Goal",
    "Observer",
    "OptimizeOptions",
    "OptimizeResult",
    "format_form_report",
    "optimize",
    "search_forms",
    "write_form_report",
]

if not TYPE_CHECKING:
    MODULES = {
        "optimize": "run",
        "OptimizeResult": "run",
        "search_forms": "form_search",
        "FormSearchResult": "form_search",
        "Form": "forms",
        "Goal": "forms",
        "format_form_report": "forms_page",
        "write_form_report": "forms_page",
    }

    def __getattr__(name: str) -> Any:
        if name not in MODULES:
            raise AttributeError(f"module 'gcv_edge.optimize' has no attribute '{name}'")
        return getattr(importlib.import_module(f"gcv_edge.optimize.{MODULES[name]}"), name)
