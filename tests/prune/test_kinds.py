"""Networks that do not choose one class of a coloured picture can be pruned as well."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gcv_edge import load
from gcv_edge.cli.pruning_text import verdict_lines
from gcv_edge.cli.root import main
from gcv_edge.prune import prune
from gcv_edge.prune.fitting.calibration_set import noise_frames
from tests.support.task_networks import KINDS, write_network

CHOOSES = {"grey": True, "multi-label": False, "bare": False, "regression": False, "mask": False}
"""Whether a kind is compared by the divergence of probabilities."""


@pytest.mark.parametrize("kind", KINDS)
def test_prunes(kind: str, tmp_path: Path) -> None:
    source = write_network(tmp_path / "net.onnx", KINDS[kind])
    result = prune(source, noise_frames(40, (20, 24), seed=7), tmp_path / "out.onnx", macs=0.7)
    assert result.macs[1] <= 0.7 * result.macs[0]
    assert result.divergence > 0
    is_error = result.changed == pytest.approx(100 * result.divergence)
    assert is_error is not CHOOSES[kind]
    told = CliRunner().invoke(main, ["info", str(result.path)]).output
    part = f"{result.changed:.1f} %"
    what = f"outputs changed by {part} of their variance"
    if CHOOSES[kind]:
        what = f"{part} of top-1 classes changed"
    assert f"of the work is left, {what}" in told
    assert any(f"{what} on pictures" in line for line in verdict_lines(result))
    frame = next(noise_frames(1, (20, 24), seed=8))
    before, after = (load(path).run(frame) for path in (source, result.path))
    assert type(before) is type(after)
