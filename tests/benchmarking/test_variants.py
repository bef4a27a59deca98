"""Which variants some files have, what they are called, and what they are held against."""

from __future__ import annotations

from pathlib import Path

import pytest

from gcv_edge.benchmarking import Settings, list_references, list_variants
from gcv_edge.errors import ModelNotFoundError, UsageError
from tests.runtime.conftest import Maker

SOURCE = {"gcv_edge source": "net"}


@pytest.mark.parametrize(
    ("entries", "names"),
    [
        ({}, ["FP32", "BF16"]),
        ({"gcv_edge variant": "int8"}, ["INT8", "INT8 + BF16"]),
        ({"gcv_edge variant": "pruned"}, ["pruned FP32", "pruned BF16"]),
        ({"gcv_edge variant": "pruned int8"}, ["pruned INT8", "pruned INT8 + BF16"]),
        ({"gcv_edge calibration": "{}", "gcv_edge pruning": "{}"}, ["pruned INT8", "pruned INT8 + BF16"]),
    ],
)
def test_a_variant_is_a_file_and_a_precision(
    make_model: Maker, entries: dict[str, str], names: list[str]
) -> None:
    variants = list_variants([make_model("classification", entries=entries)])
    assert [variant.name for variant in variants] == names
    assert [variant.precision for variant in variants] == ["f32", "bf16"]


def test_onnxruntime_has_no_bf16(make_model: Maker) -> None:
    variants = list_variants([make_model("pose")], engine="onnxruntime")
    assert [variant.title for variant in variants] == ["onnxruntime FP32"]


def test_files_of_one_network_are_a_family_and_told_apart(make_model: Maker, tmp_path: Path) -> None:
    one, two = (make_model("pose", path=tmp_path / f"{name}.onnx", entries=SOURCE) for name in "ab")
    variants = list_variants([one, two], ("f32",))
    assert [(row.family, row.name) for row in variants] == [("net", "FP32 (a)"), ("net", "FP32 (b)")]


@pytest.mark.parametrize(
    ("hashes", "families"),
    [
        (("a" * 64, "a" * 64), ["net", "net"]),
        (("a" * 64, "b" * 64), ["net (sha256 aaaaaaaa)", "net (sha256 bbbbbbbb)"]),
        (("a" * 64, ""), ["net", "net"]),
        (("", ""), ["net", "net"]),
    ],
)
def test_a_network_is_told_by_its_content_not_its_name(
    make_model: Maker, tmp_path: Path, hashes: tuple[str, str], families: list[str]
) -> None:
    """Exports of two folders, each of which has a net-symbol.json."""
    files = [
        make_model("pose", path=tmp_path / f"{name}.onnx", entries={**SOURCE, "gcv_edge source_hash": digest})
        for name, digest in zip("ab", hashes, strict=True)
    ]
    variants = list_variants(files, ("f32",))
    assert [variant.family for variant in variants] == families
    assert {reference.source for reference in list_references(variants, "mxnet")} == {"net"}


def test_a_file_is_not_measured_twice(make_model: Maker) -> None:
    path = make_model("pose")
    with pytest.raises(UsageError, match="is given twice"):
        list_variants([path, path])


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="no such file"):
        list_variants([tmp_path / "none.onnx"])


def test_mxnet_runs_the_name_and_the_seed_that_a_file_remembers(make_model: Maker) -> None:
    source = "mobilenet0.25 (random weights, seed 3)"
    variants = list_variants([make_model("classification", entries={"gcv_edge source": source})])
    references = list_references(variants, "mxnet")
    assert [row.title for row in references] == ["mxnet FP32", "mxnet FP32 fused", "mxnet INT8"]
    assert {(row.source, row.seed, row.is_reference) for row in references} == {("mobilenet0.25", 3, True)}


def test_the_reference_is_the_plainest_file(make_model: Maker, tmp_path: Path) -> None:
    """Whatever the order in which files are given."""
    int8, plain = (
        make_model("pose", path=tmp_path / f"{name}.onnx", entries={**SOURCE, "gcv_edge variant": name})
        for name in ("int8", "fp32")
    )
    (reference,) = list_references(list_variants([int8, plain]), "onnxruntime")
    assert (reference.name, reference.model) == ("FP32", plain)


def test_what_a_file_is_called_says_nothing_of_what_was_done_to_it(make_model: Maker, tmp_path: Path) -> None:
    one, two = (make_model("pose", path=tmp_path / f"{name}.onnx", entries=SOURCE) for name in ("INT8", "b"))
    variants = list_variants([one, two], ("f32",))
    assert [variant.is_int8 for variant in variants] == [False, False]
    (reference,) = list_references(variants, "onnxruntime")
    assert (reference.name, reference.model) == ("FP32 (INT8)", one)


def test_a_source_is_one_networks(make_model: Maker, tmp_path: Path) -> None:
    paths = [
        make_model("pose", path=tmp_path / f"{name}.onnx", entries={"gcv_edge source": name}) for name in "ab"
    ]
    with pytest.raises(UsageError, match="needs --against mxnet and the files of one network"):
        list_references(list_variants(paths), "mxnet", source="net-symbol.json")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hint": "speed"}, "hint: found 'speed'"),
        ({"isa": "sse"}, "isa: found 'sse'"),
        ({"rounds": 0}, "rounds: found 0"),
        ({"batches": ()}, "batches: found none"),
        ({"batches": (0,)}, "batch: found 0"),
        ({"seconds": 0.0}, "seconds: found 0.0"),
        ({"seconds": float("nan")}, "seconds: found nan"),
        ({"rest": -1.0}, "rest: found -1.0"),
        ({"limit": 0.0}, "limit: found 0.0"),
        ({"patience": -1.0}, "patience: found -1.0"),
        ({"threads": 0}, "threads: found 0"),
    ],
)
def test_settings_are_checked(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**wrong)  # type: ignore[arg-type]
