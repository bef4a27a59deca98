"""Building an ONNX graph node by node, with shapes known and constants folded at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

from gcv_edge.errors import UnsupportedError
from gcv_edge.exporters.budget import Budget, check_elements, check_nodes, check_outputs
from gcv_edge.graph.values import name_of

OPSET = 19
IR_VERSION = 9
BATCH = "N"
"""Name of the batch dimension where it is left open."""

Dim = int | str
Shape = tuple[Dim, ...]

FOLD_LIMIT = 1 << 24
"""A constant result above this many elements is left to the runtime: the file would grow for nothing."""

NEVER_FOLDED = frozenset({"DequantizeLinear"})
"""Folding would turn quantised weights back into floating point, four times as large."""

SHAPE_DATA_LIMIT = 64
"""Constant inputs up to this many elements are shown to shape inference (shapes, axes, pads, repeats)."""


def holds(numpy_type: np.dtype[Any], number: float) -> bool:
    """Tell whether a type's range takes in a number; infinity and NaN are the type's own affair."""
    if numpy_type == np.bool_ or not math.isfinite(number):
        return True
    limits = np.iinfo(numpy_type) if np.issubdtype(numpy_type, np.integer) else np.finfo(numpy_type)
    return float(limits.min) <= number <= float(limits.max)


class ShapesError(UnsupportedError):
    """The shapes of an operator's inputs do not go together."""


class GraphBuilder:
    """Emits ONNX operators into one graph.

    Every value has a type and a shape as soon as it exists (ONNX's own inference, node by node), so that a
    converter can ask for ``shape(value)``. An operator whose inputs are all constant becomes a constant.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.inputs: list[ir.Value] = []
        self.nodes: list[ir.Node] = []
        self.constants: list[ir.Value] = []
        self._names: dict[str, int] = {}
        self._budget = Budget()
        self._opsets = [onnx.helper.make_opsetid("", OPSET)]

    @classmethod
    def reopen(cls, model: ir.Model) -> GraphBuilder:
        """Take over the inputs, nodes and constants of a model, which is empty afterwards."""
        builder = cls(model.graph.name or "graph")
        builder.inputs = list(model.graph.inputs)
        builder.constants = list(model.graph.initializers.values())
        builder.nodes = list(model.graph)
        model.graph.initializers.clear()
        model.graph.outputs.clear()
        model.graph.inputs.clear()
        model.graph.remove(builder.nodes)
        values = [*builder.inputs, *builder.constants, *(v for node in builder.nodes for v in node.outputs)]
        for name in {*(value.name or "" for value in values), *(node.name or "" for node in builder.nodes)}:
            builder.unique(name)
        return builder

    def input(self, name: str, shape: Shape, dtype: ir.DataType = ir.DataType.FLOAT) -> ir.Value:
        """Declare a graph input."""
        value = ir.Value(name=self.unique(name), type=ir.TensorType(dtype), shape=ir.Shape(shape))
        self.inputs.append(value)
        return value

    def constant(self, array: NDArray[Any] | Sequence[int] | float, name: str = "constant") -> ir.Value:
        """Make an array (not copied when contiguous), a list of int64 or a float32 scalar a constant.

        Raises:
            UnsupportedError: float32 does not hold the scalar.
        """
        if isinstance(array, float):
            if not holds(np.dtype(np.float32), array):
                raise UnsupportedError(
                    f"'{name}': {array:g} is not supported, expected a number that float32 holds"
                )
            array = np.asarray(array, np.float32)
        elif not isinstance(array, np.ndarray):
            array = np.asarray(array, dtype=np.int64)
        array = np.asarray(array, order="C")
        label = self.unique(name)
        value = ir.Value(
            name=label,
            type=ir.TensorType(ir.DataType.from_numpy(array.dtype)),
            shape=ir.Shape(array.shape),
            const_value=ir.Tensor(array, name=label),
        )
        self.constants.append(value)
        return value

    def reserve(self, *lengths: int) -> None:
        """Ask for the room of an array that is about to be made for a constant.

        Raises:
            TooLargeError: it would take too much.
        """
        self._budget.reserve(math.prod(lengths))

    def expect_nodes(self, count: int) -> None:
        """Say how many operators are about to be emitted.

        Raises:
            TooLargeError: they are too many.
        """
        check_nodes(len(self.nodes) + count)

    def op(
        self, op_type: str, inputs: Sequence[ir.Value | None], name: str | None = None, **attributes: Any
    ) -> ir.Value:
        """Emit an operator with one output and return it."""
        return self.multi(op_type, inputs, 1, name, **attributes)[0]

    def multi(
        self,
        op_type: str,
        inputs: Sequence[ir.Value | None],
        outputs: int,
        name: str | None = None,
        **attributes: Any,
    ) -> tuple[ir.Value, ...]:
        """Emit an operator with several outputs and return them."""
        self.expect_nodes(1)
        check_outputs(outputs)
        label = name or op_type
        attributes = {key: value for key, value in attributes.items() if value is not None}
        node = ir.node(op_type, inputs, attributes, num_outputs=outputs, name=self.unique(label))
        for index, value in enumerate(node.outputs):
            value.name = self.unique(label if outputs == 1 else f"{label}_{index}")
        types = self._infer(node)
        sizes = [self._count(node, result.tensor_type) for result in types.values()]
        if op_type not in NEVER_FOLDED and all(map(_is_constant, inputs)) and self._may_fold(sizes):
            return self._fold(node, label)
        for value in node.outputs:
            self._set_type(value, types[name_of(value)])
        self.nodes.append(node)
        return tuple(node.outputs)

    def shape(self, value: ir.Value) -> Shape:
        """Shape of a value: an int per dimension, or a name where the dimension is open."""
        if value.shape is None:
            raise UnsupportedError(f"'{value.name}': its shape is unknown at conversion")
        return tuple(dim if isinstance(dim, int) else str(dim.value) for dim in value.shape)

    def declare(self, value: ir.Value, shape: Sequence[Dim]) -> ir.Value:
        """Tell the shape of a computed value, where ONNX infers no open dimensions; -1: as inferred."""
        if value.const_value is None:
            known = zip(shape, self.shape(value), strict=True)
            value.shape = ir.Shape([old if new == -1 else new for new, old in known])
        return value

    def dim(self, value: ir.Value, axis: int) -> Dim:
        """Return one dimension.

        Raises:
            ShapesError: there is no such axis.
        """
        shape = self.shape(value)
        if not -len(shape) <= axis < len(shape):
            raise ShapesError(f"an input has the shape {shape}, expected one with an axis {axis}")
        return shape[axis]

    def length(self, value: ir.Value, axis: int) -> int:
        """Return the length of one axis.

        Raises:
            UnsupportedError: the axis is the open batch dimension.
            ShapesError: there is no such axis.
        """
        dim = self.dim(value, axis)
        if isinstance(dim, int):
            return dim
        raise UnsupportedError(f"axis {axis} of {self.shape(value)} must have a known length, found '{dim}'")

    def unique(self, name: str) -> str:
        """Make a name that no other value or node of this graph has."""
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return name if count == 0 else self.unique(f"{name}_{count}")

    def model(self, outputs: Mapping[str, ir.Value]) -> ir.Model:
        """Close the graph with named outputs."""
        named = [self._output(name, value) for name, value in outputs.items()]
        graph = ir.Graph(
            self.inputs,
            named,
            nodes=self.nodes,
            initializers=[value for value in self.constants if value.uses()],
            opset_imports={"": OPSET},
            name=self.name,
        )
        return ir.Model(graph, ir_version=IR_VERSION, producer_name="gcv-edge")

    def _output(self, name: str, value: ir.Value) -> ir.Value:
        """Give a value, which may be a constant or a graph input, the name of a graph output."""
        for other in (*self.constants, *(made for node in self.nodes for made in node.outputs)):
            if other.name == name:
                other.name = self.unique(name)
        node = ir.node("Identity", [value], name=self.unique(name))
        output = node.outputs[0]
        output.name, output.type, output.shape = name, value.type, value.shape
        self.nodes.append(node)
        return output

    def _infer(self, node: ir.Node) -> dict[str, Any]:
        known = [value for value in node.inputs if value is not None]
        types = {name_of(value): ir.to_proto(value).type for value in known}
        data = {
            name_of(value): ir.to_proto(value.const_value)
            for value in known
            if value.const_value is not None and value.const_value.size <= SHAPE_DATA_LIMIT
        }
        schema = onnx.defs.get_schema(node.op_type, OPSET)
        try:
            return onnx.shape_inference.infer_node_outputs(
                schema, ir.to_proto(node), types, data, opset_imports=self._opsets, ir_version=IR_VERSION
            )
        except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError) as error:
            raise self._misfit(node, str(error).strip().splitlines()[-1]) from error

    def _count(self, node: ir.Node, result: Any) -> int:
        """Count the elements of a result, 1 for each open dimension.

        Raises:
            ShapesError: it has none.
            TooLargeError: they are too many.
        """
        lengths = [dim.dim_value for dim in result.shape.dim if dim.HasField("dim_value")]
        if any(length < 1 for length in lengths):
            raise self._misfit(node, f"the result would have the lengths {lengths}")
        check_elements(math.prod(lengths))
        return math.prod(lengths)

    def _misfit(self, node: ir.Node, reason: str) -> ShapesError:
        shapes = ", ".join(str(self.shape(value)) for value in node.inputs if value is not None)
        return ShapesError(f"{node.op_type} '{node.name}': inputs {shapes}: {reason}")

    def _may_fold(self, sizes: Sequence[int]) -> bool:
        return max(sizes) <= FOLD_LIMIT and self._budget.has_room(sum(sizes))

    def _set_type(self, value: ir.Value, inferred: Any) -> None:
        """Take over what was inferred; a dimension that was not gets a name, unlike that of any other."""
        tensor = inferred.tensor_type
        value.type = ir.TensorType(ir.DataType(tensor.elem_type))
        if tensor.HasField("shape"):
            value.shape = ir.Shape(
                [
                    dim.dim_value if dim.HasField("dim_value") else dim.dim_param or self.unique("unknown")
                    for dim in tensor.shape.dim
                ]
            )

    def _fold(self, node: ir.Node, label: str) -> tuple[ir.Value, ...]:
        feeds = {
            name_of(value): value.const_value.numpy()
            for value in node.inputs
            if value is not None and value.const_value is not None
        }
        proto = onnx.helper.make_graph(
            [ir.to_proto(node)],
            "fold",
            [onnx.helper.make_value_info(name, onnx.TypeProto()) for name in feeds],
            [onnx.helper.make_value_info(name_of(value), onnx.TypeProto()) for value in node.outputs],
        )
        model = onnx.helper.make_model(proto, opset_imports=self._opsets, ir_version=IR_VERSION)
        results = ReferenceEvaluator(model).run(None, feeds)
        self.reserve(sum(np.size(result) for result in results))
        for index in range(len(node.inputs)):
            node.replace_input_with(index, None)
        return tuple(self.constant(np.asarray(result), label) for result in results)


def _is_constant(value: ir.Value | None) -> bool:
    return value is not None and value.const_value is not None
