"""Which family a foreign detector is of; what is not certain is asked for, never guessed."""

from __future__ import annotations

import difflib

from gcv_edge.errors import UnsupportedError, UsageError
from gcv_edge.exporters.onnx.families import FAMILIES, DetectorFamily
from gcv_edge.exporters.onnx.options import show_option
from gcv_edge.exporters.onnx.outputs import Names, Outputs


def find_family(outputs: Outputs) -> tuple[DetectorFamily, Names] | None:
    """Recognise a detector; None where the form is no detector's and none is asked for.

    Raises:
        UsageError: there is no family of the name asked for, several may be meant, a detector is asked for
            and not recognised, or something is said that means nothing for the family.
        UnsupportedError: the outputs have another form than the family's.
    """
    found = find_named(outputs) if outputs.adoption.head != "auto" else recognise(outputs)
    if found is not None:
        check_wishes(found[0], outputs)
        return found
    possible = [family for family in FAMILIES.values() if may_be(family, outputs)]
    if possible:
        raise ask_for_head(possible, outputs)
    if not outputs.is_asked:
        return None
    raise UsageError(
        f"{outputs.source}: outputs {describe(outputs)} are of no detector that is recognised: give --boxes "
        f"and --scores, or --head {', '.join(FAMILIES)}"
    )


def find_named(outputs: Outputs) -> tuple[DetectorFamily, Names]:
    """Take the family that the user names.

    Raises:
        UsageError: there is none of that name.
        UnsupportedError: the outputs have another form.
    """
    wanted = outputs.adoption.head
    family = FAMILIES.get(wanted)
    if family is None:
        close = difflib.get_close_matches(wanted, FAMILIES, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"expected auto, {', '.join(FAMILIES)}"
        raise UsageError(f"--head {wanted}: {hint}")
    names = family.find(outputs)
    if names is None:
        raise UnsupportedError(
            f"{outputs.source}: found outputs {describe(outputs)}, expected {family.layout} "
            f"for --head {wanted}"
        )
    return family, names


def recognise(outputs: Outputs) -> tuple[DetectorFamily, Names] | None:
    """Return the first family that outputs are certainly of."""
    for family in FAMILIES.values():
        names = family.find(outputs)
        if names is not None and family.is_found(outputs):
            return family, names
    return None


def may_be(family: DetectorFamily, outputs: Outputs) -> bool:
    """Whether outputs have the family's form, and nothing speaks against its contents."""
    if family.find(outputs) is None:
        return False
    return family.may_be(outputs) or (family.grid is not None and family.grid.may_be(outputs))


def ask_for_head(possible: list[DetectorFamily], outputs: Outputs) -> UsageError:
    """Say which families outputs may be of."""
    heads = " or ".join(f"--head {family.name} ({family.layout})" for family in possible)
    return UsageError(
        f"{outputs.source}: what is in {describe(outputs)} is not certain: give {heads}, or --task tensors"
    )


def check_wishes(family: DetectorFamily, outputs: Outputs) -> None:
    """Refuse what the user says of a detector where its family does not leave it open.

    Raises:
        UsageError: it would mean nothing.
    """
    for name in outputs.adoption.given:
        if name not in ("head", *family.takes):
            raise UsageError(
                f"{outputs.source}: {show_option(name)} means nothing for the family {family.name} (--head): "
                f"{family.layout}"
            )


def describe(outputs: Outputs) -> str:
    """List outputs with their shapes."""
    return ", ".join(f"{name} {list(shape)}" for name, shape in outputs.shapes.items())
