"""Options that classes of networks pass on to each other, by name, so that a type checker knows them."""

from __future__ import annotations

from typing import TypedDict


class NetworkOptions(TypedDict, total=False):
    """Options of ``Network``."""

    engine: str | None
    precision: str
    hint: str
    threads: int | None
    streams: int | None
    device: str
    cache_dir: str | None


class ModelOptions(NetworkOptions, total=False):
    """Options of ``Model``."""

    color: str


class LoadOptions(ModelOptions, total=False):
    """Options of all classes together; each takes its own."""

    confidence: float | None
    segments: int | None
