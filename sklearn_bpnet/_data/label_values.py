"""Labels in any container and of any dtype, as arrays of booleans, numbers or strings.

Series and data frames of pandas, polars and Arrow, categorical and nullable columns and
arrays of objects are read by their values, column by column.
"""

from __future__ import annotations

from itertools import chain
from numbers import Integral, Number, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.table_columns import frame_columns

_MISSING = frozenset({"NoneType", "NAType", "NaTType"})  # None, pandas.NA, NaT


def as_labels(y: Any, name: str) -> Any:
    """Targets of a classifier as an array, whatever holds them.

    Parameters
    ----------
    y : object
        As passed by the user.
    name : str
        Its name in error messages.

    Returns
    -------
    object
        An array of one or two dimensions; columns of different kinds become objects. A
        sparse matrix, and what is no array, is returned as it is.

    Raises
    ------
    ValueError
        If a label is missing.
    """
    if y is None or sparse.issparse(y):
        return y
    if np.ma.is_masked(y):
        raise _masked(name)
    if columns := frame_columns(y):
        arrays = [_values(one, name, f" in column {label!r}") for label, one in columns]
        return _side_by_side(arrays)
    if isinstance(y, (list, tuple)):
        return _values_of_list(y, name)
    if isinstance(y, np.ndarray) or hasattr(y, "__array__"):
        return _values(y, name)
    return y


def narrowed(array: NDArray[Any]) -> NDArray[Any]:
    """Objects that are all booleans, all whole numbers or all real numbers as these."""
    if array.dtype.kind != "O" or not array.size:
        return array
    types = set(map(type, array.flat))
    if all(issubclass(t, (bool, np.bool_)) for t in types):
        return array.astype(bool)
    if any(issubclass(t, (bool, np.bool_)) or not issubclass(t, Real) for t in types):
        return array
    if all(issubclass(t, Integral) for t in types):
        whole = np.array(array.tolist())  # objects if one is beyond 64 bits
        return whole if whole.dtype.kind in "iu" else array
    return array.astype(np.float64)


def _values(column: Any, name: str, where: str = "") -> NDArray[Any]:
    """The values of an array, a series or a column, without objects if possible."""
    array = np.asarray(column)
    if array.dtype.kind == "T":  # strings of any length, which scikit-learn lacks
        array = array.astype(object)
    _check_not_missing(array, name, where)
    return narrowed(array)


def _values_of_list(y: Any, name: str) -> Any:
    """The values of a list, or of a list of lists, whose cells keep their types."""
    rows = [row if isinstance(row, (list, tuple)) else (row,) for row in y]
    cells = np.fromiter(chain.from_iterable(rows), dtype=object)
    _check_not_missing(cells, name)  # before NaN becomes text
    try:
        array = np.asarray(y)
    except ValueError:  # ragged: scikit-learn's checks say so
        return y
    if array.ndim == 2 and array.dtype.kind == "U" and array.size == len(cells):
        if not all(isinstance(cell, str) for cell in cells):
            return cells.reshape(array.shape)
    return narrowed(array)


def _side_by_side(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Columns as one array, of objects if their kinds differ."""
    if len({array.dtype.kind for array in arrays}) > 1:
        arrays = [array.astype(object) for array in arrays]
    return np.column_stack(arrays)


def _check_not_missing(array: NDArray[Any], name: str, where: str = "") -> None:
    """Raise ValueError if a label is missing."""
    if array.dtype.kind in "Mm" and np.isnat(array).any():
        raise _missing("NaT", name, where)
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise _missing("NaN", name, where)
    if array.dtype.kind != "O":
        return
    types = set(map(type, array.flat))
    for one in types:
        if one.__name__ == "MaskedConstant":
            raise _masked(name)
        if one.__name__ in _MISSING:
            value = next(cell for cell in array.flat if type(cell) is one)
            raise _missing(str(value), name, where)
    if any(issubclass(one, Number) for one in types) and any(
        isinstance(cell, Number) and cell != cell for cell in array.flat
    ):
        raise _missing("NaN", name, where)


def _missing(value: str, name: str, where: str) -> ValueError:
    return ValueError(f"Input {name} contains {value}{where}. Drop these samples.")


def _masked(name: str) -> ValueError:
    return ValueError(f"Labels of {name} are masked. Drop these samples.")
