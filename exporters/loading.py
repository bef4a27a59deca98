"""Which exporter a source belongs to."""

from __future__ import annotations

import os
from pathlib import Path

from gcv_edge.errors import ModelFileError, ModelNotFoundError, UsageError
from gcv_edge.exporters.mxnet.export import Network
from gcv_edge.exporters.mxnet.network_files import SYMBOL_SUFFIX, read_network
from gcv_edge.exporters.source import ExportOptions


def load_network(
    source: str,
    params: str | os.PathLike[str] | None = None,
    options: ExportOptions | None = None,
    random_weights: int | None = None,
) -> Network:
    """Load what a source names: a symbol file, ``package.module:factory`` or a zoo name.

    Raises:
        ModelNotFoundError: neither a file nor a name.
        GcvEdgeError: see the loaders.
    """
    options = options or ExportOptions()
    if random_weights is not None and (is_file_source(source) or params is not None):
        raise UsageError("--random-weights is for zoo names without --params")
    if source.endswith(".json"):
        return read_network(source, params)
    if is_file_source(source):
        raise explain_file(source)
    from gcv_edge.exporters.mxnet import live

    if ":" in source:
        return live.load_block_network(source, params, options.input_shape)
    return live.load_zoo_network(source, params, options.input_shape, options.labels, random_weights)


def is_file_source(source: str) -> bool:
    """Tell a path from a name; names have no separators and no file suffix."""
    path = Path(source)
    return path.exists() or os.sep in source or path.suffix in (".json", ".params", ".onnx", ".jpg", ".png")


def explain_file(source: str) -> ModelFileError | ModelNotFoundError:
    """Say what is wrong with a path that is no symbol file."""
    path = Path(source)
    if not path.exists():
        return ModelNotFoundError(f"{source}: no such file")
    if path.suffix == ".params":
        return ModelFileError(source, f"parameters are no network: give NAME{SYMBOL_SUFFIX} and --params")
    return ModelFileError(source, f"expected NAME{SYMBOL_SUFFIX}, a zoo name or package.module:factory")
