"""The command group: which commands exist, and where each is."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from typing import Any

import click

from gcv_edge import __version__
from gcv_edge.cli.guard import guarded
from gcv_edge.cli.signals import ending_tidily, interrupted_quietly
from gcv_edge.cli.text import echo

COMMANDS = {
    "export": ("gcv_edge.cli.export", "Turn a trained network into one self-describing .onnx file."),
    "predict": ("gcv_edge.cli.predict", "Run a model on a picture, a folder, a video or a camera."),
    "val": ("gcv_edge.cli.val", "Measure how good a model is on labelled pictures."),
    "verify": ("gcv_edge.cli.verify", "Compare a model's numbers with those of its source."),
    "optimize": ("gcv_edge.cli.optimize", "Find the fastest form of a model within an accuracy budget."),
    "calibrate": ("gcv_edge.cli.calibrate", "Make an 8-bit network from an exported file and pictures."),
    "prune": ("gcv_edge.cli.prune", "Remove channels from a model until it is fast enough."),
    "benchmark": ("gcv_edge.cli.benchmark", "Measure how fast models are here, and choose one to deploy."),
    "info": ("gcv_edge.cli.info", "Show what a model file is for and which input it takes."),
    "list": ("gcv_edge.cli.listing", "List stored models and networks that can be exported."),
    "doctor": ("gcv_edge.cli.doctor", "Check this machine and this installation."),
    "demo": ("gcv_edge.cli.demo", "Export and run the network that the package ships."),
}
"""Name to module, which has the command under its own last name, and the line of help."""


class CommandLine(click.Group):
    """A group whose commands are imported when needed and whose errors are one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """List the commands in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = COMMANDS[cmd_name][0]
        command: click.Command = getattr(importlib.import_module(module), module.rpartition(".")[2])
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; an unknown one is answered with the closest."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            close = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"expected one of {', '.join(COMMANDS)}"
            ctx.fail(f"no such command '{name}': {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(command_lines()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run as a program."""
        with ending_tidily(), interrupted_quietly():
            return super().main(*args, **kwargs)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the group's own arguments."""
        with guarded(None):
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        with guarded(ctx):
            return super().invoke(ctx)


def command_lines() -> Iterator[tuple[str, str]]:
    """Give each command's name and line of help."""
    return ((name, line) for name, (_, line) in COMMANDS.items())


@click.group(
    cls=CommandLine,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gcv-edge", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Put a trained GluonCV network on a CPU: export, verify, run.

    Start with `gcv-edge demo`.
    """
    if ctx.invoked_subcommand is None:
        echo(ctx.get_help())
