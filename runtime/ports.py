"""What goes into a network and comes out of it, as the installed engine reads it from a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gcv_edge.engines import choose_engine
from gcv_edge.runtime.onnxruntime_session import create_session, known_lengths
from gcv_edge.runtime.openvino_session import read_model, shape_of

TYPES = {
    "float": "f32",
    "double": "f64",
    "float16": "f16",
    "bool": "boolean",
    **{f"int{bits}": f"i{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"u{bits}" for bits in (8, 16, 32, 64)},
}
"""ONNX Runtime's names of element types, and OpenVINO's."""


@dataclass(frozen=True)
class Port:
    """An input or output.

    Attributes:
        name: of the tensor.
        type: of its elements: ``f32``, ``u8``.
        shape: None is an open length.
    """

    name: str
    type: str
    shape: tuple[int | None, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "shape": list(self.shape)}


@dataclass(frozen=True)
class Ports:
    """All inputs and outputs of a network."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def read_ports(path: Path) -> Ports:
    """Read a file's inputs and outputs.

    Raises:
        ModelFileError: the engine cannot read the file.
        GcvEdgeError: no engine is installed.
    """
    if choose_engine() == "openvino":
        model = read_model(path)
        return Ports(tuple(map(openvino_port, model.inputs)), tuple(map(openvino_port, model.outputs)))
    session = create_session(path, 1)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    return Ports(tuple(map(onnxruntime_port, inputs)), tuple(map(onnxruntime_port, outputs)))


def openvino_port(port: Any) -> Port:
    """Describe a port of a model in OpenVINO."""
    return Port(port.any_name, port.element_type.get_type_name(), shape_of(port))


def onnxruntime_port(port: Any) -> Port:
    """Describe a port of a session in ONNX Runtime."""
    element = port.type.removeprefix("tensor(").removesuffix(")")
    return Port(port.name, TYPES.get(element, element), tuple(known_lengths(port.shape)))
