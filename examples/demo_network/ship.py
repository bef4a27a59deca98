"""Put a trained network into the package: python ship.py TRAINED_FOLDER

Copies what train.py wrote to gcv_edge/demo, draws the shipped pictures beside it, and stores what MXNet finds
on them in tests/data/demo/expected.npz. Needs the extra [mxnet].
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
from draw_pictures import draw_split
from train import SIDE, normalize

from gcv_edge.exporters.mxnet.network_files import read_network
from gcv_edge.exporters.mxnet.reference import MxnetReference

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "gcv_edge" / "demo"
EXPECTED = ROOT / "tests" / "data" / "demo" / "expected.npz"
FILES = ("traffic_signs-symbol.json", "traffic_signs-0000.params", "classes.txt", "demo.json")
PICTURES_SEED = 4242
SHIPPED = {5: "quiet_street", 8: "dusk", 9: "fog", 11: "crossroads", 17: "seven_signs", 20: "town"}
SIZE = (640, 480)


def draw_pictures() -> None:
    scenes = dict(enumerate(draw_split(PICTURES_SEED, max(SHIPPED) + 1, SIZE)))
    for index, name in SHIPPED.items():
        target = str(PACKAGE / f"{name}.jpg")
        cv2.imwrite(target, scenes[index].picture, [cv2.IMWRITE_JPEG_QUALITY, 90])


def store_expected() -> None:
    """Stretched pictures as uint8, and the rows of MXNet's final lists."""
    reference = MxnetReference(read_network(PACKAGE / FILES[0], None))
    stored = {}
    for path in sorted(PACKAGE.glob("*.jpg")):
        stretched = cv2.resize(cv2.imread(str(path)), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        outputs = reference.run(normalize(stretched)[None].astype(np.float32))
        rows = [outputs[f"final_{name}"][0] for name in ("ids", "scores", "boxes")]
        stored[f"{path.stem}/picture"] = stretched
        stored[f"{path.stem}/detections"] = np.concatenate(rows, axis=1)
    EXPECTED.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(EXPECTED, **stored)


def main() -> None:
    for name in FILES:
        shutil.copy(Path(sys.argv[1]) / name, PACKAGE / name)
    draw_pictures()
    store_expected()


if __name__ == "__main__":
    main()
