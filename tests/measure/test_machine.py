"""What a machine is described by."""

from __future__ import annotations

from gcv_edge.measure.engine import describe_engine
from gcv_edge.measure.machine import describe_machine, find_version, resident_bytes


def test_only_what_is_installed_has_a_version() -> None:
    assert list(describe_machine(["numpy", "no-such-package"])["versions"]) == ["numpy"]
    assert find_version("no-such-package") == ""


def test_the_engine_tells_what_the_processor_computes_in() -> None:
    found = describe_engine()
    assert list(found) == ["cpu", "capabilities", "openvino"]
    assert "FP32" in found["capabilities"]
    assert found["openvino"] in find_version("openvino")


def test_memory_that_is_taken_is_seen() -> None:
    before = resident_bytes()
    taken = bytes([1]) * (64 << 20)
    after = resident_bytes()
    assert before is None or (after is not None and after - before > len(taken) / 2)
