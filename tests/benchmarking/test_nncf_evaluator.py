"""NNCF's networks run between our preprocessing and decoding; a program stands in for NNCF."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from benchmarks.nncf_evaluator import PROGRAM, NncfEvaluator
from gcv_edge.data import open_dataset
from gcv_edge.evaluation.running import run_labelled
from gcv_edge.runtime.loading import open_network
from gcv_edge.tasks import DETECTION
from tests.data_sets.conftest import write_picture
from tests.data_sets.test_splits import make_voc
from tests.runtime.conftest import Maker

CLASSES = ("cat", "dog", "bird")
STAND_IN = """#!{python}
import json, pathlib, shutil, sys
import openvino
program, model, inputs, network, options = sys.argv[1:]
openvino.save_model(openvino.Core().read_model(model), network, compress_to_fp16=False)
shutil.copy(inputs, {folder!r})
pathlib.Path({folder!r}, "called.json").write_text(json.dumps([program, json.loads(options)]))
print("progress")
print('{{"seconds": 1.0}}')
"""


def test_a_network_of_nncf_is_decoded_as_ours(make_model: Maker, tmp_path: Path) -> None:
    floating = make_model("detection", labels=CLASSES)
    names = ["dark", "grey", "light"]
    make_voc(tmp_path / "cats", {"test": names})
    for level, name in enumerate(names, start=1):
        write_picture(tmp_path / "cats" / "JPEGImages" / f"{name}.jpg", 80 * level, (40, 30))
    dataset = open_dataset(tmp_path / "cats", DETECTION, CLASSES)
    python = tmp_path / "python"
    python.write_text(STAND_IN.format(python=sys.executable, folder=str(tmp_path)))
    python.chmod(0o755)
    run = NncfEvaluator(python, floating).quantized({"fast_bias_correction": False}, dataset)
    expected = run_labelled(open_network(floating), dataset)
    for (sample, found), (same, ours) in zip(run(dataset), expected, strict=True):
        assert sample.name == same.name
        assert len(found) == len(ours) > 0
        np.testing.assert_allclose(found.boxes, ours.boxes)
        np.testing.assert_allclose(found.scores, ours.scores)
    levels = np.load(tmp_path / "inputs.npy").mean(axis=(1, 2, 3))
    np.testing.assert_allclose(levels * 255, [80, 160, 240], atol=1)
    called = (tmp_path / "called.json").read_text()
    assert called == f'["{PROGRAM}", {{"fast_bias_correction": false, "float_decoding": true}}]'
