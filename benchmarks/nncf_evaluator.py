"""NNCF with an exported file: quantised in an environment of its own, run and decoded here.

NNCF is no dependency of this project: its environment has nncf and openvino.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import ROOT
from benchmarks.mxnet_evaluator import Run
from benchmarks.records import Record
from gcv_edge.calibration.batches import FrameBatcher
from gcv_edge.data import Dataset
from gcv_edge.evaluation.running import run_labelled
from gcv_edge.runtime.frames import Pixels
from gcv_edge.runtime.loading import open_network
from gcv_edge.runtime.modelfile import read_metadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.tasks import DETECTION

PROGRAM = ROOT / "benchmarks" / "nncf_quantize.py"


class NncfEvaluator:
    """NNCF with an exported file.

    Args:
        python: of NNCF's environment.
        floating: the file.
    """

    def __init__(self, python: Path, floating: Path) -> None:
        self._python, self._floating = python, floating

    def quantized(self, options: Mapping[str, Any], calibrating: Dataset) -> Run:
        """Return NNCF's 8-bit form: its network between our preprocessing and decoding.

        Left to itself, NNCF rounds the corners of a detector's boxes to 8 bits; the decoding stays float.
        """
        model = open_network(self._floating)
        wanted = {**options, **({"float_decoding": True} if model.task is DETECTION else {})}
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            frames = calibrating.frames
            inputs = prepare(self._floating, frames, len(frames), folder / "inputs.npy")
            network = folder / "network.xml"
            quantize_with_nncf(self._python, self._floating, inputs, network, wanted)
            model.session = open_session(network)
        return partial(run_labelled, model)


def find_nncf_version(python: Path) -> str:
    """Ask an environment for the version of its NNCF."""
    program = "import importlib.metadata; print(importlib.metadata.version('nncf'))"
    return subprocess.run([python, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def prepare(model: Path, frames: Iterable[Pixels], count: int, path: Path) -> Path:
    """Write pictures as the network takes them, ``[N, C, H, W]``."""
    session = open_session(model)
    name, shape = next(iter(session.inputs.items()))
    prepared = np.empty((count, *shape[1:]), np.float32)
    batches = FrameBatcher(session.inputs, read_metadata(model)).batches(frames)
    for place, batch in zip(range(count), batches, strict=True):
        prepared[place] = batch[name][0]
    np.save(path, prepared)
    return path


def quantize_with_nncf(
    python: Path, model: Path, inputs: Path, network: Path, options: Mapping[str, Any]
) -> Record:
    """Write NNCF's 8-bit form of a file, quantised with keyword arguments; say what it took."""
    words = [python, PROGRAM, model, inputs, network, json.dumps(dict(options))]
    done = subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True)
    found: Record = json.loads(done.stdout.splitlines()[-1])
    return found
