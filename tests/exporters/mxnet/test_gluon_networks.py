"""Networks of training scripts outside the zoo: generators of pictures, re-identification, group norms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions

Array = NDArray[np.float32]
Shape = tuple[int, ...]
Case = tuple[str, str, dict[str, Any], Shape, str]
CASES: dict[str, Case] = {
    "WGAN": ("generators", "wgan", {}, (100, 1, 1), "tensors"),
    "SRGAN": ("generators", "srgan", {}, (3, 12, 16), "image_to_image"),
    "SRGAN, depth_to_space": ("generators", "srgan", {"operator": True}, (3, 12, 16), "image_to_image"),
    "CycleGAN": ("generators", "cycle_gan", {}, (3, 32, 48), "image_to_image"),
    "CycleGAN, U-Net": ("generators", "u_net", {}, (3, 32, 48), "image_to_image"),
    "StyleGAN": ("style_generator", "StyleGenerator", {}, (12,), "tensors"),
    "StyleGAN, no noise": ("style_generator", "StyleGenerator", {"noise": "none"}, (12,), "tensors"),
    "re-identification": ("gluon_networks", "PersonNetwork", {}, (3, 64, 32), "embedding"),
    "re-identification, length 1": (
        "gluon_networks",
        "PersonNetwork",
        {"normalized": "operator"},
        (3, 64, 32),
        "embedding",
    ),
    "re-identification, divided by its norm": (
        "gluon_networks",
        "PersonNetwork",
        {"normalized": "norm"},
        (3, 64, 32),
        "embedding",
    ),
    "re-identification, as trained": (
        "gluon_networks",
        "PersonNetwork",
        {"classes": 7},
        (3, 64, 32),
        "classification",
    ),
    "text, LSTM": ("gluon_networks", "TextReader", {"kind": "LSTM"}, (3, 12, 20), "tensors"),
    "text, GRU": ("gluon_networks", "TextReader", {"kind": "GRU"}, (3, 12, 20), "tensors"),
    "GroupNorm": ("gluon_networks", "GroupNormNetwork", {}, (3, 24, 32), "classification"),
}


@pytest.fixture(scope="module")
def saved(mxnet: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Any]]:
    """Networks in the two files that ``HybridBlock.export`` writes, and the blocks."""
    made: dict[str, tuple[Path, Any]] = {}

    def save(name: str) -> tuple[Path, Any]:
        if name not in made:
            module, builder, options, shape, _ = CASES[name]
            block = build(mxnet, module, builder, shape, **options)
            folder = tmp_path_factory.mktemp("network")
            block.export(str(folder / "net"))
            made[name] = folder, block
        return made[name]

    return save


def build(mxnet: ModuleType, module: str, builder: str, shape: Shape, **options: Any) -> Any:
    """Make a block, draw its values by their roles, and run it once."""
    block = getattr(__import__(f"tests.support.{module}", fromlist=[builder]), builder)(**options)
    block.initialize()
    block.hybridize()
    block(mxnet.nd.zeros((1, *shape)))
    random = np.random.RandomState(1)
    for name, parameter in block.collect_params().items():
        if not isinstance(parameter, mxnet.gluon.Constant):
            parameter.set_data(mxnet.nd.array(draw(name, parameter.shape, random)))
    block(mxnet.nd.zeros((1, *shape)))
    return block


def draw(name: str, shape: Shape, random: np.random.RandomState) -> Array:
    """Draw a parameter by its role; what scales its weights itself has those of deviation 1."""
    role = name.rpartition("_")[2]
    if role in ("gamma", "var"):
        return random.uniform(0.5, 1.5, shape).astype(np.float32)
    if role == "alpha":
        return random.uniform(0.1, 0.4, shape).astype(np.float32)
    if role in ("beta", "bias", "mean"):
        return random.normal(0, 0.2, shape).astype(np.float32)
    scaled = role != "weight" or name.startswith(("equal", "style", "fused", "noise"))
    return (random.standard_normal(shape) * (1 if scaled else spread(shape))).astype(np.float32)


def spread(shape: Shape) -> float:
    """Deviation of weights under which values neither grow nor vanish."""
    return float((2 / max(np.prod(shape[1:]), 1)) ** 0.5)


def convert(folder: Path, name: str, shape: Shape, **options: Any) -> Path:
    wanted = ExportOptions(input_shape=(1, *shape), task=CASES[name][4], **options)
    source, target = str(folder / "net-symbol.json"), folder / f"{len(options)}.onnx"
    return export(source, target, params=folder / "net-0000.params", options=wanted, verify=False).path


def check(mxnet: ModuleType, block: Any, path: Path, engine: str, batch: Array) -> None:
    """Hold an export's numbers against what the block computes."""
    expected = block(mxnet.nd.array(batch)).asnumpy()
    scale = np.abs(expected).max()
    assert np.isfinite(scale)
    assert expected.std() > 0.01 * scale > 0
    assert len(batch) == 1 or np.ptp(expected, axis=0).max() > 0.05 * scale
    session = open_session(path, SessionOptions(engine=engine, threads=1), batch=len(batch))
    (found,) = session.run(batch).values()
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-4 * scale, rtol=0)


@pytest.mark.parametrize("name", ["CycleGAN", "SRGAN", "WGAN", "GroupNorm"])
def test_a_whole_export_is_verified(name: str, saved: Callable[[str], tuple[Path, Any]]) -> None:
    folder, _ = saved(name)
    wanted = ExportOptions(input_shape=(1, *CASES[name][3]), task=CASES[name][4])
    verification = export(
        str(folder / "net-symbol.json"), folder / "verified.onnx", options=wanted
    ).verification
    assert verification is not None
    assert verification.passed
    pictures = ("black", "noise", "picture")
    expected = {"WGAN": ("noise", "other noise")}.get(name, pictures)
    assert verification.inputs == expected


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("name", CASES)
def test_numbers_are_the_blocks(
    name: str, engine: str, saved: Callable[[str], tuple[Path, Any]], mxnet: ModuleType
) -> None:
    folder, block = saved(name)
    shape = CASES[name][3]
    random = np.random.RandomState(2)
    batch = random.standard_normal((3, *shape)).astype(np.float32)
    check(mxnet, block, convert(folder, name, shape), engine, batch[:1])
    open_path = convert(folder, name, shape, dynamic_batch=True)
    check(mxnet, block, open_path, engine, batch)
    check(mxnet, block, open_path, engine, batch[:1])


def test_noise_that_is_drawn_anew_is_refused(mxnet: ModuleType, tmp_path: Path) -> None:
    block = build(mxnet, "style_generator", "StyleGenerator", (12,), noise="drawn")
    block.export(str(tmp_path / "net"))
    with pytest.raises(UnsupportedError) as caught:
        convert(tmp_path, "StyleGAN", (12,))
    message = str(caught.value)
    assert message.startswith("_random_normal '")
    assert "it draws random numbers, which an exported network cannot" in message
    assert "\n" not in message
