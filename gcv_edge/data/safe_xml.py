"""Annotations in XML, read so that no file can make the reader expand, fetch or nest without end."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from gcv_edge.data.reader import DamagedSampleError, read_bytes

MAX_BYTES = 16 << 20
MAX_DEPTH = 64


class SafeTree:
    """Builds a tree from expat's events; a document type, which entities need, is refused."""

    def __init__(self) -> None:
        self._builder = TreeBuilder()
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._builder.data

    def parse(self, data: bytes) -> Element:
        """Return the root.

        Raises:
            expat.ExpatError, ValueError: no XML, or not what is taken.
        """
        self._parser.Parse(data, True)
        return self._builder.close()

    def _refuse(self, *arguments: object) -> None:  # noqa: ARG002
        raise ValueError("found a document type, expected plain XML")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"found elements over {MAX_DEPTH} deep")
        self._builder.start(name, attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._builder.end(name)


def read_xml(path: Path) -> Element:
    """Read an XML file.

    Raises:
        DamagedSampleError: it is missing, too large, or no plain XML.
    """
    data = read_bytes(path)
    if len(data) > MAX_BYTES:
        raise DamagedSampleError(f"{path.name}: found {len(data)} bytes, expected at most {MAX_BYTES}")
    try:
        return SafeTree().parse(data)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise DamagedSampleError(f"{path.name}: {error}") from None
