"""Networks that are live Gluon blocks: zoo names and blocks of the user's own. Needs the extra [mxnet]."""

from __future__ import annotations

import difflib
import importlib
import os
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.errors import (
    GcvEdgeError,
    ModelNotFoundError,
    ParamsMismatchError,
    UnsupportedError,
    UsageError,
)
from gcv_edge.exporters.mxnet import zoo
from gcv_edge.exporters.mxnet.compat import import_gluoncv, import_mxnet
from gcv_edge.exporters.mxnet.export import Network
from gcv_edge.exporters.mxnet.network_files import read_network
from gcv_edge.tasks import CLASSIFICATION, POSE

Shape = tuple[int, int, int, int]


def load_zoo_network(
    name: str,
    params: str | os.PathLike[str] | None,
    input_shape: Shape | None,
    classes: tuple[str, ...],
    random_weights: int | None,
) -> Network:
    """Build a zoo network with trained, given or (for benchmarks) random weights, and trace it.

    Raises:
        MissingExtraError: MXNet or gluoncv is not installed.
        ModelNotFoundError: the zoo has no such name.
        GcvEdgeError: trained weights are wanted and cannot be downloaded.
        ParamsMismatchError: the given parameters are another network's.
    """
    gluoncv = import_gluoncv()
    name = find_zoo_name(gluoncv, name)
    shape = input_shape or zoo_shape(name)
    is_trained = params is None and random_weights is None
    block = build_zoo_block(gluoncv, name, classes, is_trained)
    if params is not None:
        load_parameters(block, params, name)
    elif random_weights is not None:
        draw_weights(block, shape, random_weights)
    network = trace(block, name, shape)
    return replace(network, labels=find_labels(gluoncv, block, name))


def load_block_network(
    factory: str, params: str | os.PathLike[str] | None, input_shape: Shape | None
) -> Network:
    """Call ``package.module:factory`` for a HybridBlock and trace it.

    Raises:
        UsageError: there is no such factory, no input shape, or it gives something else.
    """
    block = call_factory(factory)
    name = factory.rpartition(":")[2]
    if input_shape is None:
        raise UsageError(f"{factory}: give the input's shape: --input-shape 1,3,HEIGHT,WIDTH")
    if params is not None:
        load_parameters(block, params, name)
    labels = tuple(str(label) for label in getattr(block, "classes", ()))
    return replace(trace(block, name, input_shape), labels=labels)


def zoo_names() -> list[str]:
    """All names of GluonCV's model zoo."""
    gluoncv = import_gluoncv()
    return sorted(gluoncv.model_zoo.get_model_list())


def find_zoo_name(gluoncv: Any, name: str) -> str:
    """Check a zoo name.

    Raises:
        ModelNotFoundError: the zoo has no such name; the message holds the nearest ones.
    """
    names = list(gluoncv.model_zoo.get_model_list())
    if name.lower() in names:
        return name.lower()
    close = difflib.get_close_matches(name.lower(), names, n=3)
    hint = f": did you mean {', '.join(close)}?" if close else ""
    raise ModelNotFoundError(f"'{name}' is neither a file nor a name of GluonCV's model zoo{hint}")


def zoo_shape(name: str) -> Shape:
    """Input shape that goes with a zoo name."""
    facts = zoo.describe(name)
    if facts is None:
        raise UsageError(f"{name}: give the input's shape: --input-shape 1,3,HEIGHT,WIDTH")
    return (1, 3, *facts.size)


def build_zoo_block(gluoncv: Any, name: str, classes: tuple[str, ...], is_trained: bool) -> Any:
    """Make the block; a builder that does not know ``pretrained_base`` is called without it."""
    options: dict[str, Any] = {"pretrained": is_trained}
    if "custom" in name:
        if not classes:
            raise UsageError(f"{name}: give the class names: --classes a,b,c")
        options["classes"] = list(classes)
    if is_trained:
        return download_block(gluoncv, name, options)
    try:
        return gluoncv.model_zoo.get_model(name, pretrained_base=False, **options)
    except (TypeError, Warning):
        return gluoncv.model_zoo.get_model(name, **options)


def download_block(gluoncv: Any, name: str, options: dict[str, Any]) -> Any:
    """Let gluoncv fetch the trained weights."""
    try:
        return gluoncv.model_zoo.get_model(name, **options)
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise GcvEdgeError(
            f"{name}: trained weights could not be downloaded ({reason}): give a file with --params"
        ) from error


def load_parameters(block: Any, params: str | os.PathLike[str], name: str) -> None:
    """Load a ``.params`` file into a block.

    Raises:
        ModelNotFoundError: there is no such file.
        ParamsMismatchError: it is another network's, or no parameter file.
    """
    mxnet = import_mxnet()
    if not Path(params).is_file():
        raise ModelNotFoundError(f"{os.fspath(params)}: no such file")
    try:
        block.load_parameters(os.fspath(params), ctx=mxnet.cpu())
    except (AssertionError, ValueError, mxnet.MXNetError) as error:
        reason = " ".join(str(error).split())[:160]
        raise ParamsMismatchError(f"{os.fspath(params)}: does not fit {name}: {reason}") from error


def draw_weights(block: Any, shape: Shape, seed: int) -> None:
    """Give a block random weights that keep its activations at a sane scale.

    One pass in training mode sets every BatchNorm's running statistics to those of a noise picture.
    """
    mxnet = import_mxnet()
    mxnet.random.seed(seed)
    block.initialize(mxnet.init.Normal(0.01), force_reinit=True)
    data = mxnet.nd.random.normal(shape=shape)
    block(data)
    random = np.random.RandomState(seed)
    for parameter in block.collect_params().values():
        values = draw_parameter(parameter, random)
        if values is not None:
            parameter.set_data(mxnet.nd.array(values))
    norms: list[Any] = []
    block.apply(lambda child: norms.append(child) if isinstance(child, mxnet.gluon.nn.BatchNorm) else None)
    momenta = [norm._kwargs["momentum"] for norm in norms]
    for norm in norms:
        norm._kwargs["momentum"] = 0.0
    with mxnet.autograd.train_mode():
        block(data)
        mxnet.nd.waitall()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm._kwargs["momentum"] = momentum


def draw_parameter(parameter: Any, random: np.random.RandomState) -> NDArray[np.float32] | None:
    """Draw one parameter by its role: He-normal weights, neutral normalisation; None for constants."""
    if parameter.name.endswith(("gamma", "running_var", "moving_var")):
        return np.ones(parameter.shape, np.float32)
    if parameter.name.endswith(("beta", "bias", "running_mean", "moving_mean")):
        return np.zeros(parameter.shape, np.float32)
    if not parameter.name.endswith("weight") or len(parameter.shape) < 2:
        return None
    deviation: float = (2 / max(1, int(np.prod(parameter.shape[1:])))) ** 0.5
    values: NDArray[np.float64] = random.standard_normal(parameter.shape) * deviation
    return values.astype(np.float32)


def trace(block: Any, name: str, shape: Shape) -> Network:
    """Run a block once as a graph and read back what it exports."""
    mxnet = import_mxnet()
    if not isinstance(block, mxnet.gluon.HybridBlock):
        raise UnsupportedError(f"{name}: found {type(block).__name__}, expected a gluon HybridBlock")
    block.hybridize()
    with tempfile.TemporaryDirectory(prefix="gcv-edge-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        prefix = Path(folder) / name
        try:
            block(mxnet.nd.zeros(shape))
            block.export(str(prefix))
        except (mxnet.MXNetError, RuntimeError, ValueError, AssertionError) as error:
            reason = " ".join(str(error).split())[:200]
            raise UnsupportedError(f"{name}: MXNet cannot trace it at {shape}: {reason}") from error
        return read_network(f"{prefix}-symbol.json", None)


def call_factory(factory: str) -> Any:
    """Import a module and call one of its functions."""
    module_name, _, function_name = factory.partition(":")
    import_mxnet()
    try:
        function: Callable[[], Any] = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"{factory}: {error}") from error
    return function()


def find_labels(gluoncv: Any, block: Any, name: str) -> tuple[str, ...]:
    """Class names (keypoint names for pose) that GluonCV gives a network."""
    facts = zoo.describe(name)
    if facts is not None and facts.task is POSE:
        joints = gluoncv.data.mscoco.keypoints.COCOKeyPoints.KEYPOINTS
        return tuple(joints[index] for index in range(len(joints)))
    classes = getattr(block, "classes", None)
    if isinstance(classes, (list, tuple)):
        return tuple(str(label) for label in classes)
    if facts is not None and facts.task is CLASSIFICATION and not name.startswith("cifar_"):
        return tuple(gluoncv.data.imagenet.classification.ImageNet1kAttr().classes)
    return ()
