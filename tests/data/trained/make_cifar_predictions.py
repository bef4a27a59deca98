"""Store what MXNet predicts for the CIFAR-10 pictures.

Run: ``python -m tests.data.trained.make_cifar_predictions DATA_FOLDER``.

Writes cifar_predictions.npz: per network the predicted class of each of the 2,000 pictures, in the order of
their sorted paths. Needs the extra [mxnet].
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from gcv_edge.exporters.mxnet.network_files import read_network
from gcv_edge.exporters.mxnet.zoo import CIFAR_MEAN, CIFAR_SCALE
from tests.support.references import mxnet_reference

NETWORKS = ("cifar_resnet20_v1", "cifar_resnet20_v2", "cifar_resnet56_v1", "cifar_resnet56_v2")
BATCH = 100


def read_inputs(folder: Path) -> np.ndarray:
    pictures = [cv2.imread(str(path))[..., ::-1] for path in sorted(folder.glob("*/*.jpg"))]
    normalized = (np.stack(pictures) - np.float32(CIFAR_MEAN)) / np.float32(CIFAR_SCALE)
    return normalized.transpose(0, 3, 1, 2).astype(np.float32)


def main() -> None:
    data = Path(sys.argv[1])
    inputs = read_inputs(data / "cifar10_test_jpeg_2000")
    predictions = {}
    for name in NETWORKS:
        reference = mxnet_reference(read_network(data / "gluoncv_cifar" / f"{name}-symbol.json", None))
        outputs = [reference.run(inputs[i : i + BATCH])["logits"] for i in range(0, len(inputs), BATCH)]
        predictions[name] = np.concatenate(outputs).argmax(1).astype(np.uint8)
    np.savez_compressed(Path(__file__).with_name("cifar_predictions.npz"), **predictions)


if __name__ == "__main__":
    main()
