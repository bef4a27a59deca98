"""Classifiers of MXNet's examples and of SageMaker, and heads that are not one softmax."""

from __future__ import annotations

from typing import Any

from benchmarks.families.backbones import conv, norm, relu, resnet_v1, resnet_v2, squeeze
from benchmarks.families.family import IMAGENET, RAW, Family, Levels, sym, variable

LABEL = {"softmax_label": (1,)}
UNIT = Levels((0.0,), (255.0,))


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
    found = sym.Pooling(found, kernel=(3, 3), stride=(2, 2), pool_type="max", name="pool_1")
    found = inception_conv(inception_conv(found, "2_red", 64, 1), "2", 192, 3, 1, 1)
    found = sym.Pooling(found, kernel=(3, 3), stride=(2, 2), pool_type="max", name="pool_2")
    for row in INCEPTION:
        found = inception_unit(found, *row)
    return with_softmax(squeeze(found, classes))


def lenet() -> Any:
    """LeNet of MXNet's MNIST example: one channel, hyperbolic tangents."""
    found = variable()
    for index, filters in enumerate((20, 50), 1):
        found = sym.Activation(conv(found, f"conv{index}", filters, 5), act_type="tanh")
        found = sym.Pooling(found, pool_type="max", kernel=(2, 2), stride=(2, 2))
    found = sym.Activation(
        sym.FullyConnected(sym.Flatten(found), num_hidden=500, name="fc1"), act_type="tanh"
    )
    return with_softmax(sym.FullyConnected(found, num_hidden=10, name="fc2"))


def small_trunk(data: Any, prefix: str = "") -> Any:
    """Six layers, as people put in front of heads of their own."""
    found = data
    for index, filters in enumerate((32, 64, 128)):
        found = conv(found, f"{prefix}conv{index}", filters, 3, 2, 1, no_bias=True)
        found = relu(norm(found, f"{prefix}bn{index}"), f"{prefix}relu{index}")
    return found


def pooled(data: Any) -> Any:
    """Global average ``[N, C]``."""
    return sym.Flatten(sym.Pooling(data, global_pool=True, kernel=(7, 7), pool_type="avg"))


def age_and_gender() -> Any:
    """Shared trunk; a measurement and a choice."""
    found = pooled(resnet_v1(variable(), (2, 2, 2, 2)))
    age = sym.FullyConnected(found, num_hidden=1, name="fc_age")
    gender = sym.FullyConnected(found, num_hidden=2, name="fc_gender")
    return sym.Group([
        sym.LinearRegressionOutput(age, variable("age_label"), name="age"),
        sym.SoftmaxOutput(gender, variable("gender_label"), name="gender"),
    ])  # fmt: skip


def two_digits() -> Any:
    """MXNet's example/multi-task: two softmaxes of one trunk."""
    found = pooled(small_trunk(variable()))
    logits = [sym.FullyConnected(found, num_hidden=count, name=f"fc{count}") for count in (10, 2)]
    return sym.Group([sym.SoftmaxOutput(data, name=f"softmax{i}") for i, data in enumerate(logits, 1)])


def with_temperature() -> Any:
    """A softmax over logits divided by 3, for distillation."""
    return sym.softmax(squeeze(small_trunk(variable()), 10), temperature=3.0, name="prob")


def fully_convolutional() -> Any:
    """1x1 convolution behind a global average: class scores ``[N, C, 1, 1]``."""
    found = sym.Pooling(
        small_trunk(variable()), global_pool=True, kernel=(7, 7), pool_type="avg", name="pool"
    )
    return with_softmax(sym.Flatten(conv(found, "score", 10, 1)))


def fully_convolutional_maps() -> Any:
    """The same, and the head has four axes."""
    found = sym.Pooling(
        small_trunk(variable()), global_pool=True, kernel=(7, 7), pool_type="avg", name="pool"
    )
    return conv(found, "score", 10, 1)


def attributes() -> Any:
    """Forty attributes of a face, each by itself."""
    logits = sym.FullyConnected(pooled(resnet_v1(variable(), (2, 2, 2, 2))), num_hidden=40, name="fc")
    return sym.LogisticRegressionOutput(logits, name="prob")


def angle() -> Any:
    """A measurement alone."""
    found = sym.FullyConnected(pooled(small_trunk(variable())), num_hidden=3, name="fc")
    return sym.LinearRegressionOutput(found, variable("label"), name="pose")


RESNET = resnet_v2

FAMILIES = (
    Family("sagemaker_resnet50", "SageMaker image classification",
           lambda: with_softmax(squeeze(RESNET(variable())["last"], 257), "prob"), (1, 3, 224, 224),
           labels={"prob_label": (1,)}),
    Family("resnet50_v1_example", "MXNet example/image-classification",
           lambda: with_softmax(squeeze(resnet_v1(variable()), 1000)), (1, 3, 224, 224), IMAGENET,
           labels=LABEL),
    Family("resnext50_example", "MXNet example/image-classification",
           lambda: with_softmax(squeeze(resnet_v1(variable(), groups=32), 1000)), (1, 3, 224, 224), IMAGENET,
           labels=LABEL),
    Family("inception_bn", "MXNet example/image-classification", inception_bn, (1, 3, 224, 224),
           Levels((117.0,)), ("--mean", "117", "--scale", "1"), labels=LABEL),
    Family("lenet_mnist", "MXNet example/image-classification", lenet, (1, 1, 28, 28), UNIT,
           ("--mean", "0", "--scale", "255"), labels=LABEL),
    Family("multitask_digits", "MXNet example/multi-task", two_digits, (1, 3, 64, 64), UNIT,
           labels={"softmax1_label": (1,), "softmax2_label": (1,)}),
    Family("age_gender", "insightface gender-age", age_and_gender, (1, 3, 112, 112), RAW,
           labels={"age_label": (1, 1), "gender_label": (1,)}),
    Family("softmax_temperature", "self-made", with_temperature, (1, 3, 64, 64), IMAGENET),
    Family("convolution_head", "self-made", fully_convolutional, (1, 3, 64, 64), IMAGENET, labels=LABEL),
    Family("convolution_head_maps", "self-made", fully_convolutional_maps, (1, 3, 64, 64), IMAGENET),
    Family("face_attributes", "self-made", attributes, (1, 3, 112, 112), IMAGENET,
           labels={"prob_label": (1, 40)}),
    Family("head_pose", "self-made", angle, (1, 3, 64, 64), IMAGENET, labels={"label": (1, 3)}),
)  # fmt: skip
