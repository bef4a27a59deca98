"""Inputs and outputs go by the names that the file gives them, whatever the engine merges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gcv_edge import Classifier, TensorNetwork
from tests.support.port_graphs import NETWORKS, write_float16_classifier, write_network

ENGINES = ["openvino", "onnxruntime"]


@pytest.mark.parametrize("kind", NETWORKS)
def test_engines_agree_on_names_and_numbers(kind: str, tmp_path: Path) -> None:
    path = write_network(kind, tmp_path / "ports.onnx")
    data = np.random.default_rng(0).normal(size=(1, 3, 4, 4)).astype(np.float32)
    ours, theirs = (TensorNetwork(path, engine=engine) for engine in ENGINES)
    assert list(ours.inputs) == ["data"]
    assert tuple(ours.outputs) == tuple(theirs.outputs) == NETWORKS[kind][1]
    found, expected = ours.run(data), theirs.run(data)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=2e-3, err_msg=name)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_float16_classifier_runs(engine: str, tmp_path: Path) -> None:
    classifier = Classifier(write_float16_classifier(tmp_path / "half.onnx"), engine=engine)
    means = classifier.session.run(np.full((1, 3, 32, 32), 0.5, np.float32))
    np.testing.assert_array_equal(means["logits"], np.full((1, 3), 0.5, np.float32))
    assert len(classifier.run(np.zeros((8, 8, 3), np.uint8))) == 3
