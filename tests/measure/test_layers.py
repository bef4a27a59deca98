"""What OpenVINO's counters say of a network's layers."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcv_edge.measure.engine import has_bf16
from gcv_edge.measure.layers import open_counting, profile, read_layers
from gcv_edge.measure.networks import best, compare_speed, time_forms
from gcv_edge.measure.timer import Rounds
from gcv_edge.runtime.sessions import SessionOptions
from tests.runtime.conftest import Maker, make_model  # noqa: F401


@pytest.fixture
def model(make_model: Maker) -> Path:  # noqa: F811
    return make_model("segmentation", batch=None)


def test_layers_have_a_type_a_kernel_and_a_time(model: Path) -> None:
    request = open_counting(model, SessionOptions(), batch=2)
    request.infer()
    assert list(request.input_tensors[0].shape)[:1] == [2]
    for layer in read_layers(request):
        assert layer.layer
        assert layer.kernel
        assert layer.microseconds > 0


def test_the_fastest_run_of_each_layer_counts(model: Path) -> None:
    once, often = (sum(layer.microseconds for layer in profile(model, runs=n).values()) for n in (1, 50))
    assert 0 < often <= 2 * once


def test_forms_are_timed_in_turn(model: Path) -> None:
    times = time_forms({"a": (model, "f32"), "b": (model, "f32")}, Rounds(3))
    assert [len(values) for values in times.values()] == [3, 3]
    assert all(0 < value <= min(times[name]) * 1.01 for name, value in best(times).items())


def test_the_first_network_gives_the_scale(model: Path) -> None:
    seconds = compare_speed([model, model], Rounds(3))
    assert len(seconds) == 2
    assert min(seconds) > 0


def test_a_cap_takes_bf16_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_VNNI")
    assert not has_bf16()
