"""insightface's networks, which tell faces apart, as they are used and as they are trained."""

from __future__ import annotations

from typing import Any

from benchmarks.families.backbones import conv, dense, norm, prelu
from benchmarks.families.family import UserNetwork, sym, variable

SCALE, MARGIN = 64.0, 0.5
LABEL = {"softmax_label": (1,)}


def residual_face_unit(data: Any, name: str, filters: int, stride: int, is_first: bool) -> Any:
    """insightface's improved unit: BatchNorms around two convolutions, PReLU."""
    found = conv(norm(data, f"{name}_bn1"), f"{name}_conv1", filters, 3, 1, 1, no_bias=True)
    found = prelu(norm(found, f"{name}_bn2"), f"{name}_relu1")
    found = norm(conv(found, f"{name}_conv2", filters, 3, stride, 1, no_bias=True), f"{name}_bn3")
    if is_first:
        data = norm(conv(data, f"{name}_conv1sc", filters, 1, stride, no_bias=True), f"{name}_sc")
    return found + data


def face_input() -> Any:
    """Scaling from 0 to 255, normalised by the network itself."""
    return (sym.identity(variable(), name="id") - 127.5) * 0.0078125


def arcface_resnet(units: tuple[int, ...] = (3, 4, 14, 3)) -> Any:
    """LResNet50E-IR: the embedding ``fc1`` of insightface's fresnet."""
    found = prelu(norm(conv(face_input(), "conv0", 64, 3, 1, 1, no_bias=True), "bn0"), "relu0")
    for stage, depth in enumerate(units, 1):
        for unit in range(1, depth + 1):
            name = f"stage{stage}_unit{unit}"
            found = residual_face_unit(found, name, 32 << stage, 2 if unit == 1 else 1, unit == 1)
    found = sym.Dropout(norm(found, "bn1"), p=0.4)
    return norm(dense(found, "pre_fc1", 512), "fc1", fix_gamma=True)


def layer(data: Any, name: str, filters: int, kernel: int, stride: int = 1, pad: int = 0, **more: Any) -> Any:
    """Convolution and BatchNorm by MobileFaceNet's names."""
    found = conv(data, f"{name}_conv2d", filters, kernel, stride, pad, no_bias=True, **more)
    return norm(found, f"{name}_batchnorm")


def mobile_unit(data: Any, name: str, wide: int, filters: int, stride: int) -> Any:
    """Pointwise, depthwise, pointwise without activation (MobileFaceNet)."""
    found = prelu(layer(data, f"{name}_sep", wide, 1), f"{name}_sep_relu")
    found = prelu(layer(found, f"{name}_dw", wide, 3, stride, 1, num_group=wide), f"{name}_dw_relu")
    found = layer(found, f"{name}_proj", filters, 1)
    return found + data if stride == 1 else found


MOBILE_STAGES = (
    (1, 2, 128, 64), (4, 1, 128, 64), (1, 2, 256, 128),
    (6, 1, 256, 128), (1, 2, 512, 128), (2, 1, 256, 128),
)  # fmt: skip
"""Units, stride, channels between and behind."""


def mobilefacenet() -> Any:
    """MobileFaceNet: the embedding ``fc1`` of insightface's fmobilefacenet."""
    found = prelu(layer(face_input(), "conv_1", 64, 3, 2, 1), "conv_1_relu")
    for stage, (count, stride, wide, filters) in enumerate(MOBILE_STAGES, 2):
        for unit in range(count):
            found = mobile_unit(found, f"dconv_{stage}_{unit}", wide, filters, stride)
    found = prelu(layer(found, "conv_6sep", 512, 1), "conv_6sep_relu")
    found = layer(found, "conv_6dw7_7", 512, 7, num_group=512)
    return norm(dense(found, "pre_fc1", 128), "fc1", fix_gamma=True)


def with_margin(embedding: Any, length: int, classes: int, arc: bool) -> Any:
    """insightface's train.py: the embedding, blocked, and classes with a margin at the label's."""
    label = variable("softmax_label")
    weight = sym.L2Normalization(sym.Variable("fc7_weight", shape=(classes, length)), mode="instance")
    unit = sym.L2Normalization(embedding, mode="instance", name="fc1n")
    cosines = sym.FullyConnected(unit * SCALE, weight, no_bias=True, num_hidden=classes, name="fc7")
    place = sym.one_hot(label, depth=classes, on_value=1.0 if arc else SCALE * MARGIN, off_value=0.0)
    if arc:
        own = sym.pick(cosines, label, axis=1)
        moved = sym.cos(sym.arccos(own / SCALE) + MARGIN) * SCALE
        cosines = cosines + sym.broadcast_mul(place, sym.expand_dims(moved - own, 1))
    else:
        cosines = cosines - place
    scores = sym.SoftmaxOutput(cosines, label, name="softmax", normalization="valid")
    return sym.Group([sym.BlockGrad(embedding), scores])


FAMILIES = (
    UserNetwork("arcface_r50", "insightface", arcface_resnet, (1, 3, 112, 112)),
    UserNetwork("mobilefacenet", "insightface", mobilefacenet, (1, 3, 112, 112)),
    UserNetwork("arcface_r50_training", "insightface",
        lambda: with_margin(arcface_resnet(), 512, 10000, True), (1, 3, 112, 112),
        labels=LABEL, trunk="fc1_output"),
    UserNetwork("mobilefacenet_training", "insightface",
        lambda: with_margin(mobilefacenet(), 128, 10000, False), (1, 3, 112, 112),
        labels=LABEL, trunk="fc1_output"),
)  # fmt: skip
