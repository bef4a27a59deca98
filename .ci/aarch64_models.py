"""Make what ``.ci/aarch64`` compares between processors: the detectors of blood cells, float and in 8 bits.

Prints a line per model: its file, a folder of PPM pictures, and the limits that ``compare_detections.py`` is
given. Float networks are held to the same detections. In 8 bits, a number that lies between two levels is
rounded up by one processor's kernels and down by another's, and all later layers see it.

Run: ``python .ci/aarch64_models.py [--float] TESTDATA FOLDER``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2

from gcv_edge.calibration import CalibrationOptions, calibrate
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.pipeline import export

CLASSES = ("RBC", "WBC", "Platelets")
NETWORKS = {"yolo3": 320, "ssd_300": 300}
TARGETS = ("arm", "portable")
COMPARED, CALIBRATED = 6, 64
FLOAT_LIMITS = "--threshold 0.02 --score 1e-3 --box 0.5"
INT8_LIMITS = "--threshold 0.3 --score 0.03 --box 1 --overlap 0.45"


def write_pictures(paths: list[Path], folder: Path) -> Path:
    """Copy pictures as PPM, which the example programs read without OpenCV."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        cv2.imwrite(str(folder / f"{path.stem}.ppm"), cv2.imread(str(path)))
    return folder


def read_pictures(paths: list[Path]) -> Iterator[Any]:
    """Give pictures to calibrate on."""
    for path in paths:
        yield cv2.imread(str(path))


def make_int8(floating: Path, pictures: list[Path], target: str) -> Path:
    """Calibrate for a target, unless it is done."""
    output = floating.with_name(f"{floating.stem}_int8_{target}.onnx")
    if not output.exists():
        options = CalibrationOptions(
            correction="fast", time_forms=False, float_kernels=False, data="bccd_voc"
        )
        calibrate(floating, read_pictures(pictures), output, target=target, mode="mse", options=options)
    return output


def make_models(testdata: Path, folder: Path, targets: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Make the float models, and one in 8 bits for each target; give their files and limits."""
    pictures = sorted((testdata / "bccd_voc").rglob("*.jpg"))[COMPARED : COMPARED + CALIBRATED]
    for name, size in NETWORKS.items():
        floating = folder / f"{name}.onnx"
        if not floating.exists():
            symbol = next(testdata.glob(f"trained_{name}*/*-symbol.json"))
            options = ExportOptions(input_shape=(1, 3, size, size), labels=CLASSES)
            export(str(symbol), floating, options=options, verify=False)
        yield floating, FLOAT_LIMITS
        for target in targets:
            yield make_int8(floating, pictures, target), INT8_LIMITS


def main() -> None:
    """Make the models and print their lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--float", action="store_true", help="make none in 8 bits")
    parser.add_argument("testdata", type=Path)
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    pictures = sorted((given.testdata / "bccd_voc").rglob("*.jpg"))[:COMPARED]
    compared = write_pictures(pictures, given.folder / "pictures")
    for path, limits in make_models(given.testdata, given.folder, () if given.float else TARGETS):
        print(f"{path}\t{compared}\t{limits}", flush=True)


if __name__ == "__main__":
    main()
