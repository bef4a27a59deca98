"""Small detectors, and what MXNet makes of them: ``python -m tests.data.detectors.make_detectors``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gcv_edge.exporters.mxnet.compat import import_mxnet
from gcv_edge.exporters.mxnet.live import trace
from gcv_edge.exporters.mxnet.reference import write_symbol
from tests.support import small_detectors
from tests.support.references import mxnet_reference

FOLDER = Path(__file__).parent
SHAPE = (1, 3, 96, 128)
NAMES = ("center_net", "faster_rcnn", "faster_rcnn_fpn", "mask_rcnn_fpn")


def main() -> None:
    """Write a symbol, its parameters, and an npz of outputs for each."""
    mxnet = import_mxnet()
    for name in NAMES:
        block = getattr(small_detectors, name)(**({"dcn": True} if name == "center_net" else {}))
        block.initialize(mxnet.init.Zero(), force_reinit=True)
        network = small_detectors.with_weights(trace(block, name, SHAPE), seed=1)
        states = set(network.symbol.aux_states())
        arrays = {
            f"{'aux' if key in states else 'arg'}:{key}": mxnet.nd.array(value)
            for key, value in network.weights.items()
        }
        mxnet.nd.save(str(FOLDER / f"{name}-0000.params"), arrays)
        (FOLDER / f"{name}-symbol.json").write_text(write_symbol(network.symbol, network.symbol.heads))
        np.savez_compressed(FOLDER / f"{name}.npz", **mxnet_reference(network, SHAPE).run(draw_input()))


def draw_input() -> NDArray[np.float32]:
    """Draw the input that all are run with."""
    return np.random.RandomState(7).normal(0, 1, SHAPE).astype(np.float32)


if __name__ == "__main__":
    main()
