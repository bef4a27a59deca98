"""Class names of a data set and of a model, brought together."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Sequence

from gcv_edge.errors import DataError
from gcv_edge.repeated_labels import find_repeated

SHOWN_NAMES = 8
MOST_CLASSES = 1 << 31
"""Of a data set whose classes have no names."""
ALIASES = {
    "airplane": "aeroplane",
    "motorcycle": "motorbike",
    "couch": "sofa",
    "tv": "tvmonitor",
    "tvormonitor": "tvmonitor",
}
"""COCO's names for Pascal VOC's classes; the other names of both differ in spaces alone."""


class ClassNames:
    """Class ids by name: exact, else without regard to case, spaces, hyphens and underscores.

    Args:
        labels: the model's class names by id; empty where it has none: then names are numbered as given.
        names: classes that occur in the data set, in the order of their ids where it has one.
        where: the data set, for errors.
        ignore_unknown: leave out what is of a class that the model does not know.

    Attributes:
        labels: class names by id.
        notes: names that stand for several classes, or several for one; a line each.

    Raises:
        DataError: there are none, the model knows none of them, or (unless ignored) not all of them.
    """

    def __init__(
        self, labels: Sequence[str], names: Iterable[str], where: str, ignore_unknown: bool = False
    ) -> None:
        found = list(dict.fromkeys(names))
        if not found:
            raise DataError(f"{where}: found no labelled object, expected some to measure with")
        self.labels = tuple(labels) or tuple(found)
        self._ids = number(self.labels)
        self._folded = number([fold(label) for label in self.labels])
        unknown = [name for name in found if self.id_of(name) is None]
        if len(unknown) == len(found):
            raise DataError(
                f"{where}: found the classes {shorten(found)}, expected the model's: {shorten(self.labels)}"
            )
        if unknown and not ignore_unknown:
            raise DataError(f"{where}: {describe_unknown(unknown, self.labels)}")
        self.notes = tuple(f"{where}: {line}" for line in self._ambiguities(found))

    def _ambiguities(self, names: Sequence[str]) -> Iterator[str]:
        """Say which of the data set's names stand for several classes, or several for one."""
        repeated = find_repeated(self.labels)
        owners: dict[int, list[str]] = {}
        for name in names:
            class_id = self.id_of(name)
            if class_id is None:
                continue
            owners.setdefault(class_id, []).append(name)
            if places := repeated.get(self.labels[class_id]):
                others = ", ".join(map(str, places[1:]))
                yield f"class '{name}' is taken for the model's class {class_id}, not {others} of that name"
        for class_id, several in owners.items():
            if len(several) > 1:
                yield f"classes {quote(several)} are all taken for the model's '{self.labels[class_id]}'"

    def id_of(self, name: str) -> int | None:
        """Return the id of a class; None where the model does not know it."""
        found = self._ids.get(name)
        return self._folded.get(fold(name)) if found is None else found


def quote(names: Sequence[str]) -> str:
    """List names in quotes."""
    return ", ".join(f"'{name}'" for name in names)


def number(names: Sequence[str]) -> dict[str, int]:
    """Return each name's first place."""
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        places.setdefault(name, place)
    return places


def fold(name: str) -> str:
    """Reduce a class name to what tells it from others."""
    bare = "".join(letter for letter in name.casefold() if letter.isalnum()) or name
    return ALIASES.get(bare, bare)


def describe_unknown(unknown: Sequence[str], labels: Sequence[str]) -> str:
    """Say which classes the model does not know."""
    close = difflib.get_close_matches(unknown[0], labels, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"expected {shorten(labels)}"
    noun = "class" if len(unknown) == 1 else "classes"
    return f"found {noun} {shorten(unknown)} unknown to the model, {hint}"


def shorten(names: Sequence[str]) -> str:
    """List the first names."""
    listed = ", ".join(names[:SHOWN_NAMES])
    return listed if len(names) <= SHOWN_NAMES else f"{listed} ... ({len(names)} in all)"


def as_class_id(value: float, labels: Sequence[str]) -> int:
    """Turn a number of a label into a class id.

    Raises:
        DataError: it is not whole, negative, or beyond the model's classes.
    """
    limit = len(labels) or MOST_CLASSES
    if not (math.isfinite(value) and value == int(value) and 0 <= value < limit):
        expected = f"a class from 0 to {len(labels) - 1}" if labels else "a whole number from 0"
        raise DataError(f"found class {value:g}, expected {expected}")
    return int(value)
