"""Networks of one picture are worked on with many at once, and written for one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from gcv_edge.graph.values import name_of, shape_of
from gcv_edge.prune import prune
from gcv_edge.prune.fitting.activations import compute
from gcv_edge.prune.fitting.batching import close_batch, open_batch
from gcv_edge.prune.fitting.calibration_set import noise_frames
from gcv_edge.prune.fitting.outputs import Divergence
from tests.prune.conftest import write_small
from tests.support.pruning_networks import PICTURES
from tests.support.small_graphs import Graph

DECODED = 4
"""Numbers of a picture that the decoding reads."""


def fixed_network(mixed: bool = False, decoded: bool = False) -> ir.Model:
    """A network of one picture.

    Args:
        mixed: a layer reads the pictures of a batch as one.
        decoded: what comes after the last layer is for one picture only.
    """
    graph = Graph(batch=1)
    first = graph.block(graph.data, 16)
    if mixed:
        first = graph.op("Reshape", first, graph.builder.constant(np.array([1, 16, -1, 8])))
    logits = graph.vector(graph.block(first, 16), DECODED)
    if decoded:
        logits = graph.op("Reshape", logits, graph.builder.constant(np.array([1, DECODED])))
    return graph.builder.model({"logits": logits})


def ends_in_pooling(batch: int | str) -> ir.Model:
    """A classifier without a dense layer."""
    graph = Graph(batch=batch)
    scores = graph.conv(graph.block(graph.data, 16), 4)
    return graph.builder.model({"logits": graph.op("Flatten", graph.op("GlobalAveragePool", scores))})


@pytest.mark.parametrize("decoded", [False, True])
def test_pictures_together_are_what_they_are_alone(decoded: bool) -> None:
    model = fixed_network(decoded=decoded)
    opened = open_batch(model)
    assert opened is not model
    names = [name_of(node.outputs[0]) for node in model.graph if node.op_type in ("Conv", "Gemm")]
    alone, together = (compute(each, names, PICTURES) for each in (model, opened))
    for name in names:
        np.testing.assert_allclose(together[name], alone[name], atol=1e-5)
    close_batch(opened)
    assert [shape_of(value) for node in opened.graph for value in node.outputs] == [
        shape_of(value) for node in model.graph for value in node.outputs
    ]


@pytest.mark.parametrize(
    ("model", "is_classifier"),
    [
        (ends_in_pooling(batch="N"), True),
        (ends_in_pooling(batch=1), True),
        (fixed_network(), True),
        (fixed_network(decoded=True), False),  # no two pictures get to the outputs
    ],
    ids=["any number", "one", "one dense", "one decoded"],
)
def test_classifiers_are_compared_by_their_outputs(model: ir.Model, is_classifier: bool) -> None:
    check = Divergence(open_batch(model), PICTURES)
    assert check.is_classifier is is_classifier
    assert (check.heads == ["logits"]) is is_classifier
    assert Divergence(open_batch(model), PICTURES, chooses=False).is_classifier is False


def test_a_network_that_mixes_pictures_stays_as_it_is() -> None:
    model = fixed_network(mixed=True)
    assert open_batch(model) is model


def test_the_file_takes_one_picture_as_before(tmp_path: Path) -> None:
    source = write_small(tmp_path / "small.onnx", model=fixed_network(decoded=True))
    pruned = prune(source, noise_frames(40, (12, 10), seed=7), tmp_path / "out.onnx", macs=0.7).path
    before, after = (onnx.load(path).graph for path in (source, pruned))
    assert [*after.input, *after.output] == [*before.input, *before.output]
    for value in after.value_info:
        shape = value.type.tensor_type.shape.dim
        assert not any(dimension.dim_param for dimension in shape), value.name
