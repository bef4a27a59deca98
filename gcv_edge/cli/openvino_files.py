"""``gcv-edge export --to``: files for OpenVINO's own tools."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from gcv_edge.cli.console import show_path, show_size
from gcv_edge.cli.guard import naming
from gcv_edge.cli.outputs import check_file, check_folder
from gcv_edge.cli.text import echo
from gcv_edge.errors import UsageError
from gcv_edge.runtime.modelfile import read_entries

if TYPE_CHECKING:
    from gcv_edge.model_api import IrFiles

ONNX, IR, MODEL_SERVER = FORMATS = ("onnx", "openvino", "ovms")
"""What ``export`` writes."""

OF_ANY_SOURCE = ("source", "output", "to", "as_json")
"""Parameters of the command that mean something for a file that was exported before."""


def check_place(to: str, output: str | None) -> str:
    """Find out before the work begins that files for OpenVINO cannot be written.

    Raises:
        UsageError: no place is named, or not as what is written there; or 8-bit files are asked for too.
        GcvEdgeError: the place is not writable.
    """
    if output is None:
        where = "-o FOLDER" if to == MODEL_SERVER else "-o OUT.xml"
        raise UsageError(f"--to {to} needs {where}")
    if click.get_current_context().params["data"] is not None:
        raise UsageError(f"--calibrate is not for --to {to}: calibrate, then export the 8-bit file")
    if to == MODEL_SERVER:
        check_folder(Path(output) if Path(output).exists() else Path(output).parent)
    else:
        check_file("-o", output, ".xml")
    return output


def is_exported(source: str) -> bool:
    """Tell whether a source is a file that this package has written.

    Raises:
        UsageError: it is, and there are options for sources that are exported now.
        ModelFileError: it is an .onnx file that cannot be read.
    """
    path = Path(source)
    if path.suffix != ".onnx" or not path.is_file() or "gcv_edge task" not in read_entries(path):
        return False
    context = click.get_current_context()
    for name in context.params:
        if name not in OF_ANY_SOURCE and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = "--" + name.replace("_", "-")
            raise UsageError(f"{option}: {source} was exported before, and keeps what it says")
    return True


@dataclass(frozen=True)
class OpenVinoFiles:
    """What was written.

    Attributes:
        network: its files.
        config: what OpenVINO Model Server is started with; None where the files are not for it.
    """

    network: IrFiles
    config: Path | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        network = self.network
        return {
            "path": str(network.xml),
            "weights": str(network.weights),
            "config": str(self.config) if self.config is not None else None,
            "task": network.task.name,
            "model_info": network.info.entries,
            "warnings": list(network.info.warnings),
        }


def write_openvino(to: str, model: str | Path, output: str) -> OpenVinoFiles:
    """Convert an exported file."""
    from gcv_edge.model_api import CONFIG, write_ir, write_repository

    with naming(output):
        if to == MODEL_SERVER:
            return OpenVinoFiles(write_repository(model, output), Path(output) / CONFIG)
        return OpenVinoFiles(write_ir(model, output), None)


def print_openvino(made: OpenVinoFiles) -> None:
    """Say what was written, what will differ, and what to do next."""
    network = made.network
    size = show_size(sum(path.stat().st_size for path in (network.xml, network.weights)))
    wrapper = network.info.entries["model_type"]
    written = f"{show_path(network.xml)}, {show_path(network.weights.name)}"
    echo(f"{written}: {network.task.name}, for Model API's {wrapper}, {size}")
    for warning in network.info.warnings:
        echo(f"Warning: {warning}")
    if made.config is not None:
        echo(f"\nNext: ovms --config_path {shlex.quote(show_path(made.config))} --port 9000")
    else:
        echo(f"\nNext: Model.create_model({show_path(network.xml)!r}) of openvino-model-api")
