"""Files that commands write: checked before the work begins, replaced as a whole."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gcv_edge.cli.guard import naming
from gcv_edge.errors import GcvEdgeError, UsageError
from gcv_edge.files import replacing


def check_output(output: str | None, source: str) -> None:
    """Find out before the work begins that the output cannot be written.

    Raises:
        UsageError: it is the source itself, or not named like a model.
        GcvEdgeError: its folder is missing or not writable.
    """
    if output is None:
        return
    path = Path(output)
    if path.suffix != ".onnx":
        raise UsageError(f"-o {output}: expected a name that ends in .onnx")
    with naming(output):
        if path.is_dir():
            raise GcvEdgeError(f"{output}: found a folder, expected a file")
        if Path(source).exists() and path.exists() and path.samefile(source):
            raise UsageError(f"-o {output}: is the source itself")
        check_folder(path.parent)


def check_folder(folder: Path) -> None:
    """Try to make a file in a folder; it leaves nothing there."""
    if not folder.is_dir():
        found = "not a folder" if folder.exists() else "no such folder"
        raise GcvEdgeError(f"{folder}: {found}")
    try:
        with tempfile.NamedTemporaryFile(prefix=".gcv-edge.", dir=folder):
            pass
    except OSError as error:
        raise GcvEdgeError(f"{folder}: cannot be written: {error.strerror}") from error


def write_text(name: str, text: str) -> None:
    """Write a file of text, whole or not at all; errors name it."""
    with naming(name), replacing(name) as path:
        path.write_text(text, encoding="utf-8")


def check_file(option: str, name: str, suffix: str) -> None:
    """Find out before the work begins that a file cannot be written.

    Raises:
        UsageError: it is not named like what is written into it.
        GcvEdgeError: its folder is missing or not writable.
    """
    if Path(name).suffix != suffix:
        raise UsageError(f"{option} {name}: expected a name that ends in {suffix}")
    if Path(name).is_dir():
        raise GcvEdgeError(f"{name}: found a folder, expected a file")
    check_folder(Path(name).parent)


def check_report(name: str | None, option: str = "--report") -> None:
    """Find out before the work begins that a page cannot be made; None for no page.

    Raises:
        MissingExtraError: Plotly is not installed.
        UsageError, GcvEdgeError: as ``check_file``.
    """
    if name is None:
        return
    check_file(option, name, ".html")
    from gcv_edge.reporting import read_bundle

    read_bundle()
