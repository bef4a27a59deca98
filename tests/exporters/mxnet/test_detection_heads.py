"""Detectors built from GluonCV's own classes: the exported graphs against MXNet, in both engines."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import onnx_ir as ir
import pytest
from numpy.typing import NDArray

from gcv_edge import Detector, InstanceSegmenter, load
from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.mxnet.export import export_network
from gcv_edge.exporters.mxnet.live import trace
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.source import ExportOptions, Reference
from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import DetectionSettings, ModelMetadata, format_metadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions
from gcv_edge.verification.lists import final_list, mask_error, match, unmatched_proposals, unmatched_share
from gcv_edge.verify import check_export
from tests.exporters.mxnet.operator_rows import arrays, data, row
from tests.exporters.mxnet.operator_runs import ENGINES, convert_row
from tests.support import small_detectors
from tests.support.references import mxnet_reference

SHAPE = (1, 3, 96, 128)
Build = tuple[Callable[..., Any], dict[str, Any]]


class Exported(NamedTuple):
    """A file and what is in it."""

    path: Path
    metadata: ModelMetadata

    @property
    def settings(self) -> DetectionSettings:
        assert self.metadata.detection is not None
        return self.metadata.detection


Exports = Callable[..., Exported]


ONE_MAP: dict[str, Build] = {
    "CenterNet": (small_detectors.center_net, {}),
    "CenterNet, deformable": (small_detectors.center_net, {"dcn": True}),
    "CenterNet, other scale": (small_detectors.center_net, {"scale": 2.5, "topk": 7}),
}
REGIONS: dict[str, Build] = {
    "Faster R-CNN": (small_detectors.faster_rcnn, {}),
    "Faster R-CNN, as GluonCV's trained ones": (small_detectors.faster_rcnn, {"minimal_opset": True}),
    "Faster R-CNN, few candidates of a class": (small_detectors.faster_rcnn, {"nms_topk": 9}),
    "Faster R-CNN, classes together": (small_detectors.faster_rcnn, {"force_nms": True, "nms_topk": 50}),
    "Faster R-CNN, pooled": (small_detectors.faster_rcnn, {"roi_mode": "pool"}),
    "Faster R-CNN, pyramid, pooled": (small_detectors.faster_rcnn_fpn, {"roi_mode": "pool"}),
    "Double head": (small_detectors.double_head_rcnn, {}),
    "Faster R-CNN, pyramid": (small_detectors.faster_rcnn_fpn, {}),
    "Faster R-CNN, pyramid, as GluonCV's trained ones": (
        small_detectors.faster_rcnn_fpn,
        {"minimal_opset": True},
    ),
}
MASKS: dict[str, Build] = {
    "Mask R-CNN": (small_detectors.mask_rcnn, {}),
    "Mask R-CNN, as GluonCV's trained ones": (small_detectors.mask_rcnn, {"minimal_opset": True}),
    "Mask R-CNN, pyramid": (small_detectors.mask_rcnn_fpn, {}),
}
DETECTORS = {**ONE_MAP, **REGIONS}
BUILDS = {**DETECTORS, **MASKS}
every_engine = pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])


@pytest.fixture(scope="module")
def networks(mxnet: ModuleType) -> Callable[[str], Network]:
    """Traced small networks with random weights, by what they are."""
    made: dict[str, Network] = {}

    def make(name: str) -> Network:
        if name not in made:
            build, options = BUILDS[name]
            block = build(**options)
            block.initialize(mxnet.init.Zero(), force_reinit=True)
            made[name] = small_detectors.with_weights(trace(block, "small", SHAPE), seed=1)
        return made[name]

    return make


@pytest.fixture(scope="module")
def exports(networks: Callable[[str], Network], tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """Files of these networks, each exported once, with its metadata."""
    made: dict[str, Exported] = {}

    def make(name: str, **options: Any) -> Exported:
        key = f"{name} {options}"
        if key not in made:
            made[key] = write(networks(name), tmp_path_factory.mktemp("nets") / "net.onnx", **options)
        return made[key]

    return make


@pytest.fixture(scope="module")
def references(networks: Callable[[str], Network]) -> Callable[[str], Reference]:
    """MXNet with each of these networks."""
    return functools.cache(lambda name: mxnet_reference(networks(name), SHAPE))


def picture(seed: int, count: int = 1) -> NDArray[np.float32]:
    return np.random.RandomState(seed).normal(0, 1, (count, *SHAPE[1:])).astype(np.float32)


def write(network: Network, path: Path, **options: Any) -> Exported:
    exported = export_network(network, ExportOptions(input_shape=SHAPE, **options))
    exported.model.metadata_props.update(format_metadata(exported.metadata))
    write_model(exported.model, path)
    return Exported(path, exported.metadata)


def run(path: Path, engine: str, batch: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    return open_session(path, SessionOptions(engine=engine)).run(batch)


@every_engine
@pytest.mark.parametrize("name", DETECTORS)
def test_lists_are_mxnets(
    name: str, engine: str, exports: Exports, references: Callable[[str], Reference]
) -> None:
    batch, head = picture(3), exports(name).settings
    found = run(exports(name).path, engine, batch)
    expected = references(name).run(batch)
    ours, theirs = final_list(found, 0, head), final_list(expected, 0, head)
    assert len(theirs) >= 7
    assert len(ours) == len(theirs) == match(ours, theirs)
    in_graph = run(exports(name, nms="graph").path, engine, batch)
    listed = np.concatenate([in_graph[key][0] for key in ("ids", "scores", "boxes")], axis=1)
    kept = listed[listed[:, 0] >= 0]
    assert len(kept) == len(theirs) == match(kept, theirs)
    assert (np.diff(kept[:, 1]) <= 0).all()


@every_engine
@pytest.mark.parametrize("name", MASKS)
def test_masks_are_mxnets(
    name: str, engine: str, exports: Exports, references: Callable[[str], Reference]
) -> None:
    path, settings = exports(name).path, exports(name).settings
    for seed in (3, 4):
        found, expected = run(path, engine, picture(seed)), references(name).run(picture(seed))
        ours, theirs = final_list(found, 0, settings), final_list(expected, 0, settings)
        assert len(ours) == len(theirs) > 7
        assert unmatched_share(found, expected, settings) == 0
        assert mask_error(found, expected, settings) < 1e-4
        count = found["scores"].shape[1]
        assert found["masks"].shape == (1, count, *expected["final_masks"].shape[2:])
        assert count == len(ours)


@every_engine
def test_without_detections_there_is_one_row(
    engine: str, networks: Callable[[str], Network], tmp_path: Path
) -> None:
    network = networks("Mask R-CNN")
    weights = {
        name: np.array([1000.0, 0, 0, 0], np.float32) if name.endswith("dense0_bias") else value
        for name, value in network.weights.items()
    }
    found = run(write(replace(network, weights=weights), tmp_path / "net.onnx").path, engine, picture(3))
    assert {name: value.shape[:2] for name, value in found.items()} == dict.fromkeys(found, (1, 1))
    assert (found["ids"] == -1).all()


@pytest.mark.parametrize("name", REGIONS)
def test_proposals_are_mxnets(name: str, exports: Exports, references: Callable[[str], Reference]) -> None:
    for seed in range(3):
        batch = picture(seed)
        found, expected = run(exports(name).path, "onnxruntime", batch), references(name).run(batch)
        assert found["boxes"].shape == (*found["scores"].shape, 4)
        assert unmatched_proposals(found, expected) == 0


@pytest.mark.parametrize("name", BUILDS)
def test_verification_takes_them(name: str, exports: Exports, references: Callable[[str], Reference]) -> None:
    """Without the black picture: rounding decides which of its cells are peaks or proposals."""
    verification = check_export(*exports(name), references(name))
    assert verification.passed
    assert verification.batches == ((1, 3) if name in ONE_MAP else (1,))
    assert verification.inputs == ("noise", "picture")


@pytest.mark.parametrize("name", ["CenterNet", "CenterNet, deformable"])
def test_open_batch(name: str, exports: Exports, references: Callable[[str], Reference]) -> None:
    batch, path = picture(5, 3), exports(name, dynamic_batch=True).path
    session = open_session(path, SessionOptions(engine="onnxruntime"), batch=3)
    found, expected = session.run(batch), references(name).run(batch)
    np.testing.assert_allclose(found["boxes"], expected["boxes"], atol=1e-3)
    assert (np.abs(found["scores"] - expected["scores"]) > 1e-4).mean() < 1e-3


@pytest.mark.parametrize("options", [{"dynamic_batch": True}, {"input_shape": (2, *SHAPE[1:])}])
def test_region_networks_take_one_picture(
    options: dict[str, Any], networks: Callable[[str], Network]
) -> None:
    with pytest.raises(UnsupportedError, match="one picture at a time"):
        export_network(networks("Faster R-CNN"), ExportOptions(**{"input_shape": SHAPE, **options}))


def test_settings_are_the_networks(exports: Exports) -> None:
    center, regions, together, masks = (
        exports(name).settings
        for name in ("CenterNet", "Faster R-CNN", "Faster R-CNN, classes together", "Mask R-CNN")
    )
    assert (center.confidence_threshold, center.nms_topk, center.post_nms) == (0, 20, 20)
    assert (regions.confidence_threshold, regions.iou_threshold) == (0.01, 0.3)
    assert (regions.nms_topk, regions.topk_per_class, regions.class_agnostic) == (400, True, False)
    assert (together.nms_topk, together.topk_per_class, together.class_agnostic) == (50, False, True)
    assert (masks.nms, masks.post_nms) == ("graph", 30)


def test_a_detector_runs_on_frames(exports: Exports) -> None:
    path = exports("Faster R-CNN", labels=small_detectors.CLASSES).path
    frame = np.random.RandomState(0).randint(0, 256, (120, 200, 3)).astype(np.uint8)
    result = Detector(path).run(frame)
    assert len(result) > 0
    assert set(result.names) <= set(small_detectors.CLASSES)
    assert (np.diff(result.scores) <= 0).all()


@every_engine
def test_an_instance_segmenter_runs_on_frames(engine: str, exports: Exports) -> None:
    path = exports("Mask R-CNN", labels=small_detectors.CLASSES).path
    frame = np.random.RandomState(0).randint(0, 256, (120, 200, 3)).astype(np.uint8)
    segmenter = load(path, engine=engine)
    assert isinstance(segmenter, InstanceSegmenter)
    for _ in range(2):
        result = segmenter.run(frame)
        assert len(result) > 0
        assert result.bitmaps.shape == (len(result), 120, 200)
    assert result.plot(frame, threshold=0.0).shape == frame.shape
    with pytest.raises(UnsupportedError, match="its graph"):
        segmenter.set_nms(0.5)


@every_engine
def test_regions_without_a_picture_are_zero(engine: str) -> None:
    regions = "is:-1 1 1 40 40 0 1 1 40 40 -1 -1 -1 -1 -1"
    size = {"pooled_size": (3, 3), "spatial_scale": 0.125, "sample_ratio": 2}
    case = row("_contrib_ROIAlign", "skipped", data(1, 3, 7, 8), data(3, 5, values=regions), **size)
    found = ENGINES[engine](convert_row(case, 1)).run(arrays(case, 1))[0]
    assert (found[[0, 2]] == 0).all()
    assert (found[1] != 0).all()


def test_only_rows_that_are_read_are_suppressed(networks: Callable[[str], Network]) -> None:
    model = export_network(networks("Faster R-CNN"), ExportOptions(input_shape=SHAPE)).model
    proposals = next(node for node in ir.to_proto(model).graph.node if node.op_type == "NonMaxSuppression")
    limit = model.graph.initializers[proposals.input[2]].const_value
    assert limit is not None
    assert limit.numpy().tolist() == [40]
