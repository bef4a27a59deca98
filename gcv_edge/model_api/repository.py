"""The folder that OpenVINO Model Server serves networks from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from gcv_edge.errors import GcvEdgeError
from gcv_edge.files import replacing
from gcv_edge.model_api.conversion import IrFiles, convert, save
from gcv_edge.store import find_model

CONFIG, VERSION = "config.json", "1"


def write_repository(model: str | os.PathLike[str], folder: str | os.PathLike[str]) -> IrFiles:
    """Write an exported file as IR into a repository of OpenVINO Model Server, and add it to its config.json.

    Args:
        model: an exported .onnx file, ``NAME.onnx``, or its name in the model store; it is served as NAME.
        folder: of the repository; it is made where there is none. The network's files become
            ``NAME/1/NAME.xml`` and ``NAME/1/NAME.bin``, in the place of earlier ones.

    Raises:
        GcvEdgeError: as ``write_ir``; or config.json is none of Model Server's.
    """
    path, config = find_model(model), Path(folder) / CONFIG
    listed, name = read_config(config), path.stem
    converted = convert(path)
    version = Path(folder) / name / VERSION
    try:
        version.mkdir(parents=True, exist_ok=True)
        files = save(converted, version / f"{name}.xml")
        with replacing(config) as temporary:
            temporary.write_text(json.dumps(add_model(listed, name), indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise GcvEdgeError(f"{folder}: cannot be written: {error.strerror or error}") from error
    return files


def read_config(path: Path) -> dict[str, Any]:
    """Read what is served already; nothing where there is no file.

    Raises:
        GcvEdgeError: it cannot be read, or is no list of models.
    """
    if not path.exists():
        return {"model_config_list": []}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        names_in(found)
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise GcvEdgeError(
            f"{path}: found no model_config_list, expected OpenVINO Model Server's configuration"
        ) from error
    assert isinstance(found, dict)
    return found


def names_in(config: Any) -> list[str]:
    """List the names of the models that a configuration serves."""
    return [entry["config"]["name"] for entry in config["model_config_list"]]


def add_model(config: dict[str, Any], name: str) -> dict[str, Any]:
    """Add a model whose folder lies beside the configuration, unless it is in there already."""
    if name in names_in(config):
        return config
    entry = {"config": {"name": name, "base_path": name}}
    return {**config, "model_config_list": [*config["model_config_list"], entry]}
