"""Quantise a network by NNCF: a program for a Python environment of its own, without gcv-edge.

python nncf_quantize.py MODEL.onnx INPUTS.npy NETWORK.xml OPTIONS: statistics are taken of all inputs,
``[N, C, H, W]`` float32; options are keyword arguments of ``nncf.quantize`` in JSON, ``{}`` for its defaults,
and ``float_decoding``: whether what follows the last layers stays float. Writes OpenVINO IR and prints a line
of JSON.
"""

import json
import sys
import time
from collections.abc import Iterator

import nncf
import numpy as np
import openvino

LAYERS = ("Convolution", "GroupConvolution", "MatMul")


def decoding_of(model: openvino.Model) -> Iterator[str]:
    """Name the operations that no layer follows."""
    leading = set()
    for operation in reversed(model.get_ordered_ops()):
        readers = [
            target.get_node() for output in operation.outputs() for target in output.get_target_inputs()
        ]
        if any(reader.get_type_name() in LAYERS or reader.get_name() in leading for reader in readers):
            leading.add(operation.get_name())
        elif operation.get_type_name() not in (*LAYERS, "Constant", "Parameter", "Result"):
            yield operation.get_friendly_name()


def main(model: str, inputs: str, network: str, options: str) -> None:
    pictures, wanted = np.load(inputs, mmap_mode="r"), json.loads(options)
    start, used = time.perf_counter(), time.process_time()
    data = nncf.Dataset(range(len(pictures)), lambda index: np.ascontiguousarray(pictures[index : index + 1]))
    floating = openvino.convert_model(model)  # read_model leaves biases in a form that NNCF does not correct
    if wanted.pop("float_decoding", False):
        wanted["ignored_scope"] = nncf.IgnoredScope(names=list(decoding_of(floating)))
    quantized = nncf.quantize(floating, data, subset_size=len(pictures), **wanted)
    openvino.save_model(quantized, network, compress_to_fp16=False)
    seconds = {"seconds": time.perf_counter() - start, "processor_seconds": time.process_time() - used}
    print(json.dumps({**seconds, "nncf": nncf.__version__, "openvino": openvino.__version__}))


if __name__ == "__main__":
    main(*sys.argv[1:])
