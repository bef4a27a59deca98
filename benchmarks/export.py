"""Time and peak memory of converting resnet50_v1 from symbol and parameters, beside MXNet's own mx2onnx.

Each conversion runs in a process of its own, the two in turn. Time is of the conversion to a file, imports
and verification excluded; memory is the process's peak minus what it held after its imports.
Needs the extra [mxnet]: python benchmarks/export.py
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import write_results

NAME = "resnet50_v1"

PRELUDE = """
import json, os, resource, sys, time, warnings
warnings.simplefilter("ignore")
prefix, output = sys.argv[1:]
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
"""
OURS = """
from gcv_edge.pipeline import export
from gcv_edge.exporters.source import ExportOptions
before, start = peak(), time.perf_counter()
export(prefix + "-symbol.json", output, options=ExportOptions(input_shape=(1, 3, 224, 224)), verify=False)
"""
MX2ONNX = """
from gcv_edge.exporters.mxnet.compat import import_mxnet
mx = import_mxnet()
import types
import numpy as np
import onnx
import mxnet.onnx
dtypes = [np.dtype(code) for code in "f4 f8 f2 i4 i8 i1 u1 ?".split()]
types_of = {dtype: onnx.helper.np_dtype_to_tensor_dtype(dtype) for dtype in dtypes}
onnx.mapping = sys.modules["onnx.mapping"] = types.ModuleType("onnx.mapping")  # removed from current onnx
onnx.mapping.NP_TYPE_TO_TENSOR_TYPE = types_of
onnx.mapping.TENSOR_TYPE_TO_NP_TYPE = {number: dtype for dtype, number in types_of.items()}
before, start = peak(), time.perf_counter()
files = (prefix + "-symbol.json", prefix + "-0000.params")
mx.onnx.export_model(*files, [(1, 3, 224, 224)], [np.float32], output)
"""
POSTLUDE = """
print(json.dumps({"seconds": time.perf_counter() - start, "peak_bytes": peak() - before}))
"""


def make_network(folder: Path) -> tuple[Path, int]:
    """Write the network's two files with random weights; return their prefix and the parameters' size."""
    code = (
        "import sys\nfrom gcv_edge.exporters.mxnet.compat import import_gluoncv, import_mxnet\n"
        "mx, gluoncv = import_mxnet(), import_gluoncv()\n"
        f"net = gluoncv.model_zoo.get_model('{NAME}')\nnet.initialize()\nnet.hybridize()\n"
        "net(mx.nd.zeros((1, 3, 224, 224)))\nnet.export(sys.argv[1])\n"
    )
    prefix = folder / NAME
    subprocess.run([sys.executable, "-c", code, str(prefix)], check=True)
    return prefix, Path(f"{prefix}-0000.params").stat().st_size


def convert(code: str, prefix: Path, output: Path) -> dict[str, float]:
    """Run one conversion in a fresh process."""
    command = [sys.executable, "-c", PRELUDE + code + POSTLUDE, str(prefix), str(output)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(run.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    runs: dict[str, list[dict[str, float]]] = {"gcv-edge": [], "mx2onnx": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prefix, size = make_network(folder)
        for _ in range(rounds):
            for tool, code in (("gcv-edge", OURS), ("mx2onnx", MX2ONNX)):
                runs[tool].append(convert(code, prefix, folder / f"{tool}.onnx"))
    summary = {
        tool: {
            "seconds_best": round(min(run["seconds"] for run in measured), 3),
            "peak_over_params": round(max(run["peak_bytes"] for run in measured) / size, 2),
        }
        for tool, measured in runs.items()
    }
    for tool, row in summary.items():
        print(
            f"{tool:10} {row['seconds_best']:8.2f} s   {row['peak_over_params']:6.2f} x the parameters' size"
        )
    ratio = summary["mx2onnx"]["seconds_best"] / summary["gcv-edge"]["seconds_best"]
    print(f"gcv-edge is {ratio:.1f}x faster")
    write_results(
        "export", {"network": NAME, "params_bytes": size, "results": summary, "speedup": round(ratio, 1)}
    )


if __name__ == "__main__":
    main()
