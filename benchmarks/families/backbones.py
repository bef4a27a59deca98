"""Trunks that several families share, layer names as in MXNet's examples and insightface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from benchmarks.families.family import sym

EPSILON = 2e-5
"""Of the BatchNorms in MXNet's example/image-classification."""


def conv(data: Any, name: str, filters: int, kernel: int, stride: int = 1, pad: int = 0, **more: Any) -> Any:
    """Square convolution."""
    square = {"kernel": (kernel, kernel), "stride": (stride, stride), "pad": (pad, pad)}
    return sym.Convolution(data, name=name, num_filter=filters, **square, **more)


def norm(data: Any, name: str, **more: Any) -> Any:
    """BatchNorm as the examples write it."""
    return sym.BatchNorm(data, name=name, **{"fix_gamma": False, "eps": EPSILON, "momentum": 0.9, **more})


def relu(data: Any, name: str) -> Any:
    """ReLU."""
    return sym.Activation(data, act_type="relu", name=name)


def prelu(data: Any, name: str) -> Any:
    """ReLU with a learnt slope for each channel."""
    return sym.LeakyReLU(data, act_type="prelu", name=name)


def dense(data: Any, name: str, units: int) -> Any:
    """Dense layer."""
    return sym.FullyConnected(data, num_hidden=units, name=name)


def max_pool(data: Any, name: str | None, side: int = 2, **more: Any) -> Any:
    """Square maximum at every other place."""
    return sym.Pooling(data, kernel=(side, side), stride=(2, 2), pool_type="max", name=name, **more)


def average(data: Any, name: str | None = None) -> Any:
    """Global average ``[N, C, 1, 1]``."""
    return sym.Pooling(data, global_pool=True, kernel=(7, 7), pool_type="avg", name=name)


def conv_relu(
    data: Any, name: str, filters: int, kernel: int, stride: int = 1, pad: int = 0, **more: Any
) -> Any:
    """Convolution and ReLU, named ``conv...`` and ``relu...``."""
    return relu(conv(data, f"conv{name}", filters, kernel, stride, pad, **more), f"relu{name}")


def conv_norm_relu(
    data: Any, name: str, filters: int, kernel: int, stride: int = 1, pad: int = 0, **more: Any
) -> Any:
    """Convolution without bias, BatchNorm, ReLU: ``NAME``, ``NAME_bn``, ``NAME_relu``."""
    found = conv(data, name, filters, kernel, stride, pad, no_bias=True, **more)
    return relu(norm(found, f"{name}_bn"), f"{name}_relu")


def preactivated_unit(data: Any, name: str, filters: int, stride: int, is_first: bool) -> Any:
    """Bottleneck of ResNet v2 (example/image-classification/symbols/resnet.py)."""
    act1 = relu(norm(data, f"{name}_bn1"), f"{name}_relu1")
    found = conv(act1, f"{name}_conv1", filters // 4, 1, no_bias=True)
    found = relu(norm(found, f"{name}_bn2"), f"{name}_relu2")
    found = conv(found, f"{name}_conv2", filters // 4, 3, stride, 1, no_bias=True)
    found = relu(norm(found, f"{name}_bn3"), f"{name}_relu3")
    found = conv(found, f"{name}_conv3", filters, 1, no_bias=True)
    return found + (conv(act1, f"{name}_sc", filters, 1, stride, no_bias=True) if is_first else data)


def stem(data: Any) -> Any:
    """What all ResNets begin with."""
    found = relu(norm(conv(data, "conv0", 64, 7, 2, 3, no_bias=True), "bn0"), "relu0")
    return max_pool(found, "pooling0", 3, pad=(1, 1))


def in_stages(data: Any, units: Sequence[int], make: Callable[..., Any]) -> Any:
    """Stages of units, each of half the size and twice the channels of the one before."""
    for stage, depth in enumerate(units, 1):
        for unit in range(1, depth + 1):
            stride = 2 if stage > 1 and unit == 1 else 1
            data = make(data, f"stage{stage}_unit{unit}", 128 << stage, stride, unit == 1)
    return data


def resnet_v2(data: Any, units: Sequence[int] = (3, 4, 6, 3)) -> dict[str, Any]:
    """ResNet v2 of bottlenecks behind ``bn_data``; its activations at strides 8, 16 and 32 by name."""
    found = stem(sym.BatchNorm(data, fix_gamma=True, eps=EPSILON, momentum=0.9, name="bn_data"))
    last = relu(norm(in_stages(found, units, preactivated_unit), "bn1"), "relu1")
    internals = last.get_internals()
    places = {"c1": "stage3_unit1_relu2_output", "c2": "stage4_unit1_relu2_output"}
    return {"last": last, **{name: internals[place] for name, place in places.items()}}


def resnet_v1(data: Any, units: Sequence[int] = (3, 4, 6, 3), groups: int = 1) -> Any:
    """ResNet v1 of bottlenecks; with groups, ResNeXt (example/image-classification/symbols/resnext.py)."""
    return in_stages(stem(data), units, partial(bottleneck, groups=groups))


def bottleneck(data: Any, name: str, filters: int, stride: int, is_first: bool, groups: int) -> Any:
    """Bottleneck of ResNet v1 or ResNeXt."""
    width = filters // 2 if groups > 1 else filters // 4
    found = relu(norm(conv(data, f"{name}_conv1", width, 1, no_bias=True), f"{name}_bn1"), f"{name}_relu1")
    found = conv(found, f"{name}_conv2", width, 3, stride, 1, no_bias=True, num_group=groups)
    found = relu(norm(found, f"{name}_bn2"), f"{name}_relu2")
    found = norm(conv(found, f"{name}_conv3", filters, 1, no_bias=True), f"{name}_bn3")
    if is_first:
        data = norm(conv(data, f"{name}_sc", filters, 1, stride, no_bias=True), f"{name}_sc_bn")
    return relu(found + data, f"{name}_relu")


def mobilenet(data: Any, multiplier: float = 0.25) -> dict[str, Any]:
    """MobileNet v1, as insightface's RetinaFace reads it from GluonCV; its maps at strides 8, 16 and 32."""
    widths = [
        int(multiplier * width)
        for width in (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
    ]
    strides = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
    found = conv_norm_relu(data, "mobilenet0_conv0", int(multiplier * 32), 3, 2, 1)
    channels = int(multiplier * 32)
    maps: dict[str, Any] = {}
    for index, (width, stride) in enumerate(zip(widths, strides, strict=True)):
        name = f"mobilenet0_conv{2 * index + 1}"
        found = conv_norm_relu(found, name, channels, 3, stride, 1, num_group=channels)
        found = conv_norm_relu(found, f"mobilenet0_conv{2 * index + 2}", width, 1)
        channels = width
        maps |= {"c1": found} if index == 4 else {"c2": found} if index == 10 else {}
    return {"last": found, **maps}


def vgg16(data: Any) -> tuple[Any, Any]:
    """Thirteen convolutions of VGG-16 and their pools but for the last; the map ``relu4_3``, and the last."""
    found, fourth = data, None
    for block, (count, filters) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), 1):
        for index in range(1, count + 1):
            found = conv_relu(found, f"{block}_{index}", filters, 3, 1, 1)
        fourth = found if block == 4 else fourth
        if block < 5:
            rounding: dict[str, Any] = {"pooling_convention": "full"} if block == 3 else {}
            found = max_pool(found, f"pool{block}", **rounding)
    return fourth, found


def squeeze(data: Any, classes: int, name: str = "fc1") -> Any:
    """Global average, flattening, dense layer."""
    return dense(sym.Flatten(average(data, "pool1")), name, classes)
