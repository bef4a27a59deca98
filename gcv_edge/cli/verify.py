"""``gcv-edge verify``: a model's numbers against its source's."""

from __future__ import annotations

import click

from gcv_edge.cli.apart import TIME_LIMIT, verify_apart
from gcv_edge.cli.completion import MODEL, SOURCE
from gcv_edge.cli.console import echo_json, echo_table, show_number, show_path, stages
from gcv_edge.cli.guard import DEBUG, debug_option
from gcv_edge.cli.options import Fraction, json_option, params_option
from gcv_edge.cli.text import echo
from gcv_edge.cli.verdicts import comparisons, describe_trials, error_of, has_passed, reservations
from gcv_edge.errors import UsageError, VerificationError


@click.command()
@click.argument("model", type=MODEL)
@click.option(
    "--against",
    type=SOURCE,
    metavar="SOURCE",
    help="Source of the export, run again; without it, the numbers stored in the file.",
)
@params_option
@click.option(
    "--time-limit",
    type=Fraction(0, min_open=True),
    default=TIME_LIMIT,
    show_default=True,
    metavar="SECONDS",
    help="Longest time for the check. A crash or this limit is reported in one line.",
)
@json_option("Print the comparisons as JSON.")
@debug_option
@click.pass_context
def verify(
    ctx: click.Context, model: str, against: str | None, params: str | None, time_limit: float, as_json: bool
) -> None:
    """Compare a model's numbers with those of its source; exit code 1 if they differ.

    The file is opened in a separate process, so that a file of unknown origin can be checked.
    """
    from gcv_edge.store import find_model

    if params is not None and against is None:
        raise UsageError("--params: needs --against SOURCE, which is not given")
    path = find_model(model)
    with stages("running the model and its reference"):
        answer = verify_apart(path, against, params, time_limit, DEBUG in ctx.meta)
    found = answer["verification"]
    if as_json:
        echo_json({"path": str(path), **found})
    else:
        print_comparisons(show_path(path), found)
    if answer["failure"]:
        raise VerificationError(f"{path}: {answer['failure']}")


def print_comparisons(path: str, verification: dict[str, object]) -> None:
    """Print what was compared as a table, and the verdict under it."""
    rows = comparisons(verification)
    echo_table(
        ("output", "input", "max error", "tolerance", "unit", "verdict"),
        [
            (
                str(row["name"]),
                str(row.get("picture", "")),
                error_of(row),
                show_number(float(row["tolerance"])),
                str(row.get("unit", "")),
                "ok" if is_within(row) else f"FAILED {row.get('problem', '')}".strip(),
            )
            for row in rows
        ],
        right=("max error", "tolerance"),
    )
    verdict = "verified" if has_passed(verification) else "VERIFICATION FAILED"
    tried = describe_trials(verification)
    for heading, line in reservations(verification):
        echo(f"{heading}: {line}")
    echo(f"{path}: {verdict} against {verification.get('reference')}{tried}")


def is_within(row: object) -> bool:
    """Tell whether a comparison passed."""
    if not isinstance(row, dict) or row.get("problem") or row["max_error"] is None:
        return False
    return float(row["max_error"]) <= float(row["tolerance"])
