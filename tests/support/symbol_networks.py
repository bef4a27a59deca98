"""Small networks in MXNet's symbol API, as old training scripts wrote them, and changes of their files."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_mxnet

mxnet = import_mxnet()
sym = mxnet.sym

SIZE = 32
SHAPE = f"1,3,{SIZE},{SIZE}"
EPSILON = 1e-3


@dataclass(frozen=True)
class Saved:
    """A network's files, and what a user says when exporting it.

    Attributes:
        symbol: the JSON document.
        weights: parameters, with ``arg:`` and ``aux:``.
        arguments: of ``gcv-edge export``.
        epoch: the last of which there are parameters.
    """

    symbol: dict[str, Any]
    weights: Mapping[str, NDArray[np.float32]]
    arguments: tuple[str, ...] = ()
    epoch: int = 1

    def write(self, folder: Path) -> Path:
        """Write symbol and parameters; return the symbol's path."""
        folder.mkdir()
        path = folder / "net-symbol.json"
        path.write_text(json.dumps(self.symbol))
        arrays = {name: mxnet.nd.array(value) for name, value in self.weights.items()}
        for epoch in range(1, self.epoch + 1):
            mxnet.nd.save(str(folder / f"net-{epoch:04d}.params"), arrays)
        return path

    def node(self, name: str) -> dict[str, Any]:
        """Return the first node of a name or an operator."""
        return next(node for node in self.symbol["nodes"] if name in (node["name"], node["op"]))


def save(symbol: Any, *arguments: str, seed: int = 0) -> Saved:
    """Draw a symbol's weights; BatchNorms have statistics that differ from none."""
    shapes, _, states = symbol.infer_shape(data=(1, 3, SIZE, SIZE))
    random = np.random.default_rng(seed)
    weights = {
        f"arg:{name}": draw(name, shape, random)
        for name, shape in zip(symbol.list_arguments(), shapes, strict=True)
        if name != "data" and not name.endswith("label")
    }
    weights |= {
        f"aux:{name}": draw(name, shape, random)
        for name, shape in zip(symbol.list_auxiliary_states(), states, strict=True)
    }
    return Saved(json.loads(symbol.tojson()), weights, ("--input-shape", SHAPE, *arguments))


def draw(name: str, shape: tuple[int, ...], random: np.random.Generator) -> NDArray[np.float32]:
    """Draw a parameter by its role, layers He-normal."""
    if name.endswith(("gamma", "var", "scale")):
        return np.asarray(random.uniform(0.5, 1.5, shape), np.float32)
    scale = (2 / np.prod(shape[1:])) ** 0.5 if len(shape) > 1 else 0.1
    return np.asarray(random.normal(0, scale, shape), np.float32)


def trunk(data: Any) -> Any:
    """Two convolutions of stride 2 with BatchNorms."""
    for index, width in enumerate((8, 16)):
        data = sym.Convolution(
            data, name=f"conv{index}", num_filter=width, kernel=(3, 3), stride=(2, 2), pad=(1, 1)
        )
        data = sym.BatchNorm(data, name=f"bn{index}", fix_gamma=False, eps=EPSILON)
        data = sym.Activation(data, act_type="relu", name=f"relu{index}")
    return data


@functools.cache
def classifier() -> Saved:
    """A softmax over five classes."""
    found = sym.Pooling(trunk(sym.Variable("data")), global_pool=True, kernel=(7, 7), pool_type="avg")
    found = sym.FullyConnected(sym.Flatten(found), num_hidden=5, name="fc")
    return save(sym.SoftmaxOutput(found, name="softmax"), "--mean", "0", "--scale", "255")


@functools.cache
def two_heads() -> Saved:
    """Scores and boxes at every place."""
    found = trunk(sym.Variable("data"))
    scores = sym.Convolution(found, num_filter=2, kernel=(1, 1), name="score")
    boxes = sym.Convolution(found, num_filter=4, kernel=(1, 1), name="bbox")
    return save(sym.Group([sym.SoftmaxActivation(scores, mode="channel", name="prob"), boxes]))


@functools.cache
def ssd() -> Saved:
    """MXNet's SSD on one map, which is normalised and multiplied by a parameter, as in its example."""
    found, kinds = sym.L2Normalization(trunk(sym.Variable("data")), mode="channel"), 3
    found = sym.broadcast_mul(sym.Variable("relu1_scale", shape=(1, 16, 1, 1)), found)
    parts = []
    for name, width in (("cls", kinds + 1), ("loc", 4)):
        part = sym.Convolution(
            found, num_filter=2 * width, kernel=(3, 3), pad=(1, 1), name=f"{name}_pred_conv"
        )
        parts.append(sym.Flatten(sym.transpose(part, axes=(0, 2, 3, 1))))
    logits = sym.transpose(sym.Reshape(parts[0], shape=(0, -1, kinds + 1)), axes=(0, 2, 1))
    anchors = sym.contrib.MultiBoxPrior(found, sizes=(0.2, 0.4), ratios=(1,), name="anchors")
    scores = sym.SoftmaxActivation(logits, mode="channel", name="cls_prob")
    detection = sym.contrib.MultiBoxDetection(scores, parts[1], anchors, name="detection", nms_topk=400)
    return save(detection, "--mean", "123,117,104", "--scale", "1")


@functools.cache
def embedding() -> Saved:
    """A vector behind a BatchNorm; the network normalises its input itself."""
    data = (sym.Variable("data") - 127.5) * 0.0078125
    found = sym.FullyConnected(sym.Flatten(trunk(data)), num_hidden=12, name="pre_fc1")
    found = sym.BatchNorm(found, name="fc1", fix_gamma=True, eps=EPSILON)
    return save(found, "--task", "embedding")


@functools.cache
def segmentation() -> Saved:
    """Three classes for each pixel: upsampled, then a softmax over channels."""
    found = sym.Convolution(trunk(sym.Variable("data")), num_filter=3, kernel=(1, 1), name="score")
    found = sym.contrib.BilinearResize2D(found, height=SIZE, width=SIZE, align_corners=True, name="resized")
    return save(sym.SoftmaxOutput(found, multi_output=True, name="softmax"))


Mutation = Callable[[Saved], Saved]


def swap_heads(net: Saved) -> Saved:
    """Exchange the first two outputs."""
    first, second, *others = net.symbol["heads"]
    return replace(net, symbol={**net.symbol, "heads": [second, first, *others]})


def drop_head(net: Saved) -> Saved:
    """Lose the last output."""
    return replace(net, symbol={**net.symbol, "heads": net.symbol["heads"][:-1]})


def saying(*arguments: str) -> Mutation:
    """Say something else on the command line."""
    return lambda net: replace(net, arguments=(*net.arguments[:2], *arguments))


def changing(name: str, key: str, value: str) -> Mutation:
    """Give an attribute of a node another value."""

    def mutate(net: Saved) -> Saved:
        symbol = json.loads(json.dumps(net.symbol))
        changed = replace(net, symbol=symbol)
        assert changed.node(name)["attrs"][key] != value
        changed.node(name)["attrs"][key] = value
        return changed

    return mutate


def another_epoch(net: Saved) -> Saved:
    """Take parameters of two epochs later, which are a little different."""
    random = np.random.default_rng(1)
    weights = {
        name: np.asarray(value * random.normal(1, 0.05, value.shape), np.float32)
        for name, value in net.weights.items()
    }
    return replace(net, weights=weights, epoch=net.epoch + 2)


def swap_colours(net: Saved) -> Saved:
    """Exchange red and blue where the first layer reads them."""
    weight = net.weights["arg:conv0_weight"]
    return replace(net, weights={**net.weights, "arg:conv0_weight": weight[:, ::-1].copy()})


def scaling(name: str, factor: float = 1.01) -> Mutation:
    """Make a layer's weights larger, by a hundredth or as told."""
    key = f"arg:{name}_weight"
    return lambda net: replace(net, weights={**net.weights, key: net.weights[key] * np.float32(factor)})
