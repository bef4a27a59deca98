"""Text on its way to a terminal: what a name, an error or a server's answer contains cannot steer it."""

from __future__ import annotations

import re
from typing import Any

import click

KEPT = "\n\t"
STEERING = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"  # control, line ends, halves of characters
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # turn the order of what follows round
)
"""Characters that move, clear or colour, break lines, are half of one, or turn the order of others round."""


def echo(text: object = "", **options: Any) -> None:
    """Print text as ``click.echo`` does, with control characters spelt out."""
    click.echo(printable(str(text)), **options)


def printable(text: str, kept: str = KEPT) -> str:
    """Spell out what would steer a terminal (``\\x1b``, ``\\u202e``), except for some characters."""
    return STEERING.sub(lambda found: found[0] if found[0] in kept else spell(found[0]), text)


def spell(character: str) -> str:
    """Return a character's escape."""
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
