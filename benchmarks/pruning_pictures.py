"""How many pictures pruning needs: what it loses when few or many that chance chooses are fitted on.

GluonCV's CIFAR-10 networks are pruned on 256, 512 and 1,000 of 2,000 pictures, five random choices of each
number, to 72 % of the work: about 1.3x the speed. Each time, top-1 is measured on all other pictures, so that
fitting on more leaves fewer. A row is one choice; an interrupted command continues. Data: the folder
GCV_EDGE_TESTDATA, else ../shared/data. Run: python -m benchmarks.pruning_pictures [NETWORK...]
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
import onnx_ir as ir

from benchmarks.command_line import make_parser
from benchmarks.pruned_files import tell
from benchmarks.pruning_classifiers import CIFAR, export_cifar, read_pictures
from benchmarks.records import Record, Results
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.prune import prune
from gcv_edge.prune.fitting.activations import compute
from gcv_edge.prune.fitting.calibration_set import collect_pictures
from gcv_edge.runtime.modelfile import read_metadata

WORK = 0.72
COUNTS = (256, 512, 1000)
SEEDS = range(5)


def measure(network: str, count: int, seed: int) -> Record:
    """Prune on a random choice of pictures; top-1 before and after on all others."""
    data = read_pictures()
    pictures, classes = [*data.fitted, *data.measured], np.concatenate([data.fitted_classes, data.classes])
    order = np.random.default_rng(seed).permutation(len(pictures))
    chosen, others = order[:count], np.sort(order[count:])
    with tempfile.TemporaryDirectory() as folder:
        source = export_cifar(network, Path(folder))
        frames = (pictures[place] for place in chosen)
        begin = time.perf_counter()
        result = prune(source, frames, Path(folder) / "pruned.onnx", macs=WORK, seed=seed, progress=tell)
        seconds = time.perf_counter() - begin
        preprocessing = read_metadata(source).preprocessing
        held = collect_pictures(
            (pictures[place] for place in others), preprocessing, (32, 32), len(others), 0
        )
        before, after = (
            compute(ir.load(path), ["logits"], held)["logits"].argmax(axis=1) == classes[others]
            for path in (source, result.path)
        )
    return {
        "network": network,
        "pictures": count,
        "seed": seed,
        "measured_on": len(others),
        "top1": round(100 * float(after.mean()), 2),
        "drop": round(100 * float(before.mean() - after.mean()), 2),
        "lost": int((before & ~after).sum()),
        "won": int((after & ~before).sum()),
        "speedup": round(result.speedup, 3),
        "macs": round(result.macs[1] / result.macs[0], 3),
        "seconds": round(seconds, 1),
    }


@ending_tidily()
def main() -> None:
    """Measure the choices that are not there yet."""
    parser = make_parser(__doc__)
    parser.add_argument("networks", nargs="*", choices=[[], *CIFAR], default=[])
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    arguments = parser.parse_args()
    keys = {
        f"{network}, {count} pictures, seed {seed}": (network, count, seed)
        for network in CIFAR
        for count in COUNTS
        for seed in SEEDS
    }
    wanted = [key for key, (network, *_) in keys.items() if network in (arguments.networks or CIFAR)]
    again = wanted if arguments.again else ()
    results = Results("pruning_pictures", again=again, order=list(keys), one_processor=False)

    def make_row(key: str) -> Record:
        row = measure(*keys[key])
        print(row, flush=True)
        return row

    results.fill(wanted, make_row)


if __name__ == "__main__":
    main()
