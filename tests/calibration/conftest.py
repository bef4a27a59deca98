"""Networks whose outputs can be worked out by hand."""

from __future__ import annotations

from tests.runtime.conftest import make_model

__all__ = ["make_model"]
