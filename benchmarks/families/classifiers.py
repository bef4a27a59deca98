"""Classifiers of MXNet's examples and of SageMaker, and heads that are not one softmax."""

from __future__ import annotations

from typing import Any

from benchmarks.families.backbones import (
    average,
    conv,
    dense,
    max_pool,
    norm,
    relu,
    resnet_v1,
    resnet_v2,
    squeeze,
)
from benchmarks.families.family import IMAGENET, RAW, Scaling, UserNetwork, sym, variable

LABEL = {"softmax_label": (1,)}
UNIT = Scaling((0.0,), (255.0,))


def with_softmax(logits: Any, name: str = "softmax") -> Any:
    """End as ``Module`` trains classifiers."""
    return sym.SoftmaxOutput(logits, name=name)


def inception_conv(data: Any, name: str, filters: int, kernel: int, stride: int = 1, pad: int = 0) -> Any:
    """Layer of Inception-BN."""
    found = norm(conv(data, f"conv_{name}", filters, kernel, stride, pad), f"bn_{name}", eps=1e-3 + 1e-5)
    return relu(found, f"relu_{name}")


def inception_unit(data: Any, name: str, single: int, three: tuple[int, int], double: tuple[int, int],
                   pool: str, projection: int) -> Any:  # fmt: skip
    """Unit of Inception-BN: 1x1, 3x3, two 3x3 and a pool; one of stride 2 has neither 1x1 nor projection."""
    stride = 1 if projection else 2
    parts = [inception_conv(data, f"{name}_1x1", single, 1)] if single else []
    found = inception_conv(data, f"{name}_3x3_reduce", three[0], 1)
    parts.append(inception_conv(found, f"{name}_3x3", three[1], 3, stride, 1))
    found = inception_conv(data, f"{name}_double_3x3_reduce", double[0], 1)
    found = inception_conv(found, f"{name}_double_3x3_0", double[1], 3, 1, 1)
    parts.append(inception_conv(found, f"{name}_double_3x3_1", double[1], 3, stride, 1))
    found = sym.Pooling(
        data, kernel=(3, 3), stride=(stride,) * 2, pad=(1, 1), pool_type=pool, name=f"{pool}_pool_{name}"
    )
    parts.append(inception_conv(found, f"{name}_proj", projection, 1) if projection else found)
    return sym.concat(*parts, dim=1, name=f"ch_concat_{name}_chconcat")


INCEPTION = (
    ("3a", 64, (64, 64), (64, 96), "avg", 32),
    ("3b", 64, (64, 96), (64, 96), "avg", 64),
    ("3c", 0, (128, 160), (64, 96), "max", 0),
    ("4a", 224, (64, 96), (96, 128), "avg", 128),
    ("4b", 192, (96, 128), (96, 128), "avg", 128),
    ("4c", 160, (128, 160), (128, 160), "avg", 128),
    ("4d", 96, (128, 192), (160, 192), "avg", 128),
    ("4e", 0, (128, 192), (192, 256), "max", 0),
    ("5a", 352, (192, 320), (160, 224), "avg", 128),
    ("5b", 352, (192, 320), (192, 224), "max", 128),
)


def inception_bn(classes: int = 1000) -> Any:
    """Inception-BN (example/image-classification/symbols/inception-bn.py)."""
    found = inception_conv(variable(), "1", 64, 7, 2, 3)
    found = max_pool(found, "pool_1", 3)
    found = inception_conv(inception_conv(found, "2_red", 64, 1), "2", 192, 3, 1, 1)
    found = max_pool(found, "pool_2", 3)
    for row in INCEPTION:
        found = inception_unit(found, *row)
    return with_softmax(squeeze(found, classes))


def lenet() -> Any:
    """LeNet of MXNet's MNIST example: one channel, hyperbolic tangents."""
    found = variable()
    for index, filters in enumerate((20, 50), 1):
        found = sym.Activation(conv(found, f"conv{index}", filters, 5), act_type="tanh")
        found = max_pool(found, None)
    found = sym.Activation(dense(sym.Flatten(found), "fc1", 500), act_type="tanh")
    return with_softmax(dense(found, "fc2", 10))


def small_trunk(data: Any, prefix: str = "") -> Any:
    """Six layers, as people put in front of heads of their own."""
    found = data
    for index, filters in enumerate((32, 64, 128)):
        found = conv(found, f"{prefix}conv{index}", filters, 3, 2, 1, no_bias=True)
        found = relu(norm(found, f"{prefix}bn{index}"), f"{prefix}relu{index}")
    return found


def pooled(data: Any) -> Any:
    """Global average ``[N, C]``."""
    return sym.Flatten(average(data))


def age_and_gender() -> Any:
    """Shared trunk; a measurement and a choice."""
    found = pooled(resnet_v1(variable(), (2, 2, 2, 2)))
    age, gender = dense(found, "fc_age", 1), dense(found, "fc_gender", 2)
    measured = sym.LinearRegressionOutput(age, variable("age_label"), name="age")
    return sym.Group([measured, sym.SoftmaxOutput(gender, variable("gender_label"), name="gender")])


def two_digits() -> Any:
    """MXNet's example/multi-task: two softmaxes of one trunk."""
    found = pooled(small_trunk(variable()))
    logits = [dense(found, f"fc{count}", count) for count in (10, 2)]
    return sym.Group([sym.SoftmaxOutput(data, name=f"softmax{i}") for i, data in enumerate(logits, 1)])


def with_temperature() -> Any:
    """A softmax over logits divided by 3, for distillation."""
    return sym.softmax(squeeze(small_trunk(variable()), 10), temperature=3.0, name="prob")


def fully_convolutional() -> Any:
    """1x1 convolution behind a global average: class scores ``[N, C, 1, 1]``."""
    return conv(average(small_trunk(variable()), "pool"), "score", 10, 1)


def attributes() -> Any:
    """Forty attributes of a face, each by itself."""
    logits = dense(pooled(resnet_v1(variable(), (2, 2, 2, 2))), "fc", 40)
    return sym.LogisticRegressionOutput(logits, name="prob")


def angle() -> Any:
    """A measurement alone."""
    found = dense(pooled(small_trunk(variable())), "fc", 3)
    return sym.LinearRegressionOutput(found, variable("label"), name="pose")


FAMILIES = (
    UserNetwork("sagemaker_resnet50", "SageMaker image classification",
        lambda: with_softmax(squeeze(resnet_v2(variable())["last"], 257), "prob"), (1, 3, 224, 224),
        labels={"prob_label": (1,)}),
    UserNetwork("resnet50_v1_example", "MXNet example/image-classification",
        lambda: with_softmax(squeeze(resnet_v1(variable()), 1000)), (1, 3, 224, 224), IMAGENET,
        labels=LABEL),
    UserNetwork("resnext50_example", "MXNet example/image-classification",
        lambda: with_softmax(squeeze(resnet_v1(variable(), groups=32), 1000)), (1, 3, 224, 224), IMAGENET,
        labels=LABEL),
    UserNetwork("inception_bn", "MXNet example/image-classification", inception_bn, (1, 3, 224, 224),
        Scaling((117.0,)), ("--mean", "117", "--scale", "1"), labels=LABEL),
    UserNetwork("lenet_mnist", "MXNet example/image-classification", lenet, (1, 1, 28, 28), UNIT,
        ("--mean", "0", "--scale", "255"), labels=LABEL),
    UserNetwork("multitask_digits", "MXNet example/multi-task", two_digits, (1, 3, 64, 64), UNIT,
        labels={"softmax1_label": (1,), "softmax2_label": (1,)}),
    UserNetwork("age_gender", "insightface gender-age", age_and_gender, (1, 3, 112, 112), RAW,
        labels={"age_label": (1, 1), "gender_label": (1,)}),
    UserNetwork("softmax_temperature", "self-made", with_temperature, (1, 3, 64, 64), IMAGENET),
    UserNetwork("convolution_head", "self-made",
        lambda: with_softmax(sym.Flatten(fully_convolutional())), (1, 3, 64, 64), IMAGENET, labels=LABEL),
    UserNetwork("convolution_head_maps", "self-made", fully_convolutional, (1, 3, 64, 64), IMAGENET),
    UserNetwork("face_attributes", "self-made", attributes, (1, 3, 112, 112), IMAGENET,
        labels={"prob_label": (1, 40)}),
    UserNetwork("head_pose", "self-made", angle, (1, 3, 64, 64), IMAGENET, labels={"label": (1, 3)}),
)  # fmt: skip
