"""What a caller may choose of a calibration."""

from __future__ import annotations

from dataclasses import dataclass

from gcv_edge.calibration.correction import KINDS
from gcv_edge.errors import UsageError


@dataclass(frozen=True)
class CalibrationOptions:
    """What a caller may choose beside network, pictures and target.

    Attributes:
        correction: of biases: ``auto``, ``none``, ``fast`` or ``full``.
        keep_float: names of layers that stay float in any case.
        data: name of the pictures, for the record.
        data_hash: of the pictures, for the record; empty: SHA-256 over the frames read.
        measured_hash: of the pictures that the score is measured on, for the record.
        score_hash: of what the score depends on beside the file (pictures, labels, metric); empty: not known,
            and what an interrupted call scored is scored anew.
        metric, measured: what the score is, for the record: ``top-1``; ``accuracy`` or ``agreement``.
        time_forms: time float and 8-bit forms on this machine.
        float_kernels: return layers to float that OpenVINO has no 8-bit kernel for here; for target x86.
        sensitivity: measure every layer's, not only where a score asks for it.
    """

    correction: str = "auto"
    keep_float: tuple[str, ...] = ()
    data: str = ""
    data_hash: str = ""
    measured_hash: str = ""
    score_hash: str = ""
    metric: str = ""
    measured: str = ""
    time_forms: bool = True
    float_kernels: bool = True
    sensitivity: bool = False

    def __post_init__(self) -> None:
        if self.correction not in ("auto", *KINDS):
            raise UsageError(f"correction: found '{self.correction}', expected auto, {', '.join(KINDS)}")
