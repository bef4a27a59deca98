"""Suppression in the graph against MXNet's box_nms, in ONNX Runtime and in OpenVINO."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
import openvino
import pytest
from numpy.typing import NDArray

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.builder import BATCH, GraphBuilder
from gcv_edge.exporters.nms import emit_nms
from gcv_edge.graph.cleaning import clean
from gcv_edge.metadata import DetectionSettings
from tests.data.nms.vectors import read_fingerprints, read_kept
from tests.exporters.nms_cases import CASES, Case, draw, fingerprint, run_box_nms

Array = NDArray[Any]
every_case = pytest.mark.parametrize("case", CASES, ids=str)
ENGINES = ("onnxruntime", "openvino")
every_engine = pytest.mark.parametrize("engine", ENGINES)


def build(anchors: int | str, classes: int, batch: int | str, settings: DetectionSettings) -> bytes:
    graph = GraphBuilder("nms")
    boxes, scores = graph.input("b", (batch, anchors, 4)), graph.input("s", (batch, anchors, classes))
    outputs = dict(zip(("ids", "scores", "boxes"), emit_nms(graph, boxes, scores, settings), strict=True))
    model = ir.to_proto(clean(graph.model(outputs)))
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def run(engine: str, model: bytes, boxes: Array, scores: Array) -> Array:
    """Return rows ``[N, D, 6]``."""
    feeds = {"b": boxes, "s": scores}
    if engine == "onnxruntime":
        session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
        found = session.run(["ids", "scores", "boxes"], feeds)
    else:
        core = openvino.Core()
        network = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        results = network.create_infer_request().infer(feeds)
        found = [results[name] for name in ("ids", "scores", "boxes")]
    assert [value.shape[2] for value in found] == [1, 1, 4]
    return np.concatenate(found, axis=2)


def check(found: Array, expected: Array) -> None:
    """Compare rows; what is left behind MXNet's is -1."""
    count = expected.shape[1]
    np.testing.assert_allclose(found[:, :count], expected, rtol=1e-6)
    assert (found[:, count:] == -1).all()


def test_stored_vectors_are_of_these_cases() -> None:
    """Run ``python -m tests.data.nms.make_nms_vectors`` after a change of the cases."""
    assert read_fingerprints() == {str(case): fingerprint(case) for case in CASES}


@pytest.mark.parametrize(
    ("case", "engine"),
    [(case, engine) for case in CASES for engine in ENGINES if engine == "onnxruntime" or not case.cuts_ties],
    ids=str,
)
def test_keeps_what_mxnet_keeps(case: Case, engine: str) -> None:
    boxes, scores = draw(case)
    model = build(case.anchors, case.classes, case.batch, case.settings)
    check(run(engine, model, boxes, scores), read_kept()[str(case)])


@every_engine
@pytest.mark.parametrize("case", [case for case in CASES if case.batch == 3], ids=str)
def test_open_batch(case: Case, engine: str) -> None:
    boxes, scores = draw(case)
    model = build(case.anchors, case.classes, BATCH, case.settings)
    for count in (1, 3):
        check(run(engine, model, boxes[:count], scores[:count]), read_kept()[str(case)][:count])


@every_engine
@pytest.mark.parametrize("case", [case for case in CASES if case.topk > 0 and not case.cuts_ties], ids=str)
def test_open_number_of_boxes(case: Case, engine: str) -> None:
    boxes, scores = draw(case)
    model = build("A", case.classes, case.batch, case.settings)
    check(run(engine, model, boxes, scores), read_kept()[str(case)])


def test_all_of_an_open_number_of_boxes_cannot_take_part() -> None:
    with pytest.raises(UnsupportedError, match=r"axis 1 of .*'A'.* must have a known length"):
        build("A", 3, 1, DetectionSettings(nms_topk=-1))


@every_case
def test_live_mxnet(case: Case, mxnet: ModuleType) -> None:
    boxes, scores = draw(case)
    model = build(case.anchors, case.classes, case.batch, case.settings)
    found, expected = run("onnxruntime", model, boxes, scores), run_box_nms(mxnet, case)
    np.testing.assert_allclose(found, expected[:, : found.shape[1]], rtol=1e-6)
    assert (expected[:, found.shape[1] :] == -1).all()


@every_engine
@pytest.mark.parametrize("iou", [0.0, 1.0, -1.0])
def test_no_suppression(iou: float, engine: str) -> None:
    """GluonCV runs no box_nms at all where ``nms_thresh`` is not within (0, 1)."""
    case = Case("no suppression", boxes="same")
    boxes, scores = draw(case)
    settings = DetectionSettings(iou_threshold=iou, nms_topk=-1, post_nms=-1)
    rows = run(engine, build(40, 3, 1, settings), boxes, scores)
    ranked = np.sort(scores[scores > settings.confidence_threshold])[::-1]
    np.testing.assert_array_equal(rows[0, : len(ranked), 1], ranked)
    assert (rows[0, len(ranked) :] == -1).all()
