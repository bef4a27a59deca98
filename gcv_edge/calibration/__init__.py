"""Calibration: an 8-bit network from a float one and pictures. Needs the extra [export]."""

from __future__ import annotations

from gcv_edge.errors import MissingExtraError

try:
    from gcv_edge.calibration.options import CalibrationOptions
    from gcv_edge.calibration.results import CalibrationResult
    from gcv_edge.calibration.stage import calibrate
except ImportError as missing:
    raise MissingExtraError("calibration", "export") from missing

__all__ = ["CalibrationOptions", "CalibrationResult", "calibrate"]
