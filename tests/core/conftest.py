"""Every test of the native code runs on every instruction set that this processor has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gcv_edge import _core


@pytest.fixture(params=_core.available_isas(), autouse=True, scope="module")
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Instruction set in use; the fastest is put back afterwards."""
    _core.set_isa(request.param)
    yield request.param
    _core.set_isa(_core.available_isas()[-1])
