"""Detectors see each picture at a size of its own: GluonCV's pixels, and its detections.

R-CNNs are evaluated so; SSD, YOLOv3 and CenterNet are shown so in its tutorials (``load_test``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge import Detector, load
from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.framing import parse_fit
from gcv_edge.exporters.loading import MxnetSource
from gcv_edge.exporters.mxnet.live import trace
from gcv_edge.exporters.source import ExportOptions, Reference
from gcv_edge.pipeline import export_loaded
from gcv_edge.runtime.frames import view_frame
from gcv_edge.runtime.preprocessing import fill
from gcv_edge.verification.lists import match_pairs
from tests.support import small_detectors

SHORT, LONG = 80, 128
SIZES = {
    "landscape": (240, 180),
    "portrait": (120, 160),
    "square": (90, 90),
    "wide": (400, 120),
    "tall": (50, 170),
}
BUILDS: dict[str, Callable[[], Any]] = {
    "Faster R-CNN": partial(small_detectors.faster_rcnn, minimal_opset=True),
    "Faster R-CNN, pyramid": partial(small_detectors.faster_rcnn_fpn, minimal_opset=True),
    "Mask R-CNN, pyramid": partial(small_detectors.mask_rcnn_fpn, minimal_opset=True),
    "SSD": small_detectors.ssd,
    "YOLOv3": small_detectors.yolo3,
    "CenterNet": small_detectors.center_net,
    "CenterNet, DUC": partial(small_detectors.center_net, duc=True),
}
PRESETS = {"SSD": "ssd", "YOLOv3": "yolo", "CenterNet": "center_net", "CenterNet, DUC": "center_net"}
"""Modules of gluoncv.data.transforms.presets."""
every_build = pytest.mark.parametrize("name", BUILDS)
every_engine = pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])


class Exported(NamedTuple):
    """A file, and MXNet with its network."""

    path: Path
    reference: Reference


Exports = Callable[[str], Exported]


@pytest.fixture(scope="module")
def exports(mxnet: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Exports:
    """Files of small networks with seeded weights, verified, each exported once."""
    made: dict[str, Exported] = {}

    def make(name: str) -> Exported:
        if name not in made:
            block = BUILDS[name]()
            block.initialize(mxnet.init.Zero(), force_reinit=True)
            network = small_detectors.with_weights(trace(block, "small", (1, 3, 96, 128)), seed=1)
            source = MxnetSource(network)
            options = ExportOptions(fit=parse_fit(f"short:{SHORT},{LONG}"), labels=small_detectors.CLASSES)
            path = export_loaded(source, tmp_path_factory.mktemp("nets") / "net.onnx", options).path
            reference = source.convert(options).make_reference()
            assert reference is not None
            made[name] = Exported(path, reference)
        return made[name]

    return make


def draw_frame(size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture of things of several sizes, BGR."""
    width, height = size
    random = np.random.default_rng(width)
    coarse = random.integers(0, 256, (height // 20 + 2, width // 20 + 2, 3)).astype(np.uint8)
    smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC).astype(int)
    return np.clip(smooth + random.integers(-30, 31, smooth.shape), 0, 255).astype(np.uint8)


def as_gluoncv(mxnet: Any, name: str, frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What GluonCV's evaluation, or ``load_test``, makes of a picture: ``[1, 3, H, W]``."""
    from gluoncv.data.transforms.presets.rcnn import FasterRCNNDefaultValTransform

    picture = mxnet.nd.array(np.ascontiguousarray(frame[:, :, ::-1]), dtype="uint8")
    if name in PRESETS:
        presets = import_module(f"gluoncv.data.transforms.presets.{PRESETS[name]}")
        return np.asarray(presets.transform_test(picture, SHORT, LONG)[0].asnumpy())
    transform = FasterRCNNDefaultValTransform(SHORT, LONG)
    tensor, _, _ = transform(picture, np.zeros((1, 6)))
    return np.asarray(tensor.asnumpy()[None])


def listed(expected: dict[str, NDArray[Any]], frame: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """MXNet's rows (class, score, box), in pixels of the picture; ``size`` is that of the input."""
    rows = np.concatenate([expected[f"final_{part}"][0] for part in ("ids", "scores", "boxes")], axis=1)
    rows = rows[(rows[:, 0] >= 0) & (rows[:, 1] > 0)]
    height, width = frame.shape[:2]
    rows[:, 2:] *= np.tile([width / size[0], height / size[1]], 2)
    rows[:, 2:] = np.clip(rows[:, 2:], 0, np.tile([width, height], 2))
    return rows


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["Faster R-CNN", "SSD", "YOLOv3", "CenterNet"])
@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_pixels_are_gluoncvs(name: str, size: tuple[int, int], mxnet: Any, exports: Exports) -> None:
    frame, preprocessing = draw_frame(size), Detector(exports(name).path).metadata.preprocessing
    expected = as_gluoncv(mxnet, name, frame)[0]
    width, height = preprocessing.own_size(size)
    found = np.empty((3, height, width), np.float32)
    fill(view_frame(frame, "bgr"), preprocessing, found)
    levels = np.abs(found - expected) * np.array(preprocessing.scale)[:, None, None]
    assert levels.max() < 1.001  # a level in 255, in some of the pixels made bicubically
    assert np.count_nonzero(levels > 1e-3) <= (1e-3 * levels.size if name in PRESETS else 0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@every_engine
@every_build
def test_detections_are_gluoncvs(name: str, engine: str, mxnet: Any, exports: Exports) -> None:
    path, reference = exports(name)
    model = load(path, engine=engine)
    assert isinstance(model, Detector)
    frames = [draw_frame(size) for size in SIZES.values()]
    together = [*model.run_batch(frames), *model.stream(frames)]
    for frame, *found in zip(frames * 2, together, [model.run(frame) for frame in frames] * 2, strict=True):
        tensor = as_gluoncv(mxnet, name, frame)
        theirs = listed(reference.run(tensor), frame, tensor.shape[:1:-1])
        for result in found:
            ours = np.column_stack([result.class_ids, result.scores, result.boxes])
            reach = np.full(len(ours), 0.1 * max(frame.shape[:2]) / LONG)
            assert len(theirs) == len(ours) == len(match_pairs(ours, theirs, 1e-3, reach)) > 5


@pytest.mark.parametrize("name", ["SSD", "YOLOv3"])
def test_pictures_end_where_the_anchors_do(name: str, mxnet: Any) -> None:
    """They have grids of 16x16 cells of 8 pixels, and of larger ones."""
    block = BUILDS[name]()
    block.initialize(mxnet.init.Zero())
    source = MxnetSource(trace(block, "small", (1, 3, 96, 128)))
    with pytest.raises(UsageError, match="its anchors are for sides of up to 128 pixels, found 129"):
        source.convert(ExportOptions(fit=parse_fit("short:80,129"), labels=small_detectors.CLASSES))


def test_maps_that_fit_at_some_sizes_only(mxnet: Any) -> None:
    """As those of DLA-34: what is made smaller, then larger, is added to what was not."""

    class Joined(mxnet.gluon.HybridBlock):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.front = small_detectors.trunk(2, 2)

        def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
            maps = self.front(x)
            halved = F.Pooling(maps, kernel=(2, 2), stride=(2, 2))
            return maps + F.UpSampling(halved, scale=2, sample_type="nearest")

    block = small_detectors.center_net(base=Joined())
    block.initialize(mxnet.init.Zero())
    source = MxnetSource(trace(block, "small", (1, 3, 96, 128)))
    with pytest.raises(UnsupportedError, match=r"Incompatible dimensions.*does not take every size of --fit"):
        source.convert(ExportOptions(fit=parse_fit("short:96,131"), labels=small_detectors.CLASSES))


@every_engine
def test_a_file_in_memory_is_the_file(engine: str, exports: Exports) -> None:
    path, frame = exports("Faster R-CNN").path, draw_frame(SIZES["portrait"])
    kept, found = (load(source, engine=engine).run(frame) for source in (path, path.read_bytes()))
    for expected, ours in zip(kept, found, strict=True):
        np.testing.assert_array_equal(ours, expected)
