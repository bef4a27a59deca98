"""The page of supported operators: ``python -m tests.exporters.mxnet.operator_page`` writes it."""

from __future__ import annotations

import importlib
import re
from collections import Counter, defaultdict
from pathlib import Path

from gcv_edge.exporters.mxnet import operators as _operators  # noqa: F401  (registers the converters)
from gcv_edge.exporters.mxnet.registry import CONVERTERS, REASONS, Converter
from tests.exporters.mxnet.operator_table import REFUSED, ROWS
from tests.exporters.mxnet.quantized_rows import QUANTIZED_ROWS

PAGE = Path(__file__).parents[3] / "docs" / "operators.md"

INTRODUCTION = """# MXNet operators that the exporter understands

`python -m tests.exporters.mxnet.operator_page` writes this page from the converters, and a test compares
them.

An attribute that is not understood is an error that names operator, node and attribute; nothing is dropped
silently. Each operator's uses (the last column counts them) are run in MXNet 1.9.1, and the converted graph
in ONNX Runtime and in OpenVINO, with a fixed batch and, if possible, an open one. The numbers agree to
1e-5; of 8-bit numbers, one in a thousand may be one level off. All floating-point numbers become float32.
"""


def write_page() -> str:
    """Return the text of the page."""
    tables = [line for family in families() for line in section(*family)]
    return "\n".join([INTRODUCTION, *tables, *refused_operators()])


def refused_operators() -> list[str]:
    """Write the table of what cannot be converted."""
    groups: dict[str, list[str]] = defaultdict(list)
    for operator, reason in REASONS.items():
        groups[reason].append(f"`{operator}`")
    rows = [f"| {', '.join(names)} | {reason} |" for reason, names in groups.items()]
    return ["## Refused by name", "", "| operators | why |", "|---|---|", *rows, ""]


def families() -> list[tuple[str, dict[str, list[str]]]]:
    """Return heading, and operators by description, of each module of converters."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for operator, converter in CONVERTERS.items():
        found[converter.__module__][description(converter)].append(operator)
    headings = {module: summary(importlib.import_module(module).__doc__) for module in found}
    return sorted((headings[module], dict(groups)) for module, groups in found.items())


def section(heading: str, groups: dict[str, list[str]]) -> list[str]:
    """Write the table of one module."""
    table = ["| operator | meaning | refused | uses tested |", "|---|---|---|---:|"]
    uses = Counter(row.op for row in ROWS)
    uses.update(node.op for row in QUANTIZED_ROWS for node in row.symbol.nodes)
    for meaning, names in sorted(groups.items(), key=lambda item: item[1][0].lower()):
        cells = (
            ", ".join(f"`{name}`" for name in names),
            meaning,
            refusals(names),
            str(sum(uses[name] for name in names)),
        )
        table.append(f"| {' | '.join(cells)} |")
    return [f"## {heading}", "", *table, ""]


def refusals(names: list[str]) -> str:
    """List the attribute values that are refused."""
    messages = [case.message for case in REFUSED if case.row.op in names]
    found = [re.search(r"': (\w+)='([^']*)' is not supported", message) for message in messages]
    return ", ".join(f"`{match[1]}={match[2]}`" for match in found if match and match[1] != "foo")


def description(converter: Converter) -> str:
    """Return the first sentence of a converter's docstring."""
    return summary(converter.__doc__)


def summary(text: str | None) -> str:
    """Return the first line of a docstring, its code in Markdown."""
    return (text or "").strip().splitlines()[0].rstrip(".").replace("``", "`")


if __name__ == "__main__":
    PAGE.write_text(write_page(), encoding="utf-8")
