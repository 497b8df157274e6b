"""Formulas as nodes of an ONNX graph: tensors that are computed with like arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_AXES_ARE_INPUTS = 18  # from this opset on, of all reductions
_NUMBER_OF = {"float32": 1, "int64": 7, "bool": 9, "float64": 11}  # TensorProto


class Graph:
    """The nodes and constants that one conversion adds to a model.

    Parameters
    ----------
    scope : skl2onnx.common._topology.Scope
        Names what is added.
    container : skl2onnx.common._container.ModelComponentContainer
        Holds it.
    """

    def __init__(self, scope: Any, container: Any) -> None:
        self.scope, self.container = scope, container
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Tensor] = {}

    def node(
        self,
        operator: str,
        inputs: Sequence[Tensor],
        dtype: DTypeLike,
        domain: str = "",
        **attributes: Any,
    ) -> Tensor:
        """The first output of a new node."""
        name = self.scope.get_unique_variable_name(operator.lower())
        self.container.add_node(
            operator,
            [tensor.name for tensor in inputs],
            [name],
            op_domain=domain,
            name=self.scope.get_unique_operator_name(operator),
            **attributes,
        )
        return Tensor(self, name, dtype)

    def constant(self, array: Any, dtype: DTypeLike) -> Tensor:
        """A tensor of numbers; equal ones are stored once."""
        from onnx import numpy_helper

        values = np.ascontiguousarray(array, dtype=dtype).reshape(np.shape(array))
        key = values.dtype.name, values.shape, values.tobytes()
        if key not in self._constants:
            name = self.scope.get_unique_variable_name("constant")
            proto = numpy_helper.from_array(values, name)
            self.container.add_initializer(name, proto.data_type, values.shape, proto)
            self._constants[key] = Tensor(self, name, values.dtype)
        return self._constants[key]

    def where(self, condition: Tensor, yes: Any, no: Any, dtype: DTypeLike) -> Tensor:
        """``yes`` where a condition holds, otherwise ``no``: tensors or numbers."""
        values = [
            one if isinstance(one, Tensor) else self.constant(one, dtype)
            for one in (yes, no)
        ]
        return self.node("Where", [condition, *values], dtype)

    def concat(self, tensors: Sequence[Tensor], axis: int = 1) -> Tensor:
        """Tensors of one dtype side by side."""
        if len(tensors) == 1:
            return tensors[0]
        return self.node("Concat", tensors, tensors[0].dtype, axis=axis)


class Tensor:
    """What a node computes, or a constant.

    Operators with numbers and arrays make constants of its dtype. Rows are samples.

    Parameters
    ----------
    graph : Graph
        Where it is computed.
    name : str
        Its name there.
    dtype : dtype
        float32, float64, int64, bool, or object for strings.
    """

    def __init__(self, graph: Graph, name: str, dtype: DTypeLike) -> None:
        self.graph, self.name, self.dtype = graph, name, np.dtype(dtype)

    def _with(
        self, operator: str, others: Sequence[Any] = (), dtype: DTypeLike | None = None
    ) -> Tensor:
        inputs = [self, *(self._like(other) for other in others)]
        return self.graph.node(operator, inputs, self.dtype if dtype is None else dtype)

    def _like(self, other: Any) -> Tensor:
        if isinstance(other, Tensor):
            return other
        return self.graph.constant(other, self.dtype)

    # Arithmetic

    def __add__(self, other: Any) -> Tensor:
        return self._with("Add", [other])

    def __sub__(self, other: Any) -> Tensor:
        return self._with("Sub", [other])

    def __rsub__(self, other: Any) -> Tensor:
        return self._like(other) - self

    def __mul__(self, other: Any) -> Tensor:
        return self._with("Mul", [other])

    def __truediv__(self, other: Any) -> Tensor:
        return self._with("Div", [other])

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._like(other) / self

    def __neg__(self) -> Tensor:
        return self._with("Neg")

    def __matmul__(self, other: Any) -> Tensor:
        return self._with("MatMul", [other])

    __radd__, __rmul__ = __add__, __mul__

    def minimum(self, other: Any) -> Tensor:
        """The smaller of two numbers."""
        return self._with("Min", [other])

    def maximum(self, other: Any) -> Tensor:
        """The larger of two numbers."""
        return self._with("Max", [other])

    def clip(self, low: Any, high: Any) -> Tensor:
        """The nearest numbers between ``low`` and ``high``."""
        return self.maximum(low).minimum(high)

    # Comparisons

    def __gt__(self, other: Any) -> Tensor:
        return self._with("Greater", [other], bool)

    def __ge__(self, other: Any) -> Tensor:
        return self._with("GreaterOrEqual", [other], bool)

    def equals(self, other: Any) -> Tensor:
        """Whether two numbers are equal."""
        return self._with("Equal", [other], bool)

    def is_nan(self) -> Tensor:
        """Whether a number is missing."""
        return self._with("IsNaN", dtype=bool)

    # Functions

    def exp(self) -> Tensor:
        """Exponential."""
        return self._with("Exp")

    def log(self) -> Tensor:
        """Natural logarithm."""
        return self._with("Log")

    def sqrt(self) -> Tensor:
        """Square root."""
        return self._with("Sqrt")

    def abs(self) -> Tensor:
        """Absolute value."""
        return self._with("Abs")

    def cos(self) -> Tensor:
        """Cosine."""
        return self._with("Cos")

    def tanh(self) -> Tensor:
        """Hyperbolic tangent."""
        return self._with("Tanh")

    def sigmoid(self) -> Tensor:
        """Logistic sigmoid.

        In double precision it is written out: the operator of onnxruntime is 1 less
        that of -z for z < 0, which is 0 below -37.
        """
        if self.dtype == np.float64:
            return 1.0 / ((-self).exp() + 1)
        return self._with("Sigmoid")

    def erf(self) -> Tensor:
        """Error function, which runtimes offer in single precision only."""
        single = self.cast(np.float32)
        return single._with("Erf").cast(self.dtype)

    def softplus(self) -> Tensor:
        """log(1 + exp(z)) without overflow."""
        return self.maximum(0) + ((-self.abs()).exp() + 1).log()

    def softmax(self) -> Tensor:
        """Softmax over the last axis."""
        return self.graph.node("Softmax", [self], self.dtype, axis=-1)

    def log_softmax(self) -> Tensor:
        """Its logarithm."""
        return self.graph.node("LogSoftmax", [self], self.dtype, axis=-1)

    # Shapes and dtypes

    def cast(self, dtype: DTypeLike) -> Tensor:
        """The same numbers in another dtype."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        return self.graph.node("Cast", [self], dtype, to=_NUMBER_OF[dtype.name])

    def reshape(self, *shape: int) -> Tensor:
        """Another shape; -1 is what remains, 0 the length of that axis so far."""
        return self.graph.node(
            "Reshape", [self, self.graph.constant(shape, np.int64)], self.dtype
        )

    def transposed(self, *axes: int) -> Tensor:
        """The axes in another order."""
        return self.graph.node("Transpose", [self], self.dtype, perm=list(axes))

    def columns(self, indices: Any) -> Tensor:
        """Some columns of a matrix, in the order of a list, array or slice."""
        if isinstance(indices, slice):
            indices = np.arange(indices.start, indices.stop)
        chosen = self.graph.constant(np.asarray(indices, np.int64), np.int64)
        return self.graph.node("Gather", [self, chosen], self.dtype, axis=1)

    def rows_at(self, indices: Tensor) -> Tensor:
        """The rows of a table at computed indices."""
        return self.graph.node("Gather", [self, indices], self.dtype, axis=0)

    def reduced(self, operator: str, axis: int, keepdims: bool = False) -> Tensor:
        """A sum, mean or maximum over an axis: ReduceSum, ReduceMean, ReduceMax."""
        graph, kept = self.graph, int(keepdims)
        if operator != "ReduceSum" and graph.container.target_opset < _AXES_ARE_INPUTS:
            return graph.node(operator, [self], self.dtype, axes=[axis], keepdims=kept)
        axes = graph.constant([axis], np.int64)
        return graph.node(operator, [self, axes], self.dtype, keepdims=kept)

    def argmax(self) -> Tensor:
        """The index of the largest number of every row, shape (n_samples,)."""
        return self.graph.node("ArgMax", [self], np.int64, axis=1, keepdims=0)

    def position_in(self, values: NDArray[Any], *, strictly: bool = False) -> Tensor:
        """For every column, how many of its ascending values come before the last one.

        That is the index of the last value that does not exceed a number, or 0 if all
        do; found by bisection, so that the time hardly depends on how many there are.

        Parameters
        ----------
        values : ndarray of shape (n_columns, n_values)
            Ascending in every row; NaN fills up rows that are shorter.
        strictly : bool, default=False
            Whether an equal value exceeds the number, too.
        """
        n_columns, n_values = values.shape
        n_bits = max(int(n_values - 1).bit_length(), 1)
        size = 2**n_bits
        padded = np.full((n_columns, size), np.nan)  # which no number exceeds
        padded[:, :n_values] = values
        table = self.graph.constant(padded.ravel(), self.dtype)
        found = self.graph.constant(np.arange(n_columns)[None] * size, np.int64)
        for bit in reversed(range(n_bits)):
            further = found + 2**bit
            value = table.rows_at(further)
            is_before = self > value if strictly else self >= value
            found = self.graph.where(is_before, further, found, np.int64)
        return found - np.arange(n_columns)[None] * size
