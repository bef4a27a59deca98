"""Networks for re-identification, text and more, from Gluon's own layers, with few channels."""

from __future__ import annotations

from typing import Any

from tests.support.generators import HybridBlock, chain, mxnet, nn

resnet = mxnet.gluon.model_zoo.vision.resnet


def trunk(channels: int = 8, depths: tuple[int, ...] = (1, 1, 1, 2)) -> Any:
    """ResNet of bottleneck blocks whose last stage keeps the size."""
    block = chain(nn.Conv2D(channels, 7, 2, 3, use_bias=False), nn.BatchNorm(), nn.Activation("relu"))
    block.add(nn.MaxPool2D(3, 2, 1))
    width = channels
    for stage, depth in enumerate(depths):
        for index in range(depth):
            strides = 2 if index == 0 and 0 < stage < len(depths) - 1 else 1
            wide = channels * 2 ** (stage + 1)
            block.add(resnet.BottleneckV1(wide, strides, wide != width, in_channels=width))
            width = wide
    return block


class PersonNetwork(HybridBlock):  # type: ignore[misc]
    """ResNet trunk, global pooling, BatchNorm neck, embedding.

    Args:
        embedding: its length.
        normalized: whether it has length 1: by the operator ("operator") or by arithmetic ("norm").
        classes: of the classifier that training adds; none by default.
    """

    def __init__(self, embedding: int = 16, normalized: str = "", classes: int = 0) -> None:
        super().__init__()
        self.trunk = trunk()
        self.pool = nn.GlobalAvgPool2D()
        self.neck = chain(
            nn.Flatten(), nn.BatchNorm(scale=True, center=False), nn.Dense(embedding, use_bias=False)
        )
        self.neck.add(nn.BatchNorm(), nn.LeakyReLU(0.1), nn.Dropout(0.5))
        self.classifier = nn.Dense(classes) if classes else None
        self.normalized = normalized

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        x = self.neck(self.pool(self.trunk(x)))
        if self.normalized == "operator":
            x = F.L2Normalization(x)
        if self.normalized == "norm":
            x = F.broadcast_div(x, F.norm(x, axis=1, keepdims=True) + 1e-12)
        return x if self.classifier is None else self.classifier(x)


class TextReader(HybridBlock):  # type: ignore[misc]
    """A network that reads a line of text: columns of maps are the steps of recurrent layers (CRNN).

    Args:
        kind: ``LSTM`` or ``GRU``.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.maps = chain(nn.Conv2D(8, 3, (2, 1), 1), nn.BatchNorm(), nn.Activation("relu"))
        self.layers = getattr(mxnet.gluon.rnn, kind)(6, num_layers=2, bidirectional=True)
        self.letters = nn.Dense(5, flatten=False)

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        columns = F.max(self.maps(x), axis=2)
        steps = self.layers(F.transpose(columns, axes=(2, 0, 1)))
        return F.transpose(self.letters(steps), axes=(1, 0, 2))


class GroupNormNetwork(HybridBlock):  # type: ignore[misc]
    """A classifier that normalises groups of channels, and positions."""

    def __init__(self) -> None:
        super().__init__()
        self.body = chain(nn.Conv2D(8, 3, 2, 1), nn.GroupNorm(4), nn.Activation("relu"))
        self.body.add(nn.Conv2D(6, 3, 2, 1), nn.GroupNorm(1), nn.Swish(), nn.LayerNorm(axis=1), nn.GELU())
        self.body.add(nn.GlobalAvgPool2D(), nn.Flatten(), nn.LayerNorm(), nn.Dense(5))

    def hybrid_forward(self, F: Any, x: Any) -> Any:  # noqa: N803
        return self.body(x)
