"""The agreement of two networks in decibels, in units of how much an output varies over all pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gcv_edge.calibration import CalibrationOptions, calibrate
from gcv_edge.prune.fitting.calibration_set import noise_frames
from gcv_edge.runtime.opening import open_session
from gcv_edge.verification.sqnr import LARGEST, sqnr
from gcv_edge.verify import verify_model
from tests.support.processors import needs_vnni
from tests.support.task_networks import KINDS, write_network

SHAPES = {
    "one number": (1, 1),
    "one number as a map": (1, 1, 1, 1),
    "one number of several pictures": (4, 1),
    "two numbers": (1, 2),
    "class scores": (1, 50),
    "a map": (1, 3, 8, 8),
}
Outputs = list[dict[str, np.ndarray]]


def batches(shape: tuple[int, ...], part: float, offset: float = 0.0, name: str = "out") -> Outputs:
    """Outputs of deviation 1 over 64 pictures, and noise that is a part of it."""
    values, noise = np.random.default_rng(0), np.random.default_rng(1)
    return [
        {name: values.normal(size=shape) + offset + part * noise.normal(size=shape)} for _ in range(64)
    ]  # fmt: skip


@pytest.mark.parametrize("offset", [0.0, 40.0])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_decibels_tell_the_share_of_noise(shape: tuple[int, ...], offset: float) -> None:
    expected = batches(shape, 0, offset)
    for part, ratio in ((0.3, 10.5), (0.1, 20.0), (0.01, 40.0)):
        assert sqnr(batches(shape, part, offset), expected) == pytest.approx(ratio, abs=1.5)


def test_outputs_count_alike() -> None:
    expected = [{**a, **b} for a, b in zip(batches((1, 1), 0), batches((1, 9), 0, name="b"), strict=True)]
    found = [{**a, **b} for a, b in zip(batches((1, 1), 0.1), batches((1, 9), 0.001, name="b"), strict=True)]
    assert sqnr(found, expected) == pytest.approx((20 + 60) / 2, abs=1.5)


def test_lists_of_other_lengths_count_as_nothing() -> None:
    expected = batches((1, 9), 0)
    found = [one if index % 4 else {"out": one["out"][:, :5]} for index, one in enumerate(expected)]
    assert sqnr(found, expected) == pytest.approx(0.75 * LARGEST)
    assert sqnr([{"out": one["out"][:, :5]} for one in expected], expected) == 0


@needs_vnni
def test_a_recipe_for_a_single_number_is_chosen_by_what_it_computes(tmp_path: Path) -> None:
    source, output = write_network(tmp_path / "net.onnx", KINDS["regression"]), tmp_path / "int8.onnx"
    held_out = list(noise_frames(24, (16, 16), seed=3))
    options = CalibrationOptions(time_forms=False)
    result = calibrate(source, noise_frames(32, (16, 16), seed=2), output, held_out=held_out, options=options)
    mean, scale = 127.0, 64.0
    given = [
        ((frame[..., ::-1].astype(np.float32) - mean) / scale).transpose(2, 0, 1)[None].copy()
        for frame in held_out
    ]
    expected, found = (
        np.array([next(iter(open_session(path).run(data).values())) for data in given])
        for path in (source, output)
    )
    decibels = -20 * np.log10(np.sqrt(np.mean(np.square(found - expected))) / expected.std())
    assert result.agreement == pytest.approx(decibels, abs=1)
    assert result.agreement == max(result.candidates.values()) > 15
    assert result.engines_agree
    assert verify_model(output).passed
