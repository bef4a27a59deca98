"""``gcv-edge benchmark``: what it prints and writes, what it refuses, and that nothing half-written stays."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import contents, done, environment, error_line, failed, run
from tests.runtime.conftest import Maker
from tests.support.demo_files import PARAMS, SYMBOL

QUICK = ("--rounds", 1, "--seconds", 0.01, "--threads", 1)
PAGE = Path(__file__).resolve().parents[2] / "docs/benchmark.md"
has_plotly = importlib.util.find_spec("plotly") is not None
has_mxnet = importlib.util.find_spec("mxnet") is not None


def test_it_prints_tables_and_one_sentence(make_model: Maker, here: Path) -> None:
    printed = done("benchmark", make_model("detection"), *QUICK, "--precision", "f32")
    assert re.search(r"^openvino +FP32 +1 ", printed, re.MULTILINE)
    assert "network alone/s" in printed
    last = printed.splitlines()[-1]
    assert last.startswith("Deploy FP32 (detection.onnx in openvino ")
    assert last.endswith("it computes what was exported.")
    assert contents(here) == {}


def test_throughput_tries_batches_where_the_file_takes_them(make_model: Maker, here: Path) -> None:
    for batch, tried in ((None, [1, 2, 4, 8]), (1, [1])):
        model = make_model("classification", batch=batch)
        printed = done("benchmark", model, *QUICK, "--precision", "f32", "--hint", "throughput", "--json")
        assert [row["batch"] for row in json.loads(printed)["rows"]] == tried


def test_ratios_and_caps(make_model: Maker, here: Path) -> None:
    model = make_model("pose")
    printed = done("benchmark", model, *QUICK, "--against", "onnxruntime", "--isa", "avx2")
    assert "x onnxruntime FP32" in printed
    assert "could not cap ONNX Runtime" in printed
    assert "Left out: openvino BF16, batch 1: a processor capped to avx2 has no bf16" in printed


@pytest.mark.skipif(not has_mxnet, reason="the extra [mxnet] is not installed")
def test_nothing_to_hold_against(make_model: Maker, here: Path) -> None:
    model = make_model("pose", entries={"gcv_edge source": "mine"})
    options = ("--precision", "f32", "--against", "mxnet", "--json")
    result = run("benchmark", model, *QUICK, *options)
    assert result.exit_code == 1
    message = error_line(result.stderr)
    assert message.startswith("--against mxnet: found nothing that could be measured: ")
    assert "say where it is with --source" in message
    assert json.loads(result.stdout)["rows"], "what was measured is printed"


def test_files(make_model: Maker, here: Path) -> None:
    model = make_model("classification", batch=None)
    options = ("--precision", "f32", "--batch", "1,2", "--json", "--csv", "all.csv")
    document = json.loads(done("benchmark", model, *QUICK, *options))
    assert [row["batch"] for row in document["rows"]] == [1, 2]
    with Path("all.csv").open() as file:
        assert [record["batch"] for record in csv.DictReader(file)] == ["1", "2"]


def test_why_an_accuracy_is_not_in_the_table(make_model: Maker, here: Path) -> None:
    def record(before: float, after: float, pictures: str) -> dict[str, str]:
        told = {"score_before": before, "score_after": after, "metric": "mAP", "data_hash": pictures}
        return {"gcv_edge source": "net", "gcv_edge calibration": json.dumps(told)}

    one, two = (
        make_model("pose", path=here / f"{pictures}.onnx", entries=record(90, after, pictures))
        for pictures, after in (("test", 88.5), ("train", 99.0))
    )
    found = json.loads(done("benchmark", one, two, *QUICK, "--json"))
    assert {row["variant"]: row["accuracy"] for row in found["rows"] if row["precision"] == "f32"} == {
        "INT8 (test)": 88.5,
        "INT8 (train)": None,
    }
    assert not [row for row in found["rows"] if row["precision"] != "f32" and row["accuracy"] is not None]
    cure = "(gcv-edge val measures any file on the same pictures)"
    why = "it was measured on other pictures, or by another metric"
    assert f"accuracy of openvino INT8 (train) is left empty: {why} {cure}" in found["notes"]
    assert "  88.50" in done("benchmark", one, *QUICK, "--precision", "f32")


def test_json_on_standard_output(make_model: Maker) -> None:
    printed = done("benchmark", make_model("pose"), *QUICK, "--precision", "f32", "--json")
    assert json.loads(printed)["advice"].startswith("Deploy FP32")


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--source", "net"], 2, "--source net: needs --against mxnet, which is not given"),
        (["--params", "net.params"], 2, "--params net.params: needs --against mxnet"),
        (["--report", "page.htm"], 2, "--report page.htm: expected a name that ends in .html"),
        (["--csv", "all.json"], 2, "--csv all.json: expected a name that ends in .csv"),
        (["--csv", "none/all.csv"], 1, "none: no such folder"),
        (["--batch", "1,none"], 2, "found '1,none', expected whole numbers such as 1,8,128"),
        (["--batch", "0"], 2, "found '0', expected whole numbers"),
        (["--isa", "sse"], 2, "found 'sse', expected one of native, vnni, avx512, avx2"),
        (["--against", "mxnt"], 2, "did you mean 'mxnet'?"),
        (["--precision", "f32,f16"], 2, "found 'f16'"),
        (["--engine", "onnxruntime", "--precision", "bf16"], 2, "--precision bf16: onnxruntime has f32 only"),
        (["--input", "none.jpg"], 1, "none.jpg: no such file"),
        (["--batch", "4"], 1, "found batch 1, expected 4: export with --dynamic-batch"),
    ],
)
def test_what_it_refuses(make_model: Maker, here: Path, options: list[str], code: int, message: str) -> None:
    assert message in failed(code, "benchmark", make_model("pose"), *QUICK, *options)
    assert contents(here) == {}


def test_models_are_looked_at_first(here: Path) -> None:
    assert failed(1, "benchmark", "none.onnx") == "none.onnx: no such file"
    assert "Missing argument 'MODEL...'" in failed(2, "benchmark")


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no process groups")
def test_an_interrupt_leaves_nothing(make_model: Maker, here: Path) -> None:
    """In the middle of a long turn: no file, no folder, no process."""
    line = [sys.executable, "-m", "gcv_edge", "benchmark", str(make_model("pose")), "--seconds", "100"]
    line += ["--csv", "all.csv", "--threads", "1"]
    places = {"TMPDIR": str(here)}
    with subprocess.Popen(
        line, env=environment(**places), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:  # fmt: skip
        workers = wait_for_workers(process, here)
        os.kill(process.pid, signal.SIGINT)
        printed, complained = process.communicate(timeout=60)
    assert (process.returncode, printed, complained) == (130, "", "")
    assert contents(here) == {}
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]


def wait_for_workers(process: subprocess.Popen[str], folder: Path) -> list[int]:
    """Wait until a worker runs; return the processes that were started."""
    while process.poll() is None:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        found = [int(pid) for pid in children.read_text().split()] if children.exists() else []
        if found and list(folder.glob("*/frames.npz")):
            time.sleep(1)
            return found
        time.sleep(0.01)
    return pytest.fail("it was over before it could be interrupted")


def page_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("line", page_lines())
def test_every_line_of_the_page_runs(line: str, signs: Path, here: Path) -> None:
    if ("[mxnet]" in line and not has_mxnet) or ("[report]" in line and not has_plotly):
        pytest.skip("an extra is not installed")
    for source, name in ((signs, "signs.onnx"), (SYMBOL, "net-symbol.json"), (PARAMS, "net-0000.params")):
        shutil.copy(source, name)
    command, *arguments = shlex.split(line, comments=True)
    assert command == "gcv-edge"
    printed = done(*arguments, "--threads", 1)
    if "mxnet" in arguments:
        assert all(f"x mxnet {form}" in printed for form in ("FP32", "FP32 fused", "INT8"))
        assert "Left out: mxnet" not in printed
    if "--report" in arguments:
        assert "Plotly.react" in Path("speed.html").read_text(encoding="utf-8")


def test_the_code_on_the_page_runs(signs: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(signs, "signs.onnx")
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(code, {})
    assert "Deploy " in capsys.readouterr().out


def test_links_of_the_page_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", PAGE.read_text(encoding="utf-8"))
    assert targets
    assert [target for target in targets if not (PAGE.parent / target).exists()] == []
