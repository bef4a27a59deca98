"""Write the small networks that ctest runs: those of tests/runtime, whose results can be worked out by hand.

Run: ``python -m tests.data.networks.make_networks [FOLDER]``.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import onnx
from onnx import helper

from gcv_edge.metadata import ClipSettings
from tests.runtime.conftest import GRAPHS, UNIT, build_model, describe_model

HERE = Path(__file__).resolve().parent

CLIPS = {
    "clip": ClipSettings((0, 2, 4, 6), 8),
    "consensus": ClipSettings(segments=3, in_graph=True),
}
BATCHES = {"consensus": 3, "instance_segmentation": 1}


def main(folder: Path = HERE) -> None:
    """Write one file per network; the batch is dynamic where the task allows it."""
    for kind in GRAPHS:
        model = build_model(kind, BATCHES.get(kind), (32, 32))
        helper.set_model_props(model, describe_model(kind, clip=CLIPS.get(kind)))
        onnx.save(model, folder / f"{kind}.onnx")
    fixed = build_model("detection", 2, (32, 32))
    helper.set_model_props(fixed, describe_model("detection"))
    onnx.save(fixed, folder / "detection_of_two.onnx")
    of_any_size = build_model("detection", 1, None)
    own = replace(UNIT, short_side=32, long_side=48)
    helper.set_model_props(of_any_size, describe_model("detection", preprocessing=own))
    onnx.save(of_any_size, folder / "detection_of_any_size.onnx")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
