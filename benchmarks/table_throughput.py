"""Frames per second of ``Detector``, frame to result, over what benchmark_app says of the network alone.

Both take as many streams as OpenVINO's hint for throughput gives, on the same threads, in turn. benchmark_app
comes with the package openvino. Weights are random: python -m benchmarks.table_throughput
"""

from __future__ import annotations

from benchmarks.network_files import make_int8, make_network
from benchmarks.rates import hold_against_app
from benchmarks.records import Record
from benchmarks.tables import PendingRow, measure_rows, open_table, parse
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.runtime.modelfile import read_metadata

NAMES = (
    "yolo3_mobilenet1.0_coco",
    "yolo3_darknet53_coco",
    "ssd_300_vgg16_atrous_voc",
    "ssd_512_vgg16_atrous_voc",
    "ssd_512_mobilenet1.0_voc",
    "ssd_512_resnet50_v1_voc",
)


@ending_tidily()
def main() -> None:
    arguments = parse(__doc__ or "", NAMES, is_open=True, rounds=3, seconds=5.0, isa=("native",))

    def prepare(row: PendingRow) -> Record:
        return {"task": read_metadata(make_network(row.name, row.folder).onnx).task.name}

    def measure(row: PendingRow, isa: str) -> Record:
        made = make_network(row.name, row.folder)
        files = {"FP32": made.onnx, "INT8": make_int8(made, isa, arguments.threads)}
        return {
            "threads": arguments.threads,
            "forms": {form: hold_against_app(path, isa, arguments) for form, path in files.items()},
        }

    measure_rows(open_table("table_throughput", arguments), arguments, prepare, measure)


if __name__ == "__main__":
    main()
