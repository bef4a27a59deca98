"""GluonCV's own detector classes around a few convolutions: everything but the size is the zoo's."""

from __future__ import annotations

import importlib
from collections import OrderedDict
from typing import Any

from gcv_edge.exporters.mxnet.compat import import_gluoncv, import_mxnet

CLASSES = ("disc", "ring", "bar")


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


def center_net(**options: Any) -> Any:
    """CenterNet of stride 4."""
    heads = OrderedDict(
        heatmap={"num_output": len(CLASSES), "bias": -2.19}, wh={"num_output": 2}, reg={"num_output": 2}
    )
    block = model_zoo("center_net.center_net").CenterNet
    return block(trunk(2, 2), heads, CLASSES, head_conv_channel=4, **{"topk": 20, **options})


def faster_rcnn(**options: Any) -> Any:
    """Faster R-CNN on one map."""
    settings = {
        "nms_thresh": 0.3,
        "nms_topk": 400,
        "roi_mode": "align",
        "roi_size": (6, 6),
        "strides": 8,
        "rpn_channel": 8,
        "base_size": 8,
        "scales": (2, 4, 8),
        "rpn_test_pre_nms": 200,
        "rpn_test_post_nms": 40,
        "rpn_min_size": 8,
        **options,
    }
    return region_block()(trunk(2, 2, 2), trunk(2), CLASSES, **settings)


def faster_rcnn_fpn(**options: Any) -> Any:
    """Faster R-CNN on a pyramid."""
    return region_block()(pyramid(), None, CLASSES, **pyramid_settings(), **options)


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


def model_zoo(name: str) -> Any:
    """Import a module of the zoo (some names there are also functions')."""
    import_gluoncv()
    return importlib.import_module(f"gluoncv.model_zoo.{name}")
