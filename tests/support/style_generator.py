"""A StyleGAN generator from Gluon layers: mapping, equalised learning rate, AdaIN, blur, noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.support.generators import HybridBlock, chain, mxnet, nn

BLUR = np.outer([1, 2, 1], [1, 2, 1]).astype(np.float32) / 16


class PixelNorm(HybridBlock):  # type: ignore[misc]
    """Divide by the root mean square of the channels."""

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        mean = F.mean(F.square(x), axis=1, keepdims=True)
        return F.broadcast_mul(x, F.rsqrt(mean + 1e-8))


class EqualDense(HybridBlock):  # type: ignore[misc]
    """A dense layer whose weights are scaled when it runs."""

    def __init__(self, inputs: int, units: int, rate: float = 1.0) -> None:
        super().__init__()
        self.units, self.rate, self.scale = units, rate, rate * inputs**-0.5
        self.weight = self.params.get("weight", shape=(units, inputs))
        self.bias = self.params.get("bias", shape=(units,))

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any) -> Any:  # noqa: N803
        return F.FullyConnected(x, weight * self.scale, bias * self.rate, num_hidden=self.units)


class EqualConv(HybridBlock):  # type: ignore[misc]
    """A convolution whose weights are scaled when it runs."""

    def __init__(self, inputs: int, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.scale = (2 / (inputs * kernel**2)) ** 0.5
        self.settings = {"kernel": (kernel,) * 2, "pad": (kernel // 2,) * 2, "num_filter": channels}
        self.weight = self.params.get("weight", shape=(channels, inputs, kernel, kernel))
        self.bias = self.params.get("bias", shape=(channels,))

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any) -> Any:  # noqa: N803
        return F.Convolution(x, weight * self.scale, bias, **self.settings)


class FusedUpsampling(HybridBlock):  # type: ignore[misc]
    """A transposed convolution by filters that are averaged over four shifts when it runs."""

    def __init__(self, inputs: int, channels: int, kernel: int = 3) -> None:
        super().__init__()
        self.channels, self.size = channels, kernel + 1
        self.scale = (2 / (inputs * kernel**2)) ** 0.5
        self.weight = self.params.get("weight", shape=(inputs, channels, kernel, kernel))
        self.bias = self.params.get("bias", shape=(channels,))

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any) -> Any:  # noqa: N803
        wide = F.pad(weight * self.scale, mode="constant", pad_width=(0, 0, 0, 0, 1, 1, 1, 1))
        whole: list[int | None] = [None, None]
        shifts = [(first, second) for first in (1, 0) for second in (1, 0)]
        parts = [
            F.slice(wide, begin=(*whole, *shift), end=(*whole, *(step - 1 or None for step in shift)))
            for shift in shifts
        ]
        filters = F.add_n(*parts) / 4
        settings = {"kernel": (self.size,) * 2, "stride": (2, 2), "pad": (1, 1), "num_filter": self.channels}
        return F.Deconvolution(x, filters, bias, no_bias=False, **settings)


class Blur(HybridBlock):  # type: ignore[misc]
    """Smooth each channel by a fixed filter."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        filters = np.broadcast_to(BLUR, (channels, 1, 3, 3))
        self.filters = self.params.get_constant("filters", mxnet.nd.array(filters))

    def hybrid_forward(self, F: Any, x: Any, filters: Any) -> Any:  # noqa: N803
        count = self.channels
        settings = {"kernel": (3, 3), "pad": (1, 1), "num_filter": count, "num_group": count}
        return F.Convolution(x, filters, no_bias=True, **settings)


class Noise(HybridBlock):  # type: ignore[misc]
    """Noise with a factor per channel: a stored picture of it, or one drawn anew each time."""

    def __init__(self, channels: int, size: int, drawn: bool) -> None:
        super().__init__()
        self.size, self.drawn = size, drawn
        self.factor = self.params.get("weight", shape=(1, channels, 1, 1))
        if not drawn:
            self.noise = self.params.get("noise", shape=(1, 1, size, size))

    def hybrid_forward(self, F: Any, x: Any, factor: Any, noise: Any = None) -> Any:  # noqa: N803
        if self.drawn:
            noise = F.random.normal(shape=(1, 1, self.size, self.size))
        return F.broadcast_add(x, F.broadcast_mul(factor, noise))


class AdaptiveNorm(HybridBlock):  # type: ignore[misc]
    """InstanceNorm whose factors and offsets come from a style."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm(scale=False, center=False, epsilon=1e-5, in_channels=channels)
        self.style = EqualDense(style, channels * 2)

    def hybrid_forward(self, F: Any, x: Any, style: Any) -> Any:  # noqa: N803
        factors = self.style(style).expand_dims(axis=2).expand_dims(axis=3)
        gamma, beta = F.split(factors, axis=1, num_outputs=2)
        return F.broadcast_add(F.broadcast_mul(gamma + 1, self.norm(x)), beta)


class StyledLayer(HybridBlock):  # type: ignore[misc]
    """Layers, noise, a leaky rectifier and a style."""

    def __init__(self, layers: Any, channels: int, size: int, style: int, noise: str) -> None:
        super().__init__()
        self.layers = layers
        self.noise = Noise(channels, size, noise == "drawn") if noise != "none" else None
        self.rectifier = nn.LeakyReLU(0.2)
        self.norm = AdaptiveNorm(channels, style)

    def hybrid_forward(self, F: Any, x: Any, style: Any) -> Any:  # noqa: N803
        x = self.layers(x)
        if self.noise is not None:
            x = self.noise(x)
        return self.norm(self.rectifier(x), style)


class Upsampling(HybridBlock):  # type: ignore[misc]
    """Twice the size, each pixel repeated."""

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        return F.UpSampling(x, scale=2, sample_type="nearest")


class StyleGenerator(HybridBlock):  # type: ignore[misc]
    """Codes ``[N, style]`` to pictures of 16 pixels, by a learned constant of 4 pixels.

    Args:
        noise: ``none``, ``stored`` or ``drawn``.
        channels: of all maps.
        style: length of codes and styles.
        truncation: how far styles may be from the mean style, which is stored.
    """

    def __init__(
        self, noise: str = "stored", channels: int = 6, style: int = 12, truncation: float = 0.7
    ) -> None:
        super().__init__()
        self.truncation = truncation
        self.mapping = chain(PixelNorm())
        for _ in range(3):
            self.mapping.add(EqualDense(style, style, 2.0), nn.LeakyReLU(0.2))
        self.start = self.params.get("start", shape=(1, channels, 4, 4))
        self.mean_style = self.params.get("mean_style", shape=(1, style))
        ways = (
            chain(EqualConv(channels, channels)),
            chain(Upsampling(), EqualConv(channels, channels), Blur(channels)),
            chain(FusedUpsampling(channels, channels), Blur(channels)),
        )
        self.stages = nn.HybridSequential()
        for index, layers in enumerate(ways):
            self.stages.add(StyledLayer(layers, channels, 4 * 2**index, style, noise))
        self.to_picture = EqualConv(channels, 3, 1)

    def hybrid_forward(self, F: Any, code: Any, start: Any, mean_style: Any) -> Any:  # noqa: N803
        style = F.broadcast_sub(self.mapping(code), mean_style) * self.truncation
        style = F.broadcast_add(style, mean_style)
        nothing = F.slice_axis(code, axis=1, begin=0, end=1).reshape((-1, 1, 1, 1)) * 0
        x = F.broadcast_add(nothing, start)
        for stage in self.stages:
            x = stage(x, style)
        return self.to_picture(x)
