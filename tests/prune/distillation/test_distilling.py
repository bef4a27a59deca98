"""A pruned network trained to give what the whole one gives: through the public function and the command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx_ir as ir
import pytest
from click.testing import CliRunner

from gcv_edge.cli.root import main
from gcv_edge.errors import MissingExtraError, UnsupportedError, UsageError
from gcv_edge.exporters.source import ExportOptions
from gcv_edge.graph.writing import write_model
from gcv_edge.metadata import ModelMetadata, format_metadata
from gcv_edge.pipeline import export
from gcv_edge.prune import PruneResult, prune, width_choice
from gcv_edge.prune.fitting.calibration_set import collect_pictures, noise_frames
from gcv_edge.prune.fitting.outputs import Divergence
from gcv_edge.prune.job import load_model
from gcv_edge.runtime.modelfile import read_entries, read_metadata
from gcv_edge.tasks import SEGMENTATION
from gcv_edge.verify import verify_model
from tests.prune.conftest import PREPROCESSING, write_small
from tests.support.small_graphs import Graph, make, residual


@pytest.fixture
def _torch() -> None:
    pytest.importorskip("torch", reason="the extra [torch] is not installed", exc_type=ImportError)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Widths are chosen without fits for comparison: what comes after counts here."""
    monkeypatch.setattr(width_choice, "CURVE_WORK", 0.0)


needs_torch = pytest.mark.usefixtures("_torch")


def frames(count: int = 200, seed: int = 7) -> Iterator[np.ndarray]:
    return noise_frames(count, (12, 10), seed=seed)


def distil(source: Path, output: Path, passes: bool | int = 6, **options: Any) -> PruneResult:
    return prune(source, frames(64), output, macs=0.5, distill=passes, **options)


def divergence(whole: Path, pruned: Path, others: Iterable[np.ndarray], size: int = 8) -> float:
    """Of outputs on pictures that neither fit nor training has seen."""
    pictures = collect_pictures(others, read_metadata(whole).preprocessing, (size, size), 1024, 0)
    return Divergence(load_model(whole), pictures)(load_model(pruned))


def write_decided(path: Path) -> Path:
    """Write a network of four classes whose probabilities are far apart."""
    model = make("residual")
    weight = next(node.inputs[1] for node in model.graph if node.op_type == "Gemm")
    weight.const_value = ir.Tensor(50 * weight.const_value.numpy(), name=weight.name)
    return write_small(path, model=model)


def write_segmenter(path: Path, batch: int | str = "N") -> Path:
    """Write a network whose last layer gives maps; its batch may be fixed."""
    graph = Graph(batch=batch)
    model = graph.builder.model({"logits": graph.conv(residual(graph), 4)})
    labels = ("a", "b", "c", "d")
    model.metadata_props.update(
        format_metadata(ModelMetadata(SEGMENTATION, labels, PREPROCESSING, source="small", variant="fp32"))
    )
    write_model(model, path)
    return path


@needs_torch
@pytest.mark.parametrize(("write", "macs"), [(write_decided, 0.3), (write_segmenter, 0.5)])
def test_a_trained_network_agrees_better_on_other_pictures(
    tmp_path: Path, write: Callable[[Path], Path], macs: float
) -> None:
    source = write(tmp_path / "whole.onnx")
    plain, trained = (
        prune(source, frames(), tmp_path / f"{passes}.onnx", macs=macs, distill=passes) for passes in (0, 40)
    )
    found = trained.distillation
    assert plain.distillation is None
    assert "distillation" not in plain.record
    assert found is not None
    assert found.kept
    assert found.divergence[1] < found.divergence[0]
    assert trained.divergence == pytest.approx(found.divergence[1])
    others = list(frames(200, seed=1))
    assert divergence(source, trained.path, others) < divergence(source, plain.path, others)
    assert verify_model(trained.path).passed
    record = json.loads(read_entries(trained.path)["gcv_edge pruning"])["distillation"]
    assert record == found.to_dict()
    assert (record["passes"], record["steps"], record["kept"]) == (40, 240, True)


@needs_torch
def test_a_network_that_learnt_pictures(testdata: Path, tmp_path: Path) -> None:
    """GluonCV's own, on every seventh of CIFAR-10's pictures here; measured on others."""
    symbol = testdata / "gluoncv_cifar" / "cifar_resnet20_v1-symbol.json"
    source = export(
        str(symbol), tmp_path / "whole.onnx", options=ExportOptions(dynamic_batch=True), verify=False
    ).path
    pictures = sorted((testdata / "cifar10_test_jpeg_2000").glob("*/*.jpg"))
    fitted, others = ([cv2.imread(str(path)) for path in pictures[start::7]] for start in (0, 3))
    plain, trained = (
        prune(source, fitted, tmp_path / f"{passes}.onnx", macs=0.6, distill=passes) for passes in (0, 8)
    )
    assert trained.distillation is not None
    assert trained.distillation.kept
    first, last = (divergence(source, each.path, others, 32) for each in (plain, trained))
    assert last < first


@needs_torch
def test_same_seed_same_bytes(source: Path, tmp_path: Path) -> None:
    first, second, other = (
        distil(source, tmp_path / f"{n}.onnx", seed=n // 2).path.read_bytes() for n in range(3)
    )
    assert first == second
    assert first != other


@needs_torch
def test_an_interrupted_training_goes_on_to_the_same_file(source: Path, tmp_path: Path) -> None:
    whole = distil(source, tmp_path / "whole.onnx").path.read_bytes()
    seen: list[int] = []

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "distill":
            seen.append(done)
            if seen == [1, 2, 3, 4, 5, 6, 7]:
                raise KeyboardInterrupt

    target = tmp_path / "out.onnx"
    with pytest.raises(KeyboardInterrupt):
        distil(source, target, progress=interrupt)
    assert not target.exists()
    assert distil(source, target, progress=interrupt).path.read_bytes() == whole
    assert seen == [1, 2, 3, 4, 5, 6, 7, 7, 8, 9, 10, 11, 12]
    assert {path.name for path in tmp_path.iterdir()} == {"small.onnx", "whole.onnx", "out.onnx"}


@needs_torch
def test_another_number_of_passes_begins_anew(source: Path, tmp_path: Path) -> None:
    whole = distil(source, tmp_path / "whole.onnx", 2).path.read_bytes()

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "distill" and done > total / 2:
            raise KeyboardInterrupt

    target = tmp_path / "out.onnx"
    with pytest.raises(KeyboardInterrupt):
        distil(source, target, progress=interrupt)
    assert distil(source, target, 2).path.read_bytes() == whole


@needs_torch
def test_a_training_that_does_not_help_is_undone_and_told(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gcv_edge.prune.distillation import training

    monkeypatch.setattr(training, "RATE", 1e6)
    plain, vain = distil(source, tmp_path / "plain.onnx", False), distil(source, tmp_path / "vain.onnx")
    assert vain.distillation is not None
    assert not vain.distillation.kept
    assert vain.divergence == plain.divergence
    weights = [load_model(each.path).graph.initializers for each in (plain, vain)]
    for name, value in weights[0].items():
        np.testing.assert_array_equal(value.const_value.numpy(), weights[1][name].const_value.numpy())
    json.loads(read_entries(vain.path)["gcv_edge pruning"], parse_constant=pytest.fail)


@needs_torch
def test_a_fixed_batch_is_trained_in_its_parts(tmp_path: Path) -> None:
    source = write_segmenter(tmp_path / "fixed.onnx", 3)
    result = distil(source, tmp_path / "out.onnx", 2)
    assert result.distillation is not None
    assert result.distillation.loss[1] < result.distillation.loss[0]


@needs_torch
def test_an_operator_that_torch_does_not_compute_is_named_before_the_work(tmp_path: Path) -> None:
    graph = Graph()
    x = graph.block(graph.data, 16)
    model = graph.end(graph.block(graph.op("Sin", graph.conv(x, 16)), 16))
    source = write_small(tmp_path / "odd.onnx", model=model)
    stages: list[str] = []
    with pytest.raises(
        UnsupportedError, match=r"^Sin '.*': this operator is not supported in a network that"
    ):
        distil(source, tmp_path / "out.onnx", progress=lambda stage, *_: stages.append(stage))
    assert set(stages) <= {"pictures"}


@needs_torch
def test_numbers_that_differ_from_the_engine_s_are_refused(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gcv_edge.prune.distillation.operators import OPERATORS

    monkeypatch.setitem(OPERATORS, "Relu", lambda node, x: x.abs())
    with pytest.raises(UnsupportedError, match=r"^Relu '.*': torch gives other numbers than the engine"):
        distil(source, tmp_path / "out.onnx")


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)


def unread() -> Iterator[np.ndarray]:
    pytest.fail("pictures were read")
    yield np.zeros((8, 8, 3), np.uint8)


@pytest.mark.usefixtures("without_torch")
def test_without_torch_nothing_begins(source: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"distillation needs .* pip install 'gcv-edge\[torch\]'"):
        prune(source, unread(), tmp_path / "out.onnx", macs=0.5, distill=True)


@pytest.mark.usefixtures("without_torch")
@pytest.mark.parametrize(
    "arguments",
    [
        ("prune", "small.onnx", "--data", "noise", "--macs", "0.5", "--distill"),
        ("export", "small.onnx", "-o", "out.onnx", "--prune", "50%", "--calibrate", ".", "--distill", "3"),
    ],
)
def test_without_torch_the_command_says_what_to_install(
    source: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(source.parent)
    done = CliRunner().invoke(main, [*arguments])
    assert done.exit_code == 1
    assert done.stderr == ("Error: distillation needs the extra [torch]: pip install 'gcv-edge[torch]'\n")
    assert [path.name for path in source.parent.iterdir()] == ["small.onnx"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("prune", "small.onnx", "--data", "noise", "--macs", "0.5", "--distill", "0"),
            "found '0', expected",
        ),
        (("prune", "--distill", "small.onnx"), "found 'small.onnx', expected a number of passes"),
        (("export", "small.onnx", "--distill", "3"), "--distill is for --prune"),
    ],
)
def test_wrong_arguments(
    source: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(source.parent)
    done = CliRunner().invoke(main, [*arguments])
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_negative_number_of_passes_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="distill: found -1"):
        distil(source, tmp_path / "out.onnx", -1)


@needs_torch
def test_the_command_trains_and_says_so(source: Path, tmp_path: Path) -> None:
    target = str(tmp_path / "out.onnx")
    command = ["prune", str(source), "--data", "noise", "--macs", "0.5", "-o", target]
    done = CliRunner().invoke(main, [*command, "--distill"])
    assert done.exit_code == 0, done.output
    assert "Distilled in 100 passes: the outputs' divergence fell" in done.output
    assert "top-1 classes changed, distilled" in CliRunner().invoke(main, ["info", target]).output
    found = json.loads(CliRunner().invoke(main, [*command, "--distill", "2", "--json"]).stdout)
    assert found["distillation"]["passes"] == 2
