"""Tables of times are read right, and every kind of layer can be measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gcv_edge.calibration.float_kernels import is_8_bit
from gcv_edge.graph.writing import write_model
from gcv_edge.measure.layers import profile
from gcv_edge.prune import channel_spaces, count_macs
from gcv_edge.prune.search.cost import LatencyCost, WidthTable
from gcv_edge.prune.search.latency import find_kinds, in_8_bits, measure_layers, plan_cases, widths_of
from tests.support.pruning_networks import ignore
from tests.support.small_graphs import make


def test_a_table_interpolates_between_widths() -> None:
    table = WidthTable.of({"16 16": 1.0, "16 32": 2.0, "32 16": 3.0, "32 32": 4.0})
    assert table.read(24, 24) == pytest.approx(2.5)
    assert table.read(16, 32) == 2.0
    assert table.read(8, 8) == 1.0


def test_a_table_of_a_grouped_layer_knows_one_output_width_per_input_width() -> None:
    assert WidthTable.of({"16 16": 1.0, "32 32": 2.0}).read(24, 24) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("channels", "widths"), [(64, [16, 32, 48, 64]), (32, [8, 16, 24, 32]), (3, [3]), (10, [8, 10])]
)
def test_measured_widths(channels: int, widths: list[int]) -> None:
    assert widths_of(channels) == widths


def test_whole_networks_cost_what_they_measure() -> None:
    spaces = channel_spaces(make("residual"))
    kinds = {layer.name: layer.name for layer in spaces.layers}
    table = {name: {"1 1": 1.0} for name in kinds}
    cost = LatencyCost(spaces, kinds, table, 20.0)
    everything = np.ones(len(spaces.units), bool)
    assert cost(everything) == pytest.approx(20.0)
    fewer = everything.copy()
    fewer[spaces.layers[0].outputs[:8]] = False
    assert cost(fewer) < 20.0


KINDS = ("residual", "depthwise", "flattened", "upsampled", "few_groups", "grouped")


@pytest.mark.parametrize("precision", ["f32", "int8"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_layer_can_be_measured(kind: str, precision: str) -> None:
    model = make(kind)
    cases = plan_cases(find_kinds(model, channel_spaces(model)))
    table = measure_layers(cases, ignore, precision=precision)
    assert all(sum(times.values()) > 0 for times in table.values())
    assert {case.kind for case, _ in cases} == set(table)


@pytest.mark.parametrize("kind", KINDS)
def test_8_bit_forms_run_8_bit_kernels(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "form.onnx"
    write_model(in_8_bits(make(kind)), path)
    layers = {layer.name for layer in channel_spaces(make(kind)).layers}
    kernels = [found.kernel for name, found in profile(path).items() if name in layers]
    assert kernels
    assert all(is_8_bit(kernel) for kernel in kernels)


def test_work_is_counted_whatever_nodes_are_called() -> None:
    model = make("residual")
    expected = count_macs(model)
    assert expected > 0
    for node in model.graph:
        node.name = "" if node.op_type == "Conv" else "same"
    assert count_macs(model) == expected
