"""Write the small real files of this folder: every parameter format and symbol dialect of MXNet.

Run it with MXNet 1.9.1 installed (the extra [mxnet])::

    python -m tests.data.mxnet_files.make_mxnet_files

What MXNet 1.9.1 can write, it writes; older formats are packed here by hand and then read with MXNet.
expected.npz and expected_symbols.json hold what MXNet read from each file, uninitialised.params excepted.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gcv_edge.exporters.mxnet.compat import import_mxnet

FOLDER = Path(__file__).resolve().parent
DTYPES = ["float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool"]
V1_MAGIC, V2_MAGIC, CPU, GPU = 0xF993FAC8, 0xF993FAC9, 1, 2

Array = npt.NDArray[Any]

mx: Any = import_mxnet()


def numbers(dtype: str, *shape: int) -> Array:
    return (np.arange(np.prod(shape)).reshape(shape) * 7 % 23 - 3).astype(dtype)


def array_list(arrays: list[bytes], names: list[str]) -> bytes:
    packed = b"".join(struct.pack("<Q", len(name.encode())) + name.encode() for name in names)
    header = struct.pack("<QQQ", 0x112, 0, len(arrays))
    return header + b"".join(arrays) + struct.pack("<Q", len(names)) + packed


def legacy_array(values: Array, device: int = CPU) -> bytes:
    shape = struct.pack(f"<{values.ndim + 1}I", values.ndim, *values.shape)
    return shape + struct.pack("<iii", device, 0, DTYPES.index(values.dtype.name)) + values.tobytes()


def v1_array(values: Array, device: int = CPU) -> bytes:
    shape = struct.pack(f"<II{values.ndim}q", V1_MAGIC, values.ndim, *values.shape)
    return shape + struct.pack("<iii", device, 0, DTYPES.index(values.dtype.name)) + values.tobytes()


def write_packed_params() -> None:
    names = [f"arg:{name}_weight" for name in DTYPES[:5]] + ["aux:running_mean"]
    values = [numbers(name, 2, 3) for name in DTYPES[:5]] + [numbers("float32", 5)]
    legacy = [legacy_array(array, GPU) for array in values]
    (FOLDER / "legacy.params").write_bytes(array_list(legacy, names))
    (FOLDER / "v1.params").write_bytes(array_list([v1_array(array) for array in values], names))
    empty = [struct.pack("<I", 0), struct.pack("<II", V1_MAGIC, 0), struct.pack("<Iii", V2_MAGIC, 0, 0)]
    (FOLDER / "uninitialised.params").write_bytes(
        array_list([*empty, legacy_array(numbers("float32", 2))], ["legacy", "v1", "v2", "weight"])
    )


def write_mxnet_params() -> None:
    arrays = {f"arg:{name}": mx.nd.array(numbers(name, 2, 3), dtype=name) for name in DTYPES}
    arrays["arg:bfloat16"] = mx.nd.amp_cast(mx.nd.array(numbers("float32", 3)), dtype="bfloat16")
    arrays["aux:long/名前"] = mx.nd.array(numbers("float32", 1, 2, 1, 2))
    mx.nd.save(str(FOLDER / "v2.params"), arrays)
    mx.nd.save(str(FOLDER / "unnamed.params"), [mx.nd.ones((2,)), mx.nd.zeros((1, 3))])
    dense = mx.nd.array([[0, 1], [0, 0], [2, 0]])
    for storage in ("row_sparse", "csr"):
        mx.nd.save(str(FOLDER / f"{storage}.params"), {"arg:w": dense.tostype(storage)})
    with mx.util.np_shape(True):
        mx.nd.save(str(FOLDER / "v3.params"), {"scalar": mx.nd.ones(()), "none": mx.nd.zeros((0, 3))})


def write_gluon_params(network: Any) -> None:
    network.save_parameters(str(FOLDER / "gluon.params"))


def gluon_network() -> Any:
    network = mx.gluon.nn.HybridSequential(prefix="net_")
    with network.name_scope():
        network.add(mx.gluon.nn.Conv2D(2, 3, in_channels=3), mx.gluon.nn.BatchNorm(in_channels=2))
        network.add(mx.gluon.nn.LeakyReLU(0.1), mx.gluon.nn.GlobalAvgPool2D())
    mx.random.seed(0)
    network.initialize()
    network.hybridize()
    network(mx.nd.ones((1, 3, 8, 8)))
    return network


def node(op: str, name: str, inputs: list[list[int]], **fields: Any) -> dict[str, Any]:
    return {"op": op, "name": name, "inputs": inputs, **fields}


def graph(nodes: list[dict[str, Any]], version: int | None, *heads: list[int]) -> dict[str, Any]:
    variables = [index for index, item in enumerate(nodes) if item["op"] == "null"]
    attrs = {"attrs": {"mxnet_version": ["int", version]}} if version else {}
    return {"nodes": nodes, "arg_nodes": variables, "heads": list(heads), **attrs}


def write_symbols(network: Any) -> None:
    network.export(str(FOLDER / "v1.9"))
    loop = mx.sym.contrib.foreach(
        lambda item, state: (item + state[0], [item]), mx.sym.var("data"), [mx.sym.var("state")]
    )
    mx.sym.Group([loop[0], loop[1][0]]).save(str(FOLDER / "subgraph-symbol.json"))
    for name, content in {"v0.8": version_0_8(), "v0.9.3": version_0_9_3(), "v1.0": version_1_0()}.items():
        (FOLDER / f"{name}-symbol.json").write_text(json.dumps(content, indent=1) + "\n")


def version_0_8() -> dict[str, Any]:
    """param and attr side by side, two-element inputs, no auxiliary inputs, no version."""
    old = {"backward_source_id": -1}
    return graph(
        [
            node("null", "data", [], param={}, **old),
            node("null", "bn_gamma", [], param={}, attr={"lr_mult": "0.5"}, **old),
            node("null", "bn_beta", [], param={}, **old),
            node(
                "BatchNorm",
                "bn",
                [[0, 0], [1, 0], [2, 0]],
                param={"eps": "0.001", "fix_gamma": "False", "momentum": "0.9", "use_global_stats": "False"},
                attr={"ctx_group": "dev1"},
                **old,
            ),
            node("argmax", "best", [[3, 0]], param={"axis": "-1"}, **old),
        ],
        None,
        [4, 0],
    )


def version_0_9_3() -> dict[str, Any]:
    """Written out of order, with attr, an unused node and two heads."""
    return graph(
        [
            node("Activation", "act", [[2, 0, 0]], attr={"act_type": "relu"}),
            node("null", "data", []),
            node("_mul_scalar", "twice", [[1, 0, 0]], attr={"scalar": "2"}),
            node("null", "unused", []),
        ],
        903,
        [0, 0, 0],
        [2, 0, 0],
    )


def version_1_0() -> dict[str, Any]:
    return graph(
        [
            node("null", "data", []),
            node("null", "fc_weight", [], attrs={"__shape__": "(4, 0)", "__init__": '["zero", {}]'}),
            node("null", "fc_bias", []),
            node("FullyConnected", "fc", [[0, 0, 0], [1, 0, 0], [2, 0, 0]], attrs={"num_hidden": "4"}),
        ],
        10000,
        [3, 0, 0],
    )


def write_expected_params() -> None:
    expected = {}
    for path in sorted(FOLDER.glob("*.params")):
        if path.stem in ("uninitialised", "row_sparse", "csr"):
            continue
        with mx.util.np_shape(path.stem == "v3"):
            for name, array in read_with_mxnet(path).items():
                expected[f"{path.name}|{name}"] = array
    np.savez_compressed(FOLDER / "expected.npz", **expected)


def read_with_mxnet(path: Path) -> dict[str, Array]:
    content = mx.nd.load(str(path))
    named = content if isinstance(content, dict) else {str(i): array for i, array in enumerate(content)}
    return {name: as_numpy(array) for name, array in named.items()}


def as_numpy(array: Any) -> Array:
    is_bfloat16 = np.dtype(array.dtype) == np.dtype([("bfloat16", np.uint16)])
    values: Array = (mx.nd.amp_cast(array, dtype="float32") if is_bfloat16 else array).asnumpy()
    return values


def write_expected_symbols() -> None:
    expected = {path.name: describe(mx.sym.load(str(path))) for path in sorted(FOLDER.glob("*-symbol.json"))}
    (FOLDER / "expected_symbols.json").write_text(json.dumps(expected, indent=1) + "\n")


def describe(symbol: Any) -> dict[str, Any]:
    return {
        "inputs": symbol.list_inputs(),
        "aux": symbol.list_auxiliary_states(),
        "attrs": {name: without_aliases(attrs) for name, attrs in symbol.attr_dict().items()},
    }


def without_aliases(attrs: dict[str, str]) -> dict[str, str]:
    """Leave out the keys such as lr_mult that attr_dict adds beside __lr_mult__."""
    return {key: value for key, value in attrs.items() if f"__{key}__" not in attrs}


def main() -> None:
    network = gluon_network()
    write_packed_params()
    write_mxnet_params()
    write_gluon_params(network)
    write_symbols(network)
    write_expected_params()
    write_expected_symbols()


if __name__ == "__main__":
    main()
