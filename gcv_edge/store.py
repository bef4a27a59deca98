"""The model store: names for exported files, so that ``Detector("yolo3")`` finds what was exported.

The store is the folder ``models`` in GCV_EDGE_HOME (default: ``gcv-edge`` in XDG_CACHE_HOME or ``~/.cache``).
A name is either a file there, ``NAME.onnx``, or a note ``NAME.json`` that holds the path of a file elsewhere.
Every note is a file of its own and replaced whole, so any number of processes may write at once.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from gcv_edge.errors import GcvEdgeError, ModelNotFoundError
from gcv_edge.files import is_file, replacing

SUFFIX = ".onnx"
NOTE_SUFFIX = ".json"
SHOWN_NAMES = 8
FILE_SUFFIXES = (
    ".bin",
    ".engine",
    ".h5",
    ".json",
    ".params",
    ".pb",
    ".pt",
    ".pth",
    ".tflite",
    ".torchscript",
    ".xml",
)
"""Ends of files that hold networks elsewhere; a name that ends so is taken for a file's."""


def home() -> Path:
    """Return the folder that holds what this package keeps between runs; it need not exist.

    Raises:
        GcvEdgeError: the user has no home, as in a container of a user without a name.
    """
    chosen = os.environ.get("GCV_EDGE_HOME")
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        return Path(chosen).expanduser() if chosen else Path(cache).expanduser() / "gcv-edge"
    except RuntimeError:
        raise GcvEdgeError(
            "the model store: found no home folder, expected GCV_EDGE_HOME or HOME to name one"
        ) from None


def models_folder() -> Path:
    """Return the model store's folder; it need not exist."""
    return home() / "models"


def stored_path(name: str) -> Path:
    """Return where a file of that name belongs inside the store; the folder is made.

    Raises:
        ValueError: the name cannot be a file's name.
        GcvEdgeError: the folder cannot be made.
    """
    return make_folder() / f"{check_name(name)}{SUFFIX}"


def remember(path: str | os.PathLike[str], name: str) -> None:
    """Give a file a name in the store; an older file or note of that name is forgotten.

    Raises:
        ValueError: the name cannot be a file's name.
        GcvEdgeError: the store cannot be written.
    """
    target = Path(path).resolve()
    folder = make_folder()
    note = folder / f"{check_name(name)}{NOTE_SUFFIX}"
    try:
        if target == (folder / f"{name}{SUFFIX}").resolve():
            note.unlink(missing_ok=True)
            return
        with replacing(note) as temporary:
            temporary.write_text(json.dumps({"path": str(target)}), encoding="utf-8")
    except OSError as error:
        raise GcvEdgeError(f"{note}: the model store cannot be written: {error.strerror}") from error


def try_to_remember(path: str | os.PathLike[str], name: str) -> bool:
    """Do as ``remember`` does; False where the store cannot be written or the name cannot be a file's."""
    try:
        remember(path, name)
    except (GcvEdgeError, ValueError):
        return False
    return True


def take_name(path: str | os.PathLike[str], name: str) -> tuple[str, ...]:
    """Give a file a name as ``try_to_remember`` does, and say from which other file the name was taken.

    Returns:
        A line; none where the name was free, or was this file's already.
    """
    before, target = stored_models().get(name), Path(path).resolve()
    if not try_to_remember(path, name) or before is None or before.resolve() == target:
        return ()
    return (f"the name '{name}' now means {target}; {before}, which it meant before, goes by its path",)


def stored_models() -> dict[str, Path]:
    """List the store: name to path, sorted; notes whose file is gone are left out."""
    found = {path.stem: path for path in entries(SUFFIX)}
    noted = {path.stem: read_note(path) for path in entries(NOTE_SUFFIX)}
    found |= {name: path for name, path in noted.items() if path is not None and is_file(path)}
    return dict(sorted(found.items()))


def find_model(model: str | os.PathLike[str]) -> Path:
    """Find a model file by its path, or by its name in the store or an unambiguous beginning of that name.

    A file that exists always wins.

    Raises:
        ModelNotFoundError: nothing answers to it, or several names do; the message lists what is close.
    """
    path = Path(model)
    if is_file(path):
        return path
    wanted = os.fspath(model)
    if is_path(wanted):
        raise ModelNotFoundError(f"{wanted}: no such file{hint_at(path)}")
    models = stored_models()
    if wanted in models:
        return models[wanted]
    candidates = [name for name in models if wanted and name.startswith(wanted)]
    if len(candidates) == 1:
        return models[candidates[0]]
    if wanted and path.is_dir():
        raise ModelNotFoundError(f"{wanted}: no such file{hint_at(path)}")
    if path.suffix.lower() in FILE_SUFFIXES:
        raise ModelNotFoundError(f"{wanted}: no such file{hint_at(path)}")
    raise ModelNotFoundError(explain(wanted, candidates, models))


def is_path(wanted: str) -> bool:
    """Tell whether a caller means a file rather than a name."""
    return wanted.endswith(SUFFIX) or Path(wanted).name != wanted


def hint_at(path: Path) -> str:
    """Say why a path that is no file might have been meant."""
    if path.is_dir():
        return ", found a folder, expected an .onnx file"
    if os.path.lexists(path):
        return ", found a name that leads to none (a pipe, a device or a link to nothing)"
    siblings = [sibling.name for sibling in path.parent.glob(f"*{SUFFIX}")] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, siblings, n=3)
    return f"; did you mean {', '.join(str(path.parent / name) for name in close)}?" if close else ""


def explain(wanted: str, candidates: list[str], models: Iterable[str]) -> str:
    """Say why a name was not found and what to do."""
    if candidates:
        return f"model '{wanted}' is ambiguous: found {shorten(candidates)}"
    names = list(models)
    close = difflib.get_close_matches(wanted, names, n=3)
    close = close or [name for name in names if wanted and wanted in name]
    if close:
        return f"model '{wanted}' is neither a file nor in the model store; did you mean {shorten(close)}?"
    stored = f"it has {shorten(names)}" if names else f"{models_folder()} is empty"
    return f"model '{wanted}' is neither a file nor in the model store ({stored}): gcv-edge export makes one"


def shorten(names: list[str]) -> str:
    """Join names, a few of them."""
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more


def check_name(name: str) -> str:
    """Return a name that can be a file's.

    Raises:
        ValueError: it is empty, starts with a dot, or contains a separator or a control character.
    """
    if not name or name.startswith(".") or any(c in "/\\:" or not c.isprintable() for c in name):
        raise ValueError(f"model name: found {name!r}, expected one without separators or a leading dot")
    return name


def make_folder() -> Path:
    """Make the store's folder and return it."""
    folder = models_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GcvEdgeError(f"{folder}: the model store cannot be made: {error.strerror}") from error
    return folder


def entries(suffix: str) -> list[Path]:
    """List the store's files with a suffix; hidden ones are writes under way. Without a store, none."""
    try:
        found = list(models_folder().iterdir())
    except (OSError, GcvEdgeError):
        return []
    return [path for path in found if path.suffix == suffix and not path.name.startswith(".")]


def read_note(path: Path) -> Path | None:
    """Return the path in a note; None where the note is damaged or gone."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    target = note.get("path") if isinstance(note, dict) else None
    return Path(target) if isinstance(target, str) and "\0" not in target else None
