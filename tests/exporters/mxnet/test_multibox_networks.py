"""Detectors that end in MultiBoxDetection, built as MXNet's SSD example builds them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge import Detector
from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.mxnet.detection import find_detection_head
from gcv_edge.exporters.mxnet.export import export_network
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.symbol import parse_symbol
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import DetectionSettings, format_metadata
from gcv_edge.pipeline import export
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions
from gcv_edge.verification.lists import final_list, match
from gcv_edge.verify import check_export
from tests.support.references import mxnet_reference

SHAPE = (1, 3, 64, 96)
CLASSES = ("disc", "ring", "bar")
SIZES, RATIOS = ((0.2, 0.27), (0.37, 0.45)), (1, 2, 0.5)
EXAMPLE = {"nms_threshold": 0.45, "nms_topk": 60, "variances": (0.1, 0.1, 0.2, 0.2)}
VARIANTS: dict[str, dict[str, Any]] = {
    "example/ssd": EXAMPLE,
    "defaults": {},
    "classes together": {**EXAMPLE, "force_suppress": True},
    "unclipped, unlike variances": {"clip": False, "variances": (0.1, 0.2, 0.3, 0.4), "nms_threshold": 0.2},
    "a high threshold": {"threshold": 0.4, "nms_threshold": 0.3},
    "no suppression": {"nms_threshold": -1, "nms_topk": 9},
}
every_engine = pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])


def build(mxnet: ModuleType, loss: bool = False, **settings: Any) -> Any:
    """Make the symbol of a small SSD; with a loss, the one that training saves."""
    sym = mxnet.sym
    data = sym.Variable("data")
    found: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    for stage, sizes in enumerate(SIZES):
        data = sym.Convolution(
            data, kernel=(3, 3), stride=(4, 4), pad=(1, 1), num_filter=8, name=f"conv{stage}"
        )
        data = sym.Activation(sym.BatchNorm(data, fix_gamma=False, name=f"bn{stage}"), act_type="relu")
        count = len(sizes) + len(RATIOS) - 1
        outputs = (count * (len(CLASSES) + 1), count * 4)
        for part, number in enumerate(outputs):
            maps = sym.Convolution(
                data, kernel=(3, 3), pad=(1, 1), num_filter=number, name=f"head{stage}{part}"
            )
            found[part].append(sym.Flatten(sym.transpose(maps, axes=(0, 2, 3, 1))))
        anchors = sym.contrib.MultiBoxPrior(data, sizes=sizes, ratios=RATIOS, clip=False)
        found[2].append(sym.Flatten(anchors))
    classes, offsets, anchors = (sym.Concat(*parts, dim=1) for parts in found)
    classes = sym.transpose(sym.Reshape(classes, shape=(0, -1, len(CLASSES) + 1)), axes=(0, 2, 1))
    anchors = sym.Reshape(anchors, shape=(0, -1, 4))
    if not loss:
        probabilities = sym.SoftmaxActivation(classes, mode="channel", name="cls_prob")
        return sym.contrib.MultiBoxDetection(probabilities, offsets, anchors, name="detection", **settings)
    labels = sym.Variable("label")
    target = sym.contrib.MultiBoxTarget(anchors, labels, classes, name="target")
    probabilities = sym.SoftmaxOutput(classes, target[2], multi_output=True, name="cls_prob")
    rows = sym.contrib.MultiBoxDetection(probabilities, offsets, anchors, name="detection", **settings)
    return sym.Group([probabilities, sym.MakeLoss(rows, grad_scale=0, name="det_out")])


def draw(name: str, shape: tuple[int, ...], random: np.random.RandomState) -> NDArray[np.float32]:
    """Draw a parameter by its role."""
    if name.endswith(("gamma", "var")):
        return random.uniform(0.5, 1.5, shape).astype(np.float32)
    spread = (2 / np.prod(shape[1:])) ** 0.5 if name.endswith("weight") else 0.1
    return (random.normal(0, spread, shape)).astype(np.float32)


@pytest.fixture
def make(mxnet: ModuleType) -> Callable[..., Network]:
    """Make a network with random weights."""

    def make_network(**settings: Any) -> Network:
        plain, wanted = build(mxnet), build(mxnet, **settings)
        arguments, _, states = plain.infer_shape(data=SHAPE)
        names = [*plain.list_arguments(), *plain.list_auxiliary_states()]
        random = np.random.RandomState(1)
        weights = {
            name: draw(name, shape, random)
            for name, shape in zip(names, [*arguments, *states], strict=True)
            if name != "data"
        }
        return Network("ssd", parse_symbol(wanted.tojson()), weights)

    return make_network


def picture(seed: int, count: int = 1) -> NDArray[np.float32]:
    return np.random.RandomState(seed).normal(0, 1, (count, *SHAPE[1:])).astype(np.float32)


def write(network: Network, path: Path, **options: Any) -> Path:
    exported = export_network(network, ExportOptions(input_shape=SHAPE, **options))
    exported.model.metadata_props.update(format_metadata(exported.metadata))
    write_model(exported.model, path)
    return path


def settings_of(network: Network) -> DetectionSettings:
    settings = export_network(network, ExportOptions(input_shape=SHAPE)).metadata.detection
    assert settings is not None
    return settings


def mxnets_rows(mxnet: ModuleType, network: Network, batch: NDArray[np.float32], **settings: Any) -> Any:
    """Run the example's own symbol, and return what it detects in the first picture, in pixels."""
    symbol = build(mxnet, **settings)
    values = {name: mxnet.nd.array(value) for name, value in {**network.weights, "data": batch}.items()}
    states = {name: values[name] for name in symbol.list_auxiliary_states()}
    args = {name: values[name] for name in symbol.list_arguments()}
    outputs = symbol.bind(mxnet.cpu(), args=args, aux_states=states, grad_req="null").forward()
    rows = outputs[0].asnumpy()[0]
    return rows[rows[:, 0] >= 0] * np.array([1, 1, *(SHAPE[3], SHAPE[2]) * 2], np.float32)


@every_engine
@pytest.mark.parametrize("name", VARIANTS)
def test_lists_are_mxnets(
    name: str, engine: str, make: Callable[..., Network], mxnet: ModuleType, tmp_path: Path
) -> None:
    network, batch = make(**VARIANTS[name]), picture(3)
    settings = settings_of(network)
    theirs = mxnets_rows(mxnet, network, batch, **VARIANTS[name])
    assert len(theirs) >= 5
    assert len(theirs) == len(final_list(mxnet_reference(network, SHAPE).run(batch), 0, settings))
    found = open_session(write(network, tmp_path / "a.onnx"), SessionOptions(engine=engine)).run(batch)
    ours = final_list(found, 0, settings)
    assert len(ours) == len(theirs) == match(ours, theirs)
    path = write(network, tmp_path / "b.onnx", nms="graph")
    in_graph = open_session(path, SessionOptions(engine=engine)).run(batch)
    listed = np.concatenate([in_graph[key][0] for key in ("ids", "scores", "boxes")], axis=1)
    kept = listed[listed[:, 0] >= 0]
    assert len(kept) == len(theirs) == match(kept, theirs)


@pytest.mark.parametrize("name", VARIANTS)
def test_settings_are_the_networks(name: str, make: Callable[..., Network]) -> None:
    settings, given = settings_of(make(**VARIANTS[name])), VARIANTS[name]
    overlap = given.get("nms_threshold", 0.5)
    assert settings.confidence_threshold == given.get("threshold", 0.01)
    assert settings.iou_threshold == max(overlap, 0)
    assert settings.nms_topk == (given.get("nms_topk", -1) if overlap > 0 else -1)
    assert (settings.post_nms, settings.class_agnostic) == (-1, given.get("force_suppress", False))


def test_what_training_saved_is_taken_too(make: Callable[..., Network], tmp_path: Path) -> None:
    trained, deployed = make(loss=True, **EXAMPLE), make(**EXAMPLE)
    found, expected = (
        open_session(write(network, tmp_path / f"{index}.onnx"), SessionOptions()).run(picture(1))
        for index, network in enumerate((trained, deployed))
    )
    for key in ("boxes", "scores"):
        np.testing.assert_allclose(found[key], expected[key], atol=1e-5)


def test_open_batch(make: Callable[..., Network], tmp_path: Path) -> None:
    network, batch = make(**EXAMPLE), picture(5, 3)
    path = write(network, tmp_path / "net.onnx", dynamic_batch=True)
    for engine in ("onnxruntime", "openvino"):
        found = open_session(path, SessionOptions(engine=engine), batch=3).run(batch)
        expected = mxnet_reference(network, SHAPE).run(batch)
        np.testing.assert_allclose(found["boxes"], expected["boxes"], atol=2e-3)
        np.testing.assert_allclose(found["scores"], expected["scores"], atol=1e-5)


@pytest.mark.parametrize("loss", [False, True])
def test_verification_takes_them(loss: bool, make: Callable[..., Network], tmp_path: Path) -> None:
    network = make(loss=loss, **EXAMPLE)
    path = write(network, tmp_path / "net.onnx")
    metadata = export_network(network, ExportOptions(input_shape=SHAPE)).metadata
    verification = check_export(path, metadata, mxnet_reference(network, SHAPE))
    assert verification.passed


def test_a_detector_runs_on_frames(make: Callable[..., Network], tmp_path: Path) -> None:
    path = write(make(**EXAMPLE), tmp_path / "net.onnx", labels=CLASSES)
    frame = np.random.RandomState(0).randint(0, 256, (120, 200, 3)).astype(np.uint8)
    result = Detector(path).run(frame)
    assert len(result) > 0
    assert set(result.names) <= set(CLASSES)


def test_scores_of_no_picture_are_refused() -> None:
    variables = [{"op": "null", "name": name, "inputs": []} for name in ("offsets", "anchors")]
    zeros = {"op": "_zeros", "name": "zeros", "attrs": {"shape": "(1, 4, 5)"}, "inputs": []}
    inputs = [[2, 0, 0], [0, 0, 0], [1, 0, 0]]
    rows = {"op": "_contrib_MultiBoxDetection", "name": "rows", "inputs": inputs}
    text = json.dumps({"nodes": [*variables, zeros, rows], "arg_nodes": [0, 1], "heads": [[3, 0, 0]]})
    with pytest.raises(UnsupportedError, match="_zeros 'zeros': scores that are not computed from a picture"):
        find_detection_head(parse_symbol(text))


def test_a_threshold_under_zero_is_refused(make: Callable[..., Network]) -> None:
    with pytest.raises(UnsupportedError, match="threshold='-1' is not supported"):
        settings_of(make(threshold=-1))


def test_boxes_are_pixels_where_a_parameter_comes_before_the_map(mxnet: ModuleType, tmp_path: Path) -> None:
    from tests.support.symbol_networks import SIZE, ssd

    symbol = ssd().write(tmp_path / "net")
    export(str(symbol), tmp_path / "net.onnx", options=ExportOptions(input_shape=(1, 3, SIZE, SIZE)))
    frame = np.random.default_rng(0).integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    found = Detector(tmp_path / "net.onnx").run(frame)
    assert np.median(found.boxes[:, 2] - found.boxes[:, 0]) > 0.1 * SIZE
