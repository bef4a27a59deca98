"""One call from a float file to the fastest file within an accuracy budget. Needs the extra [export].

    from gcv_edge.optimize import OptimizeOptions, optimize

    result = optimize("net.onnx", "pictures", OptimizeOptions(speedup=1.5, max_drop=1.0))

``optimize`` and its result are loaded when they are first used, so that options cost next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gcv_edge.optimize.observer import Observer
from gcv_edge.optimize.options import OptimizeOptions

if TYPE_CHECKING:
    from gcv_edge.optimize.run import OptimizeResult, optimize

__all__ = ["Observer", "OptimizeOptions", "OptimizeResult", "optimize"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module 'gcv_edge.optimize' has no attribute '{name}'")
        from gcv_edge.optimize import run

        return getattr(run, name)
