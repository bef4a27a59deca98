"""What a pruning made, in words, tables and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gcv_edge.cli.console import echo_table, plural, show_path, show_size
from gcv_edge.cli.text import echo
from gcv_edge.errors import AccuracyError
from gcv_edge.points import describe_bound, spell_changed

if TYPE_CHECKING:
    from gcv_edge.optimize import OptimizeOptions
    from gcv_edge.prune import PruneResult, Spaces
    from gcv_edge.prune.results import Distillation

NOISE = "noise"


def print_pruning(result: PruneResult, title: str) -> None:
    """Say what was made, and what it lost.

    Args:
        result: the pruning.
        title: what was measured; empty for nothing.
    """
    echo(f"{show_path(result.path)}: {show_size(result.path.stat().st_size)}")
    for line in verdict_lines(result):
        echo(line)
    if title:
        echo(describe_loss(result, title))
    rows = [(name, str(width[0]), str(width[1])) for name, width in result.widths.items()]
    echo_table(("narrower", "before", "after"), rows, right=("before", "after"))


def verdict_lines(result: PruneResult) -> Iterator[str]:
    """Say what was gained and lost."""
    before, after = result.seconds_per_picture
    form = " in 8 bits, as gcv-edge calibrate makes it" if result.precision == "int8" else ""
    yield (
        f"{result.speedup:.2f} times faster here{form} "
        f"({1e3 * before:.2f} ms -> {1e3 * after:.2f} ms a picture), "
        f"{result.macs[1] / result.macs[0]:.0%} of the multiply-accumulates"
    )
    if result.score is None:
        changed = spell_changed(result.changed, result.is_classifier)
        yield f"{changed} on pictures it was not fitted on"
    if result.distillation is not None:
        yield describe_distillation(result.distillation)
    if result.record["data"] == NOISE:
        yield "FITTED ON NOISE, not on pictures: expect more loss; the file says so"


def describe_distillation(found: Distillation) -> str:
    """Say whether training helped."""
    first, last = found.divergence
    change = f"{first:.4g} -> {last:.4g} on pictures it was not trained on"
    if found.kept:
        return f"Distilled in {plural(found.passes, 'pass')}: the outputs' divergence fell, {change}"
    return f"DISTILLATION DID NOT HELP, so the network is as it was before: divergence {change}"


def describe_loss(result: PruneResult, title: str) -> str:
    """Say what pruning lost of what is measured."""
    if result.score is None:
        return "Lost: not measured"
    (before, after), lost = result.score, result.drop
    bound = describe_bound(lost.points, lost.upper)
    at_most = f"; {bound}" if bound else ""
    return f"Lost: {lost.points:.2f} points of {title} ({before:.2f} -> {after:.2f}{at_most})"


def describe_failure(result: PruneResult, title: str) -> str:
    """Say what a network lost that is not within the limit, however wide it was left."""
    if not title:
        return spell_changed(result.changed, result.is_classifier, digits=2)
    lost = result.drop
    bound = describe_bound(lost.points, lost.upper)
    return f"lost {lost.points:.2f} points of {title}" + (f", {bound}" if bound else "")


def refuse_pruning(result: PruneResult, title: str, options: OptimizeOptions) -> None:
    """Raise AccuracyError where pruning alone lost too much, however wide the network was left."""
    if result.passed:
        return
    lost = f"{describe_failure(result, title)}, allowed are {result.max_drop:g}"
    if options.max_drop is None:
        lost += " without --max-drop (100 sets no limit)"
    if not options.int8:
        raise AccuracyError(f"{show_path(result.path)}: {lost}; kept under this name")
    rest = "" if options.max_drop is None else f" (the rest of {options.max_drop:g} is for 8 bits)"
    raise AccuracyError(
        f"{show_path(result.path)}: pruning {lost}{rest}; kept under this name, not calibrated"
    )


def pruning_to_dict(result: PruneResult) -> dict[str, Any]:
    """Return a pruning for JSON."""
    return {
        "path": str(result.path),
        "bytes": result.path.stat().st_size,
        "speedup": result.speedup,
        "passed": result.passed,
        **result.record,
    }


def describe_space(space: Any) -> dict[str, Any]:
    """Return a channel space for JSON."""
    return {
        "name": space.name,
        "channels": space.channels,
        "step": space.step,
        "writers": list(space.writers),
        "readers": list(space.readers),
        "frozen": space.frozen or None,
        "removable": space.removable,
    }


def print_spaces(spaces: Spaces) -> None:
    """Print a row for each channel space, and how many can be narrowed."""
    rows = [
        (space.name, str(space.channels), str(space.step), str(len(space.writers)), str(len(space.readers)),
         space.frozen or ("may go as a whole" if space.removable else "free"))
        for space in spaces
    ]  # fmt: skip
    numbers = ("channels", "step", "writers", "readers")
    echo_table(("first layer", *numbers, ""), rows, right=numbers, text=("",))
    free = sum(not space.frozen for space in spaces)
    echo(f"{plural(len(spaces), 'channel space')}, of which {free} can be narrowed")
