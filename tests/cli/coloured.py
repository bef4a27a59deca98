"""What calibration is tried on: networks of two convolutions, and pictures of one colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from tests.runtime.conftest import Maker, solid

COLOURS = {"red": (255, 40, 0), "green": (0, 255, 40), "blue": (40, 0, 255)}
EACH = 4
OPSET = 18
"""That exports have."""


def colour_convs(model: onnx.ModelProto, ballast: float) -> None:
    """Put two convolutions before the first node, which together change nothing.

    ``ballast`` fills a channel between them that the second one ignores; when it is large, 8 bits have no
    levels left for the others.
    """
    first, second = np.zeros((4, 3, 1, 1), np.float32), np.zeros((3, 4, 1, 1), np.float32)
    first[:3, :, 0, 0] = second[:, :3, 0, 0] = np.eye(3)
    bias = np.array([0, 0, 0, ballast], np.float32)
    for name, value in (("w1", first), ("b1", bias), ("w2", second)):
        model.graph.initializer.append(numpy_helper.from_array(value, name))
    model.graph.node[0].input[0] = "seen"
    layers = [
        helper.make_node("Conv", ["data", "w1", "b1"], ["c1"], "conv1"),
        helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
        helper.make_node("Conv", ["r1", "w2"], ["seen"], "conv2"),
    ]
    for layer in reversed(layers):
        model.graph.node.insert(0, layer)


@pytest.fixture
def make_net(make_model: Maker, here: Path) -> Maker:
    """Write a network with convolutions: ``make_net("classification", ballast=1.0)``."""

    def make(kind: str, *, ballast: float = 1.0, opset: int = OPSET, **options: Any) -> Path:
        path = make_model(kind, path=here / "net.onnx", **options)
        model = onnx.load(path)
        model.opset_import[0].version = opset
        colour_convs(model, ballast)
        onnx.save(model, path)
        return Path("net.onnx")

    return make


@pytest.fixture
def colours(here: Path) -> Path:
    """Pictures in folders by the name of their colour."""
    for name, colour in COLOURS.items():
        (here / "colours" / name).mkdir(parents=True)
        for number in range(EACH):
            cv2.imwrite(f"colours/{name}/{number}.png", solid(*(max(0, c - 9 * number) for c in colour)))
    return Path("colours")


@pytest.fixture
def pictures(colours: Path) -> Path:
    """The same without labels."""
    Path("flat").mkdir()
    for path in sorted(colours.rglob("*.png")):
        path.rename(Path("flat") / f"{path.parent.name}{path.name}")
    return Path("flat")
