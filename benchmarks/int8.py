"""What 8 bits gain: MXNet float32 (unfused, fused) and INT8 against OpenVINO float32, bfloat16 and our INT8.

All forms of a network run in turn in one process, once with all that the CPU has and once with OpenVINO and
MXNet capped to AVX512-VNNI, as on an AWS C5. Weights are random, the same in every form but MXNet's INT8,
which is the zoo's own *_int8 network; YOLOv3 has none, and is quantised by MXNet. MXNet's detectors end in
NMS inside the graph; ours and OpenVINO's end before it. Needs the extra [mxnet]:
python benchmarks/int8.py [NETWORK...]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from harness import best, interleaved, print_table, read_results, summarize, write_results

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
OVER_FP32 = {"resnet50": 3.5, "mobilenet1.0": 3.0, "vgg16": 3.5, "512_resnet50": 3.3, "darknet53": 3.5}
OVER_BF16 = {"resnet50_v1": 1.5, "mobilenet1.0": 1.2}
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


def forms(name: str, files: tuple[Path, Path], threads: int) -> dict[str, Callable[[], object]]:
    """Return the forms of a network that run here."""
    from gcv_edge.measure.engine import has_bf16

    floating, quantized = files
    found = {"OpenVINO FP32": openvino_run(floating, "f32", threads)}
    if has_bf16() and not is_capped():  # OpenVINO would emulate it
        found["OpenVINO BF16"] = openvino_run(floating, "bf16", threads)
        found["gcv-edge INT8, BF16 rest"] = openvino_run(quantized, "bf16", threads)
    found["gcv-edge INT8"] = openvino_run(quantized, "f32", threads)
    for form, mode in (
        ("MXNet FP32 unfused", "unfused"),
        ("MXNet FP32 fused", "fused"),
        ("MXNet INT8", "int8"),
    ):
        try:
            found[form] = mxnet_run(name, mode)
            found[form]()
        except Exception as error:  # a form that MXNet does not have, or cannot run: said in the results
            found.pop(form, None)
            print(f"{name}: {form}: {str(error).splitlines()[0][:100]}", file=sys.stderr)
    return found


def kernels(path: Path) -> dict[str, dict[str, float]]:
    """Sum up the time of each kind of kernel in the 8-bit network, in microseconds."""
    from gcv_edge.measure.layers import profile

    found: dict[str, dict[str, float]] = defaultdict(lambda: {"nodes": 0, "microseconds": 0.0})
    for time in profile(path).values():
        found[time.kernel]["nodes"] += 1
        found[time.kernel]["microseconds"] += time.microseconds
    return dict(sorted(found.items(), key=lambda item: -item[1]["microseconds"]))


def work(name: str, files: tuple[Path, Path], rounds: int, threads: int) -> dict[str, Any]:
    """Measure in this process, whatever its cap."""
    seconds = interleaved(forms(name, files, threads), rounds)
    title = f"{name}, {threads} threads, {'capped to VNNI' if is_capped() else 'uncapped'}"
    print_table(title, seconds, "OpenVINO FP32")
    return {"timings": summarize(seconds), "ratios": ratios(seconds), "kernels": kernels(files[1])}


def is_capped() -> bool:
    return "ONEDNN_MAX_CPU_ISA" in os.environ


def ratios(seconds: dict[str, list[float]]) -> dict[str, float]:
    """Say how many times faster the better of our forms is than each other, best run to best run."""
    ours = min(best(times) for form, times in seconds.items() if form.startswith("gcv-edge"))
    others = {form: best(times) for form, times in seconds.items() if not form.startswith("gcv-edge")}
    return {form: round(time / ours, 2) for form, time in others.items()}


def measure(name: str, rounds: int, threads: int, folder: Path) -> dict[str, Any]:
    """Measure a network without and with the cap, each in a process of its own."""
    floating, quantized = make_files(name, folder)
    found = {}
    for label, cap in (("uncapped", {}), ("vnni", CAP)):
        command = [sys.executable, __file__, name, "--rounds", str(rounds), "--threads", str(threads)]
        command += ["--worker", str(floating), str(quantized), str(folder / "out.json")]
        environment = {**os.environ, **cap, "OMP_NUM_THREADS": str(threads)}
        subprocess.run(command, check=True, env=environment)
        found[label] = json.loads((folder / "out.json").read_text())
    return {**found, "goals": goals(name, found)}


def goals(name: str, found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Hold the ratios against what was aimed at."""
    uncapped, capped = found["uncapped"]["ratios"], found["vnni"]["ratios"]
    over_fp32 = max((goal for part, goal in OVER_FP32.items() if part in name), default=0.0)
    if "512_resnet50" in name:
        over_fp32 = OVER_FP32["512_resnet50"]
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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--worker", nargs=3, type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        floating, quantized, output = arguments.worker
        found = work(arguments.networks[0], (floating, quantized), arguments.rounds, arguments.threads)
        output.write_text(json.dumps(found))
        return
    results: dict[str, Any] = read_results("int8").get("networks", {}) if arguments.networks else {}
    for name in arguments.networks or NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            results[name] = measure(name, arguments.rounds, arguments.threads, Path(folder))
        print(json.dumps(results[name]["goals"], indent=2))
        write_results("int8", {"threads": arguments.threads, "networks": results})


if __name__ == "__main__":
    main()
