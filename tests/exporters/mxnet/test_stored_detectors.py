"""Small detectors in MXNet's own files, without MXNet: outputs against those that it once computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.export import export_network
from gcv_edge.exporters.mxnet.network_files import read_network
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import DetectionSettings, format_metadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.sessions import SessionOptions
from gcv_edge.verification.deviation import scaled_error
from gcv_edge.verification.lists import final_list, mask_error, unmatched_proposals, unmatched_share
from tests.data.detectors.make_detectors import FOLDER, NAMES, SHAPE, draw_input

Outputs = dict[str, NDArray[Any]]


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("name", NAMES)
def test_outputs_are_mxnets(name: str, engine: str, tmp_path: Path) -> None:
    exported = export_network(
        read_network(FOLDER / f"{name}-symbol.json", None), ExportOptions(input_shape=SHAPE)
    )
    settings = exported.metadata.detection
    assert settings is not None
    exported.model.metadata_props.update(format_metadata(exported.metadata))
    write_model(exported.model, tmp_path / "net.onnx")
    found = open_session(tmp_path / "net.onnx", SessionOptions(engine=engine)).run(draw_input())
    with np.load(FOLDER / f"{name}.npz") as stored:
        check(found, dict(stored), settings)


def check(found: Outputs, expected: Outputs, settings: DetectionSettings) -> None:
    assert len(final_list(expected, 0, settings)) >= 10
    assert unmatched_share(found, expected, settings) == 0
    if "masks" in found:
        assert mask_error(found, expected, settings) < 1e-4
    elif found["boxes"].ndim == 4:
        assert unmatched_proposals(found, expected) == 0
    else:
        assert max(scaled_error(key, found[key], expected[key]) for key in ("boxes", "scores")) < 1e-4
