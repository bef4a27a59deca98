"""Small networks with what ``quantize_net_v2`` cannot fuse, and their quantisation by MXNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.generators import HybridBlock, Residual, chain, mxnet, nn

CALIBRATION = 16
"""Pictures that calibrate."""


class Joined(HybridBlock):  # type: ignore[misc]
    """Two branches whose results become one.

    Args:
        how: ``sum``, ``product`` or ``concat``.
        left, right: the branches.
    """

    def __init__(self, how: str, left: Any, right: Any) -> None:
        super().__init__()
        self.how, self.left, self.right = how, left, right

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        left, right = self.left(x), self.right(x)
        if self.how == "concat":
            return F.concat(left, right, dim=1)
        return left + right if self.how == "sum" else left * right


class Clip(HybridBlock):  # type: ignore[misc]
    """Activation as ReLU6, but with an end that small numbers reach."""

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        return F.clip(x, 0, 0.5)


def stem(activation: str | None = "relu") -> list[Any]:
    """Begin with a convolution and BatchNorm."""
    layers = [nn.Conv2D(8, 3, padding=1, use_bias=False), nn.BatchNorm()]
    return [*layers, nn.Activation(activation)] if activation else layers


def head() -> list[Any]:
    """End with pooling and a dense layer."""
    return [nn.GlobalAvgPool2D(), nn.Flatten(), nn.Dense(10)]


def sum_of_pools() -> Any:
    """Sum that no convolution takes in: of uint8 and int8 maps."""
    left = chain(nn.Conv2D(8, 3, padding=1, activation="relu"), nn.MaxPool2D())
    return chain(*stem(), Joined("sum", left, chain(nn.Conv2D(8, 1), nn.MaxPool2D())), *head())


def product() -> Any:
    """Product of int8 maps."""
    return chain(*stem(None), Joined("product", nn.Conv2D(8, 3, padding=1), nn.Conv2D(8, 1)), *head())


def residual() -> Any:
    """Sums that a convolution takes in, each with a ReLU behind."""
    first, second = Residual(*stem(), *stem(None)), Residual(*stem(None))
    return chain(*stem(), first, nn.Activation("relu"), second, nn.Activation("relu"), *head())


def pre_activated() -> Any:
    """Sum without a ReLU behind, as in a ResNet of version 2."""
    return chain(*stem(), Residual(*stem(None)), nn.Conv2D(8, 1), *head())


def dense_net() -> Any:
    """BatchNorm and ReLU in front of convolutions, joined maps, average pooling."""

    def layer() -> Any:
        body = chain(nn.BatchNorm(), nn.Activation("relu"), nn.Conv2D(4, 3, padding=1))
        return Joined("concat", nn.HybridLambda("identity"), body)

    return chain(*stem(), nn.MaxPool2D(), layer(), layer(), nn.BatchNorm(), nn.AvgPool2D(), *head())


def squeeze_net() -> Any:
    """Fire module: joined convolutions of 1x1 and 3x3."""
    wide = Joined("concat", nn.Conv2D(6, 1, activation="relu"), nn.Conv2D(6, 3, 1, 1, activation="relu"))
    return chain(
        *stem(), nn.MaxPool2D(3, 2, ceil_mode=True), nn.Conv2D(4, 1, activation="relu"), wide, *head()
    )


def mobile_net(clip: bool = False) -> Any:
    """Depthwise convolution; ReLU6 where ``clip``."""
    activation = Clip() if clip else nn.Activation("relu")
    depthwise = [nn.Conv2D(8, 3, 1, 1, groups=8, use_bias=False), nn.BatchNorm(), activation]
    return chain(*stem(), *depthwise, nn.Conv2D(16, 1), nn.BatchNorm(), nn.Activation("relu"), *head())


def vgg() -> Any:
    """Dense layers behind each other."""
    dense = [nn.Flatten(), nn.Dense(32, activation="relu"), nn.Dense(10)]
    return chain(*stem(), nn.MaxPool2D(), nn.Conv2D(8, 3, padding=1), nn.MaxPool2D(), *dense)


def grouped() -> Any:
    """Convolution in four groups (ResNeXt)."""
    return chain(*stem(), nn.Conv2D(16, 3, padding=1, groups=4, activation="relu"), *head())


def quantize(network: Any, data: Any, folder: Path, calib_mode: str, **options: Any) -> Path:
    """Quantise an initialised network with MXNet's own API and write its two files.

    Args:
        network: the block.
        data: pictures that calibrate.
        folder: where to write.
        calib_mode: ``naive``, ``entropy`` or ``none``.
        options: further ones of ``quantize_net_v2``.

    Returns:
        The symbol's file.
    """
    from mxnet.contrib.quantization import quantize_net_v2

    if calib_mode == "none":
        options["data_shapes"] = [mxnet.io.DataDesc("data", data.shape)]
    else:
        options["calib_data"] = mxnet.io.NDArrayIter(data, batch_size=len(data))
    quantized = quantize_net_v2(network, calib_mode=calib_mode, ctx=mxnet.cpu(), logger=None, **options)
    quantized(data)
    quantized.export(str(folder / "net"))
    return folder / "net-symbol.json"
