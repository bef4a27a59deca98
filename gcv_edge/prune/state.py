"""What an interrupted run has found out, beside the file it was going to write."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gcv_edge.files import replacing
from gcv_edge.prune.fitting import Fit


class State:
    """Findings of a run, kept in ``.<output>.prune`` until it is done.

    Args:
        output: the file that is going to be written.
        key: of model, pictures and options; findings of other runs are not used.
    """

    def __init__(self, output: Path, key: str) -> None:
        self.path = output.with_name(f".{output.name}.prune")
        self.key = key
        self.found: dict[str, Any] = {}
        self.fits: dict[str, Fit] = {}
        self.trained: dict[str, NDArray[np.float32]] = {}
        self._read()

    def _read(self) -> None:
        """Take over what fits; a damaged file counts as none."""
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                found = json.loads(str(archive["found"]))
                if found.pop("key") == self.key:
                    self.fits = {
                        name[:-7]: Fit(archive[name], archive[f"{name[:-7]}/bias"])
                        for name in archive.files
                        if name.endswith("/matrix")
                    }
                    self.trained = {
                        name[:-8]: archive[name] for name in archive.files if name.endswith("/trained")
                    }
                    self.found = found
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            self.found, self.fits, self.trained = {}, {}, {}

    def save(self, **found: Any) -> None:
        """Remember findings."""
        self.found |= found
        arrays = {f"{name}/matrix": fit.matrix for name, fit in self.fits.items()}
        arrays |= {f"{name}/bias": fit.bias for name, fit in self.fits.items()}
        arrays |= {f"{name}/trained": array for name, array in self.trained.items()}
        with replacing(self.path) as temporary, temporary.open("wb") as stream:
            np.savez(stream, found=json.dumps({**self.found, "key": self.key}), **arrays)

    def save_fits(self, fits: Mapping[str, Fit]) -> None:
        """Remember fitted layers."""
        self.fits = dict(fits)
        self.save()

    def forget_fits(self) -> None:
        """Begin the fitting of other widths."""
        self.fits, self.trained = {}, {}
        self.found.pop("distilled", None)

    def remove(self) -> None:
        """Remove the file: the run is done."""
        self.path.unlink(missing_ok=True)
