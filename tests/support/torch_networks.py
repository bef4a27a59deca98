"""Small torch modules, as a user's own package would define them."""

from __future__ import annotations

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
