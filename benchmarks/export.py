"""Time and peak memory of converting resnet50_v1 from symbol and parameters, beside MXNet's own mx2onnx.

Each conversion runs in a process of its own, the two in turn. Time is of the conversion to a file, imports
and verification excluded; memory is the process's peak minus what it held after its imports.
Needs the extra [mxnet]: python -m benchmarks.export
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
import types
import warnings
from collections.abc import Callable
from pathlib import Path

from benchmarks.children import call
from benchmarks.command_line import make_parser
from benchmarks.network_files import write_symbol
from benchmarks.records import write_results
from gcv_edge.cli.signals import ending_tidily

NAME = "resnet50_v1"
SHAPE = (1, 3, 224, 224)
TYPES = "f4 f8 f2 i4 i8 i1 u1 ?"


def convert(prefix: str, output: str) -> dict[str, float]:
    """Convert with this package."""
    from gcv_edge.exporters.source import ExportOptions
    from gcv_edge.pipeline import export

    options = ExportOptions(input_shape=SHAPE)
    return measure(lambda: export(f"{prefix}-symbol.json", output, options=options, verify=False))


def convert_with_mx2onnx(prefix: str, output: str) -> dict[str, float]:
    """Convert with MXNet, which reads a module that is gone from onnx."""
    warnings.simplefilter("ignore")
    from gcv_edge.exporters.mxnet.compat import import_mxnet

    import_mxnet()
    import numpy as np
    import onnx

    numbers = {np.dtype(code): onnx.helper.np_dtype_to_tensor_dtype(np.dtype(code)) for code in TYPES.split()}
    mapping = types.ModuleType("onnx.mapping")
    vars(mapping).update(
        NP_TYPE_TO_TENSOR_TYPE=numbers,
        TENSOR_TYPE_TO_NP_TYPE={number: dtype for dtype, number in numbers.items()},
    )
    vars(onnx)["mapping"] = sys.modules["onnx.mapping"] = mapping
    import mxnet.onnx

    files = (f"{prefix}-symbol.json", f"{prefix}-0000.params")
    return measure(lambda: mxnet.onnx.export_model(*files, [SHAPE], [np.float32], output))


CONVERTERS: dict[str, Callable[[str, str], dict[str, float]]] = {
    "gcv-edge": convert,
    "mx2onnx": convert_with_mx2onnx,
}


def measure(function: Callable[[], object]) -> dict[str, float]:
    """Return seconds of a call, and by how much it raises this process's peak of memory."""
    before, start = peak_bytes(), time.perf_counter()
    function()
    return {"seconds": time.perf_counter() - start, "peak_bytes": peak_bytes() - before}


def peak_bytes() -> int:
    """Most memory that this process has held."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@ending_tidily()
def main() -> None:
    """Convert with both, in turn."""
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    runs: dict[str, list[dict[str, float]]] = {tool: [] for tool in CONVERTERS}
    with tempfile.TemporaryDirectory() as folder:
        prefix = Path(folder) / NAME
        size = call(write_symbol, prefix)
        for _ in range(rounds):
            for tool, converter in CONVERTERS.items():
                runs[tool].append(call(converter, prefix, Path(folder) / f"{tool}.onnx"))
    rows = {
        tool: {
            "seconds_best": round(min(run["seconds"] for run in measured), 3),
            "peak_over_params": round(max(run["peak_bytes"] for run in measured) / size, 2),
        }
        for tool, measured in runs.items()
    }
    for tool, row in rows.items():
        print(
            f"{tool:10} {row['seconds_best']:8.2f} s   {row['peak_over_params']:6.2f} x the parameters' size"
        )
    speedup = round(rows["mx2onnx"]["seconds_best"] / rows["gcv-edge"]["seconds_best"], 1)
    print(f"gcv-edge is {speedup}x faster")
    write_results("export", rows, network=NAME, params_bytes=size, speedup=speedup)


if __name__ == "__main__":
    main()
