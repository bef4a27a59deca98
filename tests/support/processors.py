"""What tests need of the processor."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest


def adds_8_bit_products_exactly() -> bool:
    """Whether 8-bit kernels add products in 32 bits, as with VNNI; other x86 processors saturate at 16."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return True
    flags = Path("/proc/cpuinfo").read_text().split()
    return "avx512_vnni" in flags or "avx_vnni" in flags


needs_vnni = pytest.mark.skipif(
    not adds_8_bit_products_exactly(),
    reason="without VNNI, engines and MXNet saturate sums of 8-bit products, each in its own way",
)
