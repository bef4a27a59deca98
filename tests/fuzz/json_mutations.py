"""Changes to what JSON spells, and to how it is spelt."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.fuzz.mutations import NUMBERS, TEXTS, mutate_bytes

RAW = {
    "@deep lists@": "[" * 5000 + "]" * 5000,
    "@deep objects@": '{"a":' * 5000 + "1" + "}" * 5000,
    "@some lists@": "[" * 60 + "]" * 60,
    "@digits@": "9" * 5000,
    "@twice@": '{"id":1,"id":2}',
    "@surrogate@": '"\\ud800"',
}
"""What JSON text may hold and ``json.dumps`` does not spell, by a text that stands for it."""

Slot = tuple[Any, Any]
"""A list or an object, and the place of a value in it."""


def mutate_json(data: bytes, other: bytes, dice: random.Random) -> bytes:
    """Change values, keys and nesting of a JSON document, now and then its bytes."""
    if dice.random() < 0.08:
        return mutate_bytes(data, other, dice)
    return spell(mutate_value(json.loads(data), json.loads(other), dice))


def mutate_value(value: Any, other: Any, dice: random.Random, times: int = 3) -> Any:
    """Change a value that JSON can spell in a few places; it is not kept."""
    root = [value]
    for _ in range(dice.randint(1, times)):
        container, key = dice.choice(list(slots(root)))
        dice.choice(VALUE_CHANGES)(container, key, other, dice)
        if not root:
            return None
    return root[0]


def slots(value: Any) -> Iterator[Slot]:
    """Give every place of a value, the outer ones first."""
    places = range(len(value)) if isinstance(value, list) else list(value)
    for key in places:
        yield value, key
    for key in places:
        if isinstance(value[key], (list, dict)):
            yield from slots(value[key])


def replace_value(container: Any, key: Any, other: Any, dice: random.Random) -> None:
    nothing: tuple[Any, ...] = (None, True, False, [], {}, [[]], {"": None})
    kinds = (TEXTS, NUMBERS, NUMBERS, nothing, tuple(RAW))
    container[key] = dice.choice(dice.choice(kinds))


def change_number(container: Any, key: Any, other: Any, dice: random.Random) -> None:
    """Put another number where one is; the nearest ones too."""
    if isinstance(container[key], (int, float)):
        near = [container[key] + 1, container[key] - 1, -container[key], container[key] * 2]
        container[key] = dice.choice((*near, *NUMBERS))


def remove_value(container: Any, key: Any, other: Any, dice: random.Random) -> None:
    del container[key]


def repeat_value(container: Any, key: Any, other: Any, dice: random.Random) -> None:
    if isinstance(container, list):
        container[key:key] = [container[key]] * dice.choice((1, 1, 2, 200))
    else:
        container[str(key) + dice.choice(TEXTS)[:50]] = container[key]


def wrap_value(container: Any, key: Any, other: Any, dice: random.Random) -> None:
    container[key] = dice.choice(([container[key]], {"a": container[key]}, str(container[key])[:5000]))


def take_value(container: Any, key: Any, other: Any, dice: random.Random) -> None:
    """Put a value of another document there; it may be a part of this one as well."""
    donor, place = dice.choice(list(slots([other])))
    container[key] = json.loads(json.dumps(donor[place]))


def rename_key(container: Any, key: Any, other: Any, dice: random.Random) -> None:
    if isinstance(container, dict):
        container[dice.choice((*TEXTS, *map(str, container)))] = container.pop(key)


VALUE_CHANGES: tuple[Callable[[Any, Any, Any, random.Random], None], ...] = (
    *(replace_value, replace_value, replace_value, change_number, change_number, change_number),
    *(remove_value, repeat_value, wrap_value, take_value, rename_key),
)


def spell(value: Any) -> bytes:
    """Write JSON text, with what stands for other texts replaced by them."""
    text = json.dumps(value, ensure_ascii=False)
    for name, raw in RAW.items():
        text = text.replace(f'"{name}"', raw)
    return text.encode("utf-8", "surrogatepass")
