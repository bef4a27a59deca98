"""Measuring beside each other: rows, ratios, what is left out, and the advice."""

from __future__ import annotations

import csv
import io
import json
import platform
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gcv_edge.benchmarking import Settings, Variant, benchmark, list_references, list_variants
from gcv_edge.benchmarking.accuracy import StageScores
from gcv_edge.benchmarking.results import Benchmark, collect
from gcv_edge.benchmarking.rows import Measurement
from gcv_edge.benchmarking.settings import FEWEST_ROUNDS
from gcv_edge.errors import DataError, GcvEdgeError, UnsupportedError
from gcv_edge.measure.calls import CallTimes
from gcv_edge.metadata import ClipSettings
from tests.benchmarking.conftest import QUICK
from tests.runtime.conftest import Maker

CLIP = ClipSettings(offsets=(0, 1, 2, 3), window=4)


@pytest.fixture(scope="module")
def found(signs: Path) -> Benchmark:
    """The shipped detector in OpenVINO, beside ONNX Runtime."""
    variants = list_variants([signs], ("f32",))
    return benchmark([*list_references(variants, "onnxruntime"), *variants], QUICK)


def test_every_variant_has_a_row(found: Benchmark) -> None:
    assert [row.variant.title for row in found.rows] == ["onnxruntime FP32", "openvino FP32"]
    for row in found.rows:
        middle = {stage: times["p50"] for stage, times in row.stages.items()}
        assert all(value > 0 for value in middle.values())
        assert middle["total"] >= middle["inference"]
        assert row.stages["total"]["p50"] <= row.stages["total"]["p90"] <= row.stages["total"]["p99"]
        assert row.startup_seconds > 0
        assert row.network_throughput is not None
        assert row.engine.split()[0] == row.variant.engine


def test_ratios_are_against_the_reference(found: Benchmark) -> None:
    reference, ours = found.rows
    assert reference.ratios == {}
    ratio = ours.ratios["onnxruntime FP32"].total
    assert 0 < ratio.low <= ratio.median <= ratio.high


def test_it_goes_into_json_and_csv(found: Benchmark) -> None:
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["machine"]["cpu"]
    assert document["advice"] == found.advice
    records = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert [record["title"] for record in records] == [row["title"] for row in document["rows"]]
    assert float(records[1]["stages_ms.total.p50"]) == document["rows"][1]["stages_ms"]["total"]["p50"]


def test_a_batch_that_the_file_does_not_take_is_left_out(signs: Path) -> None:
    settings = replace(QUICK, batches=(1, 4), rounds=1)
    found = benchmark(list_variants([signs], ("f32",)), settings, with_network=False)
    assert [row.batch for row in found.rows] == [1]
    assert "found batch 1, expected 4: export with --dynamic-batch" in found.left_out[0].reason


def test_nothing_measured_is_an_error(signs: Path) -> None:
    with pytest.raises(GcvEdgeError, match="expected 4"):
        benchmark(list_variants([signs], ("f32",)), replace(QUICK, batches=(4,)))


def test_a_limit_ends_the_rounds(signs: Path) -> None:
    settings = replace(QUICK, rounds=50, limit=0.01)
    found = benchmark(list_variants([signs], ("f32",)), settings, with_network=False)
    assert found.rows[0].rounds == FEWEST_ROUNDS


def test_a_variant_that_takes_too_long_is_left_out(make_model: Maker) -> None:
    variants = list_variants([make_model("pose")], ("f32",))
    with pytest.raises(GcvEdgeError, match=r"openvino FP32: load took more than 0\.01 s and was ended"):
        benchmark(variants, replace(QUICK, patience=0.01))


def test_frames_must_be_there(signs: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        benchmark(list_variants([signs]), QUICK, source=str(tmp_path / "none.jpg"))


@pytest.mark.parametrize("kind", ["clip", "tensors", "segmentation"])
def test_other_tasks(make_model: Maker, kind: str) -> None:
    model = make_model(kind, clip=CLIP if kind == "clip" else None)
    found = benchmark(list_variants([model], ("f32",), "onnxruntime"), replace(QUICK, rounds=1))
    assert found.rows[0].stages["inference"]["p50"] > 0


def test_throughput_and_kernels(make_model: Maker) -> None:
    settings = replace(QUICK, rounds=1, hint="throughput")
    found = benchmark(list_variants([make_model("segmentation")], ("f32",)), settings, with_profile=True)
    (row,) = found.rows
    assert row.streams >= 1
    assert sum(kernel["share"] for kernel in row.layers) == pytest.approx(1, abs=0.01)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="caps are for x86")
def test_a_cap_says_what_it_does_not_reach(make_model: Maker) -> None:
    model = make_model("pose")
    variants = list_variants([model])
    settings = replace(QUICK, rounds=1, isa="avx2")
    found = benchmark([*list_references(variants, "onnxruntime"), *variants], settings, with_network=False)
    assert any("could not cap ONNX Runtime" in note for note in found.notes)
    assert [left.reason for left in found.left_out] == ["a processor capped to avx2 has no bf16"]


def test_a_cap_needs_a_processor_that_has_it(monkeypatch: pytest.MonkeyPatch, make_model: Maker) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with pytest.raises(UnsupportedError, match="isa 'vnni' is not supported: this processor is aarch64"):
        benchmark(list_variants([make_model("pose")]), replace(QUICK, isa="vnni"))


def test_mxnet(mxnet: ModuleType, signs: Path) -> None:
    """Fused and quantised, it runs on the page of the documentation."""
    from tests.support.demo_files import SYMBOL

    variants = list_variants([signs], ("f32",))
    references = list_references(variants, "mxnet", source=str(SYMBOL), modes=["unfused"])
    found = benchmark([*references, *variants], replace(QUICK, rounds=1), with_profile=True)
    assert found.left_out == ()
    assert list(found.rows[-1].ratios) == ["mxnet FP32"]
    assert found.rows[0].stages["preprocess"]["p50"] > 0
    kinds = {kernel["kind"] for kernel in found.rows[0].layers}
    assert {"convolution", "normalisation", "activation", "boxes"} <= kinds
    assert all("," not in kernel["layer"] for kernel in found.rows[0].layers), "operators, not bulks of them"
    assert {row.threads for row in found.rows} == {1}


def test_a_source_that_mxnet_cannot_find(mxnet: ModuleType, make_model: Maker) -> None:
    variants = list_variants([make_model("pose", entries={"gcv_edge source": "mine"})], ("f32",))
    found = benchmark([*list_references(variants, "mxnet", modes=["unfused"]), *variants], QUICK)
    assert "say where it is with --source" in found.left_out[0].reason


FACTS = {
    "engine": "openvino 1", "precision": "f32", "streams": 1, "threads": 1, "memory": None,
    "import_seconds": 0.1, "load_seconds": 0.1, "first_seconds": 0.1,
}  # fmt: skip


FORMS: dict[str, dict[str, Any]] = {
    "FP32": {},
    "BF16": {"precision": "bf16"},
    "INT8": {"is_int8": True},
    "pruned FP32": {"is_pruned": True},
    "pruned INT8": {"is_pruned": True, "is_int8": True},
}


def measured(
    name: str, milliseconds: float, accuracy: float | None = None, batch: int = 1
) -> tuple[Variant, Measurement]:
    """A form and what its calls of ``batch`` frames took."""
    model, form = Path(f"{name}.onnx"), FORMS[name]
    variant = Variant("net", name, "openvino", model, accuracy=accuracy, metric="top1", **form)
    stages = {
        "preprocess": [0.1],
        "inference": [milliseconds],
        "postprocess": [0.1],
        "total": [milliseconds + 0.2],
    }
    calls = CallTimes(batch, (milliseconds + 0.2) / 1e3, stages)
    return variant, Measurement(batch, FACTS, [calls, calls, calls])


@pytest.mark.parametrize(
    ("rows", "chosen", "why"),
    [
        ([("FP32", 10, 0.8), ("INT8", 3, 0.795)], "INT8", "fast, and half a point is little"),
        ([("FP32", 10, 0.8), ("INT8", 3, 0.7)], "FP32", "ten points are not"),
        ([("FP32", 10, None), ("INT8", 9.9, None)], "FP32", "nothing is won"),
        ([("FP32", 10, None), ("BF16", 4, None), ("INT8", 3.95, None)], "BF16", "the plainer of equals"),
        ([("FP32", 10, None), ("pruned FP32", 5, None), ("pruned INT8", 2, None)], "pruned INT8", "fastest"),
    ],
)
def test_the_advice(rows: list[tuple[str, float, float | None]], chosen: str, why: str) -> None:
    found = collect([measured(*row) for row in rows], Settings(), "frames")
    sentence = found.advice
    assert sentence.startswith(f"Deploy {chosen} ({chosen}.onnx in openvino 1"), why
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_the_advice_for_throughput_compares_each_at_its_best() -> None:
    whole = [measured("FP32", 10), measured("FP32", 30, batch=4)]
    small = [measured("INT8", 4), measured("INT8", 8, batch=4)]
    settings = Settings("throughput", batches=(1, 4))
    advice = collect([*whole, *small], settings, "frames").advice
    assert advice.startswith("Deploy INT8 ")
    assert "487.8 frames a second with batch 4" in advice
    assert "3.7x openvino FP32 with batch 4" in advice
    assert "Deploy INT8 " in collect([whole[0], small[0]], settings, "frames").advice


def test_the_advice_says_when_accuracy_is_unknown() -> None:
    found = collect([measured("FP32", 10), measured("INT8", 2)], Settings(), "frames")
    assert "accuracy is not in the file: gcv-edge val INT8.onnx DATA" in found.advice
    assert "5.0x openvino FP32" in found.advice or "4.6x openvino FP32" in found.advice


@pytest.mark.parametrize(
    ("isa", "kernel", "obeyed"),
    [
        ("vnni", "brgconv_avx512_I8", True),
        ("vnni", "brgconv_avx512_amx_I8", False),
        ("vnni", "jit_avx512_bf16", False),
        ("avx2", "brgconv_avx512_f32", False),
        ("native", "brgconv_avx512_amx_I8", True),
    ],
)
def test_kernels_beyond_a_cap_are_told_of(isa: str, kernel: str, obeyed: bool) -> None:
    variant, rounds = measured("INT8", 10)
    rounds.layers = [{"kernel": kernel}]
    found = collect([(variant, rounds)], Settings(isa=isa), "frames")
    assert (
        any("was not obeyed: openvino INT8 ran kernels beyond it" in note for note in found.notes) != obeyed
    )


def test_other_numbers_of_threads_are_told_of() -> None:
    (one, first), (two, second) = measured("FP32", 10), measured("FP32", 10)
    second.facts = {**FACTS, "threads": 2}
    found = collect([(one, first), (replace(two, engine="mxnet"), second)], Settings(), "frames")
    assert any("different numbers of threads (openvino 1, mxnet 2)" in note for note in found.notes)


def test_what_files_say_of_their_stages_is_told() -> None:
    variant, rounds = measured("pruned INT8", 10)
    scores = (
        StageScores("pruning", "top-1", "accuracy", 0.8, 0.78),
        StageScores("calibration", "top-1", "accuracy", 0.775, 0.77),
    )
    found = collect([(replace(variant, measured=scores), rounds)], Settings(), "frames")
    said = "pruning: top-1 80.00 % -> 78.00 %; calibration: top-1 77.50 % -> 77.00 %"
    assert f"pruned INT8.onnx says: {said}" in found.notes


def test_a_noisy_machine_is_told_of() -> None:
    variant, rounds = measured("FP32", 10)
    slow = measured("FP32", 20)[1]
    rounds.rounds += slow.rounds
    found = collect([(variant, rounds)], Settings(), "frames")
    assert any(note.startswith("the machine is noisy") for note in found.notes)
