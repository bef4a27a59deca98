"""Frames per second of ``Detector``, frame to result, over what benchmark_app says of the network alone.

Both take as many streams as OpenVINO's hint for throughput gives, on the same threads, in turn. benchmark_app
comes with the package openvino. Weights are random: python benchmarks/table_throughput.py
"""

from __future__ import annotations

from making import make_int8, make_network
from rates import hold_against_app
from tables import Case, Record, measure_rows, open_table, parse

from gcv_edge.runtime.modelfile import read_metadata

NAMES = (
    "yolo3_mobilenet1.0_coco",
    "yolo3_darknet53_coco",
    "ssd_300_vgg16_atrous_voc",
    "ssd_512_vgg16_atrous_voc",
    "ssd_512_mobilenet1.0_voc",
    "ssd_512_resnet50_v1_voc",
)


def main() -> None:
    arguments = parse(__doc__ or "", NAMES, is_open=True, rounds=3, seconds=5.0, isa=("native",))

    def prepare(case: Case) -> Record:
        return {"task": read_metadata(make_network(case.name, case.folder).onnx).task.name}

    def measure(case: Case, isa: str) -> Record:
        made = make_network(case.name, case.folder)
        files = {"FP32": made.onnx, "INT8": make_int8(made, isa, arguments.threads)}
        return {
            "threads": arguments.threads,
            "forms": {form: hold_against_app(path, isa, arguments) for form, path in files.items()},
        }

    measure_rows(open_table("table_throughput", arguments), arguments, prepare, measure)


if __name__ == "__main__":
    main()
