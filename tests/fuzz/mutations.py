"""Changes to bytes and to text."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

TEXTS = (
    *(
        "",
        " ",
        "\0",
        "a\0b",
        "\n",
        "\r",
        "a\nb",
        "\t",
        "\x1b[31m",
        "\ud800",
        "\u202e",
        "é" * 40,
        "'\"<&>%s{}",
    ),
    *(
        "../../x",
        "/",
        ".",
        "x" * 300,
        "x" * 5000,
        "nan",
        "inf",
        "-inf",
        "1e999",
        "1e-999",
        "-0",
        "0x10",
        "1_0",
    ),
    *(
        "9" * 30,
        "9" * 5000,
        "-1",
        "0",
        "1",
        "2147483648",
        "9223372036854775808",
        "1.5",
        "²",
        "٣",
        "None",
        "YES",
    ),
)
NUMBERS: tuple[Any, ...] = (
    *(-1, 0, 1, 2, 3, 255, 256, 65536, 2**31 - 1, 2**31, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64),
    *(-(2**31), -(2**63), 10**30, -(10**30), 10**400),
    *(0.0, -0.0, 0.5, -1.5, 1e-320, 1e18, 1e30, 1e308, -1e308, float("nan"), float("inf"), float("-inf")),
)
MOST_CHARACTERS = 20_000
"""Of a text: more lines take more time, which is no finding."""


def mutate_bytes(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Change bytes a few times."""
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        dice.choice(BYTE_CHANGES)(changed, other, dice)
    return bytes(changed)


def flip(data: bytearray, other: bytes, dice: random.Random) -> None:
    if data:
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def overwrite_number(data: bytearray, other: bytes, dice: random.Random) -> None:
    """Write an extreme number of any width and order, near the beginning in half of all cases."""
    width = dice.choice((1, 2, 4, 4, 8))
    end = min(len(data), 64) if dice.random() < 0.5 else len(data)
    if end >= width:
        place = (
            dice.randrange(end - width + 1) // width * width if dice.random() < 0.5 else dice.randrange(end)
        )
        number = int(dice.choice(NUMBERS[:16])) + dice.choice((-1, 0, 0, 1))
        mask = (1 << 8 * width) - 1
        data[place : place + width] = (number & mask).to_bytes(width, dice.choice(("little", "big")))


def cut_off(data: bytearray, other: bytes, dice: random.Random) -> None:
    del data[dice.randrange(len(data) + 1) :]


def remove_piece(data: bytearray, other: bytes, dice: random.Random) -> None:
    start = dice.randrange(len(data) + 1)
    del data[start : start + dice.choice((1, 2, 4, 16, 100))]


def repeat_piece(data: bytearray, other: bytes, dice: random.Random) -> None:
    start = dice.randrange(len(data) + 1)
    data[start:start] = data[start : start + dice.choice((1, 4, 16, 100))] * dice.choice((1, 2, 50))


def insert_noise(data: bytearray, other: bytes, dice: random.Random) -> None:
    start = dice.randrange(len(data) + 1)
    data[start:start] = dice.randbytes(dice.choice((1, 2, 4, 16)))


def splice(data: bytearray, other: bytes, dice: random.Random) -> None:
    """Continue as another input does."""
    data[dice.randrange(len(data) + 1) :] = other[dice.randrange(len(other) + 1) :]


BYTE_CHANGES: tuple[Callable[[bytearray, bytes, random.Random], None], ...] = (
    *(flip, overwrite_number, overwrite_number, overwrite_number),
    *(cut_off, remove_piece, repeat_piece, insert_noise, splice),
)


def mutate_text(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Change cells, words or lines of a text, now and then its bytes."""
    if dice.random() < 0.15:
        return mutate_bytes(data, other, dice)
    text, donor = (part.decode("utf-8", "surrogateescape") for part in (data, other))
    for _ in range(dice.choice((1, 1, 2, 4))):
        separator = dice.choice(("\n", "\n", "\t", ",", " "))
        cells = text.split(separator)
        place = dice.randrange(len(cells))
        cells[place : place + 1] = change_cell(cells[place], donor.split(separator), dice)
        text = separator.join(cells)
    return text[:MOST_CHARACTERS].encode("utf-8", "surrogatepass")


def change_cell(cell: str, others: list[str], dice: random.Random) -> list[str]:
    hostile = dice.choice(TEXTS)
    replaced = [hostile], [cell + hostile], [str(dice.choice(NUMBERS[:18]))], [dice.choice(others)]
    return dice.choice((*replaced, [], [cell, cell], [cell] * 30, [cell[: len(cell) // 2]]))
