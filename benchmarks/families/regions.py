"""Detectors in two stages, which read the size of the picture too: MXNet's R-CNN example and R-FCN."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.families.backbones import average, conv, conv_relu, dense, relu, resnet_v2, vgg16
from benchmarks.families.detectors import SUBTRACTED
from benchmarks.families.family import UserNetwork, sym, variable


def propose(data: Any, im_info: Any, count: int) -> Any:
    """Region proposals of MXNet's R-CNN example, for a map at stride 16."""
    shared = conv_relu(data, "_rpn_3x3", 512, 3, 1, 1)
    score = conv(shared, "rpn_cls_score", 18, 1)
    rows = sym.Reshape(score, shape=(0, 2, -1, 0), name="rpn_cls_score_reshape")
    score = sym.SoftmaxActivation(rows, mode="channel", name="rpn_cls_prob")
    score = sym.Reshape(score, shape=(0, 18, -1, 0), name="rpn_cls_prob_reshape")
    return sym.contrib.Proposal(
        score, conv(shared, "rpn_bbox_pred", 36, 1), im_info, name="rois", feature_stride=16,
        scales=(8, 16, 32), ratios=(0.5, 1, 2), rpn_pre_nms_top_n=6000, rpn_post_nms_top_n=count,
        threshold=0.7, rpn_min_size=16,
    )  # fmt: skip


def rcnn(classes: int = 21, count: int = 300) -> Any:
    """Faster R-CNN with VGG-16 as example/rcnn tests it: proposals, class probabilities, box offsets."""
    _, maps = vgg16(variable())
    rois = propose(maps, variable("im_info"), count)
    found = sym.ROIPooling(maps, rois, pooled_size=(7, 7), spatial_scale=1 / 16, name="roi_pool5")
    found = sym.Flatten(found)
    for layer in ("6", "7"):
        found = relu(dense(found, f"fc{layer}", 4096), f"relu{layer}")
        found = sym.Dropout(found, p=0.5, name=f"drop{layer}")
    scores, boxes = dense(found, "cls_score", classes), dense(found, "bbox_pred", 4 * classes)
    return group_regions(rois, scores, boxes, classes, 4 * classes)


def group_regions(rois: Any, logits: Any, boxes: Any, classes: int, width: int) -> Any:
    """Regions, class probabilities ``[1, R, classes]`` and box offsets ``[1, R, width]``."""
    scores = sym.softmax(logits, name="cls_prob")
    return sym.Group([
        rois,
        sym.Reshape(scores, shape=(1, -1, classes), name="cls_prob_reshape"),
        sym.Reshape(boxes, shape=(1, -1, width), name="bbox_pred_reshape"),
    ])  # fmt: skip


def rfcn(classes: int = 21, count: int = 300) -> Any:
    """R-FCN: maps for each class and cell, averaged where a region's cell is."""
    maps = resnet_v2(variable())
    rois = propose(maps["c2"], variable("im_info"), count)
    shared = conv_relu(maps["c2"], "_new_1", 1024, 1)
    scores, boxes = pool_cells(shared, rois, "cls", classes), pool_cells(shared, rois, "bbox", 8)
    return group_regions(rois, scores, boxes, classes, 8)


def pool_cells(maps: Any, rois: Any, name: str, width: int) -> Any:
    """Each region's average over 7 x 7 cells, ``[R, width]``, each cell from maps of its own."""
    found = sym.contrib.PSROIPooling(
        conv(maps, f"rfcn_{name}", 49 * width, 1), rois, name=f"psroipooled_{name}_rois",
        output_dim=width, pooled_size=7, group_size=7, spatial_scale=1 / 16,
    )  # fmt: skip
    return sym.Reshape(average(found, f"ave_{name}_rois"), shape=(-1, width))


def info(height: int, width: int) -> dict[str, Any]:
    """Size and scale of a picture, as R-CNN wants to know them."""
    return {"im_info": np.array([[height, width, 1]], np.float32)}


SIZE = (1, 3, 384, 512)

FAMILIES = (
    UserNetwork("rcnn_vgg16", "MXNet example/rcnn", rcnn, SIZE, SUBTRACTED, further=info(384, 512)),
    UserNetwork("rfcn_resnet50", "R-FCN", rfcn, SIZE, SUBTRACTED, further=info(384, 512)),
)  # fmt: skip
