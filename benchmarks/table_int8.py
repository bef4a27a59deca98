"""GluonCV's INT8 tables again: our INT8, BF16 and FP32 over MXNet FP32 plain, fused and quantised.

Rows, batches and ratios are those of GluonCV 0.5 on a C5.12xlarge (docs/tutorials/deployment/
int8_inference.py; plain MXNet FP32 is its denominator) and of GluonCV 0.4 on a C5. Each row runs capped to
VNNI, as a C5 has it, and uncapped. Weights are random: speed only. Needs the extra [mxnet]:
python benchmarks/table_int8.py
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tables import (
    Record,
    Table,
    export_random,
    fit_batch,
    list_files,
    measure_rows,
    mxnet_variants,
    parse,
    run_isas,
)


class Published(NamedTuple):
    """What GluonCV published of a name."""

    batch: int
    gluoncv_05: float
    gluoncv_04: float | None = None


ROWS = {
    "resnet50_v1": Published(128, 7.24, 2.27),
    "mobilenet1.0": Published(128, 7.00, 2.71),
    "ssd_300_vgg16_atrous_voc": Published(224, 5.96, 1.46),
    "ssd_512_vgg16_atrous_voc": Published(224, 5.55, 1.53),
    "ssd_512_resnet50_v1_voc": Published(224, 5.03, 1.94),
    "ssd_512_mobilenet1.0_voc": Published(224, 3.22, 1.57),
    "fcn_resnet101_voc": Published(1, 4.82),
    "psp_resnet101_voc": Published(1, 2.68),
    "deeplab_resnet101_voc": Published(1, 3.20),
    "simple_pose_resnet18_v1b": Published(128, 2.55),
    "simple_pose_resnet50_v1b": Published(128, 3.50),
    "simple_pose_resnet50_v1d": Published(128, 5.89),
    "simple_pose_resnet101_v1b": Published(128, 4.07),
    "simple_pose_resnet101_v1d": Published(128, 5.97),
    "vgg16_ucf101": Published(64, 4.46),
    "inceptionv3_ucf101": Published(64, 5.16),
    "resnet18_v1b_kinetics400": Published(64, 5.24),
    "resnet50_v1b_kinetics400": Published(64, 6.78),
}


def main() -> None:
    arguments = parse(__doc__ or "")

    def measure(name: str, folder: Path) -> Record:
        variants = mxnet_variants(list_files(export_random(name, folder)))
        batch = fit_batch(variants, ROWS[name].batch, arguments)
        runs = run_isas(variants, batch, arguments, with_profile=True)
        return {"published": ROWS[name]._asdict(), "batch": batch, "runs": runs}

    measure_rows(Table("table_int8", arguments.again), list(ROWS), arguments, measure)


if __name__ == "__main__":
    main()
