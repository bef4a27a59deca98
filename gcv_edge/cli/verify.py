"""``gcv-edge verify``: a model's numbers against its source's."""

from __future__ import annotations

import click

from gcv_edge.cli.console import echo_json, echo_table, plural, show_number, show_path, stages
from gcv_edge.cli.guard import debug_option
from gcv_edge.cli.options import json_option
from gcv_edge.cli.verdicts import comparisons, error_of, has_passed
from gcv_edge.errors import UsageError, VerificationError


@click.command()
@click.argument("model")
@click.option("--against", metavar="SOURCE", help="What it was exported from; else what the file remembers.")
@click.option("--params", metavar="FILE", help="Parameters of SOURCE, where they are not beside it.")
@json_option("Print the comparisons as JSON.")
@debug_option
def verify(model: str, against: str | None, params: str | None, as_json: bool) -> None:
    """Compare a model's numbers with those of its source; exit code 1 when they differ."""
    from gcv_edge.store import find_model
    from gcv_edge.verify import verify_model

    if params is not None and against is None:
        raise UsageError("--params: goes with --against SOURCE, which is not given")
    path = find_model(model)
    with stages("running the model and its reference"):
        found = verify_model(path, against=against, params=params).to_dict()
    if as_json:
        echo_json({"path": str(path), **found})
    else:
        print_comparisons(show_path(path), found)
    if not has_passed(found):
        raise VerificationError(f"{path}: {name_failures(found)} beyond tolerance")


def print_comparisons(path: str, verification: dict[str, object]) -> None:
    """Print what was compared as a table, and the verdict under it."""
    rows = comparisons(verification)
    echo_table(
        ("output", "max error", "tolerance", "verdict"),
        [
            (
                str(row["name"]),
                error_of(row),
                show_number(float(row["tolerance"])),
                "ok" if is_within(row) else "FAILED",
            )
            for row in rows
        ],
        right=("max error", "tolerance"),
    )
    click.echo(describe_run(path, verification))


def describe_run(path: str, verification: dict[str, object]) -> str:
    """Say what the table is about."""
    verdict = "verified" if has_passed(verification) else "VERIFICATION FAILED"
    inputs, batches = as_words(verification.get("inputs")), as_words(verification.get("batches"))
    on = f"; inputs {', '.join(inputs)}" if inputs else ""
    sizes = f"; {'batch' if len(batches) == 1 else 'batches'} {', '.join(batches)}" if batches else ""
    return f"{path}: {verdict} against {verification.get('reference')}{on}{sizes}"


def as_words(value: object) -> list[str]:
    """Return a list's members as text; none for anything else."""
    return [str(member) for member in value] if isinstance(value, (list, tuple)) else []


def is_within(row: object) -> bool:
    """Tell whether a comparison passed."""
    if not isinstance(row, dict):
        return False
    return row["max_error"] is not None and float(row["max_error"]) <= float(row["tolerance"])


def name_failures(verification: dict[str, object]) -> str:
    """Name the outputs that differ."""
    failed = [str(row["name"]) for row in comparisons(verification) if not is_within(row)]
    return ", ".join(failed) if failed else plural(0, "comparison")
