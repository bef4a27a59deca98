"""Errors at the edge of the program: one line on standard error and an exit code.

0 done, 1 failed, 2 usage, 3 accuracy lost, 130 interrupted, 141 nobody reads the output any more, 143 told to
end (SIGTERM).
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from gcv_edge.cli.text import echo
from gcv_edge.errors import GcvEdgeError, UsageError

DEBUG = "gcv_edge.debug"
INTERRUPTED = 130
NOBODY_READS = 141

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class OneLineError(click.ClickException):
    """An error as users see it."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code  # type: ignore[misc]

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line."""
        echo(f"Error: {self.message}", file=file, err=file is None)


def debug_option(command: Decorated) -> Decorated:
    """Give a command the option --debug."""
    return click.option(
        "--debug",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=switch_debug,
        help="Print the traceback of an error.",
    )(command)


def switch_debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001
    """Remember, for every context, whether tracebacks are wanted."""
    if value:
        ctx.meta[DEBUG] = True


@contextlib.contextmanager
def guarded(ctx: click.Context | None) -> Iterator[None]:
    """Turn whatever a command raises into one line and an exit code."""
    try:
        yield
        sys.stdout.flush()
    except (click.exceptions.Exit, click.Abort, OneLineError):
        raise
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        silence_output()
        raise click.exceptions.Exit(NOBODY_READS) from None
    except Exception as error:
        if ctx is not None and DEBUG in ctx.meta:
            traceback.print_exc()
        raise translate(error) from error


def translate(error: Exception) -> OneLineError:
    """Say in one line what went wrong."""
    if isinstance(error, click.UsageError):
        return OneLineError(describe_usage(error), error.exit_code)
    if isinstance(error, click.ClickException):
        return OneLineError(error.format_message(), error.exit_code)
    if isinstance(error, GcvEdgeError):
        return OneLineError(str(error), error.exit_code)
    if isinstance(error, OSError):
        return OneLineError(describe_os_error(error), 1)
    if isinstance(error, MemoryError):
        return OneLineError("there is not enough memory", 1)
    return OneLineError(f"{type(error).__name__}: {error} (unexpected: --debug shows where it was)", 1)


def describe_usage(error: click.UsageError) -> str:
    """Say what is wrong with the arguments, and where help is."""
    where = f" (see {error.ctx.command_path} --help)" if error.ctx is not None else ""
    return error.format_message().rstrip(".") + where


def describe_os_error(error: OSError) -> str:
    """Name the file and what the system says."""
    reason = error.strerror or str(error)
    return f"{os.fspath(error.filename)!s}: {reason}" if error.filename is not None else reason


@contextlib.contextmanager
def naming(place: str | os.PathLike[str]) -> Iterator[None]:
    """Name a place in system errors that name none, such as a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno is None or isinstance(error, BrokenPipeError):
            raise
        raise GcvEdgeError(f"{os.fspath(place)}: {error.strerror}") from error


def make_folder(place: str) -> Path:
    """Make a folder that the user named, where there is none.

    Raises:
        UsageError: the name is empty, as an unset variable of a shell is.
        GcvEdgeError: there is a file, or the folder cannot be made.
    """
    if not place:
        raise UsageError("found an empty name, expected a folder to write to")
    folder = Path(place)
    with naming(place):
        if folder.exists() and not folder.is_dir():
            raise GcvEdgeError(f"{place}: found a file, expected a folder")
        folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def muted_libraries() -> Iterator[None]:
    """Keep C libraries off standard error (libpng writes there of damaged pictures); Python still can."""
    try:
        kept = os.dup(sys.stderr.fileno())
    except (OSError, ValueError, AttributeError):
        yield
        return
    spoken, number = sys.stderr, sys.stderr.fileno()
    with os.fdopen(kept, "w", encoding=spoken.encoding, errors="backslashreplace", buffering=1) as voice:
        redirect(os.devnull, number)
        sys.stderr = voice
        try:
            yield
        finally:
            voice.flush()
            os.dup2(kept, number)
            sys.stderr = spoken


def redirect(place: str, number: int) -> None:
    """Let a descriptor write to a place."""
    descriptor = os.open(place, os.O_WRONLY)
    os.dup2(descriptor, number)
    os.close(descriptor)


def silence_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter's exit stays quiet."""
    with contextlib.suppress(OSError, ValueError):
        redirect(os.devnull, sys.stdout.fileno())
