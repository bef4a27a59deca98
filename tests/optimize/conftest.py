"""A small network, and pictures with and without labels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from gcv_edge import load
from gcv_edge.prune import gate, width_choice
from gcv_edge.prune.fitting.calibration_set import noise_frames
from tests.prune.conftest import write_small

COUNT = 40


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with ``net.onnx``, ``pictures`` and ``labelled.csv``, whose labels are the network's.

    No time decides, and the network may become slower: only numbers count here.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gate, "SLOWEST", 0.0)
    monkeypatch.setattr(width_choice, "compare_speed", lambda paths: [1.0] * len(paths))
    network = load(write_small(Path("net.onnx")))
    Path("pictures").mkdir()
    rows = []
    for number, frame in enumerate(frames()):
        cv2.imwrite(f"pictures/{number:02}.png", frame)
        rows.append(f"pictures/{number:02}.png,{network.run(frame).top(1)[0].label}\n")
    Path("labelled.csv").write_text("".join(rows))
    return tmp_path


def frames() -> list[np.ndarray]:
    return list(noise_frames(COUNT, (12, 10), seed=7))
