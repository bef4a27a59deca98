"""Depth, embeddings, measurements, pictures made from pictures, and networks that take tensors."""

from __future__ import annotations

import json

import numpy as np
import pytest

from gcv_edge import DepthEstimator, Embedder, ImageTranslator, Regressor, TensorNetwork, load
from gcv_edge.errors import ModelFileError
from gcv_edge.metadata import DepthSettings
from gcv_edge.runtime.depth import DepthMap
from gcv_edge.runtime.embedding import Embedding
from gcv_edge.runtime.regressor import Regression
from tests.runtime.conftest import Maker, solid

ENGINES = ["openvino", "onnxruntime"]


def gradient(width: int, height: int) -> np.ndarray:
    """Grey levels that rise from left to right."""
    row = np.linspace(0, 255, width).astype(np.uint8)
    return np.repeat(np.tile(row, (height, 1))[:, :, None], 3, axis=2)


@pytest.mark.parametrize("engine", ENGINES)
def test_depth_is_in_frame_pixels_and_follows_the_disparity(make_model: Maker, engine: str) -> None:
    frame = gradient(100, 60)
    found = DepthEstimator(make_model("depth"), engine=engine).run(frame)
    assert found.disparity.shape == (60, 100)
    np.testing.assert_allclose(found.disparity, frame[..., 0] / 255, atol=0.03)
    assert np.all(np.diff(found.depth, axis=1) <= 0)
    assert not found.is_metric
    assert found.speed.total_ms > 0


def test_depth_means_what_gluoncv_means(mxnet: object) -> None:
    from gcv_edge.exporters.mxnet.compat import import_gluoncv

    import_gluoncv()
    from gluoncv.model_zoo.monodepthv2.layers import disp_to_depth

    disparity = np.linspace(0, 1, 101, dtype=np.float32)[None]
    expected = disp_to_depth(disparity, 0.1, 100)[1]
    np.testing.assert_allclose(DepthMap(disparity).depth, expected, rtol=1e-6)
    stereo = DepthMap(disparity, DepthSettings(scale=5.4))
    np.testing.assert_allclose(stereo.depth, expected * 5.4, rtol=1e-6)
    assert stereo.is_metric


def test_depth_is_painted_near_bright_and_far_dark() -> None:
    frame = np.zeros((20, 40, 3), np.uint8)
    found = DepthMap(np.tile(np.linspace(0, 1, 40, dtype=np.float32), (20, 1)))
    painted = found.plot(frame)
    levels = painted.astype(int).sum(axis=2)[0]
    assert levels[0] < 20
    assert np.all(np.diff(levels) >= -6)
    assert levels[-1] > 500
    np.testing.assert_array_equal(found.plot(frame, color="rgb"), painted[..., ::-1])
    np.testing.assert_array_equal(found.plot(frame, opacity=0), frame)
    with pytest.raises(ValueError, match="found 30 x 20 pixels, expected 40 x 20"):
        found.plot(frame[:, :30])


def test_a_flat_map_is_painted_too() -> None:
    assert DepthMap(np.zeros((4, 4))).plot(np.zeros((4, 4, 3), np.uint8)).shape == (4, 4, 3)


@pytest.mark.parametrize("engine", ENGINES)
def test_embeddings_of_alike_frames_are_near(make_model: Maker, engine: str) -> None:
    embedder = Embedder(make_model("embedding"), engine=engine)
    red, also_red, blue = (embedder.run(solid(*color)) for color in ((200, 10, 0), (100, 5, 0), (0, 10, 200)))
    assert red.similarity(also_red) == pytest.approx(1, abs=1e-4)
    assert red.similarity(blue) < 0.01
    assert np.linalg.norm(red.direction) == pytest.approx(1)
    np.testing.assert_allclose(red.vector, np.array([200, 10, 0]) / 255, atol=1e-3)


def test_embeddings_of_other_lengths_and_of_zeros() -> None:
    assert Embedding(np.zeros(3)).similarity(Embedding(np.ones(3))) == 0
    with pytest.raises(ValueError, match="found 2 numbers, expected 3"):
        Embedding(np.zeros(3)).similarity(Embedding(np.zeros(2)))
    striped = Embedding(np.array([-1, 0, 1], np.float32)).plot(np.zeros((48, 30, 3), np.uint8))
    assert striped[:44].max() == 0
    left, middle, right = (int(striped[-1, column].astype(int).sum()) for column in (0, 15, 29))
    assert left < middle < right


@pytest.mark.parametrize("engine", ENGINES)
def test_values_are_measured(make_model: Maker, engine: str) -> None:
    regressor = Regressor(make_model("regression", labels=("age", "angle", "mood")), engine=engine)
    found = regressor.run(solid(255, 0, 51))
    np.testing.assert_allclose(found.values, [2, 0, 0.4], atol=1e-6)
    assert len(found) == 3
    assert found.labels == ("age", "angle", "mood")
    assert found.lines == ["age 2", "angle 0", "mood 0.4"]
    assert found.to_dict()["values"] == found.values.tolist()
    assert [len(row) for row in regressor.run_batch([solid(0, 0, 0)] * 2)] == [3, 3]


def test_values_without_names() -> None:
    many = Regression(np.array([31.25, -4, 1e9, 0.5], np.float32))
    assert many.lines == ["31.25", "-4", "1e+09", "0.5"]
    assert repr(many) == "Regression(31.25, -4, 1e+09, ...; 0.0 ms)"
    frame = np.zeros((60, 200, 3), np.uint8)
    assert many.plot(frame).any()
    assert not frame.any()
    with pytest.raises(ValueError, match="values"):
        Regression(np.zeros((2, 2)))


@pytest.mark.parametrize("color", ["bgr", "rgb"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_picture_comes_out_in_the_frame_s_channel_order(make_model: Maker, engine: str, color: str) -> None:
    frame = np.full((32, 32, 3), (10, 100, 200), np.uint8)
    found = ImageTranslator(make_model("image_to_image"), engine=engine, color=color).run(frame)
    assert found.pixels.shape == (32, 32, 3)
    np.testing.assert_array_equal(found.pixels, 255 - frame)
    both = found.plot(frame)
    np.testing.assert_array_equal(both[:, :32], frame)
    np.testing.assert_array_equal(both[:, 32:], 255 - frame)


@pytest.mark.parametrize("engine", ENGINES)
def test_tensors_go_in_and_out_as_they_are(make_model: Maker, engine: str) -> None:
    network = TensorNetwork(make_model("tensors"), engine=engine)
    assert network.inputs == {"data": (1, 3, 32, 32)}
    assert network.outputs == {"same": (1, 3, 32, 32)}
    values = np.random.default_rng(0).standard_normal((1, 3, 32, 32), np.float32)
    np.testing.assert_array_equal(network.run({"data": values})["same"], values)
    np.testing.assert_array_equal(network.run(values)["same"], values)
    with pytest.raises(ValueError, match="inputs: found picture, expected data"):
        network.run({"picture": values})
    with pytest.raises(ValueError, match=r"batch: found shape \(1, 3\)"):
        network.run({"data": np.zeros((1, 3), np.float32)})
    with pytest.raises(TypeError, match="found float64"):
        network.run(values.astype(np.float64))


@pytest.mark.parametrize("kind", ["depth", "embedding", "image_to_image", "regression", "tensors"])
def test_load_chooses_the_class_and_the_others_refuse(make_model: Maker, kind: str) -> None:
    classes = {
        "depth": DepthEstimator,
        "embedding": Embedder,
        "image_to_image": ImageTranslator,
        "regression": Regressor,
        "tensors": TensorNetwork,
    }
    path = make_model(kind)
    assert isinstance(load(path), classes[kind])
    for other in set(classes.values()) - {classes[kind]}:
        with pytest.raises(ModelFileError, match=f"use {classes[kind].__name__}"):
            other(path)


@pytest.mark.parametrize("kind", ["depth", "embedding", "image_to_image", "regression"])
def test_results_go_into_json(make_model: Maker, kind: str) -> None:
    found = load(make_model(kind)).run(solid(10, 20, 30))
    assert json.loads(json.dumps(found.to_dict()))["speed"]["inference_ms"] >= 0
    assert type(found).__name__ in repr(found)
