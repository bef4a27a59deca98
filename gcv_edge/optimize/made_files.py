"""Files that an interrupted search for the fastest form has made."""

from __future__ import annotations

import json
from pathlib import Path

from gcv_edge.files import replacing
from gcv_edge.optimize.run import OptimizeResult


class MadeFiles:
    """Which files an interrupted search has made; those of another search do not count.

    Args:
        path: JSON file.
        key: of what the files depend on.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._files: dict[str, dict[str, str | None]] = read_records(path, key)

    def last(self, name: str) -> Path | None:
        """Return the last file of a trial; None where there is none."""
        found = self._files.get(name, {}).get("last")
        return None if found is None else Path(found)

    def pruned(self, name: str) -> Path | None:
        """Return the pruned float file of a trial, likewise."""
        found = self._files.get(name, {}).get("pruned")
        return None if found is None else Path(found)

    def add(self, name: str, result: OptimizeResult) -> None:
        """Keep what a trial made."""
        pruned = None if result.pruned is None else str(result.pruned.path)
        self._files[name] = {"last": str(result.path), "pruned": pruned}
        with replacing(self._path) as path:
            path.write_text(json.dumps({"key": self._key, "files": self._files}))


def read_records(path: Path, key: str) -> dict[str, dict[str, str | None]]:
    """Read records whose files are all there; none where they are damaged or of another search."""
    try:
        stored = json.loads(path.read_text())
        files = dict(stored["files"]) if stored["key"] == key else {}
        paths = [name for found in files.values() for name in found.values() if name is not None]
        return files if all(Path(name).is_file() for name in paths) else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
