"""What a shell completes where a command takes files, models or zoo names."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


class PathWord(click.types.StringParamType):
    """A path; the shell completes it by itself."""

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """Give the names that begin so; where there are none, leave it to the shell."""
        names = sorted(name for name in self.names() if name.startswith(incomplete)) if incomplete else []
        return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]

    def names(self) -> Iterable[str]:
        """Return the names that may stand for a path."""
        return ()


class ModelWord(PathWord):
    """A model: a file, or a name in the store."""

    def names(self) -> Iterable[str]:
        """Return the names in the store."""
        from gcv_edge.store import stored_models

        return stored_models()


class SourceWord(PathWord):
    """What export takes: a file, or a name of the zoo."""

    def names(self) -> Iterable[str]:
        """Return the names of the zoo."""
        from gcv_edge.zoo_table import read_table

        return (entry.name for entry in read_table().entries if entry.task)


PATH, MODEL, SOURCE = PathWord(), ModelWord(), SourceWord()
