"""A change of a network's files is noticed: by the verdict against the original, or in what is printed."""

from __future__ import annotations

import difflib
import functools
import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from gcv_edge.verification.verdict import Verification
from gcv_edge.verify import verify_model
from tests.cli.conftest import run

if importlib.util.find_spec("mxnet") is None:
    pytest.skip("the extra [mxnet] is not installed", allow_module_level=True)

from tests.support import symbol_networks as nets

pytestmark = pytest.mark.mxnet

VERDICT = "verdict"
"""``gcv-edge verify MODEL --against ORIGINAL`` fails."""

NOWHERE = ""
"""Too little to tell from rounding: only the hash of the source is another."""

Network = Callable[[], nets.Saved]
Originals = Callable[[Network], Path]


@dataclass(frozen=True)
class Row:
    """A change, and where it is noticed: in the verdict, or by a word that is printed then alone."""

    network: Network
    name: str
    mutate: nets.Mutation
    noticed: str


ROWS = [
    Row(nets.two_heads, "heads exchanged", nets.swap_heads, "bbox"),
    Row(nets.two_heads, "head lost", nets.drop_head, "bbox"),
    Row(nets.two_heads, "another epoch", nets.another_epoch, VERDICT),
    Row(nets.two_heads, "colours exchanged", nets.swap_colours, VERDICT),
    Row(nets.two_heads, "one head scaled", nets.scaling("bbox"), VERDICT),
    Row(nets.classifier, "another mean", nets.saying("--mean", "10", "--scale", "255"), "10"),
    Row(
        nets.classifier,
        "another order of colours",
        nets.saying("--mean", "0", "--scale", "255", "--bgr"),
        "BGR",
    ),
    Row(nets.classifier, "another epoch", nets.another_epoch, VERDICT),
    Row(nets.classifier, "another epoch's name", nets.another_epoch, "net-0003.params"),
    Row(nets.classifier, "colours exchanged", nets.swap_colours, VERDICT),
    Row(nets.classifier, "first layer scaled", nets.scaling("conv0"), VERDICT),
    Row(nets.classifier, "last layer scaled", nets.scaling("fc"), VERDICT),
    Row(nets.classifier, "another eps", nets.changing("bn1", "eps", "0.1"), VERDICT),
    Row(nets.classifier, "almost the same eps", nets.changing("bn1", "eps", "0.00101"), NOWHERE),
    Row(nets.ssd, "another mean", nets.saying("--mean", "127.5", "--scale", "1"), "127.5"),
    Row(nets.ssd, "another epoch", nets.another_epoch, VERDICT),
    Row(nets.ssd, "colours exchanged", nets.swap_colours, VERDICT),
    Row(nets.ssd, "boxes scaled", nets.scaling("loc_pred_conv", 1.02), VERDICT),
    Row(nets.ssd, "boxes scaled by a hundredth", nets.scaling("loc_pred_conv"), NOWHERE),
    Row(nets.ssd, "other anchors", nets.changing("anchors", "sizes", "(0.2, 0.41)"), VERDICT),
    Row(nets.embedding, "its own mean", nets.changing("_minus_scalar", "scalar", "120"), VERDICT),
    Row(nets.embedding, "its own scale", nets.changing("_mul_scalar", "scalar", "0.0080"), VERDICT),
    Row(nets.embedding, "another mean on top", nets.saying("--task", "embedding", "--mean", "10"), "10"),
    Row(nets.embedding, "another epoch", nets.another_epoch, VERDICT),
    Row(nets.embedding, "last layer scaled", nets.scaling("pre_fc1"), VERDICT),
    Row(nets.embedding, "another eps", nets.changing("fc1", "eps", "0.1"), VERDICT),
    Row(nets.segmentation, "another resize", nets.changing("resized", "align_corners", "False"), VERDICT),
    Row(nets.segmentation, "another epoch", nets.another_epoch, VERDICT),
    Row(nets.segmentation, "colours exchanged", nets.swap_colours, VERDICT),
    Row(nets.segmentation, "last layer scaled", nets.scaling("score"), VERDICT),
]
NETWORKS = tuple(dict.fromkeys(row.network for row in ROWS))


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> Originals:
    """Write and export each network once; return the symbol's path."""

    @functools.cache
    def write(network: Network) -> Path:
        path = network().write(tmp_path_factory.mktemp("nets") / "original")
        (path.parent / "printed").write_text(export(path, network()))
        assert path.with_name("net.onnx").exists()
        return path

    return write


def export(symbol: Path, net: nets.Saved) -> str:
    """Export beside the symbol; return what is printed, without places, times and the verdict's figures.

    Each has a store of its own, in which no other file goes by the same name.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GCV_EDGE_HOME", str(symbol.parent / "home"))
        result = run("export", symbol, "-o", symbol.with_name("net.onnx"), *net.arguments)
    lines = result.output.replace(str(symbol.parent), "").splitlines()
    return "\n".join(without_figures(line) for line in lines if not line.startswith("took"))


def without_figures(line: str) -> str:
    """Leave the names of a verdict's outputs, in their order."""
    return re.sub(r"[0-9][0-9.e-]*", "#", line) if line.startswith("verified") else line


def differing(before: str, after: str) -> str:
    """Lines that are printed now or were before, not both."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return "\n".join(line for line in lines if line.startswith(("+ ", "- ")))


def verify(model: Path, original: Path) -> Verification:
    """Hold a file against the original, as the command does in a process of its own."""
    return verify_model(model, against=str(original), params=params_of(original))


def params_of(original: Path) -> Path:
    return next(original.parent.glob("*.params"))


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.network.__name__}: {row.name}" for row in ROWS])
def test_a_change_is_noticed(row: Row, originals: Originals, tmp_path: Path) -> None:
    original, changed = originals(row.network), row.mutate(row.network())
    symbol = changed.write(tmp_path / "changed")
    printed = differing((original.parent / "printed").read_text(), export(symbol, changed))
    if row.noticed not in (VERDICT, NOWHERE):
        assert row.noticed in printed
        return
    verdict = verify(symbol.with_name("net.onnx"), original)
    assert verdict.passed == (row.noticed == NOWHERE), verdict.worst


@pytest.mark.parametrize("network", NETWORKS, ids=lambda made: made.__name__)
def test_the_same_network_again_is_not_noticed(
    network: Network, originals: Originals, tmp_path: Path
) -> None:
    original = originals(network)
    symbol = network().write(tmp_path / "again")
    assert differing((original.parent / "printed").read_text(), export(symbol, network())) == ""
    assert verify(symbol.with_name("net.onnx"), original).passed


def test_the_command_says_what_differs(originals: Originals, tmp_path: Path) -> None:
    original = originals(nets.classifier)
    symbol = nets.another_epoch(nets.classifier()).write(tmp_path / "changed")
    export(symbol, nets.classifier())
    for model, code in ((symbol.with_name("net.onnx"), 1), (original.with_name("net.onnx"), 0)):
        verdict = run("verify", model, "--against", original, "--params", params_of(original))
        assert verdict.exit_code == code, verdict.output
        assert ("is tolerated" in verdict.stderr) == bool(code)
