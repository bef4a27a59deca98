"""Quantise a network by NNCF's defaults: a program for a Python environment of its own, without gcv-edge.

python nncf_quantize.py MODEL.onnx INPUTS.npy OTHERS.npy OUTPUTS.npz: statistics are taken of the inputs,
``[N, C, H, W]`` float32; the outputs of the 8-bit network on the others are written. Prints a line of JSON.
"""

import json
import sys
import time

import nncf
import numpy as np
import openvino


def main(model: str, inputs: str, others: str, outputs: str) -> None:
    core = openvino.Core()
    pictures = np.load(inputs, mmap_mode="r")
    start, used = time.perf_counter(), time.process_time()
    data = nncf.Dataset(range(len(pictures)), lambda index: np.ascontiguousarray(pictures[index : index + 1]))
    quantized = nncf.quantize(core.read_model(model), data, subset_size=len(pictures))
    openvino.save_model(quantized, outputs + ".xml")
    seconds = {"seconds": time.perf_counter() - start, "processor_seconds": time.process_time() - used}
    compiled = core.compile_model(quantized, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found = [compiled(np.ascontiguousarray(one[None])) for one in np.load(others, mmap_mode="r")]
    np.savez(outputs, *[np.concatenate([one[port] for one in found]) for port in compiled.outputs])
    print(json.dumps({**seconds, "nncf": nncf.__version__, "openvino": openvino.__version__}))


if __name__ == "__main__":
    main(*sys.argv[1:])
