"""What a calibration has found out so far, in a file beside its output: an interrupted one goes on there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gcv_edge.files import replacing


class Notes:
    """A dictionary that is on disk after every change.

    Args:
        path: the file; one that belongs to another calibration, or is damaged, is not used.
        key: names the calibration: network, data, target and mode.
    """

    def __init__(self, path: Path, key: str) -> None:
        self.path = path
        self._key = key
        self._entries: dict[str, Any] = read_entries(path, key)
        self.resumed = bool(self._entries)

    def get(self, name: str) -> Any:
        """Return what was noted, None where nothing was."""
        return self._entries.get(name)

    def put(self, name: str, value: Any) -> None:
        """Note a value that JSON can spell; the file is replaced as a whole."""
        self._entries[name] = value
        with replacing(self.path) as temporary:
            temporary.write_text(json.dumps({"key": self._key, "entries": self._entries}))

    def discard(self) -> None:
        """Remove the file: the calibration is done."""
        self.path.unlink(missing_ok=True)


def read_entries(path: Path, key: str) -> dict[str, Any]:
    """Read the entries of the calibration that a key names."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict) or content.get("key") != key:
        return {}
    entries = content.get("entries")
    return entries if isinstance(entries, dict) else {}
