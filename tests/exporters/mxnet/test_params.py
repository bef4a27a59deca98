"""Reading ``.params``: every format and type, compared with MXNet; damage gives one clear error."""

from __future__ import annotations

import mmap
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gcv_edge.errors import ModelFileError
from gcv_edge.exporters.mxnet.params import Params, find_buffer, parse_params, read_params, release_pages

DATA = Path(__file__).parents[2] / "data"
FILES = DATA / "mxnet_files"
READABLE = ["legacy", "v1", "v2", "v3", "gluon", "unnamed", "v1.9-0000"]
HOSTILE = sorted((DATA / "hostile").glob("*.params"))
REAL = [
    "gluoncv_cifar/cifar_resnet20_v1-0000.params",
    "gluoncv_cifar/cifar_resnet56_v2-0000.params",
    "gluoncv_squeezenet1.1_converted/squeezenet1.1-0000.params",
    "trained_ssd_300_mobilenet0.25_custom_bccd/ssd_300_mobilenet0.25_custom-0000.params",
    "trained_yolo3_mobilenet0.25_custom_bccd/yolo3_mobilenet0.25_custom.params",
]


def expected(stem: str) -> dict[str, Any]:
    """Return what MXNet read from the file, by the names as stored."""
    with np.load(FILES / "expected.npz") as stored:
        prefix = f"{stem}.params|"
        return {key.removeprefix(prefix): stored[key] for key in stored.files if key.startswith(prefix)}


def stored_names(params: Params) -> list[str]:
    return [f"{params.prefixes[name]}:{name}".removeprefix(":") for name in params]


def assert_equal(params: Params, reference: dict[str, Any]) -> None:
    assert stored_names(params) == list(reference)
    for name, values in zip(params, reference.values(), strict=True):
        assert params[name].shape == values.shape
        assert params[name].dtype == values.dtype
        np.testing.assert_array_equal(params[name], values)


def packed(*arrays: bytes, names: list[str]) -> bytes:
    texts = b"".join(struct.pack("<Q", len(name)) + name.encode() for name in names)
    return (
        struct.pack("<QQQ", 0x112, 0, len(arrays)) + b"".join(arrays) + struct.pack("<Q", len(names)) + texts
    )


def dense(flag: int, data: bytes, *dims: int) -> bytes:
    return struct.pack(f"<Iii{len(dims)}qiii", 0xF993FAC9, 0, len(dims), *dims, 1, 0, flag) + data


@pytest.mark.parametrize("stem", READABLE)
def test_every_format_reads_as_mxnet_reads_it(stem: str) -> None:
    with read_params(FILES / f"{stem}.params") as params:
        assert len(expected(stem)) == len(params) > 0
        assert_equal(params, expected(stem))
        assert params.uninitialised == ()
        assert params.named == (stem != "unnamed")


def test_every_format_reads_as_the_installed_mxnet_reads_it(mxnet: ModuleType) -> None:
    for stem in ("legacy", "v1", "gluon"):
        path = FILES / f"{stem}.params"
        reference = {name: array.asnumpy() for name, array in mxnet.nd.load(str(path)).items()}
        assert_equal(read_params(path), reference)


@pytest.mark.parametrize("path", REAL)
def test_real_files_equal_mxnet(path: str, testdata: Path, mxnet: ModuleType) -> None:
    reference = mxnet.nd.load(str(testdata / path))
    params = read_params(testdata / path)
    assert_equal(params, {name: array.asnumpy() for name, array in reference.items()})


@pytest.mark.parametrize(
    ("flag", "dtype"),
    list(enumerate(["f4", "f8", "f2", "u1", "i4", "i1", "i8", "?", "i2", "u2", "u4", "u8"])),
)
def test_every_type(flag: int, dtype: str) -> None:
    values = np.arange(6).astype(dtype).reshape(2, 3)
    params = parse_params(packed(dense(flag, values.tobytes(), 2, 3), names=["arg:w"]))
    assert params["w"].dtype == values.dtype
    np.testing.assert_array_equal(params["w"], values)


def test_bfloat16_is_widened() -> None:
    values = np.array([1.0, -2.5, np.inf, 2.0**-130], np.float32)
    upper_half = (values.view(np.uint32) >> 16).astype(np.uint16)
    params = parse_params(packed(dense(12, upper_half.tobytes(), 4), names=["w"]))
    np.testing.assert_array_equal(params["w"], values)


@pytest.mark.parametrize(("flag", "dims"), [(0, (2,)), (0, (0, 3)), (12, (4,))])
def test_every_array_is_read_only(flag: int, dims: tuple[int, ...]) -> None:
    params = parse_params(packed(dense(flag, bytes(8 if all(dims) else 0), *dims), names=["w"]))
    assert params["w"].shape == dims
    assert not params["w"].flags.writeable


def test_arrays_without_shape_are_listed_and_not_mapped() -> None:
    params = read_params(FILES / "uninitialised.params")
    assert list(params) == ["weight"]
    assert params.uninitialised == ("legacy", "v1", "v2")
    assert "v1" not in params
    with pytest.raises(KeyError):
        params["v1"]


@pytest.mark.parametrize("dims", [(-1,), (2, -1)])
def test_numpy_shapes_that_are_unknown_are_uninitialised(dims: tuple[int, ...]) -> None:
    unknown = struct.pack(f"<Iii{len(dims)}q", 0xF993FACA, 0, len(dims), *dims)
    none = struct.pack("<Iii", 0xF993FACA, 0, -1)
    assert parse_params(packed(unknown, none, names=["a", "b"])).uninitialised == ("a", "b")


def test_views_are_read_only_and_outlive_the_file() -> None:
    with read_params(FILES / "legacy.params") as params:
        weight = params["float32_weight"]
    assert not weight.flags.owndata
    with pytest.raises(ValueError, match="read-only"):
        weight[0] = 1
    np.testing.assert_array_equal(weight, expected("legacy")["arg:float32_weight"])
    with pytest.raises(ValueError, match="is closed"):
        params["float32_weight"]


@pytest.mark.parametrize("storage", ["row_sparse", "csr"])
def test_sparse_arrays_are_refused(storage: str) -> None:
    with pytest.raises(ModelFileError, match=f"array 0 has storage type {storage}, expected a dense one"):
        read_params(FILES / f"{storage}.params")


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")

MEASURE = """
import re, sys
from pathlib import Path
from gcv_edge.exporters.mxnet.params import read_params

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

before = peak()
with read_params(sys.argv[1]) as params:
    total = sum(float(params[name].max()) for name in params)
print(total, peak() - before)
"""


@needs_proc
def test_peak_memory_stays_under_twice_the_file(tmp_path: Path) -> None:
    path = tmp_path / "large.params"
    arrays = [dense(0, np.full(1_250_000, index, "<f4").tobytes(), 1250, 1000) for index in range(20)]
    path.write_bytes(packed(*arrays, names=[f"w{index}" for index in range(20)]))
    command = [sys.executable, "-c", MEASURE, str(path)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    total, reading = (float(value) for value in output.split())
    size = path.stat().st_size
    assert size > 100_000_000
    assert total == sum(range(20))
    assert size / 2 < reading < 1.5 * size


LIMITED = """
import resource, sys
from gcv_edge.errors import ModelFileError
from gcv_edge.exporters.mxnet.params import read_params
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[1]),) * 2)
for path in sys.argv[2:]:
    try:
        read_params(path)
    except ModelFileError:
        print("refused")
"""


@needs_proc
def test_hostile_files_need_little_memory() -> None:
    command = [sys.executable, "-c", LIMITED, str(32 << 20), *map(str, HOSTILE)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.split() == ["refused"] * len(HOSTILE)


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.name)
def test_hostile_file_is_refused(path: Path) -> None:
    start = time.perf_counter()
    with pytest.raises(ModelFileError) as caught:
        read_params(path)
    assert time.perf_counter() - start < 2
    assert str(caught.value).startswith(f"{path}: ")
    assert len(str(caught.value).splitlines()) == 1
    assert len(str(caught.value)) < len(str(path)) + 300


@pytest.mark.parametrize("count", [2**17, 2**17 + 1, 2**63])
def test_large_file_of_empty_arrays_is_read_or_refused_quickly(count: int) -> None:
    header = struct.pack("<QQQ", 0x112, 0, count)
    start = time.perf_counter()
    with pytest.raises(ModelFileError):
        parse_params(header + bytes(64_000_000))
    assert time.perf_counter() - start < 5


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    empty = tmp_path / "empty.params"
    empty.touch()
    for path, problem in [
        (tmp_path, "is a folder, expected a file"),
        (tmp_path / "absent", "No such file"),
        (empty, "is empty"),
    ]:
        with pytest.raises(ModelFileError, match=problem):
            read_params(path)


@pytest.mark.parametrize("stem", [*READABLE, "uninitialised"])
def test_truncated_anywhere_is_refused(stem: str) -> None:
    content = (FILES / f"{stem}.params").read_bytes()
    for length in range(len(content)):
        with pytest.raises(ModelFileError):
            parse_params(content[:length])


def read_or_refused(content: bytes) -> None:
    try:
        params = parse_params(content, "fuzz")
    except ModelFileError as error:
        message = str(error)
    else:
        assert sum(array.nbytes for array in params.values()) <= 2 * len(content)
        return
    assert message.startswith("fuzz: ")
    assert "\n" not in message


@settings(derandomize=True, max_examples=500, deadline=2000)
@given(st.sampled_from([*READABLE, "uninitialised", "row_sparse"]), st.data())
def test_changed_bytes_give_params_or_an_error(stem: str, data: st.DataObject) -> None:
    content = bytearray((FILES / f"{stem}.params").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    read_or_refused(bytes(content))


@settings(derandomize=True, max_examples=500, deadline=2000)
@given(st.sampled_from(READABLE), st.data())
def test_changed_numbers_give_params_or_an_error(stem: str, data: st.DataObject) -> None:
    content = bytearray((FILES / f"{stem}.params").read_bytes())
    extreme = [0, 1, 2, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
    offset = data.draw(st.integers(0, (len(content) - 8) // 4)) * 4
    struct.pack_into("<Q", content, offset, data.draw(st.sampled_from(extreme)))
    read_or_refused(bytes(content))


@pytest.mark.parametrize("stem", READABLE)
def test_released_memory_is_read_again(stem: str) -> None:
    with read_params(FILES / f"{stem}.params") as params:
        arrays = {name: params[name] for name in params}
        before = {name: array.copy() for name, array in arrays.items()}
        assert any(isinstance(find_buffer(array), mmap.mmap) for array in arrays.values())
        release_pages([*arrays.values(), np.ones(3)])
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, before[name])


@settings(derandomize=True, max_examples=100, deadline=2000)
@given(st.binary(max_size=200))
def test_any_bytes_after_the_header_give_params_or_an_error(tail: bytes) -> None:
    read_or_refused(struct.pack("<QQ", 0x112, 0) + tail)
