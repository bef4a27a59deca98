"""Networks that do not choose one class of a coloured picture calibrate as well."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from gcv_edge.runtime.opening import open_session
from tests.cli.conftest import done
from tests.support.task_networks import KINDS, write_network

MEASURES = {
    "grey": "top-1 agreement",
    "multi-label": "agreement on each class",
    "bare": "top-1 agreement",
    "regression": "nothing, the network's results cannot be compared",
    "mask": "pixel agreement",
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures without labels."""
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for number in range(16):
        cells = random.integers(0, 256, (4, 4, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(cells, (24, 20)))
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_calibrates(kind: str, pictures: Path, tmp_path: Path) -> None:
    source, output = write_network(tmp_path / "net.onnx", KINDS[kind]), tmp_path / "int8.onnx"
    printed = done("calibrate", source, "--data", pictures, "-o", output, "--calib-mode", "minmax")
    assert f"Measured: {MEASURES[kind]}" in printed
    data = np.random.default_rng(1).standard_normal((1, KINDS[kind].channels, 16, 16)).astype(np.float32)
    (expected,), (found,) = (open_session(path).run(data).values() for path in (source, output))
    assert 0 < np.abs(found - expected).max() < 0.2 * np.abs(expected).max()
