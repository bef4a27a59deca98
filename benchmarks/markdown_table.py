"""Tables in Markdown, for the pages that are written from results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] | None = None
) -> Iterator[str]:
    """Give the lines of a table; all columns but the first are aligned to the right unless told otherwise."""
    chosen = range(1, len(heads)) if right is None else right
    yield f"| {' | '.join(heads)} |"
    yield "|" + "".join("---:|" if place in chosen else "---|" for place in range(len(heads)))
    yield from (f"| {' | '.join(row)} |" for row in rows)
