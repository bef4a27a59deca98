"""What commands print: JSON, tables, and progress that only a terminal sees.

Rich is imported where a table or a bar is really drawn.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gcv_edge.cli.text import echo, printable

if TYPE_CHECKING:
    from rich.console import JustifyMethod

    from gcv_edge.data import Skipped

Item = TypeVar("Item")

SHOWN_SKIPPED = 10

GAP = 2
TEXT_WIDTH = 16
"""Columns that text gets at least."""

PIPE_WIDTH = 400
"""Columns of a table that no terminal bounds: nothing is cut for a program."""


def echo_json(value: Any, *, indent: int | None = 2) -> None:
    """Print a value as JSON; numbers that JSON does not have become null."""
    echo(json.dumps(finite(value), indent=indent))


def finite(value: Any) -> Any:
    """Replace infinities and NaN by None, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(inner) for inner in value]
    return value


def echo_table(
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: Sequence[str] = (),
    text: Sequence[str] = (),
) -> None:
    """Print a table without lines, in which no name is broken.

    A terminal that is too narrow gets ``text`` on several lines; if that is not enough, the last of the
    columns in ``right`` are left out, and named below.

    Args:
        headers: one for each column.
        rows: cells.
        right: columns aligned to the right.
        text: columns that may be broken.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=False)
    console.width = console.width if console.is_terminal else PIPE_WIDTH
    cells = [[printable(cell, kept="") for cell in row] for row in rows]
    widths = [
        least_width(header, column, header in text) for header, *column in zip(headers, *cells, strict=True)
    ]
    shown = fit_columns(headers, widths, right, console.width)
    console.width = max(console.width, table_width(widths[place] for place in shown))
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for place in shown:
        header = headers[place]
        justify: JustifyMethod = "right" if header in right else "left"
        table.add_column(
            header, justify=justify, overflow="fold", no_wrap=header not in text, min_width=widths[place]
        )
    for row in cells:
        table.add_row(*(Text(row[place]) for place in shown))
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n")))
    hidden = [header for place, header in enumerate(headers) if place not in shown]
    if hidden:
        echo(f"(no room for {', '.join(hidden)}: a wider terminal, a pipe and --json have all)")


def least_width(header: str, cells: Sequence[str], is_text: bool) -> int:
    """Return the columns that a table's column needs."""
    from rich.cells import cell_len

    width = max(map(cell_len, (header, *cells)))
    return min(width, max(TEXT_WIDTH, cell_len(header))) if is_text else width


def fit_columns(
    headers: Sequence[str], widths: Sequence[int], spare: Sequence[str], available: int
) -> list[int]:
    """Choose the columns for which there is room, leaving out the last of those that may be spared."""
    shown = list(range(len(headers)))
    for place in reversed(range(1, len(headers))):
        if table_width(widths[one] for one in shown) <= available:
            break
        if headers[place] in spare:
            shown.remove(place)
    return shown


def table_width(widths: Iterable[int]) -> int:
    """Add up the columns of a table with the gaps between them."""
    return sum(width + GAP for width in widths) - GAP


@contextlib.contextmanager
def stages(first: str) -> Iterator[Callable[[str], None]]:
    """Show what is going on in one line of a terminal; the function given takes the next phrase."""
    if not sys.stderr.isatty():
        yield ignore
        return
    from rich.console import Console
    from rich.text import Text

    with Console(stderr=True).status(first) as status:
        yield lambda phrase: status.update(Text(printable(phrase, kept="")))


def ignore(phrase: str) -> None:
    """Show nothing."""


def shows_bar() -> bool:
    """Tell whether a bar is shown: on a terminal, unless the lines that are printed show the progress."""
    return sys.stderr.isatty() and not sys.stdout.isatty()


def counted(items: Iterable[Item], total: int | None, label: str) -> Iterator[Item]:
    """Give items on; show a bar on a terminal, unless the lines that are printed show the progress."""
    if not shows_bar():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, label, total=total, console=Console(stderr=True), transient=True)


def show_path(path: str | Path) -> str:
    """Return a path as text that any terminal can print."""
    return printable(str(click.format_filename(str(path))), kept="")


def tell_skipped(what: str, skipped: Sequence[Skipped]) -> None:
    """Name on standard error what was left out, and why; of very much, the first."""
    for one in skipped[:SHOWN_SKIPPED]:
        echo(f"{what} {show_path(one.name)}: {one.reason}", err=True)
    if len(skipped) > SHOWN_SKIPPED:
        echo(f"{what} {len(skipped) - SHOWN_SKIPPED} more (--json lists them)", err=True)


def tell_notes(lines: Iterable[str], *, err: bool = True) -> None:
    """Say what a user may want to know: on standard error, or among what is printed for people."""
    for line in lines:
        echo(f"Note: {line}", err=err)


def show_size(size: int) -> str:
    """Return a file's size for people: 24.9 MB."""
    if size < 1e6:
        return f"{size / 1e3:.0f} kB"
    return f"{size / 1e6:.1f} MB"


def show_number(value: float) -> str:
    """Return a small number for people: 1.2e-05, 0, 0.05."""
    return f"{value:.2g}"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: 1 class, 3 classes."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}{'es' if noun.endswith('s') else 's'}"
