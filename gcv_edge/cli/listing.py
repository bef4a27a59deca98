"""``gcv-edge list``: stored models, and zoo names that can be exported."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import click

from gcv_edge.cli.console import echo_columns, echo_json, echo_table, show_path, show_size, stages
from gcv_edge.cli.guard import debug_option
from gcv_edge.cli.options import Word, json_option
from gcv_edge.errors import GcvEdgeError, MissingExtraError
from gcv_edge.tasks import TASKS

MISSING_ZOO = "GluonCV's zoo: not installed (pip install 'gcv-edge[mxnet]' lets export take zoo names)"


@click.command("list")
@click.option("--task", type=Word(list(TASKS)), help="Only networks for this task.")
@json_option()
@debug_option
def listing(task: str | None, as_json: bool) -> None:
    """List the models in the store, and the GluonCV zoo names that can be exported."""
    models = [model for model in stored() if task in (None, model["task"])]
    with stages("asking GluonCV for its names"):
        zoo = zoo_names(task)
    if as_json:
        echo_json({"models": models, "zoo": zoo})
    else:
        print_models(models)
        print_zoo(zoo)


def stored() -> list[dict[str, Any]]:
    """Describe every model in the store; a damaged one says what is wrong with it."""
    from gcv_edge.store import stored_models

    return [describe(name, path) for name, path in stored_models().items()]


def describe(name: str, path: Path) -> dict[str, Any]:
    """Describe one stored model."""
    from gcv_edge.runtime.modelfile import read_metadata

    entry: dict[str, Any] = {"name": name, "path": str(path), "task": None, "labels": None, "error": None}
    try:
        metadata = read_metadata(path)
    except GcvEdgeError as error:
        return {**entry, "error": str(error)}
    return {
        **entry,
        "task": metadata.task.name,
        "variant": metadata.variant,
        "labels": len(metadata.labels),
        "source": metadata.source,
        "bytes": path.stat().st_size,
    }


def zoo_names(task: str | None) -> dict[str, list[str]] | None:
    """List by task the names that gluoncv has and this package can export; None where it is missing."""
    if any(importlib.util.find_spec(name) is None for name in ("mxnet", "gluoncv", "onnx_ir")):
        return None
    from gcv_edge.exporters.mxnet.compat import import_gluoncv
    from gcv_edge.exporters.mxnet.zoo import describe

    try:
        names = sorted(import_gluoncv().model_zoo.get_model_list())
    except MissingExtraError:
        return None
    found: dict[str, list[str]] = {}
    for name in names:
        facts = describe(name)
        if facts is not None and task in (None, facts.task.name):
            found.setdefault(facts.task.name, []).append(name)
    return found


def print_models(models: list[dict[str, Any]]) -> None:
    """Print the store as a table."""
    from gcv_edge.store import models_folder

    if not models:
        click.echo(f"No models in {show_path(models_folder())} (gcv-edge export makes one)")
        return
    click.echo(f"Models in {show_path(models_folder())}:")
    rows = [model_row(model) for model in models]
    echo_table(("name", "task", "labels", "size", "file"), rows, right=("labels", "size"))


def model_row(model: dict[str, Any]) -> tuple[str, ...]:
    """Return one model's line of the table."""
    if model["error"] is not None:
        return (model["name"], "damaged", "", "", show_path(model["path"]))
    size = show_size(model["bytes"])
    return (model["name"], model["task"], str(model["labels"]), size, show_path(model["path"]))


def print_zoo(zoo: dict[str, list[str]] | None) -> None:
    """Print the zoo's names in columns, by task."""
    if zoo is None:
        click.echo(MISSING_ZOO)
        return
    width = shutil.get_terminal_size().columns
    for task, names in zoo.items():
        click.echo(f"\nGluonCV's zoo, {task} ({len(names)}):")
        echo_columns(names, width)
