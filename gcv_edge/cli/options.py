"""Kinds of arguments that several commands take."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from gcv_edge.cli.completion import PATH
from gcv_edge.engines import ENGINES
from gcv_edge.errors import UsageError
from gcv_edge.runtime.pixel_limit import MAX_PIXELS, MOST_PIXELS, limit_pixels
from gcv_edge.tasks import TASKS

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

LABEL_FILE_SUFFIXES = (".txt", ".names", ".labels")


class Word(click.Choice[str]):
    """One of a few words; an unknown one is answered with the closest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word, or fail saying which words there are."""
        if value in self.choices:
            return str(value)
        close = difflib.get_close_matches(str(value), self.choices, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"expected one of {', '.join(self.choices)}"
        raise click.BadParameter(f"found '{value}', {hint}", ctx, param)


class Fraction(click.FloatRange):
    """A number within bounds; NaN is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or fail."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


class Passes(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """How often pictures are seen: a number of times, or ``auto``."""

    name = "passes"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bool | int:
        """Return the number; True for ``auto``; or fail."""
        if isinstance(value, bool):
            return value
        if str(value) == AUTOMATIC:
            return True
        if str(value).isascii() and str(value).isdecimal() and 0 < int(value) <= MOST_PASSES:
            return int(value)
        raise click.BadParameter(
            f"found '{value}', expected a number of passes, {MOST_PASSES} at most (or none, given last)",
            ctx,
            param,
        )


AUTOMATIC = "auto"
MOST_PASSES = 10_000

distill_option = click.option(
    "--distill",
    type=Passes(),
    is_flag=False,
    flag_value=AUTOMATIC,
    default=False,
    metavar="[PASSES]",
    help="Then train the network with the whole one as teacher: PASSES times over the pictures, or for some "
    "minutes. Needs the extra [torch].",
)


def set_max_pixels(ctx: click.Context, param: click.Parameter, value: int | None) -> None:  # noqa: ARG001
    """Limit the pixels of pictures while the command runs."""
    if value is not None:
        ctx.with_resource(limit_pixels(value))


seed_option = click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of every random choice."
)

max_pixels_option = click.option(
    "--max-pixels",
    type=click.IntRange(1, MOST_PIXELS),
    metavar="N",
    expose_value=False,
    callback=set_max_pixels,
    help=f"Skip pictures with more pixels, without decoding.  [default: {MAX_PIXELS}]",
)

task_option = click.option(
    "--task", type=Word(list(TASKS)), help="What the network is for, if it is not recognised."
)


def apply_options(command: Decorated, options: Sequence[Callable[[Decorated], Decorated]]) -> Decorated:
    """Give a command several options; help shows them in this order."""
    for option in reversed(options):
        command = option(command)
    return command


data_option = click.option(
    "--data",
    type=PATH,
    metavar="DATA",
    required=True,
    help="Pictures or a data set; labels are used if there are any.",
)
pictures_option = click.option(
    "--pictures", type=PATH, metavar="DIR", help="Folder of the pictures, if it is not beside DATA."
)
ignore_unknown_option = click.option(
    "--ignore-unknown", is_flag=True, help="Leave out classes that the model does not have."
)
params_option = click.option(
    "--params", type=PATH, metavar="FILE", help="Parameters of SOURCE, if they are not beside it."
)
report_option = click.option("--report", type=PATH, metavar="FILE.html", help="Write an HTML report.")

engine_option = click.option(
    "--engine", type=Word(ENGINES), help="Engine.  [default: openvino if installed, else onnxruntime]"
)


def json_option(help_text: str = "Print JSON.") -> Callable[[Decorated], Decorated]:
    """Give a command the option --json."""
    return click.option("--json", "as_json", is_flag=True, help=help_text)


BLANK = " \t\n"
"""What surrounds a name in a file; other characters that Python takes for blank may be part of one."""


def parse_classes(text: str | None) -> tuple[str, ...]:
    """Read class names: separated by commas, or one per line of a file.

    Raises:
        UsageError: a file is missing or no text, or a name is empty.
    """
    if text is None:
        return ()
    names = read_names(Path(text)) if names_file(text) else [name.strip() for name in text.split(",")]
    if not names or not all(names):
        raise UsageError(f"--classes {text}: found an empty name, expected names such as cat,dog")
    return tuple(names)


def names_file(text: str) -> bool:
    """Tell whether a user means a file."""
    try:
        exists = Path(text).exists()
    except (OSError, ValueError):
        return False
    return bool(text) and (
        exists or ("," not in text and ("/" in text or text.endswith(LABEL_FILE_SUFFIXES)))
    )


def read_names(path: Path) -> Sequence[str]:
    """Read one name per line; blank lines at the end do not count."""
    try:
        return [line.strip(BLANK) for line in path.read_text(encoding="utf-8-sig").rstrip(BLANK).split("\n")]
    except UnicodeDecodeError:
        raise UsageError(f"--classes {path}: found no text, expected one name per line") from None
    except OSError as error:
        raise UsageError(f"--classes {path}: {error.strerror}") from error


def parse_goal(text: str | None, data: str | None, distill: bool | int) -> tuple[float | None, float | None]:
    """Read how far to prune: ``1.5x`` (times faster) or ``70%`` (of the work).

    Returns:
        ``speedup`` and ``macs``, as ``OptimizeOptions`` takes them: one of them, or none for no pruning.

    Raises:
        UsageError: the text is anything else, or there are no pictures; or nothing is pruned that could be
            distilled.
        MissingExtraError: torch is needed to distil, and not installed.
    """
    if distill and text is None:
        raise UsageError("--distill is for --prune")
    if text is None:
        return None, None
    if distill:
        from gcv_edge.prune import check_distilling

        check_distilling(distill)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(x|%)", text.strip())
    number = float(match[1]) if match else 0.0
    if data is None:
        raise UsageError(f"--prune {text} needs pictures: --calibrate DATA (without 8 bits: gcv-edge prune)")
    if match and match[2] == "x" and 1 < number <= 20:
        return number, None
    if match and match[2] == "%" and 0 < number < 100:
        return None, number / 100
    raise UsageError(f"--prune {text}: expected 1.5x (times faster here) or 70% (of the work)")
