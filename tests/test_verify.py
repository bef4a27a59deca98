"""A verdict must be able to fail: files that compute something else are told from files that do not."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest
from onnx import numpy_helper

from gcv_edge.errors import MetadataError, ModelFileError, ModelNotFoundError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pictures import check_pictures, noise_picture
from gcv_edge.pipeline import export
from gcv_edge.verify import verify_model
from tests.support.demo_files import CLASSES, SYMBOL

OPTIONS = ExportOptions(input_shape=(1, 3, 256, 256), labels=CLASSES)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(str(SYMBOL), tmp_path_factory.mktemp("verify") / "signs.onnx", options=OPTIONS).path


def change_weight(model: Path, output: Path, factor: float) -> Path:
    """Scale one channel of the first convolution."""
    proto = onnx.load(model)
    name = next(node for node in proto.graph.node if node.op_type == "Conv").input[1]
    tensor = next(tensor for tensor in proto.graph.initializer if tensor.name == name)
    weights = numpy_helper.to_array(tensor).copy()
    weights[0] *= factor
    tensor.CopyFrom(numpy_helper.from_array(weights, name))
    onnx.save(proto, output)
    return output


def test_the_stored_numbers_hold(model: Path) -> None:
    verification = verify_model(model)
    assert verification.passed
    assert {c.name for c in verification.comparisons} >= {"boxes (openvino)", "scores (openvino)"}
    assert "numbers stored at export" in verification.reference


def test_a_changed_weight_is_noticed_without_a_source(model: Path, tmp_path: Path) -> None:
    verification = verify_model(change_weight(model, tmp_path / "changed.onnx", 1.5))
    assert not verification.passed


def test_against_the_source(model: Path, mxnet: object) -> None:
    verification = verify_model(model, against=str(SYMBOL))
    assert verification.passed
    assert verification.reference.startswith("mxnet")
    assert {c.name for c in verification.comparisons} == {"boxes", "scores", "detections"}


def test_a_changed_weight_is_noticed_against_the_source(model: Path, tmp_path: Path, mxnet: object) -> None:
    changed = change_weight(model, tmp_path / "changed.onnx", 1.5)
    assert not verify_model(changed, against=str(SYMBOL)).passed


def test_files_without_a_self_test_are_told_so(model: Path, tmp_path: Path) -> None:
    path = export(str(SYMBOL), tmp_path / "signs.onnx", options=OPTIONS, verify=False).path
    with pytest.raises(ModelFileError, match="no self-test in the file"):
        verify_model(path)


def test_files_that_are_not_ours(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        verify_model(tmp_path / "absent.onnx")
    graph = onnx.helper.make_graph([], "empty", [], [])
    onnx.save(onnx.helper.make_model(graph), tmp_path / "foreign.onnx")
    with pytest.raises(MetadataError, match="is missing"):
        verify_model(tmp_path / "foreign.onnx")


def test_noise_is_the_same_everywhere() -> None:
    picture = noise_picture(4, 5, 1)
    assert picture.shape == (4, 5, 3)
    assert picture.ravel()[:6].tolist() == noise_picture(40, 50, 1).ravel()[:6].tolist()
    large = noise_picture(64, 64, 1)
    assert 120 < large.mean() < 135
    assert set(check_pictures(8, 8)) == {"black", "noise", "picture"}
