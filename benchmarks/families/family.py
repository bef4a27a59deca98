"""What a family of networks is: whose code writes it, how, and what programs that use it feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_mxnet

Array = NDArray[Any]
Shape = tuple[int, ...]

mx = import_mxnet()
sym = mx.sym


@dataclass(frozen=True)
class Scaling:
    """How a program makes the network's input of a picture's levels: ``(level - mean) / scale``."""

    mean: tuple[float, ...] = (0.0,)
    scale: tuple[float, ...] = (1.0,)
    bgr: bool = False


RAW = Scaling()
IMAGENET = Scaling((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))


@dataclass(frozen=True)
class UserNetwork:
    """A network as a project writes it.

    Attributes:
        name: file names begin with it.
        origin: the project.
        build: makes the symbol, or writes symbol and parameters itself where ``is_written``.
        shape: of ``data``, ``[1, C, H, W]`` or ``[1, H, W, C]``.
        levels: how programs make ``data``.
        arguments: what a user says beside ``--input-shape``.
        further: the other inputs, by name.
        labels: shapes of inputs that training alone reads.
        quiet: pattern of weights whose layer's first class is the background, and classes a place has.
        trunk: the output up to which weights are scaled by what they do; the last by default.
        head: the output that the task's own is made of; the first by default.
    """

    name: str
    origin: str
    build: Callable[..., Any]
    shape: Shape
    levels: Scaling = RAW
    arguments: tuple[str, ...] = ()
    further: Mapping[str, Array] = field(default_factory=dict)
    labels: Mapping[str, Shape] = field(default_factory=dict)
    quiet: tuple[str, int] | None = None
    trunk: str = ""
    head: str = ""
    is_written: bool = False

    def command(self) -> list[str]:
        """Arguments of ``gcv-edge export`` behind the symbol's name."""
        inputs = {"data": self.shape} | {name: array.shape for name, array in self.further.items()}
        shapes = [",".join(map(str, inputs[name])) for name in sorted(inputs)]
        return [word for shape in shapes for word in ("--input-shape", shape)] + list(self.arguments)

    def make_inputs(self, picture: Array) -> dict[str, Array]:
        """Make all inputs as a program does, from an RGB picture ``[H, W, 3]`` of the network's size."""
        pixels = picture[..., ::-1] if self.levels.bgr else picture
        if 1 in (self.shape[1], self.shape[-1]):
            pixels = grey(picture)[..., None]
        mean, scale = np.array(self.levels.mean, np.float32), np.array(self.levels.scale, np.float32)
        data = (pixels.astype(np.float32) - mean) / scale
        batch = data[None] if self.is_last else data.transpose(2, 0, 1)[None]
        return {"data": np.ascontiguousarray(batch), **self.further}

    @property
    def is_last(self) -> bool:
        """Whether channels are the last axis."""
        return len(self.shape) == 4 and self.shape[-1] in (1, 3) and self.shape[1] not in (1, 3)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.shape[1:3] if self.is_last else self.shape[2:4]
        return height, width


def grey(picture: Array) -> Array:
    """Weigh the channels as ITU-R BT.601 does, in OpenCV's fixed point."""
    import cv2

    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def variable(name: str = "data") -> Any:
    """An input or parameter."""
    return sym.Variable(name)
