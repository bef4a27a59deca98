"""``gcv-edge list``: stored models, and zoo names with what their export gives."""

from __future__ import annotations

import importlib.util
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gcv_edge.cli.completion import PATH
from gcv_edge.cli.console import echo_json, echo_table, show_number, show_path, show_size
from gcv_edge.cli.guard import debug_option
from gcv_edge.cli.options import Word, json_option
from gcv_edge.cli.outputs import check_report, write_text
from gcv_edge.cli.text import echo
from gcv_edge.errors import GcvEdgeError, cure_missing
from gcv_edge.tasks import TASKS

if TYPE_CHECKING:
    from gcv_edge.zoo_table import ZooEntry

ZOO_HEADERS = ("name", "input", "size", "error", "MXNet ms", "ORT ms", "OpenVINO ms", "note")
EXPLANATION = (
    "error: largest difference from MXNet, in units of the output's own deviation; ms: one inference,\n"
    "on the machine that docs/zoo.md names; it has more figures."
)


@click.command("list")
@click.option("--task", type=Word(list(TASKS)), help="Only networks for this task.")
@click.option(
    "--html",
    type=PATH,
    metavar="FILE.html",
    help="Write the zoo as a page with a chart, to filter and compare.",
)
@json_option()
@debug_option
def listing(task: str | None, html: str | None, as_json: bool) -> None:
    """List the models in the store, and the GluonCV zoo names that can be exported, with figures."""
    if html is not None:
        write_zoo(html, task)
        if not as_json:
            echo(f"The zoo is in {show_path(html)}")
            return
    models = [model for model in stored() if task in (None, model["task"])]
    zoo = zoo_entries(task)
    if as_json:
        echo_json({"models": models, "zoo": {key: list(map(asdict, rows)) for key, rows in zoo.items()}})
    else:
        print_models(models)
        print_zoo(zoo)


def write_zoo(name: str, task: str | None) -> None:
    """Write the page of the zoo."""
    from gcv_edge.zoo_page import format_zoo_page

    check_report(name, "--html")
    text = format_zoo_page(task)
    write_text(name, text)


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


def zoo_entries(task: str | None) -> dict[str, list[ZooEntry]]:
    """List by task the names of GluonCV's zoo that can be exported."""
    from gcv_edge.zoo_table import read_table

    found: dict[str, list[ZooEntry]] = {}
    for entry in read_table().entries:
        if entry.task and task in (None, entry.task):
            found.setdefault(entry.task, []).append(entry)
    return dict(sorted(found.items()))


def has_zoo() -> bool:
    """Tell whether names can be exported here."""
    return all(importlib.util.find_spec(name) is not None for name in ("mxnet", "gluoncv", "onnx_ir"))


def place_of_store() -> str:
    """Name the store's folder."""
    from gcv_edge.store import models_folder

    try:
        return show_path(models_folder())
    except GcvEdgeError:
        return "the model store, which has no folder: GCV_EDGE_HOME or HOME names one"


def print_models(models: list[dict[str, Any]]) -> None:
    """Print the store as a table."""
    if not models:
        echo(f"No models in {place_of_store()} (gcv-edge export makes one)")
        return
    echo(f"Models in {place_of_store()}:")
    rows = [model_row(model) for model in models]
    echo_table(("name", "task", "labels", "size", "file"), rows, right=("labels", "size"), text=("file",))


def model_row(model: dict[str, Any]) -> tuple[str, ...]:
    """Return one model's line of the table."""
    if model["error"] is not None:
        return (model["name"], "damaged", "", "", show_path(model["path"]))
    size = show_size(model["bytes"])
    return (model["name"], model["task"], str(model["labels"]), size, show_path(model["path"]))


def print_zoo(zoo: dict[str, list[ZooEntry]]) -> None:
    """Print the zoo's names as tables, by task."""
    for task, entries in zoo.items():
        echo(f"\nGluonCV's zoo, {task} ({len(entries)}):")
        echo_table(ZOO_HEADERS, map(zoo_row, entries), right=ZOO_HEADERS[2:-1], text=("note",))
    if zoo:
        echo(f"\n{EXPLANATION}")
    if not has_zoo():
        echo(f"GluonCV's zoo is not installed; names need the extra [mxnet]: {cure_missing('mxnet')}")


def zoo_row(entry: ZooEntry) -> tuple[str, ...]:
    """Return one name's line of the table."""
    times = (entry.milliseconds.get(engine) for engine in ("mxnet", "onnxruntime", "openvino"))
    return (
        entry.name,
        ", ".join("x".join(map(str, shape[1:])) for shape in entry.inputs),
        show_size(entry.bytes),
        "" if entry.error is None else show_number(entry.error),
        *("" if time is None else f"{time:.4g}" for time in times),
        entry.note,
    )
