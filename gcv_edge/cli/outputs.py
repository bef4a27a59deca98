"""Files that commands write: what cannot be written is found out before the work begins."""

from __future__ import annotations

import tempfile
from pathlib import Path

from gcv_edge.cli.guard import naming
from gcv_edge.errors import GcvEdgeError, UsageError


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
