"""The table in ONNX: from the inputs of a model to the matrix that networks read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.one_hot import scaled_ones
from sklearn_bpnet.onnx.converters import cannot_export
from sklearn_bpnet.onnx.tensor import Graph, Tensor
from sklearn_bpnet.training.batches import wide_dtype
from sklearn_bpnet.training.standardization import Standardization

_SMALLEST_LEVEL = 1e-7  # of normal scores, see sklearn_bpnet._data.normal_scores
_EXACT_IN_DOUBLE = 2**53  # integers up to it are exact in float64
# Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied
# Statistics 37, 1988: numerators and denominators, from the highest power down, near
# the median and in the tails as far as levels of 1e-10
_CENTRE = (
    [
        2509.0809287301226727,
        33430.575583588128105,
        67265.770927008700853,
        45921.953931549871457,
        13731.693765509461125,
        1971.5909503065514427,
        133.14166789178437745,
        3.387132872796366608,
    ],
    [
        5226.495278852854561,
        28729.085735721942674,
        39307.89580009271061,
        21213.794301586595867,
        5394.1960214247511077,
        687.1870074920579083,
        42.313330701600911252,
        1.0,
    ],
)
_TAIL = (
    [
        7.7454501427834140764e-4,
        0.0227238449892691845833,
        0.24178072517745061177,
        1.27045825245236838258,
        3.64784832476320460504,
        5.7694972214606914055,
        4.6303378461565452959,
        1.42343711074968357734,
    ],
    [
        1.05075007164441684324e-9,
        5.475938084995344946e-4,
        0.0151986665636164571966,
        0.14810397642748007459,
        0.68976733498510000455,
        1.6763848301838038494,
        2.05319162663775882187,
        1.0,
    ],
)


@dataclass
class Column:
    """A column of the table as an input of the model has it.

    Parameters
    ----------
    values : Tensor of shape (n_samples, 1)
        Numbers or strings.
    label : str
        Its name, or its index.
    """

    values: Tensor
    label: str


class Table:
    """The inputs of a model as a table with the columns of the training samples.

    Parameters
    ----------
    graph : Graph
        Where they are.
    inputs : sequence of Tensor
        Matrices, side by side those of all columns.
    widths : sequence of int or None
        Number of columns of each; None if it is not known.
    names : sequence of str
        Names of the inputs.
    feature_names : sequence of str or None
        Those of the columns of the training samples.
    encoder : ColumnEncoder
        Reads these columns.

    Raises
    ------
    ValueError
        If the inputs have another number of columns.
    """

    def __init__(
        self,
        graph: Graph,
        inputs: Sequence[Tensor],
        widths: Sequence[Any],
        names: Sequence[str],
        feature_names: Sequence[str] | None,
        encoder: ColumnEncoder,
    ) -> None:
        n_features = encoder.n_features
        self.graph, self.encoder = graph, encoder
        if len(inputs) == 1 and not isinstance(widths[0], int):
            widths = [n_features]
        known = [width for width in widths if isinstance(width, int)]
        if len(known) < len(widths) or sum(known) != n_features:
            raise ValueError(
                f"The inputs {list(names)} of the ONNX model have {list(widths)} "
                f"columns, but the estimator was fitted on {n_features}. Give a tensor "
                "of all columns, or an input of shape (None, 1) for each."
            )
        self.inputs, self.widths = list(inputs), known
        if feature_names is not None and sorted(names) == sorted(feature_names):
            order = [list(names).index(name) for name in feature_names]
            self.inputs = [self.inputs[i] for i in order]
            names = list(feature_names)
        self.labels = (
            [str(j) for j in range(n_features)]
            if feature_names is None
            else [repr(name) for name in feature_names]
        )

        # of every column, the input that has it and its index there
        self._places = [(i, j) for i, n in enumerate(self.widths) for j in range(n)]

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the numeric columns together: float32 or float64."""
        found = {self.inputs[self._places[j][0]].dtype for j in self.encoder.numeric}
        return np.result_type(np.float32, *(found - {np.dtype(object)}))

    def column(self, j: int) -> Column:
        """A column of the table."""
        i, k = self._places[j]
        values = self.inputs[i] if self.widths[i] == 1 else self.inputs[i].columns([k])
        return Column(values, self.labels[j])

    def numbers(self) -> Tensor:
        """The numeric columns as a matrix."""
        numeric = self.encoder.numeric
        if len(self.inputs) == 1:
            self._check_number(self.inputs[0], 0)
            X = self.inputs[0].cast(self.dtype)
            is_whole = len(numeric) == self.encoder.n_features
            return X if is_whole else X.columns(numeric)
        columns = []
        for j in numeric.tolist():
            values = self.column(j).values
            self._check_number(values, j)
            columns.append(values.cast(self.dtype))
        return self.graph.concat(columns)

    def _check_number(self, values: Tensor, j: int) -> None:
        if values.dtype == object:
            raise ValueError(
                f"Column {self.labels[j]} is numeric for the estimator, but a string "
                "in the ONNX model. Give its input a numeric type, such as "
                "FloatTensorType([None, 1])."
            )


def matrix(table: Table) -> Tensor:
    """The matrix that `ColumnEncoder.encode` makes of a table: numbers, then codes."""
    graph, dtype, encoder = table.graph, table.dtype, table.encoder
    parts: list[Tensor] = []
    if len(encoder.numeric):
        numbers = table.numbers()
        indicators = None
        if encoder.fill is not None:
            is_gap = numbers.is_nan()
            if len(encoder.indicated):
                indicators = is_gap.cast(dtype).columns(encoder.indicated)
            is_gap_or_empty = is_gap
            if len(encoder.empty):
                is_empty = np.zeros((1, len(encoder.numeric)), dtype=bool)
                is_empty[0, encoder.empty] = True
                always = graph.constant(is_empty, bool)
                is_gap_or_empty = graph.node("Or", [is_gap, always], bool)
            numbers = graph.where(is_gap_or_empty, encoder.fill, numbers, dtype)
        if encoder.quantiles:
            numbers = _normal_scores(np.stack(encoder.quantiles), numbers).cast(dtype)
            if len(encoder.gaps) and indicators is not None:
                off, on = scaled_ones(encoder.gaps)
                indicators = indicators * (on - off) + off
        parts.append(numbers)
        if indicators is not None:
            parts.append(indicators)
    for k, j in enumerate(encoder.categorical.tolist()):
        parts.append(_codes(encoder, k, table.column(j)).cast(dtype))
    return graph.concat(parts)


def scaled(scaling: Standardization | None, X: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """A matrix standardised and cast, as `RowReader.read` does it."""
    if scaling is None:
        return X.cast(dtype)
    wide = wide_dtype(np.empty((0, 0), X.dtype), scaling)
    Z = (X.cast(wide) - scaling.mean.astype(wide)) * (1 / scaling.scale).astype(wide)
    if scaling.smooth_clip is not None:
        clips = np.full(len(scaling.mean), np.inf)  # codes are not bent
        clips[: scaling.n_numeric] = scaling.smooth_clip
        bend = Z.abs() * (1 / clips)
        high, low = bend.maximum(1), bend.minimum(1)
        ratio = low / high
        Z = Z / high / (ratio * ratio + 1).sqrt()  # 1 / hypot(bend, 1)
    return Z.cast(dtype)


# Categories


def _codes(encoder: ColumnEncoder, k: int, column: Column) -> Tensor:
    """The codes of a categorical column, shape (n_samples, 1)."""
    levels = encoder.levels[k]
    last = encoder.n_codes[k] - 1
    missing = len(levels) if encoder.has_missing[k] else last
    is_text = [isinstance(value, str) for value in levels]
    if any(is_text) and not all(is_text):
        raise cannot_export(
            f"Column {column.label} of strings and numbers",
            "Convert it to strings before fit.",
        )
    if column.values.dtype == object:
        return _codes_of_text(levels, missing, last, column)
    if any(is_text):
        raise ValueError(
            f"Column {column.label} has categories of strings, such as {levels[0]!r}, "
            "but is numeric in the ONNX model. Give its input the type "
            "StringTensorType([None, 1])."
        )
    return _codes_of_numbers(levels, missing, last, column)


def _codes_of_text(
    levels: list[Any], missing: int, last: int, column: Column
) -> Tensor:
    """The codes of strings; an empty one is a missing value, unless it is a level."""
    code_of = {value: code for code, value in enumerate(levels)}
    if levels and not isinstance(levels[0], str):
        raise ValueError(
            f"Column {column.label} has categories of numbers, such as {levels[0]!r}, "
            "but is of strings in the ONNX model. Give its input a numeric type, such "
            "as Int64TensorType([None, 1])."
        )
    if "" in code_of and missing != last:
        raise cannot_export(
            f"Column {column.label} of empty strings beside missing values",
            "Replace either before fit, as an empty string is a missing value in ONNX.",
        )
    code_of.setdefault("", missing)
    return column.values.graph.node(
        "LabelEncoder",
        [column.values],
        np.int64,
        domain="ai.onnx.ml",
        op_version=2,
        keys_strings=list(code_of),
        values_int64s=list(code_of.values()),
        default_int64=last,
    )


def _codes_of_numbers(
    levels: list[Any], missing: int, last: int, column: Column
) -> Tensor:
    """The codes of numbers and booleans."""
    if any(abs(value) > _EXACT_IN_DOUBLE for value in levels):
        raise cannot_export(
            f"Column {column.label} with categories beyond 2**53",
            "Convert it to strings before fit.",
        )
    graph, x = column.values.graph, column.values.cast(np.float64)
    code: Any = last
    if levels:
        values = np.array([float(value) for value in levels])
        order = np.argsort(values, kind="stable")
        found = x.position_in(values[order][None])
        nearest = graph.constant(values[order], np.float64).rows_at(found)
        codes = graph.constant(order, np.int64).rows_at(found)
        code = graph.where(nearest.equals(x), codes, last, np.int64)
    return graph.where(x.is_nan(), missing, code, np.int64)


# Normal scores


def _normal_scores(quantiles: NDArray[np.float64], X: Tensor) -> Tensor:
    """What `NormalScores` makes of numbers, as float64.

    ``quantiles`` has a row for every column.
    """
    X = X.cast(np.float64).clip(quantiles[:, 0], quantiles[:, -1])
    level = _levels(quantiles, X, strictly=False)
    if (np.diff(quantiles) == 0).any():
        level = (level + _levels(quantiles, X, strictly=True)) * 0.5
    return _normal_quantile(level.clip(_SMALLEST_LEVEL, 1 - _SMALLEST_LEVEL))


def _levels(quantiles: NDArray[np.float64], X: Tensor, *, strictly: bool) -> Tensor:
    """The levels of numbers, interpolated between those of the quantiles."""
    n_columns, n = quantiles.shape
    widths = np.diff(quantiles, append=quantiles[:, -1:])
    steps = np.where(widths > 0, 1 / (n - 1), 0)
    slopes = np.divide(steps, widths, out=np.zeros_like(steps), where=widths > 0)
    graph, found = X.graph, X.position_in(quantiles, strictly=strictly)
    place = found + np.arange(n_columns)[None] * n
    left = graph.constant(quantiles.ravel(), np.float64).rows_at(place)
    slope = graph.constant(slopes.ravel(), np.float64).rows_at(place)
    start = graph.constant(np.linspace(0, 1, n), np.float64).rows_at(found)
    return start + (X - left) * slope


def _normal_quantile(p: Tensor) -> Tensor:
    """The quantile of the normal distribution at levels from 1e-10 on."""
    q = p - 0.5
    centre = q * _ratio(_CENTRE, 0.180625 - q * q)
    r = (-p.minimum(1.0 - p).log()).sqrt()
    tail = _ratio(_TAIL, r - 1.6)
    tail = p.graph.where(q > 0, tail, -tail, np.float64)
    return p.graph.where(q.abs() > 0.425, tail, centre, np.float64)


def _ratio(coefficients: tuple[list[float], list[float]], r: Tensor) -> Tensor:
    """A rational function, both polynomials by Horner's rule."""
    parts = []
    for highest, *others in coefficients:
        value: Any = highest
        for coefficient in others:
            value = r * value + coefficient
        parts.append(value)
    ratio: Tensor = parts[0] / parts[1]
    return ratio
