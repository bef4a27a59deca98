"""What a notebook shows of results."""

from __future__ import annotations

import cv2
import numpy as np

from gcv_edge import Classification, Detections
from tests.runtime.conftest import solid


def test_a_plot_is_a_picture() -> None:
    found = Detections(
        np.array([[4, 4, 40, 40]], np.float32), np.array([0.9], np.float32), np.array([0]), ("red",)
    )
    drawn = found.plot(solid(10, 20, 30))
    shown = cv2.imdecode(np.frombuffer(drawn._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(shown, drawn)
    assert drawn[:, :, 0]._repr_png_() is None
    assert drawn[:0]._repr_png_() is None


def test_labels_cannot_break_out_of_a_table() -> None:
    label = "<script>alert(1)</script>"
    found = Detections(np.zeros((30, 4)), np.ones(30), np.zeros(30, np.int32), (label,))
    text = found._repr_html_()
    assert "<script>" not in text
    assert text.count("<td>&lt;script&gt;") == 20
    assert "and 10 more" in text
    assert "&lt;script&gt;" in Classification(np.array([1.0, 0.0]), (label, "b"))._repr_html_()
