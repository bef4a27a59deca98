"""What a foreign file does not say of itself."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Adoption:
    """What the user says of a foreign detector's outputs.

    Attributes:
        head: name of the family (``families.FAMILIES``), or ``auto``: recognise it.
        boxes, scores: names of the outputs ``[N, A, 4]`` and ``[N, A, C]``; None: find them.
        box_format: ``xyxy`` corners, ``cxcywh`` centre and size, ``xywh`` corner and size; None: the
            family's.
        normalized: boxes are in units of the input's size, not in pixels.
        background: which score is the background's, ``first``, ``last`` or ``none``; None: not said.
    """

    head: str = "auto"
    boxes: str | None = None
    scores: str | None = None
    box_format: str | None = None
    normalized: bool = False
    background: str | None = None

    @property
    def given(self) -> tuple[str, ...]:
        """Names of the fields that are not as usual."""
        usual = Adoption()
        names = (field.name for field in fields(self))
        return tuple(name for name in names if getattr(self, name) != getattr(usual, name))


def show_option(field: str) -> str:
    """Spell a field as the command line does."""
    return "--" + field.replace("_", "-")
