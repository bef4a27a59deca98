"""What tests need of the processor."""

from __future__ import annotations

import pytest

from gcv_edge.cpus import adds_8_bit_exactly

needs_vnni = pytest.mark.skipif(
    not adds_8_bit_exactly(),
    reason="without VNNI, OpenVINO and MXNet saturate sums of 8-bit products, each in its own way",
)
