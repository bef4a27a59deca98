"""Damaged symbols are refused by this package's own errors, at once, and never kill the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.loading import load_source
from gcv_edge.exporters.source import ExportOptions
from tests.support.symbol_files import SymbolFile
from tests.support.trials import failures


def convert(folder: Path, net: SymbolFile, *heads: tuple[int, int]) -> None:
    options = ExportOptions(input_shape=(1, 3, 16, 16), task="tensors")
    load_source(net.save(folder, *heads), options=options).convert(options)


def test_nothing_but_this_packages_errors() -> None:
    assert failures("tests.support.symbol_mutations", 0, 400) == ""


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        ("Pooling", 0, "Pooling 'node': 0 inputs, expected 1"),
        ("dot", 1, "dot 'node': 1 inputs, expected 2"),
        ("_contrib_BatchNormWithReLU", 1, "_contrib_BatchNormWithReLU 'node': 1 inputs, expected 5"),
        ("_contrib_MultiBoxDetection", 1, "_contrib_MultiBoxDetection 'node': 1 inputs, expected 3"),
        ("Convolution", 1, "Convolution 'node': 1 inputs, expected 2 or 3"),
        ("Concat", 0, "Concat 'node': 0 inputs, expected 1 or more"),
    ],
)
def test_too_few_inputs(tmp_path: Path, op: str, inputs: int, message: str) -> None:
    net = SymbolFile()
    with pytest.raises(UnsupportedError) as caught:
        convert(tmp_path, net, net.data, net.op(op, "node", *[net.data] * inputs))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("op", "attrs", "message"),
    [
        ("LRN", {"nsize": 5}, "an input has the shape (1, 768), expected one with an axis 2"),
        ("UpSampling", {"scale": 2, "sample_type": "nearest"}, "inputs (1, 768)"),
        ("ROIPooling", {"pooled_size": (2, 2), "spatial_scale": 1}, "1 inputs, expected 2"),
        ("slice_like", {}, "1 inputs, expected 2"),
        ("SequenceMask", {"axis": 2}, "axis='2' is not supported"),
        ("_plus_scalar", {"scalar": "1e39"}, "scalar='1e39' is not supported, expected a number"),
        ("_maximum_scalar", {"scalar": "-4e38"}, "expected a number that float32 holds"),
    ],
)
def test_inputs_of_another_rank(tmp_path: Path, op: str, attrs: dict[str, object], message: str) -> None:
    net = SymbolFile()
    row = net.op("Flatten", "row", net.data)
    with pytest.raises(UnsupportedError) as caught:
        convert(tmp_path, net, net.op(op, "node", row, **attrs))
    assert f"{op} 'node'" in str(caught.value)
    assert message in str(caught.value)


def test_an_output_that_is_not_there(tmp_path: Path) -> None:
    net = SymbolFile()
    node, _ = net.op("SliceChannel", "parts", net.data, num_outputs=3)
    with pytest.raises(UnsupportedError, match="SliceChannel 'parts': output 3 is used, but it has 3"):
        convert(tmp_path, net, net.op("Flatten", "flat", (node, 3)))


def test_small_constants_add_up(tmp_path: Path) -> None:
    net = SymbolFile()
    heads = [net.op("_zeros", f"zeros{index}", shape=(1 << 26,)) for index in range(5)]
    with pytest.raises(UnsupportedError, match=r"_zeros 'zeros4': 67108864 elements .* at most 0 \(shape"):
        convert(tmp_path, net, net.data, *heads)
