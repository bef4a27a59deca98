"""SSD of MXNet's example and of SageMaker, with and without its training."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.families.backbones import conv, relu, resnet_v2, vgg16
from benchmarks.families.family import Scaling, UserNetwork, mx, sym, variable

VARIANCES = (0.1, 0.1, 0.2, 0.2)
SUBTRACTED = Scaling((123.0, 117.0, 104.0))
OBJECTS = {"label": (1, 8, 6)}


@dataclass(frozen=True)
class Pyramid:
    """The maps on which an SSD predicts (example/ssd/symbol/symbol_factory.py).

    Attributes:
        filters, strides, pads: of the layers that make the maps behind the backbone's.
        sizes, ratios: of the anchors, for each map.
        steps: between anchors, in parts of the picture; none for the map's own.
    """

    filters: tuple[int, ...]
    strides: tuple[int, ...]
    pads: tuple[int, ...]
    sizes: tuple[tuple[float, float], ...]
    ratios: tuple[tuple[float, ...], ...]
    steps: tuple[float, ...] = ()


FEW, MANY = (1, 2, 0.5), (1, 2, 0.5, 3, 1.0 / 3)
OF_VGG = Pyramid(
    (512, 256, 256, 256), (2, 2, 1, 1), (1, 1, 0, 0),
    ((0.1, 0.141), (0.2, 0.272), (0.37, 0.447), (0.54, 0.619), (0.71, 0.79), (0.88, 0.961)),
    (FEW, MANY, MANY, MANY, FEW, FEW),
    tuple(step / 300 for step in (8, 16, 32, 64, 100, 300)),
)  # fmt: skip
OF_RESNET = Pyramid(
    (512, 256, 256, 128), (2, 2, 2, 2), (1, 1, 1, 1),
    ((0.1, 0.141), (0.2, 0.272), (0.37, 0.447), (0.54, 0.619), (0.71, 0.79), (0.88, 0.961)),
    (FEW, MANY, MANY, MANY, FEW, FEW),
)  # fmt: skip


def reduced_vgg() -> list[Any]:
    """VGG-16 whose dense layers are convolutions (example/ssd/symbol/vgg16_reduced.py): two maps."""
    fourth, found = vgg16(variable())
    found = sym.Pooling(found, pool_type="max", kernel=(3, 3), stride=(1, 1), pad=(1, 1), name="pool5")
    found = relu(conv(found, "fc6", 1024, 3, 1, 6, dilate=(6, 6)), "relu6")
    scale = sym.Variable(
        "relu4_3_scale", shape=(1, 512, 1, 1), init=mx.init.Constant(20), attr={"__wd_mult__": "0.1"}
    )
    normalized = sym.L2Normalization(fourth, mode="channel", name="relu4_3_norm")
    return [sym.broadcast_mul(scale, normalized), relu(conv(found, "fc7", 1024, 1), "relu7")]


def resnet_maps() -> list[Any]:
    """The maps at strides 16 and 32 of ResNet-50 v2."""
    maps = resnet_v2(variable())
    return [maps["c2"], maps["last"]]


def extend(maps: list[Any], pyramid: Pyramid) -> list[Any]:
    """Make the smaller maps, each of the one before."""
    rows = zip(pyramid.filters, pyramid.strides, pyramid.pads, strict=True)
    for index, (filters, stride, pad) in enumerate(rows, len(maps)):
        found = relu(
            conv(maps[-1], f"multi_feat_{index}_conv_1x1_conv", filters // 2, 1), f"multi_feat_{index}_relu_a"
        )
        found = conv(found, f"multi_feat_{index}_conv_3x3_conv", filters, 3, stride, pad)
        maps.append(relu(found, f"multi_feat_{index}_conv_3x3_relu"))
    return maps


def flat_predictions(data: Any, name: str, count: int) -> Any:
    """Predict at every place of a map; places first, then what is predicted."""
    found = conv(data, f"{name}_pred_conv", count, 3, 1, 1)
    return sym.Flatten(sym.transpose(found, axes=(0, 2, 3, 1)))


def predict(maps: Sequence[Any], pyramid: Pyramid, classes: int) -> tuple[Any, Any, Any]:
    """Return logits ``[N, C, A]``, offsets ``[N, 4 A]`` and anchors ``[1, A, 4]``."""
    scores, offsets, anchors = [], [], []
    for index, (data, size, ratio) in enumerate(zip(maps, pyramid.sizes, pyramid.ratios, strict=True)):
        count = len(size) + len(ratio) - 1
        scores.append(flat_predictions(data, f"map{index}_cls", count * (classes + 1)))
        offsets.append(flat_predictions(data, f"map{index}_loc", count * 4))
        steps = {"steps": (pyramid.steps[index],) * 2} if pyramid.steps else {}
        prior = sym.contrib.MultiBoxPrior(
            data, sizes=size, ratios=ratio, clip=False, name=f"map{index}_anchors", **steps
        )
        anchors.append(sym.Flatten(prior))
    logits = sym.Reshape(sym.concat(*scores, dim=1), shape=(0, -1, classes + 1))
    return (
        sym.transpose(logits, axes=(0, 2, 1), name="multibox_cls_pred"),
        sym.concat(*offsets, dim=1, name="multibox_loc_pred"),
        sym.Reshape(sym.concat(*anchors, dim=1), shape=(0, -1, 4), name="multibox_anchors"),
    )


def detect(scores: Any, offsets: Any, anchors: Any) -> Any:
    """Final rows (class, score, corners)."""
    return sym.contrib.MultiBoxDetection(
        scores, offsets, anchors, name="detection",
        nms_threshold=0.45, force_suppress=False, variances=VARIANCES, nms_topk=400,
    )  # fmt: skip


def ssd_deployed(maps: Callable[[], list[Any]], pyramid: Pyramid, classes: int = 20) -> Any:
    """SSD as example/ssd/deploy.py writes it: one head."""
    logits, offsets, anchors = predict(extend(maps(), pyramid), pyramid, classes)
    return detect(sym.SoftmaxActivation(logits, mode="channel", name="cls_prob"), offsets, anchors)


def ssd_in_training(maps: Callable[[], list[Any]], pyramid: Pyramid, classes: int = 20) -> Any:
    """SSD as it is trained, by example/ssd and by SageMaker: four heads, of which one detects."""
    logits, offsets, anchors = predict(extend(maps(), pyramid), pyramid, classes)
    target, mask, wanted = sym.contrib.MultiBoxTarget(
        anchors, variable("label"), logits, name="multibox_target",
        overlap_threshold=0.5, ignore_label=-1, negative_mining_ratio=3,
        minimum_negative_samples=0, negative_mining_thresh=0.5, variances=VARIANCES,
    )  # fmt: skip
    scores = sym.SoftmaxOutput(
        logits,
        wanted,
        ignore_label=-1,
        use_ignore=True,
        multi_output=True,
        normalization="valid",
        name="cls_prob",
    )
    loss = sym.smooth_l1(mask * (offsets - target), scalar=1.0, name="loc_loss_")
    return sym.Group([
        scores,
        sym.MakeLoss(loss, normalization="valid", name="loc_loss"),
        sym.MakeLoss(wanted, grad_scale=0, name="cls_label"),
        sym.MakeLoss(detect(scores, offsets, anchors), grad_scale=0, name="det_out"),
    ])  # fmt: skip


GIVEN = ("--mean", "123,117,104", "--scale", "1")
QUIET = ("map._cls", 21)

FAMILIES = (
    UserNetwork("ssd_300_vgg16_reduced", "MXNet example/ssd", lambda: ssd_deployed(reduced_vgg, OF_VGG),
        (1, 3, 300, 300), SUBTRACTED, GIVEN, quiet=QUIET),
    UserNetwork("ssd_300_vgg16_reduced_training", "MXNet example/ssd",
        lambda: ssd_in_training(reduced_vgg, OF_VGG), (1, 3, 300, 300), SUBTRACTED, GIVEN,
        labels=OBJECTS, quiet=QUIET, head="det_out"),
    UserNetwork("ssd_512_resnet50_training", "MXNet example/ssd",
        lambda: ssd_in_training(resnet_maps, OF_RESNET), (1, 3, 512, 512), SUBTRACTED, GIVEN,
        labels=OBJECTS, quiet=QUIET, head="det_out"),
    UserNetwork("sagemaker_ssd_512_resnet50", "SageMaker object detection",
        lambda: ssd_in_training(resnet_maps, OF_RESNET, 4), (1, 3, 512, 512), SUBTRACTED, GIVEN,
        labels={"label": (1, 350, 6)}, quiet=("map._cls", 5), head="det_out"),
)  # fmt: skip
