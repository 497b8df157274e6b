"""The types of a model's inputs, from a table or from what an estimator learned."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.table_columns import columns_of, frame_columns
from sklearn_bpnet.onnx.converters import cannot_export

NAME = "X"  # of the input of a table without names

Types = list[tuple[str, Any]]


def _tensor_type(dtype: np.dtype[Any], width: int | None) -> Any:
    """The type of a matrix with any number of samples."""
    from skl2onnx.common import data_types as onnx_types

    kinds = {
        "f4": onnx_types.FloatTensorType,
        "f8": onnx_types.DoubleTensorType,
        "i8": onnx_types.Int64TensorType,
        "b1": onnx_types.BooleanTensorType,
        "O8": onnx_types.StringTensorType,
    }
    return kinds[dtype.str[1:].replace("O", "O8")[:2]]([None, width])


def onnx_inputs(X: Any) -> dict[str, NDArray[Any]]:
    """A table as the inputs of an exported model, for ``run`` of a session.

    Parameters
    ----------
    X : {array-like, dataframe} of shape (n_samples, n_features)
        The table. A data frame becomes an array of shape (n_samples, 1) for every
        column, another table an array named X.

    Returns
    -------
    dict of str to ndarray
        Arrays by the names of the inputs, in which letters, digits and ``_`` of the
        columns' names remain, and others become ``_``. They are of float32, float64,
        int64 or bool; categories of text are strings, of which an empty one is a
        missing value.

    Raises
    ------
    ValueError
        If X is sparse, or a column holds strings and numbers.
    """
    arrays = arrays_of(X)
    return dict(zip(_names_in_onnx(arrays), arrays.values(), strict=True))


def _names_in_onnx(names: Iterable[str]) -> list[str]:
    """The names of the inputs that skl2onnx makes of those of columns."""
    found: dict[str, None] = {}
    for name in names:
        seed = re.sub(r"[^\w+]", "_", name)
        seed = "_" + seed if re.match("[0-9]", seed) else seed
        numbered = (f"{seed}{i}" for i in count(1))
        found[next(new for new in chain([seed], numbered) if new not in found)] = None
    return list(found)


def arrays_of(X: Any) -> dict[str, NDArray[Any]]:
    """The same by the names of the columns."""
    if sparse.issparse(X):
        raise cannot_export("A sparse X", "Use X.toarray().")
    is_frame = frame_columns(X) is not None
    table = None if is_frame else np.asarray(X)
    if table is None or (table.dtype.kind in "OUST" and table.ndim == 2):
        columns = columns_of(X if is_frame else table, NAME) or []
        return {
            str(column.label) if is_frame else f"x{j}": _narrowed(_values(column))
            for j, column in enumerate(columns)
        }
    if table.ndim != 2:
        raise ValueError(
            f"X has {table.ndim} dimensions. Reshape it to (n_samples, n_features)."
        )
    return {NAME: _narrowed(table)}


def _values(column: Any) -> NDArray[Any]:
    """The values of a column: strings, or numbers with NaN for missing ones."""
    if not column.is_category:
        return np.asarray(column.numbers())
    codes, levels = column.codes(is_first=False)
    is_text = [isinstance(value, str) for value in levels.values]
    if any(is_text) and not all(is_text):
        raise cannot_export(
            f"{column.where} of strings and numbers", "Convert it to strings."
        )
    place = np.where(np.isnan(codes), len(levels.values), codes).astype(np.intp)
    if any(is_text) or not levels.values:
        return np.array([*levels.values, ""], dtype=object)[place]
    if not np.isnan(codes).any():
        return np.array(levels.values)[place]
    return np.array([*map(float, levels.values), np.nan])[place]


def _narrowed(array: NDArray[Any]) -> NDArray[Any]:
    """A matrix in one of the dtypes that a model reads."""
    array = array[:, None] if array.ndim == 1 else array
    kind = array.dtype.kind
    if kind == "f":
        single = array.dtype.itemsize <= np.dtype(np.float32).itemsize
        return array.astype(np.float32 if single else np.float64, copy=False)
    return array.astype(np.int64, copy=False) if kind in "iu" else array


def types_of_table(X: Any) -> Types:
    """The types of the inputs that a model for such tables has."""
    return [
        (name, _tensor_type(array.dtype, array.shape[1]))
        for name, array in arrays_of(X).items()
    ]


def usual_types(
    encoder: ColumnEncoder, names: NDArray[Any] | None, n_features: int
) -> Types:
    """The types of the inputs for an encoder, with numbers of single precision.

    A table without names of columns is one input, as is one of numbers only.
    """
    single, double, text = map(np.dtype, (np.float32, np.float64, object))
    has_text = [any(isinstance(v, str) for v in of) for of in encoder.levels]
    if names is None:
        if any(has_text):
            names = np.array([f"x{j}" for j in range(n_features)])
        else:
            return [(NAME, _tensor_type(single, n_features))]
    dtypes = dict.fromkeys(range(n_features), single)
    triples = zip(encoder.categorical.tolist(), encoder.levels, has_text, strict=True)
    for j, levels, is_text in triples:
        if is_text:
            dtypes[j] = text
        elif any(float(np.float32(value)) != value for value in levels):
            dtypes[j] = double
    return [
        (str(name), _tensor_type(dtypes[j], 1)) for j, name in enumerate(names.tolist())
    ]
