"""Which exporter a source belongs to."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gcv_edge.errors import GcvEdgeError, ModelFileError, ModelNotFoundError, UnsupportedError, UsageError
from gcv_edge.exporters.boundary import refusing
from gcv_edge.exporters.mxnet import live
from gcv_edge.exporters.mxnet.compat import restore_numpy_aliases
from gcv_edge.exporters.mxnet.convert import check_symbol
from gcv_edge.exporters.mxnet.export import export_network
from gcv_edge.exporters.mxnet.known_faults import describe_faults
from gcv_edge.exporters.mxnet.network import Network
from gcv_edge.exporters.mxnet.network_files import SYMBOL_SUFFIX, read_network
from gcv_edge.exporters.mxnet.outputs import choose_outputs
from gcv_edge.exporters.mxnet.parts import take_part
from gcv_edge.exporters.mxnet.training_batch import take_one
from gcv_edge.exporters.onnx.adoption import adopt_model
from gcv_edge.exporters.onnx.options import Adoption
from gcv_edge.exporters.source import ExportedModel, ExportOptions, Source
from gcv_edge.exporters.torch.export import export_module

FILE_SUFFIX = re.compile(r"\.[a-z][a-z0-9]*", re.IGNORECASE)
"""Ends no zoo name: what follows their dots are digits."""
CHECKPOINT_SUFFIXES = (".pt", ".pth", ".ckpt", ".safetensors", ".torchscript")


def load_source(
    source: str,
    params: str | os.PathLike[str] | None = None,
    options: ExportOptions | None = None,
    adoption: Adoption | None = None,
    random_weights: int | None = None,
) -> Source:
    """Load what a source names.

    Args:
        source: zoo name, ``PREFIX-symbol.json``, ``package.module:factory`` or a foreign ``.onnx`` file.
        params: parameters, where they do not lie beside the symbol.
        options: input shape and class names, which some sources need to be loaded.
        adoption: what a foreign detector does not say of its outputs.
        random_weights: seed for random instead of trained weights; for zoo names.

    Raises:
        ModelNotFoundError: neither a file nor a name.
        GcvEdgeError: see the loaders.
    """
    options = options or ExportOptions()
    if random_weights is not None and (is_file_source(source) or ":" in source or params is not None):
        raise UsageError("--random-weights is for zoo names without --params")
    if source.endswith(".onnx"):
        refuse_for_mxnet(source, params, options)
        return OnnxSource(Path(source), adoption or Adoption())
    if source.endswith(".json"):
        return open_mxnet(read_network(source, params), options)
    if is_file_source(source):
        raise explain_file(source)
    if ":" in source:
        return load_factory(source, params, options)
    network = live.load_zoo_network(
        source, params, options.input_shape, options.labels, random_weights, options.further_shapes
    )
    return open_mxnet(network, options)


def refuse_for_mxnet(source: str, params: str | os.PathLike[str] | None, options: ExportOptions) -> None:
    """Refuse what means something for networks of MXNet alone.

    Raises:
        UsageError: it would be dropped.
    """
    if params is not None:
        raise UsageError(
            f"{source}: --params is for MXNet; an .onnx file has its own, let a factory load torch's"
        )
    if options.part is not None:
        raise UsageError(f"{source}: --part is for MXNet's networks of several inputs")


def open_mxnet(network: Network, options: ExportOptions) -> MxnetSource:
    """Take the outputs, and the part, of a network that are asked for.

    Raises:
        UnsupportedError: an operator has too few or too many inputs.
    """
    check_symbol(network.symbol)
    network = choose_outputs(network, options)
    return MxnetSource(take_part(network if options.input_shape is not None else take_one(network), options))


@dataclass(frozen=True)
class MxnetSource:
    """A network of MXNet."""

    network: Network

    @property
    def name(self) -> str:
        """Zoo name, or the symbol file's."""
        return self.network.name

    def convert(self, options: ExportOptions) -> ExportedModel:
        """Make the ONNX graph."""
        with refusing(self.name):
            exported = export_network(self.network, options)
        return replace(exported, notes=(*exported.notes, *describe_faults(self.network.symbol)))


@dataclass(frozen=True)
class TorchSource:
    """A ``torch.nn.Module``."""

    name: str
    module: Any

    def convert(self, options: ExportOptions) -> ExportedModel:
        """Make the ONNX graph."""
        return export_module(self.module, self.name, options)


@dataclass(frozen=True)
class OnnxSource:
    """A foreign ONNX file."""

    path: Path
    adoption: Adoption

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.stem

    def convert(self, options: ExportOptions) -> ExportedModel:
        """Give it canonical outputs."""
        with refusing(str(self.path)):
            return adopt_model(self.path, self.adoption, options)


def load_factory(factory: str, params: str | os.PathLike[str] | None, options: ExportOptions) -> Source:
    """Load what ``package.module:factory`` returns: a torch module or a HybridBlock."""
    made = call_factory(factory)
    name = factory.rpartition(":")[2]
    if is_torch_module(made):
        refuse_for_mxnet(factory, params, options)
        return TorchSource(name, made)
    if "mxnet" not in sys.modules:
        kind = type(made).__name__
        raise UnsupportedError(f"{factory}: found {kind}, expected a torch.nn.Module or a gluon HybridBlock")
    network = live.load_block_network(made, name, params, options.input_shape, options.further_shapes)
    return open_mxnet(network, options)


def is_torch_module(made: object) -> bool:
    """Tell a torch module without importing torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(made, torch.nn.Module)


def call_factory(factory: str) -> Any:
    """Import a module, from the current folder too, and call its function; a ready network is taken as is.

    Raises:
        UsageError: there is no such module or function, or it fails.
    """
    module_name, _, function_name = factory.partition(":")
    restore_numpy_aliases()
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        made = getattr(importlib.import_module(module_name), function_name)
        return made() if inspect.isroutine(made) or inspect.isclass(made) else made
    except GcvEdgeError:
        raise
    except SystemExit as error:
        raise UsageError(
            f"{factory}: it ends the program (exit code {error.code}), expected a network"
        ) from error
    except Exception as error:  # it is the user's own code
        reason = (str(error).strip().splitlines() or [""])[0][:160]
        raise UsageError(f"{factory}: {type(error).__name__}: {reason}") from error
    finally:
        sys.path.remove(folder)


def is_file_source(source: str) -> bool:
    """Tell a path from a name; names have no separators and no file suffix."""
    path = Path(source)
    return path.exists() or os.sep in source or FILE_SUFFIX.fullmatch(path.suffix) is not None


def explain_file(source: str) -> ModelFileError | ModelNotFoundError:
    """Say what is wrong with a path that is no symbol file."""
    path = Path(source)
    if not path.exists():
        return ModelNotFoundError(f"{source}: no such file")
    if path.suffix == ".params":
        return ModelFileError(source, f"parameters are no network: give NAME{SYMBOL_SUFFIX} and --params")
    if path.suffix.lower() in CHECKPOINT_SUFFIXES:
        return ModelFileError(
            source, "weights of torch are no network: give package.module:factory, which makes it with them"
        )
    return ModelFileError(source, f"expected NAME{SYMBOL_SUFFIX}, a zoo name or package.module:factory")
