"""Text on its way to a terminal: what a name, an error or a server's answer contains cannot steer it."""

from __future__ import annotations

import unicodedata
from typing import Any

import click

KEPT = "\n\t"
STEERING = {"Cc", "Zl", "Zp", "Cs"}
"""Categories of characters that move, clear or colour, break lines, or are half of one."""
DIRECTIONS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that turn the order of what follows round."""


def echo(text: object = "", **options: Any) -> None:
    """Print text as ``click.echo`` does, with control characters spelt out."""
    click.echo(printable(str(text)), **options)


def printable(text: str, kept: str = KEPT) -> str:
    """Spell out what would steer a terminal (``\\x1b``, ``\\u202e``), except for some characters."""
    return "".join(character if character in kept else spell(character) for character in text)


def spell(character: str) -> str:
    """Return a character, or its escape."""
    if unicodedata.category(character) in STEERING or character in DIRECTIONS:
        return character.encode("unicode_escape", "surrogatepass").decode("ascii")
    return character
