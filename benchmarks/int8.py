"""What 8 bits gain: MXNet float32 (unfused, fused) and INT8 against OpenVINO float32, bfloat16 and our INT8.

All forms of a network run in turn in one process, once with all that the CPU has and once with OpenVINO and
MXNet capped to AVX512-VNNI, as on an AWS C5. Weights are random, the same in every form but MXNet's INT8,
which is the zoo's own *_int8 network; YOLOv3 has none, and is quantised by MXNet. MXNet's detectors end in
NMS inside the graph; ours and OpenVINO's end before it. An interrupted command goes on where it was.
Needs the extra [mxnet]: python -m benchmarks.int8 [NETWORK...]
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.children import call
from benchmarks.command_line import make_parser
from benchmarks.records import Record, Results
from benchmarks.timing import Seconds, best, interleaved, print_table, summarize

NETWORKS = (
    "resnet50_v1",
    "mobilenet1.0",
    "ssd_300_vgg16_atrous_voc",
    "ssd_512_vgg16_atrous_voc",
    "ssd_512_resnet50_v1_voc",
    "ssd_512_mobilenet1.0_voc",
    "yolo3_darknet53_voc",
    "yolo3_mobilenet1.0_voc",
)
CAP = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI", "DNNL_MAX_CPU_ISA": "AVX512_CORE_VNNI"}
OVER_FP32 = {"512_resnet50": 3.3, "resnet50": 3.5, "mobilenet1.0": 3.0, "vgg16": 3.5, "darknet53": 3.5}
"""What is aimed at, by the first part of a name that is found."""

OVER_BF16 = {"resnet50_v1": 1.5, "mobilenet1.0": 1.2}
MXNET_MODES = {"MXNet FP32 unfused": "unfused", "MXNet FP32 fused": "fused", "MXNet INT8": "int8"}
PICTURES = 8
SEED = 0


def pictures(shape: tuple[int, ...]) -> Iterator[np.ndarray]:
    """Noise: with random weights, pictures say no more."""
    random = np.random.RandomState(SEED)
    for _ in range(PICTURES):
        yield random.randint(0, 256, (shape[2], shape[3], 3), np.uint8)


def make_files(name: str, folder: Path) -> tuple[Path, Path]:
    """Export a network and calibrate it; return both files."""
    from gcv_edge.calibration import CalibrationOptions, calibrate
    from gcv_edge.pipeline import export
    from gcv_edge.runtime.opening import open_session

    floating = export(name, folder / "float.onnx", random_weights=SEED, verify=False).path
    options = CalibrationOptions(correction="none", time_forms=False, data="noise")
    shape = open_session(floating).input_shape
    output = folder / "int8.onnx"
    return floating, calibrate(floating, pictures(shape), output, mode="minmax", options=options).path


def openvino_run(path: Path, precision: str, threads: int) -> Callable[[], object]:
    """Load a file into OpenVINO, ready to run."""
    from gcv_edge.runtime.opening import open_session
    from gcv_edge.runtime.sessions import SessionOptions

    session = open_session(path, SessionOptions(precision=precision, threads=threads))
    request = session.new_request()
    request.input[:] = np.random.RandomState(SEED).standard_normal(request.input.shape)
    return request.infer


def mxnet_run(name: str, mode: str) -> Callable[[], object]:
    """Load a zoo network with random weights into MXNet, ready to run: ``unfused``, ``fused`` or ``int8``.

    8 bits are the zoo's own network where it has one, else what MXNet's quantisation makes of the float one.
    """
    from gcv_edge.benchmarking.mxnet_network import STATIC, only_input, prepare
    from gcv_edge.benchmarking.mxnet_runner import import_quietly
    from gcv_edge.exporters.mxnet import live

    mxnet, shape = import_quietly(), live.zoo_shape(name)
    if mode == "int8" and f"{name}_int8" in live.zoo_names():
        name, mode = f"{name}_int8", "unfused"
    network = live.load_zoo_network(name, None, None, (), SEED)
    heads = network.symbol.heads
    picture = mxnet.nd.array(np.random.RandomState(SEED).standard_normal((1, *shape[-3:])))
    forward = prepare(mxnet, network, heads, only_input(network, heads), picture, mode)(STATIC)
    return lambda: forward(picture)


def forms(name: str, floating: Path, quantized: Path, threads: int) -> dict[str, Callable[[], object] | str]:
    """Return the forms of a network that run here, and why others of MXNet's do not."""
    from gcv_edge.measure.engine import has_bf16

    found: dict[str, Callable[[], object] | str] = {"OpenVINO FP32": openvino_run(floating, "f32", threads)}
    if has_bf16() and not is_capped():  # OpenVINO would emulate it
        found["OpenVINO BF16"] = openvino_run(floating, "bf16", threads)
        found["gcv-edge INT8, BF16 rest"] = openvino_run(quantized, "bf16", threads)
    found["gcv-edge INT8"] = openvino_run(quantized, "f32", threads)
    for form, mode in MXNET_MODES.items():
        try:
            found[form] = run = mxnet_run(name, mode)
            run()
        except Exception as error:  # a form that MXNet does not have, or cannot run
            found[form] = str(error).splitlines()[0][:100]
    return found


def kernels(path: Path) -> dict[str, dict[str, float]]:
    """Sum up the time of each kind of kernel in the 8-bit network, in microseconds."""
    from gcv_edge.measure.layers import profile

    found: dict[str, dict[str, float]] = defaultdict(lambda: {"nodes": 0, "microseconds": 0.0})
    for time in profile(path).values():
        found[time.kernel]["nodes"] += 1
        found[time.kernel]["microseconds"] += time.microseconds
    return dict(sorted(found.items(), key=lambda item: -item[1]["microseconds"]))


def time_forms(name: str, floating: str, quantized: str, rounds: int, threads: int) -> Record:
    """Measure in this process, whatever its cap; return seconds, and kernels of the 8-bit network."""
    found = forms(name, Path(floating), Path(quantized), threads)
    runs = {form: run for form, run in found.items() if callable(run)}
    left_out = {form: reason for form, reason in found.items() if isinstance(reason, str)}
    seconds = interleaved(runs, rounds)
    return {"seconds": seconds, "kernels": kernels(Path(quantized)), "left_out": left_out}


def is_capped() -> bool:
    """Tell whether this process may use less than the processor has."""
    return "ONEDNN_MAX_CPU_ISA" in os.environ


def ratios(seconds: Seconds) -> dict[str, float]:
    """Say how many times faster the better of our forms is than each other, best run to best run."""
    ours = min(best(times) for form, times in seconds.items() if form.startswith("gcv-edge"))
    others = {form: best(times) for form, times in seconds.items() if not form.startswith("gcv-edge")}
    return {form: round(time / ours, 2) for form, time in others.items()}


def measure(name: str, rounds: int, threads: int) -> Record:
    """Measure a network without and with the cap, each in a process of its own."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        files = make_files(name, Path(folder))
        for label, cap in (("uncapped", {}), ("vnni", CAP)):
            environment = {**cap, "OMP_NUM_THREADS": str(threads)}
            run = call(time_forms, name, *files, rounds, threads, environment=environment)
            seconds = run["seconds"]
            for form, reason in run["left_out"].items():
                print(f"{name}: {form}: {reason}", file=sys.stderr)
            title = f"{name}, {threads} threads, {'capped to VNNI' if cap else 'uncapped'}"
            print_table(title, seconds, "OpenVINO FP32")
            found[label] = {
                "timings": summarize(seconds),
                "ratios": ratios(seconds),
                "kernels": run["kernels"],
            }
    reached = goals(name, found)
    print(json.dumps(reached, indent=2))
    return {**found, "goals": reached}


def goals(name: str, found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Hold the ratios against what was aimed at."""
    uncapped, capped = found["uncapped"]["ratios"], found["vnni"]["ratios"]
    over_fp32 = next((goal for part, goal in OVER_FP32.items() if part in name), 0.0)
    wanted = {
        "over OpenVINO FP32, VNNI": (capped.get("OpenVINO FP32"), over_fp32),
        "over OpenVINO BF16": (uncapped.get("OpenVINO BF16"), OVER_BF16.get(name, 1.4)),
        "over MXNet INT8": (uncapped.get("MXNet INT8"), 2.0),
        "over MXNet INT8, VNNI": (capped.get("MXNet INT8"), 2.0),
    }
    return {
        goal: {"found": ratio, "wanted": least, "reached": ratio is not None and ratio >= least}
        for goal, (ratio, least) in wanted.items()
    }


def main() -> None:
    """Measure what is asked for and not there yet."""
    parser = make_parser(__doc__)
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="measure what is there already")
    arguments = parser.parse_args()
    names = arguments.networks or list(NETWORKS)
    results = Results(
        "int8", again=names if arguments.again else (), order=NETWORKS, threads=arguments.threads
    )
    results.fill(names, lambda name: measure(name, arguments.rounds, arguments.threads))


if __name__ == "__main__":
    main()
