"""GluonCV's own detector classes around a few convolutions: everything but the size is the zoo's."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_gluoncv, import_mxnet
from gcv_edge.exporters.mxnet.network import Network

Array = NDArray[Any]

CLASSES = ("disc", "ring", "bar")


def with_weights(network: Network, seed: int) -> Network:
    """Fill a traced network with seeded weights; anchors, which have no role by name, stay."""
    random = np.random.RandomState(seed)
    weights = {name: draw(name, np.asarray(array), random) for name, array in network.weights.items()}
    return replace(network, weights=weights)


def draw(name: str, array: Array, random: np.random.RandomState) -> Array:
    """Draw a parameter by its role, He-normal where it weighs inputs."""
    role = name.rpartition("_")[2]
    if role in ("gamma", "var"):
        return random.uniform(0.5, 1.5, array.shape).astype(np.float32)
    if role in ("beta", "bias", "mean"):
        return random.normal(0, 0.1, array.shape).astype(np.float32)
    if role == "weight":
        deviation = (2 / np.prod(array.shape[1:])) ** 0.5
        return (random.standard_normal(array.shape) * deviation).astype(np.float32)
    return array


def stage(channels: int, strides: int) -> Any:
    """Make a convolution that shrinks maps by ``strides``."""
    nn = import_mxnet().gluon.nn
    block = nn.HybridSequential()
    block.add(nn.Conv2D(channels, 3, strides, 1, use_bias=False), nn.BatchNorm(), nn.Activation("relu"))
    return block


def trunk(*strides: int, channels: int = 8) -> Any:
    """Chain stages."""
    block = import_mxnet().gluon.nn.HybridSequential()
    for factor in strides:
        block.add(stage(channels, factor))
    return block


def pyramid(strides: tuple[int, ...] = (4, 2, 2, 2, 2)) -> Any:
    """Make a feature pyramid: maps at a quarter of the input's size and at each half of that."""

    class Pyramid(import_mxnet().gluon.HybridBlock):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.stages = import_mxnet().gluon.nn.HybridSequential()
            for factor in strides:
                self.stages.add(stage(8, factor))

        def hybrid_forward(self, F: Any, x: Any) -> list[Any]:  # noqa: N803
            maps = []
            for block in self.stages:
                x = block(x)
                maps.append(x)
            return maps

    return Pyramid()


def ssd(**options: Any) -> Any:
    """SSD on maps at an eighth of the input's size and at two halves of that."""

    def maps(**_: Any) -> Any:
        return pyramid((8, 2, 2))

    settings = {
        "base_size": 64,
        "num_filters": (),
        "sizes": (12, 24, 48, 70),
        "ratios": [[1, 2, 0.5]] * 3,
        "steps": (8, 16, 32),
        "anchor_alloc_size": 16,
        **options,
    }
    return model_zoo("ssd.ssd").SSD(None, features=maps, classes=CLASSES, **settings)


def yolo3(**options: Any) -> Any:
    """YOLOv3 of strides 8, 16 and 32."""
    settings = {
        "channels": (16, 8, 4),
        "anchors": [[10, 13, 16, 30], [30, 31, 32, 45], [59, 60, 66, 40]],
        "strides": (8, 16, 32),
        "alloc_size": (16, 16),
        **options,
    }
    return model_zoo("yolo.yolo3").YOLOV3([trunk(2, 2, 2), trunk(2), trunk(2)], classes=CLASSES, **settings)


def center_net(dcn: bool = False, duc: bool = False, base: Any = None, **options: Any) -> Any:
    """CenterNet of stride 4, with a deformable convolution, or channels moved into space, if asked for."""
    base = base or (trunk(2, 2, 2, channels=16) if duc else trunk(2, 2))
    if duc:
        base.add(import_mxnet().gluon.contrib.nn.PixelShuffle2D(2))
    if dcn:
        layers = import_mxnet().gluon.contrib.cnn
        base.add(layers.ModulatedDeformableConvolution(8, kernel_size=3, padding=1))
    heads = OrderedDict(
        heatmap={"num_output": len(CLASSES), "bias": -2.19}, wh={"num_output": 2}, reg={"num_output": 2}
    )
    block = model_zoo("center_net.center_net").CenterNet
    return block(base, heads, CLASSES, head_conv_channel=4, **{"topk": 20, **options})


def faster_rcnn(**options: Any) -> Any:
    """Faster R-CNN on one map."""
    return region_block()(trunk(2, 2, 2), trunk(2), CLASSES, **{**map_settings(), **options})


def double_head_rcnn(**options: Any) -> Any:
    """Faster R-CNN of which classes and boxes have layers of their own; GluonCV fixes these at 1024 units."""
    block = model_zoo("rcnn.faster_rcnn.doublehead_rcnn").DoubleHeadRCNN
    return block(trunk(2, 2, 2), trunk(2, channels=1024), CLASSES, **{**map_settings(), **options})


def mask_rcnn(**options: Any) -> Any:
    """Mask R-CNN on one map."""
    settings = {**map_settings(), "mask_channels": 8, "rcnn_max_dets": 30, **options}
    return mask_block()(trunk(2, 2, 2), trunk(2), CLASSES, **settings)


def mask_rcnn_fpn(**options: Any) -> Any:
    """Mask R-CNN on a pyramid."""
    settings = {**pyramid_settings(), "mask_channels": 8, "num_fcn_convs": 2, "rcnn_max_dets": 50, **options}
    return mask_block()(pyramid(), None, CLASSES, **settings)


def map_settings() -> dict[str, Any]:
    """Arguments that GluonCV's networks on one map share, in small."""
    return {
        "nms_thresh": 0.3,
        "nms_topk": 400,
        "roi_mode": "align",
        "roi_size": (6, 6),
        "strides": 8,
        "rpn_channel": 8,
        "base_size": 8,
        "scales": (2, 4, 8),
        "alloc_size": (16, 16),
        "rpn_test_pre_nms": 200,
        "rpn_test_post_nms": 40,
        "rpn_min_size": 8,
    }


def faster_rcnn_fpn(**options: Any) -> Any:
    """Faster R-CNN on a pyramid."""
    return region_block()(pyramid(), None, CLASSES, **{**pyramid_settings(), **options})


def pyramid_settings() -> dict[str, Any]:
    """Arguments that GluonCV's networks on pyramids share, in small."""
    return {
        "box_features": dense(12),
        "min_stage": 2,
        "max_stage": 6,
        "nms_thresh": 0.5,
        "nms_topk": -1,
        "roi_mode": "align",
        "roi_size": (3, 3),
        "strides": (4, 8, 16, 32, 64),
        "clip": 4.14,
        "rpn_channel": 8,
        "base_size": 8,
        "scales": (2, 4, 8, 16, 32),
        "alloc_size": (32, 32),
        "rpn_test_pre_nms": 300,
        "rpn_test_post_nms": 60,
        "rpn_min_size": 1,
    }


def dense(units: int) -> Any:
    """Make a fully connected layer."""
    nn = import_mxnet().gluon.nn
    block = nn.HybridSequential()
    block.add(nn.Dense(units), nn.Activation("relu"))
    return block


def region_block() -> Any:
    """Return GluonCV's FasterRCNN."""
    return model_zoo("rcnn.faster_rcnn.faster_rcnn").FasterRCNN


def mask_block() -> Any:
    """Return GluonCV's MaskRCNN."""
    return model_zoo("rcnn.mask_rcnn.mask_rcnn").MaskRCNN


def model_zoo(name: str) -> Any:
    """Import a module of the zoo (some names there are also functions')."""
    import_gluoncv()
    return importlib.import_module(f"gluoncv.model_zoo.{name}")
