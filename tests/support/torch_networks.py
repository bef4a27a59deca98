"""Small torch modules, as a user's own package would define them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def classifier() -> Any:
    import torch

    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1, bias=False),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 5),
    )


def segmenter() -> Any:
    """A main and an auxiliary head, as gluoncv-torch's FCN has."""
    import torch

    class TwoHeads(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.main, self.aux = torch.nn.Conv2d(3, 4, 1), torch.nn.Conv2d(3, 4, 1)

        def forward(self, data: Any) -> tuple[Any, Any]:
            small = torch.nn.functional.avg_pool2d(data, 2)
            up = torch.nn.functional.interpolate(
                self.main(small), data.shape[2:], mode="bilinear", align_corners=True
            )
            return up, self.aux(data)

    torch.manual_seed(0)
    return TwoHeads()


def softmax_classifier() -> Any:
    import torch

    return torch.nn.Sequential(classifier(), torch.nn.Softmax(dim=1))


def grey_classifier() -> Any:
    import torch

    return torch.nn.Sequential(torch.nn.Conv2d(1, 3, 1), classifier())


def two_answers() -> Any:
    """A dictionary of a vector and maps."""
    import torch

    class TwoAnswers(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Conv2d(3, 4, 3)

        def forward(self, data: Any) -> dict[str, Any]:
            maps = torch.relu(self.first(data))
            return {"mean": maps.mean((2, 3)), "maps": [maps, maps * 2]}

    torch.manual_seed(0)
    return TwoAnswers()


def two_inputs() -> Any:
    import torch

    class TwoInputs(torch.nn.Module):
        def forward(self, first: Any, second: Any) -> Any:
            return torch.cat([first, second * 2], 1)

    return TwoInputs()


def branching() -> Any:
    """Control flow on values, which cannot be exported."""
    import torch

    class Branching(torch.nn.Module):
        def forward(self, data: Any) -> Any:
            return data * 2 if data.sum() > 0 else data

    return Branching()


def broken() -> Any:
    raise FileNotFoundError("weights.pth")


def number() -> int:
    return 3


def normalizing(prepare: Callable[[Any, Any], Any], channels: int = 3) -> Any:
    """A classifier that does something to its input first; ``prepare`` takes torch and the picture."""
    import torch

    class Normalizing(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem = torch.nn.Conv2d(channels, 3, 1)
            self.rest = classifier()
            self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
            self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))

        def forward(self, data: Any) -> Any:
            return self.rest(self.stem(prepare(self, data)))

    torch.manual_seed(0)
    return Normalizing()


def takes_unit() -> Any:
    return normalizing(lambda net, x: (x - net.mean) / net.std)


def takes_levels() -> Any:
    return normalizing(lambda net, x: (x / 255 - net.mean) / net.std)


def takes_levels_turned() -> Any:
    return normalizing(lambda net, x: (x.flip(1) / 255 - net.mean) / net.std)


def takes_clamped_levels() -> Any:
    return normalizing(lambda net, x: (x.clamp(0, 255) - 127.5) / 127.5)


def takes_byte_levels() -> Any:
    import torch

    return normalizing(lambda net, x: x.to(torch.uint8).float() / 255.0)


def takes_twice_unit() -> Any:
    return normalizing(lambda net, x: x * 2 - 1)


def takes_grey_levels() -> Any:
    return normalizing(lambda net, x: (x - 127.5) / 127.5, channels=1)


def takes_levels_with_channels_last() -> Any:
    return normalizing(lambda net, x: x.permute(0, 3, 1, 2) / 255.0)


def takes_anything_with_channels_last() -> Any:
    return normalizing(lambda net, x: x.permute(0, 3, 1, 2))


def scales_a_little() -> Any:
    return normalizing(lambda net, x: x / 128)


def sigmoid_softmax_classifier() -> Any:
    import torch

    return torch.nn.Sequential(classifier(), torch.nn.Sigmoid(), torch.nn.Softmax(dim=1))


def enlarged_sigmoid() -> Any:
    import torch

    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 1, 3, 2, 1), torch.nn.Sigmoid(), torch.nn.Upsample(scale_factor=2, mode="bilinear")
    )
