"""Where a network runs and where compiled ones are kept; networks from memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gcv_edge import Classifier, Detector, load
from gcv_edge.errors import GcvEdgeError, ModelFileError, UnsupportedError
from tests.runtime.conftest import Maker, solid


def test_the_engine_may_choose_the_device(make_model: Maker) -> None:
    path, frame = make_model("detection"), solid(255, 0, 0)
    np.testing.assert_array_equal(
        Detector(path, device="AUTO", threads=1).run(frame).scores, Detector(path).run(frame).scores
    )


WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"device": "TPU"}, ValueError, "device: found 'TPU', expected one of CPU, GPU, NPU, AUTO"),
    ({"device": "NPU.7"}, UnsupportedError, "device 'NPU.7': OpenVINO finds none here, it finds CPU"),
    ({"device": "AUTO", "engine": "onnxruntime"}, ValueError, "device 'AUTO': found engine 'onnxruntime'"),
    ({"cache_dir": "x", "engine": "onnxruntime"}, ValueError, "cache_dir 'x': found engine 'onnxruntime'"),
    ({"device": "GPU", "threads": 2}, ValueError, "threads: found 2, expected None for device 'GPU'"),
    ({"cache_dir": "/nowhere/cache"}, ValueError, "cache_dir: /nowhere/cache: cannot be made: No such file"),
]


@pytest.mark.parametrize(("options", "error", "text"), WRONG)
def test_what_cannot_be_is_told(
    options: dict[str, Any], error: type[Exception], text: str, make_model: Maker
) -> None:
    with pytest.raises(error) as caught:
        Detector(make_model("detection"), **options)
    assert str(caught.value).startswith(text)


def test_compiled_networks_are_kept(make_model: Maker, tmp_path: Path) -> None:
    path, frame, folder = make_model("detection"), solid(255, 0, 0), tmp_path / "compiled"
    expected = Detector(path).run(frame)
    for _ in range(2):
        np.testing.assert_array_equal(Detector(path, cache_dir=folder).run(frame).boxes, expected.boxes)
    assert list(folder.glob("*.blob"))
    assert folder.stat().st_mode & 0o077 == 0
    with pytest.raises(ValueError, match="found a file, expected a folder"):
        Detector(path, cache_dir=path)


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_a_network_from_memory(engine: str, make_model: Maker) -> None:
    path, frame = make_model("classification"), solid(255, 0, 0)
    network = load(path.read_bytes(), engine=engine)
    assert isinstance(network, Classifier)
    assert "<memory>" in repr(network)
    np.testing.assert_array_equal(
        network.run_batch([frame] * 3)[2].logits, Classifier(path, engine=engine).run(frame).logits
    )


@pytest.mark.parametrize("content", [b"", b"no network", b"HALF"])
def test_bytes_that_are_no_network(content: bytes, make_model: Maker) -> None:
    whole = make_model("classification").read_bytes()
    with pytest.raises(ModelFileError, match=r"^<memory>: ") as caught:
        Classifier(whole[: len(whole) // 2] if content == b"HALF" else content)
    assert isinstance(caught.value, GcvEdgeError)
