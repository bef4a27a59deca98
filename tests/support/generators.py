"""Generators of pictures as training scripts build them from Gluon layers, with few channels."""

from __future__ import annotations

from typing import Any

from gcv_edge.exporters.mxnet.compat import import_mxnet

mxnet = import_mxnet()
nn = mxnet.gluon.nn
contrib = mxnet.gluon.contrib.nn
HybridBlock = mxnet.gluon.HybridBlock


def chain(*layers: Any) -> Any:
    """Put layers one after the other."""
    block = nn.HybridSequential()
    block.add(*layers)
    return block


def wgan(channels: int = 8) -> Any:
    """Generator of WGAN and DCGAN: noise ``[N, 100, 1, 1]`` to pictures of 32 pixels."""
    block = nn.HybridSequential()
    for index, width in enumerate((channels * 4, channels * 2, channels)):
        strides, padding = ((1, 0), (2, 1), (2, 1))[index]
        block.add(nn.Conv2DTranspose(width, 4, strides, padding, use_bias=False))
        block.add(nn.BatchNorm(), nn.Activation("relu"))
    block.add(nn.Conv2DTranspose(3, 4, 2, 1, use_bias=False), nn.Activation("tanh"))
    return block


class Residual(HybridBlock):  # type: ignore[misc]
    """What layers add to their input."""

    def __init__(self, *layers: Any) -> None:
        super().__init__()
        self.body = chain(*layers)

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        return x + self.body(x)


class DepthToSpace(HybridBlock):  # type: ignore[misc]
    """Twice the size by MXNet's operator of that name."""

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        return F.depth_to_space(x, 2)


def srgan(operator: bool = False, channels: int = 8) -> Any:
    """Generator of SRGAN, four times the size; pixels shuffled by reshapes, or by an operator."""

    def residual() -> Any:
        layers = [conv(channels), nn.BatchNorm(), nn.PReLU(), conv(channels), nn.BatchNorm()]
        return Residual(*layers)

    def larger() -> list[Any]:
        shuffle = DepthToSpace() if operator else contrib.PixelShuffle2D(2)
        return [conv(channels * 4), shuffle, nn.PReLU()]

    skip = Residual(residual(), residual(), conv(channels), nn.BatchNorm())
    ends = nn.Conv2D(channels, 9, 1, 4), nn.Conv2D(3, 9, 1, 4)
    return chain(ends[0], nn.PReLU(), skip, *larger(), *larger(), ends[1], nn.Activation("tanh"))


def conv(channels: int) -> Any:
    """Make a convolution that keeps the size."""
    return nn.Conv2D(channels, 3, 1, 1)


def cycle_gan(channels: int = 8) -> Any:
    """Generator of CycleGAN with residual blocks."""

    def mirrored(width: int, kernel: int) -> list[Any]:
        return [nn.ReflectionPad2D(kernel // 2), nn.Conv2D(width, kernel)]

    def normal() -> list[Any]:
        return [nn.InstanceNorm(), nn.Activation("relu")]

    block = chain(*mirrored(channels, 7), *normal())
    for factor in (2, 4):
        block.add(nn.Conv2D(channels * factor, 3, 2, 1), *normal())
    for _ in range(2):
        layers = [*mirrored(channels * 4, 3), *normal(), nn.Dropout(0.5), *mirrored(channels * 4, 3)]
        block.add(Residual(*layers, nn.InstanceNorm()))
    for factor in (2, 1):
        block.add(nn.Conv2DTranspose(channels * factor, 3, 2, 1, output_padding=1), *normal())
    block.add(*mirrored(3, 7), nn.Activation("tanh"))
    return block


class Level(HybridBlock):  # type: ignore[misc]
    """A level of a U-Net: halves, runs what is inside, doubles, and joins with its input."""

    def __init__(self, outer: int, inner: int, inside: Any = None, outermost: bool = False) -> None:
        super().__init__()
        down: list[Any] = [nn.Conv2D(inner, 4, 2, 1)]
        up: list[Any] = [nn.Activation("relu"), nn.Conv2DTranspose(outer, 4, 2, 1)]
        if not outermost:
            down.insert(0, nn.LeakyReLU(0.2))
        if inside is not None and not outermost:
            down.append(nn.InstanceNorm())
        up.append(nn.Activation("tanh") if outermost else nn.InstanceNorm())
        if inside is not None and not outermost:
            up.append(nn.Dropout(0.5))
        self.body = chain(*down, *([inside] if inside is not None else []), *up)
        self.outermost = outermost

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        return self.body(x) if self.outermost else F.concat(x, self.body(x), dim=1)


def u_net(channels: int = 8) -> Any:
    """Generator of CycleGAN as a U-Net of four levels."""
    block = Level(channels * 4, channels * 4)
    for outer in (channels * 2, channels):
        block = Level(outer, outer * 2, block)
    return Level(3, channels, block, outermost=True)
