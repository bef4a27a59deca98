"""GluonCV's INT8 tables again: our INT8, BF16 and FP32 over MXNet FP32 plain, fused and quantised.

Rows, batches and ratios are those of GluonCV 0.5 on a C5.12xlarge (docs/tutorials/deployment/
int8_inference.py; plain MXNet FP32 is its denominator) and of GluonCV 0.4 on a C5.18xlarge. Each row runs
capped to VNNI, as a C5 has it, and uncapped; a file of 8 bits is calibrated under each cap. Detectors are
also held against OpenVINO's benchmark_app, frame to result. Weights are random: speed only. An interrupted
command continues. Needs the extra [mxnet]: python -m benchmarks.table_int8
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.network_files import NetworkFiles, make_int8, make_network
from benchmarks.rates import hold_against_app
from benchmarks.records import Record
from benchmarks.tables import PendingRow, choose_batch, measure_rows, open_table, parse, run
from gcv_edge.benchmarking import Variant, list_references, list_variants
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.runtime.modelfile import read_metadata

PLAIN = "mxnet FP32"
RATE_ROUNDS = 3
RATE_FRAMES = 20
RATE_SECONDS = (5.0, 12.0)


class PublishedInt8(NamedTuple):
    """What GluonCV published of a name."""

    batch: int
    gluoncv_05: float
    gluoncv_04: float | None = None


ROWS = {
    "resnet50_v1": PublishedInt8(128, 7.24, 2.27),
    "mobilenet1.0": PublishedInt8(128, 7.00, 2.71),
    "ssd_300_vgg16_atrous_voc": PublishedInt8(224, 5.96, 1.46),
    "ssd_512_vgg16_atrous_voc": PublishedInt8(224, 5.55, 1.53),
    "ssd_512_resnet50_v1_voc": PublishedInt8(224, 5.03, 1.94),
    "ssd_512_mobilenet1.0_voc": PublishedInt8(224, 3.22, 1.57),
    "fcn_resnet101_voc": PublishedInt8(1, 4.82),
    "psp_resnet101_voc": PublishedInt8(1, 2.68),
    "deeplab_resnet101_voc": PublishedInt8(1, 3.20),
    "simple_pose_resnet18_v1b": PublishedInt8(128, 2.55),
    "simple_pose_resnet50_v1b": PublishedInt8(128, 3.50),
    "simple_pose_resnet50_v1d": PublishedInt8(128, 5.89),
    "simple_pose_resnet101_v1b": PublishedInt8(128, 4.07),
    "simple_pose_resnet101_v1d": PublishedInt8(128, 5.97),
    "vgg16_ucf101": PublishedInt8(64, 4.46),
    "inceptionv3_ucf101": PublishedInt8(64, 5.16),
    "resnet18_v1b_kinetics400": PublishedInt8(64, 5.24),
    "resnet50_v1b_kinetics400": PublishedInt8(64, 6.78),
}


@ending_tidily()
def main() -> None:
    arguments = parse(__doc__ or "", list(ROWS))

    def prepare(row: PendingRow) -> Record:
        published, known = ROWS[row.name], row.facts
        made = make_network(row.name, row.folder)
        facts = {"published": published._asdict(), "task": read_metadata(made.onnx).task.name}
        if "batch" in known:
            return {**facts, **{key: known[key] for key in ("batch", "chosen_by")}}
        plain = list_forms(made, [made.onnx])[0]
        batch, chosen_by = choose_batch(plain, published.batch, arguments)
        return {**facts, "batch": batch, "chosen_by": chosen_by}

    def measure(row: PendingRow, isa: str) -> Record:
        made = make_network(row.name, row.folder)
        int8 = make_int8(made, isa, arguments.threads)
        variants = list_forms(made, [made.onnx, int8])
        found = measure_whole(variants, row.facts, isa, arguments)
        if row.facts["task"] == "detection" and isa == "native":
            seconds = choose_seconds(found["rows"].get("openvino FP32"))
            rates = Namespace(**{**vars(arguments), "rounds": RATE_ROUNDS, "seconds": seconds})
            files = {"FP32": made.onnx, "INT8": int8}
            found["detector"] = {form: hold_against_app(path, isa, rates) for form, path in files.items()}
        return found

    measure_rows(open_table("table_int8", arguments), arguments, prepare, measure)


def list_forms(made: NetworkFiles, files: Sequence[Path]) -> list[Variant]:
    """MXNet plain, fused and quantised, on the same symbol and parameters; then the files as they are run."""
    variants = list_variants(files)
    references = list_references(variants, "mxnet", source=str(made.symbol), params=str(made.params))
    return [*references, *variants]


def choose_seconds(row: Record | None) -> float:
    """Choose seconds in which every stream gets through enough frames that the last one counts for little."""
    if row is None:
        return RATE_SECONDS[0]
    stream_seconds = row["stages_ms"]["total"] / row["batch"] * row["threads"] / 1e3
    return float(min(max(RATE_FRAMES * stream_seconds, RATE_SECONDS[0]), RATE_SECONDS[1]))


def measure_whole(variants: Sequence[Variant], facts: Record, isa: str, arguments: Namespace) -> Record:
    """Measure with half the batch, again and again, while plain MXNet does not get through."""
    while True:
        found = run(variants, facts["batch"], isa, arguments, with_profile=True)
        if PLAIN in found["rows"] or facts["batch"] == 1:
            return found
        facts["batch"] //= 2


if __name__ == "__main__":
    main()
