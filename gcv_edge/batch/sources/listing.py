"""One lister for all that a user may name."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from gcv_edge.batch.sources.containers import is_container, list_container
from gcv_edge.batch.sources.entries import BROKEN, CELL, MEMBER, PictureEntry
from gcv_edge.batch.sources.sorting import SeenNames
from gcv_edge.batch.sources.walking import PassedOver, is_pattern, match_paths, walk_pictures
from gcv_edge.batch.storage import Located, is_address, locate
from gcv_edge.errors import DataError

SHOWN_DUPLICATES = 3


class PictureListing:
    """Lists pictures as a stream: the same order every time, each once.

    Iterating lists them anew. What is wrong with one of several names becomes a broken entry.

    Args:
        names: folders (with all below them), pictures, patterns with ``*``, ``?``, ``[...]`` and ``**``,
            lists (``.txt``, MXNet's ``.lst``), tables (``.csv``, ``.parquet``), tars, and addresses of these:
            ``s3://``, ``gs://``, ``abfs://``, ``file://``, of a picture ``https://`` too.
        column: of tables: which holds paths or pictures; None where the headings tell.

    Attributes:
        notes: what was passed over, once a pass is over.
        duplicates: names that were left out because they came before.
    """

    def __init__(self, names: Sequence[str], column: str | None = None) -> None:
        self._names = names
        self._column = column
        self.notes: list[str] = []
        self.duplicates = 0

    def __iter__(self) -> Iterator[PictureEntry]:
        """Give the entries.

        Raises:
            DataError: the only name leads to no picture.
        """
        self.notes, self.duplicates = [], 0
        if not self._may_repeat():
            yield from self._list_all()
            return
        seen = SeenNames()
        try:
            yield from (entry for entry in self._list_all() if self._is_new(entry, seen))
        finally:
            seen.close()
        if self.duplicates:
            self.notes.append(
                f"{self.duplicates} duplicate name{'s' if self.duplicates > 1 else ''} left out"
            )

    def _may_repeat(self) -> bool:
        """Tell where a name may come twice: in lists, patterns that fit folders, and beside other names."""
        return len(self._names) > 1 or is_container(self._names[0]) or is_pattern(self._names[0])

    def _is_new(self, entry: PictureEntry, seen: SeenNames) -> bool:
        if seen.add(identify(entry)):
            return True
        self.duplicates += 1
        if self.duplicates <= SHOWN_DUPLICATES:
            self.notes.append(f"{entry.name}: named before")
        return False

    def _list_all(self) -> Iterator[PictureEntry]:
        for name in self._names:
            try:
                yield from self._list(name)
            except DataError as error:
                if len(self._names) == 1:
                    raise
                yield PictureEntry(name, BROKEN, error=str(error))

    def _list(self, name: str) -> Iterator[PictureEntry]:
        if not name:
            raise DataError("found an empty name, expected a picture, a folder or a list of pictures")
        if "://" in name and not is_address(name):
            yield PictureEntry(name)
            return
        place = locate(name)
        kind = place.storage.kind(place.path)
        if kind is not None:
            yield from self._list_found(place, kind == "folder")
        elif is_pattern(place.path):
            yield from self._list_matches(place)
        else:
            raise DataError(f"{name}: no such file or folder")

    def _list_found(self, place: Located, is_folder: bool) -> Iterator[PictureEntry]:
        name = place.name(place.path)
        if is_folder:
            passed = PassedOver()
            yield from (PictureEntry(place.name(path)) for path in walk_pictures(place, passed))
            self.notes += [f"{name}: {note}" for note in passed.notes()]
        elif is_container(place.path):
            yield from list_container(place, self._column)
        else:
            yield PictureEntry(name)

    def _list_matches(self, pattern: Located) -> Iterator[PictureEntry]:
        matches = match_paths(pattern)
        first = next(matches, None)
        if first is None:
            raise DataError(f"{pattern.name(pattern.path)}: fits no file")
        for path, is_folder in itertools.chain([first], matches):
            place = pattern._replace(path=path)
            try:
                yield from self._list_found(place, is_folder)
            except DataError as error:
                if not is_folder:  # one without pictures is not worth a word: the pattern fits others
                    yield PictureEntry(place.name(path), BROKEN, error=str(error))


def identify(entry: PictureEntry) -> str:
    """Return what is the same for a picture that is named in two ways."""
    if entry.kind in (MEMBER, CELL):
        place = locate(entry.container)
        return f"{place.root}{place.storage.identity(place.path)}#{entry.column}#{entry.start}#{entry.extent}"
    if "://" in entry.name and not is_address(entry.name):
        return entry.name
    place = locate(entry.name)
    return f"{place.root}{place.storage.identity(place.path)}"
