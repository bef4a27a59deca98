"""The files of a network: which parameters are taken, whose names they have, and what tells two apart."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gcv_edge.errors import ModelFileError, ParamsMismatchError, UnsupportedError
from gcv_edge.exporters.mxnet.network import hash_network
from gcv_edge.exporters.mxnet.network_files import read_network
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.runtime.opening import open_session
from tests.support.symbol_files import Entry, SymbolFile, write_params

SHAPE = (1, 3, 8, 8)


def write(folder: Path, **epochs: int) -> str:
    """Write a network whose parameters say which epoch they are of: the bias of the last layer."""
    source = ""
    for seed, epoch in enumerate(epochs.values()):
        net = SymbolFile(seed=seed)
        head = net.classes(3)
        net.weights["fc_bias"] = np.full(3, epoch, np.float32)
        source = net.save(folder, head, epoch=epoch)
    return source


@pytest.mark.parametrize(
    ("epochs", "highest"),
    [((9999, 10000), 10000), ((0, 20), 20), ((123456, 99999), 123456), ((1, 2, 10000, 9), 10000)],
)
def test_the_highest_epoch_is_the_highest_number(
    epochs: tuple[int, ...], highest: int, tmp_path: Path
) -> None:
    source = write(tmp_path, **{f"e{epoch}": epoch for epoch in epochs})
    network = read_network(source, None)
    assert network.weights["fc_bias"][0] == highest
    assert network.notes == (
        f"parameters: net-{highest:04d}.params, the highest of {len(epochs)} epochs (--params)",
    )


def test_parameters_without_an_epoch(tmp_path: Path) -> None:
    source = write(tmp_path, only=7)
    (tmp_path / "net-0007.params").rename(tmp_path / "net.params")
    assert read_network(source, None).weights["fc_bias"][0] == 7


@pytest.mark.parametrize(
    ("epochs", "note"),
    [
        ([0], "parameters: net-0000.params, not net.params (--params)"),
        ([3, 12], "parameters: net-0012.params, the highest of 2 epochs, not net.params (--params)"),
    ],
)
def test_an_epoch_beside_parameters_without_one_is_told(epochs: list[int], note: str, tmp_path: Path) -> None:
    for epoch in epochs:
        source = write(tmp_path, only=epoch)
    shutil.copy(tmp_path / f"net-{epochs[0]:04d}.params", tmp_path / "net.params")
    assert read_network(source, None).notes == (note,)


@pytest.mark.parametrize("name", ["net-symbol.json", "net-0000.params"])
def test_a_git_lfs_pointer_is_called_one(name: str, tmp_path: Path) -> None:
    source = write(tmp_path, only=0)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12345\n"
    (tmp_path / name).write_text(pointer)
    with pytest.raises(
        ModelFileError, match=f"{name}: is a Git LFS pointer, not the file itself: run git lfs pull"
    ):
        read_network(source, None)


def rename(folder: Path, names: dict[str, str]) -> None:
    network = read_network(folder / "net-symbol.json", None)
    write_params(folder / "net-0000.params", {names[name]: network.weights[name] for name in names})


def test_names_of_save_parameters_fit_by_order_and_shape(tmp_path: Path) -> None:
    source = write(tmp_path, only=0)
    before = dict(read_network(source, None).weights)
    paths = {"trunk_weight": "features.0.weight", "trunk_bias": "features.0.bias",
             "fc_weight": "output.weight", "fc_bias": "output.bias"}  # fmt: skip
    rename(tmp_path, paths)
    network = read_network(source, None)
    assert {name: network.weights[name].tolist() for name in paths} == {
        name: before[name].tolist() for name in paths
    }
    assert "names are of save_parameters" in network.notes[0]


def test_names_without_their_common_beginning_fit(tmp_path: Path) -> None:
    net = SymbolFile()
    head = net.dense("net0_fc", net.op("Flatten", "net0_flat", net.data), 3, 192)
    source = net.save(tmp_path, head)
    rename(tmp_path, {"net0_fc_weight": "fc_weight", "net0_fc_bias": "fc_bias"})
    assert set(read_network(source, None).weights) == {"net0_fc_weight", "net0_fc_bias"}
    assert export(source, tmp_path / "out.onnx", options=ExportOptions(SHAPE)).path.exists()


@pytest.mark.parametrize(
    "paths",
    [
        {"trunk_weight": "features.0.weight", "fc_weight": "output.weight", "fc_bias": "output.bias"},
        {"trunk_weight": "a.gamma", "trunk_bias": "a.beta", "fc_weight": "b.weight", "fc_bias": "b.bias"},
        {"trunk_weight": "a.weight", "trunk_bias": "a.bias"},
    ],
)
def test_paths_that_do_not_fit_are_refused(paths: dict[str, str], tmp_path: Path) -> None:
    source = write(tmp_path, only=0)
    rename(tmp_path, paths)
    with pytest.raises(ParamsMismatchError, match=r"fits no layer of the symbol: give the block itself"):
        read_network(source, None)


ROLES = ("weight", "bias")


def chain(net: SymbolFile, **widths: int) -> Entry:
    """A convolution for each name, of so many channels, in the order of computing."""
    x, width = net.data, 3
    for name, outputs in widths.items():
        x, width = net.conv(name, x, outputs, width), outputs
    return x


def fit(folder: Path, net: SymbolFile, head: Entry, paths: dict[str, str]) -> dict[str, bool]:
    """Store layers under paths, in that order; say which come back to their own variables."""
    source = net.save(folder, net.op("Flatten", "flat", head))
    before = {name: np.array(array) for name, array in read_network(source, None).weights.items()}
    rename(folder, {f"{layer}_{role}": f"{path}.{role}" for layer, path in paths.items() for role in ROLES})
    found = read_network(source, None).weights
    return {name: np.array_equal(found[name], before[name]) for name in before}


def test_blocks_of_a_kind_were_made_in_the_order_of_their_counters(tmp_path: Path) -> None:
    """As in a pyramid, where the last block is computed first."""
    net = SymbolFile()
    head = chain(net, stem0_conv0=8, smooth2_conv0=8, smooth1_conv0=8, smooth0_conv0=8)
    paths = {f"{name}_conv0": f"{name}.body.0" for name in ("stem0", "smooth0", "smooth1", "smooth2")}
    assert all(fit(tmp_path, net, head, paths).values())


def test_layers_of_a_block_begin_alike(tmp_path: Path) -> None:
    net = SymbolFile()
    head = chain(net, left_conv0=4, right_conv0=6, right_conv1=6, middle_conv0=6, left_conv1=6)
    paths = {"left_conv0": "a.0", "left_conv1": "a.1", "right_conv0": "b.0",
             "right_conv1": "b.1", "middle_conv0": "c.0"}  # fmt: skip
    assert all(fit(tmp_path, net, head, paths).values())


def test_shapes_are_known_from_the_layers_before(tmp_path: Path) -> None:
    net = SymbolFile()
    head = chain(net, stem_conv0=8, pre_conv0=4, post_conv0=6)
    paths = {"stem_conv0": "s.0", "post_conv0": "p.0", "pre_conv0": "q.0"}
    assert all(fit(tmp_path, net, head, paths).values())


@pytest.mark.parametrize("first", ["pre", "post"])
def test_layers_that_nothing_tells_apart_are_not_guessed(first: str, tmp_path: Path) -> None:
    net = SymbolFile()
    head = chain(net, stem_conv0=8, pre_conv0=8, post_conv0=8)
    second = "post" if first == "pre" else "pre"
    paths = {"stem_conv0": "s.0", f"{first}_conv0": "p.0", f"{second}_conv0": "q.0"}
    with pytest.raises(ParamsMismatchError, match=r"'p.0' may be any of pre_conv0, post_conv0: "):
        fit(tmp_path, net, head, paths)


@pytest.mark.parametrize(
    "name",
    ["resnet18_v1", "resnet18_v2", "mobilenetv2_0.25", "squeezenet1.1", "densenet121", "fcn_resnet50_ade"],
)
def test_a_zoo_network_s_paths_find_their_places(name: str, gluoncv: ModuleType) -> None:
    from gcv_edge.exporters.mxnet import binding, live
    from gcv_edge.exporters.mxnet.fitting import list_slots

    shapes = live.zoo_shapes(name)
    block = live.build_block(gluoncv, name, (), live.size_of(shapes))
    traced = live.trace_block(block, name, *shapes)
    slots = [slot for slot in list_slots(block, traced.shapes) if slot.name in traced.shapes]
    arrays = {slot.paths[0]: np.broadcast_to(np.float32(0), slot.shape) for slot in slots}
    symbol = replace(
        traced.symbol, nodes=tuple(with_shape(node, traced.shapes) for node in traced.symbol.nodes)
    )
    found = binding.match_layers(symbol, arrays, name)  # type: ignore[arg-type]
    assert {key: id(value) for key, value in found.items()} == {
        slot.name: id(arrays[slot.paths[0]]) for slot in slots
    }


def with_shape(node: Any, shapes: dict[str, tuple[int, ...]]) -> Any:
    known = node.name in shapes and node.is_variable
    return replace(node, attrs={**node.attrs, "__shape__": str(shapes[node.name])}) if known else node


def test_the_hash_covers_symbol_parameters_and_options(tmp_path: Path) -> None:
    network = read_network(write(tmp_path, only=0), None)
    options = ExportOptions(SHAPE)
    last = network.symbol.nodes[-1]
    other = {**last.attrs, "num_hidden": "4"}
    changed_symbol = replace(network.symbol, nodes=(*network.symbol.nodes[:-1], replace(last, attrs=other)))
    numbers = {name: array.copy() for name, array in network.weights.items()}
    numbers["fc_bias"][0] += 1e-6
    hashes = [
        hash_network(network, options),
        hash_network(replace(network, symbol=changed_symbol), options),
        hash_network(replace(network, weights=numbers), options),
        hash_network(network, ExportOptions((1, 3, 16, 16))),
        hash_network(network, ExportOptions(SHAPE, nms="graph")),
    ]
    assert len(set(hashes)) == len(hashes)
    assert hash_network(read_network(tmp_path / "net-symbol.json", None), options) == hashes[0]


def test_another_network_replaces_an_older_file(tmp_path: Path) -> None:
    net = SymbolFile()
    scores = net.classes(3)
    first = net.save(tmp_path, scores, name="first")
    second = net.save(tmp_path, net.op("relu", "rectified", scores), name="second")
    for source in (first, second, first):
        options = ExportOptions(SHAPE, task="classification")
        result = export(source, tmp_path / "out.onnx", options=options)
        assert result.verification is not None
        assert result.verification.passed
    assert open_session(tmp_path / "out.onnx").outputs == {"logits": (1, 3)}


@pytest.mark.parametrize("shape", [(1, 3, 9, 9), (1, 3, 8, 16), (1, 1, 8, 8)])
def test_shapes_that_do_not_fit_point_at_the_option(shape: tuple[int, ...], tmp_path: Path) -> None:
    net = SymbolFile()
    maps = net.conv("c", net.data, 4, 3, stride=2)
    source = net.save(tmp_path, net.dense("fc", net.op("Flatten", "flat", maps), 3, 64))
    shown = ",".join(map(str, shape))
    with pytest.raises(
        (UnsupportedError, ParamsMismatchError), match=rf"the input is {shown}: is --input-shape right\?"
    ):
        export(source, tmp_path / "out.onnx", options=ExportOptions(shape))
