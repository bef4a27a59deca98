"""Making OpenVINO IR of an exported file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcv_edge.engines import import_openvino, require_openvino
from gcv_edge.errors import GcvEdgeError, MissingExtraError, UnsupportedError
from gcv_edge.files import replacing
from gcv_edge.metadata import ModelMetadata
from gcv_edge.model_api.info import ModelInfo, check_task, describe_model, shown_size
from gcv_edge.runtime.modelfile import check_graph, read_metadata
from gcv_edge.runtime.opening import open_session
from gcv_edge.runtime.openvino_session import list_names, read_model, shared_core
from gcv_edge.runtime.sessions import SessionOptions, one_line
from gcv_edge.store import find_model
from gcv_edge.tasks import Task

try:
    import onnx_ir as ir

    from gcv_edge.exporters.builder import Shape
    from gcv_edge.model_api.tails import OF_NETWORK, make_tail
except ImportError as missing:
    raise MissingExtraError("OpenVINO IR", "export") from missing


@dataclass(frozen=True)
class IrFiles:
    """What was written.

    Attributes:
        xml, weights: the two files.
        task: what the network is for.
        info: what OpenVINO Model API reads of it.
    """

    xml: Path
    weights: Path
    task: Task
    info: ModelInfo


@dataclass(frozen=True)
class Converted:
    """A network as OpenVINO's tools want it, before it is written.

    Attributes:
        network: an ``openvino.Model``.
        task, info: as of ``IrFiles``.
    """

    network: Any
    task: Task
    info: ModelInfo


def write_ir(model: str | os.PathLike[str], output: str | os.PathLike[str]) -> IrFiles:
    """Write an exported file as OpenVINO IR that OpenVINO Model API and DL Streamer read.

    Args:
        model: an exported .onnx file, float or 8-bit, or its name in the model store.
        output: ``NAME.xml``; the weights go beside it, into ``NAME.bin``.

    Raises:
        MissingExtraError: OpenVINO is not installed.
        ModelFileError: the model is no file of this package.
        UnsupportedError: Model API has no wrapper that gives this network's results.
        GcvEdgeError: the files cannot be written.

    Examples:
        >>> files = write_ir("yolo3.onnx", "yolo3.xml")
        >>> files.info.entries["model_type"]
        'ssd'
    """
    return save(convert(find_model(model)), Path(output))


def convert(path: Path) -> Converted:
    """Give an exported network the outputs of its wrapper, and the entries that this reads.

    Raises:
        GcvEdgeError: as of ``write_ir``, but for writing.
    """
    require_openvino("OpenVINO IR")
    metadata = read_metadata(path)
    check_task(metadata, str(path))
    session = open_session(path, SessionOptions(engine="openvino"))
    check_graph(path, metadata, session)
    check_input(path, session.input_shape)
    check_classes(path, metadata, session.outputs)
    height, width = session.input_shape[2:]
    info = describe_model(metadata, (width, height))
    tail = make_tail(metadata, {name: name_axes(shape) for name, shape in session.outputs.items()})
    network = join(read_picture_network(path, session.input_shape), tail, path.stem)
    network = show_middle(network, shown_size(metadata.preprocessing, (width, height)))
    for key, value in info.entries.items():
        network.set_rt_info(value, ["model_info", key])
    return Converted(network, metadata.task, info)


def check_input(path: Path, shape: Sequence[int]) -> None:
    """Refuse several pictures, and grey ones.

    Raises:
        UnsupportedError: the input is one of them.
    """
    if shape[:2] != (1, 3):
        raise UnsupportedError(
            f"{path}: found an input {list(shape)}, expected [1, 3, H, W]: OpenVINO Model API shows one "
            "picture of three channels"
        )


def check_classes(path: Path, metadata: ModelMetadata, outputs: Mapping[str, Sequence[int | None]]) -> None:
    """Refuse a single class that is judged by itself.

    Raises:
        UnsupportedError: Model API fails on it.
    """
    if metadata.activation == "sigmoid" and outputs.get("logits", ())[-1:] == (1,):
        raise UnsupportedError(
            f"{path}: found one class with activation 'sigmoid', expected two or more for OpenVINO Model API"
        )


def name_axes(shape: Sequence[int | None]) -> Shape:
    """Give open axes names."""
    return tuple(f"open{axis}" if length is None else length for axis, length in enumerate(shape))


def read_picture_network(path: Path, shape: Sequence[int]) -> Any:
    """Read a network whose only input is a picture, and say how that lies."""
    network = read_model(path)
    network.reshape(list(shape))
    (parameter,) = network.get_parameters()
    parameter.set_layout(import_openvino().Layout("NCHW"))
    return network


def join(network: Any, tail: ir.Model | None, name: str) -> Any:
    """Put a tail behind the outputs that it reads; others stay.

    The result is a model of its own, without the ONNX file's metadata: their keys are no names in XML.
    """
    results = dict(zip(list_names(network)[1], network.outputs, strict=True))
    if tail is not None:
        added = shared_core().read_model(ir.to_proto(tail).SerializeToString())
        for parameter in added.get_parameters():
            read = parameter.output(0)
            source = results.pop(read.any_name.removeprefix(OF_NETWORK)).get_node().input_value(0)
            source.set_names(set())
            read.replace(source)
        results |= {port.any_name: port for port in added.outputs}
    return import_openvino().Model(list(results.values()), network.get_parameters(), name)


def show_middle(network: Any, size: tuple[int, int]) -> Any:
    """Let a network take a larger picture, and see the middle of it."""
    openvino = import_openvino()
    (seen,) = network.get_parameters()
    width, height = size
    lengths = list(seen.shape)[2:]
    if lengths == [height, width]:
        return network
    given = openvino.opset13.parameter([1, 3, height, width], seen.get_element_type())
    given.friendly_name = seen.friendly_name
    given.output(0).set_names(seen.output(0).names)
    given.set_layout(seen.layout)
    starts = [(whole - part) // 2 for whole, part in zip((height, width), lengths, strict=True)]
    ends = [start + part for start, part in zip(starts, lengths, strict=True)]
    middle = openvino.opset13.slice(given, starts, ends, [1, 1], [2, 3])
    seen.output(0).replace(middle.output(0))
    return openvino.Model(network.get_results(), [given], network.friendly_name)


def save(converted: Converted, xml: Path) -> IrFiles:
    """Write both files, or neither.

    Raises:
        GcvEdgeError: they cannot be written.
    """
    weights = xml.with_suffix(".bin")
    try:
        with replacing(xml) as written, replacing(weights) as filled:
            import_openvino().serialize(converted.network, str(written), str(filled))
    except (OSError, RuntimeError) as error:
        raise GcvEdgeError(f"{xml}: cannot be written: {one_line(error)}") from error
    return IrFiles(xml, weights, converted.task, converted.info)
