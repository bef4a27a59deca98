"""Moments of rows are those that NumPy computes from all rows at once."""

from __future__ import annotations

import numpy as np

from gcv_edge.prune.fitting.statistics import ROWS_AT_ONCE, Moments


def test_the_same_rows_with_other_targets_need_only_the_targets_anew() -> None:
    random = np.random.default_rng(0)
    parts = [random.standard_normal((ROWS_AT_ONCE // 2 + 3, 5)).astype(np.float32) for _ in range(5)]
    first, second = (
        [part @ random.standard_normal((5, 2)).astype(np.float32) for part in parts] for _ in "ab"
    )
    moments = Moments(5, 2)
    for x, t in zip(parts, first, strict=True):
        moments.add(x, t)
    again = moments.with_new_targets()
    for x, t in zip(parts, second, strict=True):
        again.add(x, t)
    x = np.concatenate(parts)
    for found, targets in ((moments, first), (again, second)):
        t = np.concatenate(targets)
        assert found.rows == len(x)
        np.testing.assert_allclose(found.mean(), x.mean(0), atol=1e-5)
        np.testing.assert_allclose(found.target_mean(), t.mean(0), atol=1e-5)
        np.testing.assert_allclose(found.covariance(), np.cov(x.T, bias=True), atol=1e-5)
        centred = (t - t.mean(0)).T @ (x - x.mean(0)) / len(x)
        np.testing.assert_allclose(found.cross(), centred, atol=1e-5)
