"""What a machine is described by."""

from __future__ import annotations

import platform

import pytest

from gcv_edge import cpus
from gcv_edge.cpus import own_target
from gcv_edge.measure.engine import describe_engine
from gcv_edge.measure.machine import describe_machine, find_version, resident_bytes
from gcv_edge.optimize import OptimizeOptions


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


@pytest.mark.parametrize(
    ("processor", "flags", "cap", "expected"),
    [
        ("x86_64", {"avx2", "avx512_vnni"}, "", "x86"),
        ("AMD64", {"avx2", "avx_vnni"}, "", "x86"),
        ("x86_64", {"avx2", "fma"}, "", "portable"),
        ("x86_64", {"avx2", "avx512_vnni"}, "avx512_core", "portable"),
        ("x86_64", {"avx2", "avx512_vnni", "amx_int8"}, "AVX512_CORE_VNNI", "x86"),
        ("x86_64", set(), "", "x86"),
        ("aarch64", {"asimddp"}, "", "arm"),
    ],
    ids=["server", "laptop", "without VNNI", "capped", "capped to VNNI", "unknown", "ARM"],
)
def test_8_bit_files_are_for_this_kind_of_processor(
    monkeypatch: pytest.MonkeyPatch, processor: str, flags: set[str], cap: str, expected: str
) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", cap)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    monkeypatch.setattr(cpus, "cpu_flags", lambda: frozenset(flags))
    assert own_target() == OptimizeOptions().target == expected
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA")
    monkeypatch.setenv("DNNL_MAX_CPU_ISA", cap)
    assert own_target() == expected
