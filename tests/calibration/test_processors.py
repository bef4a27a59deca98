"""The same 8-bit numbers on processors with other instructions."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest

from gcv_edge.calibration.graph_rewrites import prepare
from gcv_edge.calibration.qdq_nodes import quantize
from gcv_edge.calibration.quantization_parameters import TARGETS
from gcv_edge.graph.writing import write_model
from gcv_edge.runtime import openvino_session
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions
from tests.support.calibration_graphs import Net, find_ranges, pictures
from tests.support.processors import needs_vnni

INFER = """
import sys
import numpy as np
from gcv_edge.runtime.openvino_session import shared_core
core = shared_core()
compiled = core.compile_model(core.read_model(sys.argv[1]), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
found = compiled({"data": np.load(sys.argv[2])})
np.savez(sys.argv[3], **{output.get_any_name(): array for output, array in found.items()})
"""


def leaky(net: Net, data: ir.Value) -> ir.Value:
    return net.graph.op("LeakyRelu", [data], f"{data.name}_leaky", alpha=0.1)


def joining() -> ir.Model:
    """As YOLOv3's necks: of a value with two signs, one reader is a convolution and one a join."""
    net = Net(channels=16, size=26)
    route = net.conv(leaky(net, net.conv(net.data, 64, name="entry")), 64, 1, name="route")
    deep = leaky(net, net.conv(route, 64, name="deep"))
    joined = net.concat(leaky(net, net.conv(deep, 32, 1, name="side")), route)
    head = net.conv(leaky(net, net.conv(joined, 64, 1, name="neck")), 24, 1, name="head")
    return net.model(head=head, deep_head=net.conv(deep, 24, 1, name="deep_head"))


def adding() -> ir.Model:
    """As MobileNetV2's bottlenecks: what has two signs is read by a convolution and a sum."""
    net = Net(channels=16, size=26)
    entry = net.conv(net.data, 32, name="entry")
    inner = net.relu(net.conv(entry, 64, 1, name="expand"))
    inner = net.relu(net.conv(inner, 64, group=64, name="depthwise"))
    total = net.add(net.conv(inner, 32, 1, name="project"), entry)
    return net.model(head=net.conv(total, 24, 1, name="head"), entry_head=net.conv(entry, 24, 1, name="tap"))


@needs_vnni
@pytest.mark.parametrize("make", [joining, adding])
@pytest.mark.parametrize("target", ["x86", "portable"])
@pytest.mark.parametrize("cap", ["ALL", "AVX512_CORE_VNNI", "AVX512_CORE", "AVX2"])
def test_numbers_with_two_signs_are_onnx_runtimes(
    cap: str, target: str, make: Callable[[], ir.Model], tmp_path: Path
) -> None:
    if cap in ("AVX512_CORE", "AVX2") and target == "x86":
        pytest.skip("without VNNI, files for x86 may overflow: that is what portable is for")
    model, (picture,) = prepare(make()), pictures(1, 16, 26, 26)
    _, ranges = find_ranges(model, [picture])
    quantize(model, ranges, TARGETS[target])
    path, data, outputs = (tmp_path / name for name in ("net.onnx", "data.npy", "out.npz"))
    write_model(model, path)
    np.save(data, picture["data"])
    line = [sys.executable, "-c", INFER, str(path), str(data), str(outputs)]
    subprocess.run(line, env={**os.environ, "ONEDNN_MAX_CPU_ISA": cap}, check=True, timeout=120)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    with np.load(outputs) as found:
        for name, expected in zip(names, session.run(None, picture), strict=True):
            assert np.sqrt(np.mean((found[name] - expected) ** 2)) < 0.02 * expected.std()


@pytest.mark.parametrize(
    ("engine", "target", "is_exact", "is_told"),
    [
        ("openvino", "x86", False, True),
        ("openvino", "arm", False, True),
        ("openvino", "portable", False, False),
        ("openvino", None, False, False),
        ("openvino", "x86", True, False),
        ("onnxruntime", "x86", False, False),
    ],
)
def test_sums_that_may_overflow_on_this_processor_are_told_once(
    engine: str,
    target: str | None,
    is_exact: bool,
    is_told: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    model, path = prepare(joining()), tmp_path / "net.onnx"
    if target is not None:
        quantize(model, find_ranges(model, pictures(1, 16, 26, 26))[1], TARGETS[target])
    write_model(model, path)
    openvino_session.warn_of_overflow.cache_clear()
    monkeypatch.setattr(openvino_session, "adds_8_bit_exactly", lambda: is_exact)
    for _ in range(2):
        open_session(path, SessionOptions(engine=engine))
    assert len(caplog.records) == is_told
    assert all("no VNNI" in record.getMessage() for record in caplog.records)
