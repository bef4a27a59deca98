"""Writing an ONNX file without a second copy of its weights in memory.

A protobuf library serialises a message into one buffer beside the message itself, which costs several times
the weights. Here only the small parts are serialised so; tensor data goes from its array to the file. The
layout is protobuf's: ModelProto.graph = 7, GraphProto.initializer = 5, TensorProto.raw_data = 9 (onnx.proto).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir

from gcv_edge.errors import UnsupportedError

GRAPH_FIELD, INITIALIZER_FIELD, RAW_DATA_FIELD = 7, 5, 9
Chunk = bytes | memoryview

MOST_BYTES = 2**31 - 2**24
"""Of weights: protobuf's limit for a message, less what the rest of a graph can take."""


def write_model(model: ir.Model, path: Path) -> None:
    """Write a model and all its tensors into one file.

    Raises:
        UnsupportedError: they are more than a file can hold.
        OSError: the file cannot be written.
    """
    chunks = encode_model(model)
    with path.open("wb") as stream:
        stream.writelines(chunks)


def encode_model(model: ir.Model) -> list[Chunk]:
    """Encode a model as the parts of its file; numbers are views of their arrays.

    Raises:
        UnsupportedError: they are more than a file can hold.
    """
    initializers = list(model.graph.initializers.values())
    size = sum(value.const_value.nbytes for value in initializers if value.const_value is not None)
    check_size(size, model.graph.name)
    model.graph.initializers.clear()
    try:
        proto = ir.to_proto(model)
    finally:
        for value in initializers:
            model.graph.register_initializer(value)
    chunks: list[Chunk] = [proto.graph.SerializeToString()]
    chunks += [chunk for value in initializers for chunk in encode_initializer(value)]
    proto.ClearField("graph")
    length = sum(len(chunk) for chunk in chunks)
    return [proto.SerializeToString(), encode_header(GRAPH_FIELD, length), *chunks]


def check_size(size: int, name: str | None) -> None:
    """Refuse numbers that no ONNX file can hold.

    Raises:
        UnsupportedError: there are too many.
    """
    if size > MOST_BYTES:
        raise UnsupportedError(
            f"{name}: the weights take {size / 2**30:.2f} GiB, and one .onnx file holds less than 2 GiB "
            "(a limit of protobuf)"
        )


def encode_initializer(value: ir.Value) -> Iterator[Chunk]:
    """Encode a constant as one initializer field; its numbers are a view of its array."""
    assert value.const_value is not None
    array = np.asarray(value.const_value.numpy(), order="C")
    head = onnx.TensorProto(
        name=value.name, data_type=int(value.const_value.dtype), dims=array.shape
    ).SerializeToString()
    data = array.reshape(-1).view(np.uint8).data
    data_header = encode_header(RAW_DATA_FIELD, len(data))
    yield encode_header(INITIALIZER_FIELD, len(head) + len(data_header) + len(data))
    yield head
    yield data_header
    yield data


def encode_header(field: int, length: int) -> bytes:
    """Encode the key and the length of a length-delimited field."""
    return encode_varint(field << 3 | 2) + encode_varint(length)


def encode_varint(number: int) -> bytes:
    """Encode a number in groups of seven bits, the lowest first."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)
