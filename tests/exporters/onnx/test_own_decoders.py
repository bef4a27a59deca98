"""Boxes and scores are those of the families' own code, where that is installed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gcv_edge.pipeline import export
from tests.support.foreign_files import noise, run_file

SIDE = 64


def skip_without(name: str) -> None:
    pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)


@pytest.mark.filterwarnings("default")
def test_yolov8_against_ultralytics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skip_without("ultralytics")
    monkeypatch.chdir(tmp_path)
    import torch
    from ultralytics import YOLO
    from ultralytics.utils.ops import xywh2xyxy

    network = YOLO("yolov8n.yaml", verbose=False)
    source = network.export(format="onnx", imgsz=SIDE, simplify=False, verbose=False)
    result = export(source, tmp_path / "adopted.onnx")
    data = noise(1, 3, SIDE, SIDE)
    with torch.no_grad():
        joined = network.model.eval()(torch.from_numpy(data))
    rows = (joined[0] if isinstance(joined, tuple) else joined).numpy().transpose(0, 2, 1)
    found = run_file(result.path, data=data)
    np.testing.assert_allclose(found["boxes"], xywh2xyxy(rows[..., :4]), rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(found["scores"], rows[..., 4:], rtol=1e-3, atol=1e-4)
