"""Exports end in one whole, verified file, or in no file at all."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import gcv_edge.pipeline
from gcv_edge import Detector, _core
from gcv_edge.agreement import Comparison
from gcv_edge.errors import (
    GcvEdgeError,
    ModelFileError,
    ModelNotFoundError,
    ParamsMismatchError,
    UnsupportedError,
    UsageError,
    VerificationError,
)
from gcv_edge.exporters.loading import open_mxnet
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import ExportResult, export, export_loaded
from gcv_edge.store import find_model
from gcv_edge.verification.verdict import Verification
from gcv_edge.verify import check_export
from tests.support.demo_files import CLASSES, DEMO, EXPECTED, PARAMS, SYMBOL

OPTIONS = ExportOptions(input_shape=(1, 3, 256, 256), labels=CLASSES)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> ExportResult:
    return export(str(SYMBOL), tmp_path_factory.mktemp("exported") / "signs.onnx", options=OPTIONS)


def test_the_file_is_valid_onnx_with_canonical_outputs(exported: ExportResult) -> None:
    model = onnx.load(exported.path)
    onnx.checker.check_model(model, full_check=True)
    outputs = {o.name: [d.dim_value for d in o.type.tensor_type.shape.dim] for o in model.graph.output}
    anchors = 3 * (32**2 + 16**2 + 8**2)
    assert outputs == {"boxes": [1, anchors, 4], "scores": [1, anchors, len(CLASSES)]}
    assert [value.name for value in model.graph.input] == ["data"]
    operators = {node.op_type for node in model.graph.node}
    assert not operators & {"BatchNormalization", "NonMaxSuppression", "Identity", "Dropout", "Tile", "Where"}


def test_the_file_says_all_a_runtime_needs(exported: ExportResult) -> None:
    detector = Detector(exported.path)
    assert detector.labels == CLASSES
    assert detector.metadata.verification["passed"] is True
    assert {test["output"] for test in detector.metadata.self_test} == {"boxes", "scores"}
    assert detector.metadata.source == "traffic_signs"


def test_detections_are_mxnets(exported: ExportResult) -> None:
    """The demo's pictures as MXNet saw them, and the lists it gave."""
    stored = np.load(EXPECTED)
    session = Detector(exported.path).session
    preprocessing = exported.metadata.preprocessing
    names = sorted({key.partition("/")[0] for key in stored})
    assert len(names) >= 5
    for name in names:
        picture = stored[f"{name}/picture"][..., ::-1]
        data = (picture - np.float32(preprocessing.mean)) / np.float32(preprocessing.scale)
        outputs = session.run(np.ascontiguousarray(data.transpose(2, 0, 1)[None], dtype=np.float32))
        boxes, scores, ids = _core.detect(
            outputs["boxes"][0], outputs["scores"][0], 0.01, 0.45, 400, 100, False
        )
        rows = stored[f"{name}/detections"]
        rows = rows[rows[:, 0] >= 0]
        np.testing.assert_array_equal(ids, rows[:, 0])
        np.testing.assert_allclose(scores, rows[:, 1], atol=1e-4)
        np.testing.assert_allclose(boxes, rows[:, 2:], atol=0.05)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("nms", ["runtime", "graph"])
def test_dynamic_batch(tmp_path: Path, nms: str, batch: int) -> None:
    options = replace(OPTIONS, dynamic_batch=True, nms=nms)
    result = export(str(SYMBOL), tmp_path / "signs.onnx", options=options)
    assert result.verification is not None
    assert result.verification.passed
    assert result.verification.batches == (1, 3)
    session = onnxruntime.InferenceSession(str(result.path))
    outputs = session.run(None, {"data": np.zeros((batch, 3, 256, 256), np.float32)})
    assert [len(output) for output in outputs] == [batch] * len(outputs)


def test_graph_nms_gives_the_runtimes_list(exported: ExportResult, tmp_path: Path) -> None:
    inside = export(str(SYMBOL), tmp_path / "inside.onnx", options=replace(OPTIONS, nms="graph"))
    picture = np.load(EXPECTED)["town/picture"]
    ours, theirs = Detector(exported.path).run(picture), Detector(inside.path).run(picture)
    np.testing.assert_array_equal(ours.class_ids, theirs.class_ids)
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=1e-6)
    np.testing.assert_allclose(ours.boxes, theirs.boxes, atol=1e-3)


def test_without_output_the_file_goes_into_the_store() -> None:
    result = export(str(SYMBOL), options=OPTIONS, verify=False)
    assert result.path == find_model("traffic_signs")
    assert result.verification is None


def test_a_failed_verdict_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Verification("a reference", (Comparison("boxes", 0.5, 5e-4),), ("noise",), (1,))
    monkeypatch.setattr(gcv_edge.pipeline, "check_export", lambda *_: wrong)
    with pytest.raises(VerificationError, match=r"'boxes' differs from a reference by 0\.5"):
        export(str(SYMBOL), tmp_path / "signs.onnx", options=OPTIONS)
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_export_must_come_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the source's own framework cannot run."""
    target = tmp_path / "signs.onnx"
    monkeypatch.setattr(importlib.util, "find_spec", without_mxnet(importlib.util.find_spec))
    first = export(str(SYMBOL), target, options=OPTIONS)
    again = export(str(SYMBOL), target, options=OPTIONS)
    assert first.verification is not None
    assert again.verification is not None
    names = {comparison.name for comparison in again.verification.comparisons}
    assert names >= {"boxes (earlier export)", "scores (earlier export)"}
    assert again.verification.passed
    content = target.read_bytes()
    samples = [
        {**test, "values": [0.5] * len(test["values"])} for test in Detector(target).metadata.self_test
    ]
    monkeypatch.setattr(gcv_edge.pipeline, "sample_outputs", lambda *_: samples)
    with pytest.raises(VerificationError, match="earlier export"):
        export(str(SYMBOL), target, options=OPTIONS)
    assert target.read_bytes() == content


def without_mxnet(find: Callable[..., Any]) -> Callable[..., Any]:
    return lambda name, *more: None if name == "mxnet" else find(name, *more)


CHANGES = {
    "another graph": ({"act_type": "tanh"}, {}),
    "another task": ({}, {"task": "embedding"}),
    "another normalisation": ({}, {"mean": (0.0, 0.0, 0.0)}),
    "another activation": ({}, {"activation": "sigmoid"}),
    "an open batch": ({}, {"dynamic_batch": True}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_network_takes_an_earlier_ones_place(change: str, tmp_path: Path, mxnet: ModuleType) -> None:
    target = tmp_path / "net.onnx"
    attributes, options = CHANGES[change]
    shape = ExportOptions(input_shape=(1, 3, 16, 16))
    first = export(write_network(mxnet, tmp_path / "first"), target, options=shape)
    source = write_network(mxnet, tmp_path / "second", **attributes)
    second = export(source, target, options=replace(shape, **options))
    assert first.verification is not None
    assert second.verification is not None
    assert second.verification.passed
    assert second.verification.reference.startswith("mxnet")


def write_network(mxnet: ModuleType, folder: Path, act_type: str = "relu") -> str:
    """Write a small network as symbol and parameters; the parameters are always the same."""
    folder.mkdir()
    sym, random = mxnet.sym, np.random.RandomState(0)
    maps = sym.Convolution(sym.var("data"), kernel=(3, 3), num_filter=4, name="conv")
    maps = sym.Activation(maps, act_type=act_type, name="act")
    logits = sym.FullyConnected(sym.Flatten(maps), num_hidden=5, name="dense")
    logits.save(str(folder / "net-symbol.json"))
    shapes = zip(logits.list_arguments(), logits.infer_shape(data=(1, 3, 16, 16))[0], strict=True)
    arrays = {f"arg:{name}": mxnet.nd.array(random.randn(*shape)) for name, shape in shapes if name != "data"}
    mxnet.nd.save(str(folder / "net-0000.params"), arrays)
    return str(folder / "net-symbol.json")


@pytest.mark.parametrize("factor", [1e-10, 1e-4, 1.0], ids=str)
def test_another_networks_numbers_never_verify(factor: float, tmp_path: Path, mxnet: ModuleType) -> None:
    """A network whose logits have any size, held against itself and against one of other weights."""
    options = ExportOptions(input_shape=(1, 3, 32, 32))
    made = {seed: open_mxnet(small_network(seed, factor), options) for seed in (0, 1)}
    result = export_loaded(made[0], tmp_path / "net.onnx", options)
    assert result.verification is not None
    assert result.verification.passed
    wrong = check_export(result.path, result.metadata, made[1].convert(options).make_reference())
    assert not wrong.passed
    assert wrong.worst.max_error > 0.1


def small_network(seed: int, factor: float) -> Network:
    from gcv_edge.exporters.mxnet.live import load_block_network
    from tests.support.generators import chain, mxnet, nn

    mxnet.random.seed(seed)
    block = chain(nn.Conv2D(8, 3), nn.BatchNorm(), nn.Activation("relu"), nn.GlobalAvgPool2D())
    block.add(nn.Flatten(), nn.Dense(10))
    block.initialize(mxnet.init.Normal(0.1))
    block(mxnet.nd.zeros((1, 3, 32, 32)))
    block[-1].weight.set_data(block[-1].weight.data() * factor)
    return load_block_network(block, "small", None, (1, 3, 32, 32), ())


def truncated(source: Path, folder: Path) -> Path:
    data = source.read_bytes()
    (folder / source.name).write_bytes(data[: len(data) // 2])
    return folder / source.name


def test_damaged_parameters(tmp_path: Path) -> None:
    params = truncated(PARAMS, tmp_path)
    with pytest.raises(ModelFileError, match=str(params)):
        export(str(SYMBOL), tmp_path / "signs.onnx", params=params, options=OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == [params.name]


def test_damaged_symbol(tmp_path: Path) -> None:
    symbol = truncated(SYMBOL, tmp_path)
    with pytest.raises(ModelFileError, match=str(symbol)):
        export(str(symbol), tmp_path / "signs.onnx", params=PARAMS, options=OPTIONS)


def test_parameters_of_another_network(testdata: Path, tmp_path: Path) -> None:
    params = testdata / "gluoncv_cifar" / "cifar_resnet20_v1-0000.params"
    with pytest.raises(ParamsMismatchError, match=r"parameters are missing.*of another network"):
        export(str(SYMBOL), tmp_path / "signs.onnx", params=params, options=OPTIONS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        ("absent-symbol.json", OPTIONS, ModelNotFoundError, "absent-symbol.json: no such file"),
        (str(DEMO / "classes.txt"), OPTIONS, ModelFileError, "expected NAME-symbol.json"),
        (str(PARAMS), OPTIONS, ModelFileError, "parameters are no network"),
        (str(SYMBOL), replace(OPTIONS, input_shape=None), UsageError, "give --input-shape"),
        (str(SYMBOL), replace(OPTIONS, labels=("a", "b")), UsageError, "2 class names given.* 6 classes"),
        (str(SYMBOL), replace(OPTIONS, task="pose"), UnsupportedError, "head is for detection, not for pose"),
        (str(SYMBOL), replace(OPTIONS, task="detecton"), UnsupportedError, "did you mean 'detection'"),
        (
            str(SYMBOL),
            replace(OPTIONS, input_shape=(1, 3, 1024, 1024)),
            UnsupportedError,
            "Reshape|Add|Concat",
        ),
    ],
)
def test_refusals_are_one_line_and_leave_nothing(
    source: str, options: ExportOptions, error: type[GcvEdgeError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message) as caught:
        export(source, tmp_path / "out.onnx", options=options)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GcvEdgeError, match="cannot be written"):
        export(str(SYMBOL), tmp_path / "absent" / "out.onnx", options=OPTIONS, verify=False)


def test_export_needs_no_mxnet(tmp_path: Path) -> None:
    """The whole export in a process that cannot import mxnet."""
    code = (
        "import sys; sys.modules['mxnet'] = None; sys.modules['gluoncv'] = None\n"
        "from gcv_edge.pipeline import export; from gcv_edge.exporters.source import ExportOptions\n"
        "options = ExportOptions(input_shape=(1, 3, 256, 256))\n"
        "export(sys.argv[1], sys.argv[2], options=options, verify=False)\n"
        "assert 'mxnet' not in [name for name, module in sys.modules.items() if module]\n"
    )
    subprocess.run([sys.executable, "-c", code, str(SYMBOL), str(tmp_path / "out.onnx")], check=True)
    assert (tmp_path / "out.onnx").stat().st_size > 1 << 20
