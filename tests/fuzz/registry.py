"""All targets."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from tests.fuzz.rehearsal import REHEARSAL
from tests.fuzz.target import Target


@functools.cache
def all_targets() -> Mapping[str, Target]:
    """Return the targets by their names; what they need is imported when they are first asked for."""
    from tests.fuzz.readers import (
        annotations,
        data_sets,
        downloads,
        many_pictures,
        model_files,
        networks,
        own_files,
        pictures,
    )

    modules = (networks, data_sets, annotations, pictures, model_files, own_files, downloads, many_pictures)
    return {target.name: target for module in modules for target in module.TARGETS}


def find_target(name: str) -> Target:
    """Return a target by its name."""
    return REHEARSAL if name == REHEARSAL.name else all_targets()[name]
