"""One picture of a job: where it is, in a form that travels."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

FILE, MEMBER, CELL, BROKEN, BYTES = "file", "member", "cell", "broken", "bytes"


@dataclass(frozen=True)
class PictureEntry:
    """A picture that is listed, not read.

    Attributes:
        name: what its row is called: a path, a URL, ``shard.tar/000001.jpg``, ``table.parquet#17``.
        kind: ``file``, ``member`` of a tar, ``cell`` of a table, or ``broken``, or ``bytes`` that are here.
        container: the tar or the table.
        start: byte of the tar, or row group of the table.
        extent: bytes in the tar, or row in the row group.
        column: the cell's.
        error: why there is nothing to read.
        data: the encoded picture itself; it does not travel.
    """

    name: str
    kind: str = FILE
    container: str = ""
    start: int = 0
    extent: int = 0
    column: str = ""
    error: str | None = None
    data: bytes | None = field(default=None, repr=False)

    def to_json(self) -> str:
        """Return a line; odd bytes of names are kept as halves of characters."""
        if self.kind == FILE:
            return json.dumps(self.name)
        return json.dumps(
            [self.name, self.kind, self.container, self.start, self.extent, self.column, self.error]
        )


def parse_entry(line: str | bytes) -> PictureEntry:
    """Read what ``to_json`` wrote."""
    found = json.loads(line)
    return PictureEntry(found) if isinstance(found, str) else PictureEntry(*found)


def show_name(name: str) -> str:
    """Return a name as text that every table takes; bytes that are no UTF-8 become ``\\xff``."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
