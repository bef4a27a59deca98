"""The page docs/optimize.md, run from top to bottom."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gcv_edge import load
from gcv_edge.optimize import OptimizeResult
from tests.optimize.conftest import frames

PAGE = Path(__file__).resolve().parents[2] / "docs/optimize.md"
TEXT = PAGE.read_text(encoding="utf-8")
REPLACED = {"max_drop=1)": "max_drop=60)", "speedup=1.5": "macs=0.7"}
"""In the examples: a limit that forty pictures are too few for, and a speed that a busy machine may miss."""


def test_every_example_runs(workplace: Path) -> None:
    given = frames()
    network = load("net.onnx")
    labelled = [(frame, network.run(frame).top(1)[0].class_id) for frame in given[:20]]
    names: dict[str, object] = {"frames": given[20:], "labelled": labelled}
    results: list[OptimizeResult] = []
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    for number, block in enumerate(blocks):
        code = block
        for found, replacement in REPLACED.items():
            code = code.replace(found, replacement)
        exec(compile(code, f"{PAGE.name}, example {number + 1}", "exec"), names)
        if isinstance(found_now := names.get("result"), OptimizeResult) and found_now not in results:
            results.append(found_now)
    passed = [result.passed for result in results]
    assert passed == [True, True, False, True, True, True]
    assert [result.path.name for result in results] == [
        "net_int8.onnx",
        "net_pruned_int8.onnx",
        "net_int8_over_max_drop.onnx",
        "own.onnx",
        "net_pruned_int8.onnx",
        "net_pruned.onnx",
    ]
    assert results[4].baseline.whole == Path("net.onnx")


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)]+)\)", TEXT))
def test_links_lead_somewhere(target: str) -> None:
    path, _, anchor = target.partition("#")
    page = PAGE.parent / path
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}
