"""Write the pages that are made of results, from nothing but these and ``benchmarks/templates``.

python -m benchmarks.pages             write docs/benchmarks.md, zoo.md, families.md, gcv_edge/zoo_speeds.json
python -m benchmarks.pages --check     exit code 1 where a page is not what the results give
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import ROOT, figures
from benchmarks.command_line import make_parser
from benchmarks.records import RESULTS, Records
from gcv_edge.benchmarking import kinds
from gcv_edge.cli.signals import ending_tidily
from gcv_edge.files import replacing

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).with_name("templates")
BEGIN, END = "<!-- figures: python -m benchmarks.pages -->", "<!-- end of figures -->"
DOCS = ROOT / "docs"
BENCHMARKS_PAGE, FAMILIES_PAGE, ZOO_PAGE = DOCS / "benchmarks.md", DOCS / "families.md", DOCS / "zoo.md"
ZOO_TABLE, ZOO_SPEEDS = ROOT / "gcv_edge" / "zoo.json", ROOT / "gcv_edge" / "zoo_speeds.json"
PAGES = (
    *(DOCS / name for name in ("int8.md", "prune.md", "optimize.md")),
    *(BENCHMARKS_PAGE, FAMILIES_PAGE, ZOO_PAGE, ZOO_SPEEDS),
)
ZOO_FORMS = {"bf16": "openvino BF16", "int8": "openvino INT8"}
"""What the package tells of the zoo's speeds, and the benchmark's name for it."""
ZOO_INTRODUCTION = ROOT / "benchmarks" / "zoo" / "introduction.md"


def fill(template: str, folder: Path = RESULTS, **values: Any) -> str:
    """Fill a template; ``results(name)`` in it reads a benchmark's results in a folder."""
    made = environment()
    made.globals["results"] = Records(folder).read
    return made.get_template(f"{template}.jinja").render(values)


def environment() -> jinja2.Environment:
    """Return what templates may use: the numbers of ``figures``, and ways to spell them."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.do"],
    )
    for module in (kinds, figures):
        made.globals |= {name: value for name, value in vars(module).items() if not name.startswith("_")}
    made.filters.update(
        fmt=lambda number, spec=".2f": format(number, spec),
        percent=lambda share: f"{100 * share:.0f} %",
        code=lambda text: f"`{text}`",
        row=lambda cells: f"| {' | '.join(map(str, cells))} |",
        sides=lambda shape, start=0: "x".join(map(str, shape[start:])),
        one_line=lambda text: " ".join(text.split()),
        median=statistics.median,
        rate_of=figures.rate_of,
        lost=figures.lost,
    )
    return made


def make_page(path: Path, folder: Path = RESULTS) -> str:
    """Return what a page should be."""
    if path == ZOO_PAGE:
        return make_zoo_page(json.loads(ZOO_TABLE.read_text()))
    if path == ZOO_SPEEDS:
        return make_zoo_speeds(Records(folder).read("table_zoo") or {})
    text = fill(path.name, folder)
    if path in (BENCHMARKS_PAGE, FAMILIES_PAGE):
        return text.rstrip() + "\n"
    before, _, rest = path.read_text().partition(BEGIN)
    return f"{before}{BEGIN}\n\n{text}\n{END}{rest.partition(END)[2]}"


def make_zoo_page(document: dict[str, Any]) -> str:
    """Return the page of the zoo's table."""
    return fill("zoo.md", document=document, introduction=ZOO_INTRODUCTION.read_text())


def make_zoo_speeds(document: dict[str, Any]) -> str:
    """Return the file of the zoo's speeds in bfloat16 and 8 bits: milliseconds of the fastest round."""
    rows = document.get("rows", {})
    found = {name: dict(form_times(row)) for name, row in sorted(rows.items()) if row.get("runs")}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(times)}" for name, times in found.items())
    cpu = json.dumps(document.get("machine", {}).get("cpu", ""))
    date = json.dumps(document.get("date", "")[:10])
    return f'{{\n "cpu": {cpu},\n "date": {date},\n "names": {{\n{lines}\n }}\n}}\n'


def form_times(row: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Give the milliseconds of a name's forms; a form that was left out has none."""
    measured = row["runs"].get("native", {}).get("rows", {})
    for form, title in ZOO_FORMS.items():
        if title in measured:
            yield form, measured[title]["network_ms"]["low"]


def write_page(path: Path) -> None:
    """Write a page."""
    text = make_page(path)
    with replacing(path) as temporary:
        temporary.write_text(text)


@ending_tidily()
def main() -> None:
    """Run the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail unless all is up to date")
    options = parser.parse_args()
    for path in PAGES:
        if not options.check:
            write_page(path)
        elif path.read_text() != make_page(path):
            sys.exit(f"{path.name}: is not what the results give: python -m benchmarks.pages")


if __name__ == "__main__":
    main()
