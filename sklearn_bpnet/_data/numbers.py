"""Numbers of any kind as those that NumPy computes with; dates are none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet.training.block_table import BlockTable

_TEMPORAL = (date, time, timedelta, np.datetime64, np.timedelta64)
_MISSING = frozenset({"NAType", "MaskedConstant"})  # pandas.NA, numpy.ma.masked

Namer = Callable[[int | None], str]


def as_numbers(table: Any, name: str) -> Any:
    """A table without objects, dates and extended precision.

    Objects (``Decimal``, ``Fraction``, large integers, None, ``pandas.NA``) and numbers
    of extended precision are converted to float64, and missing values to NaN. Whatever
    needs no conversion is returned as it is.

    Parameters
    ----------
    table : object
        X or y, as passed by the user.
    name : str
        Its name in error messages.

    Raises
    ------
    TypeError
        If a column holds dates, times or durations, or objects that are no numbers.
    ValueError
        If an object is text that is no number, or a number beyond float64.
    """
    if isinstance(table, BlockTable):
        return table  # of numbers
    if sparse.issparse(table):
        is_usual = table.dtype.kind != "O" and not _is_extended(table.dtype)
        return table if is_usual else table.astype(np.float64)
    if (library := library_of(table)) is not None:
        return _OF_FRAMES[library](table, name)
    if isinstance(table, (list, tuple)):
        try:
            table = np.asarray(table)
        except ValueError:  # ragged: scikit-learn's checks say so
            return table
    if isinstance(table, np.ndarray):
        return _array_as_numbers(table, _namer(name))
    dtype = getattr(table, "dtype", None)
    if dtype is not None and hasattr(table, "__array__"):  # a series of another library
        return column_as_numbers(table, dtype, name)
    return table


def library_of(table: Any) -> str | None:
    """Whose data frame a table is, or whose series; None for an array or a list.

    "pandas", also for its series and libraries like it; "polars" and "arrow" for frames
    only. A library is known by its methods, so that it need not be installed.
    """
    if hasattr(table, "iloc") and hasattr(table, "dtypes"):
        return "pandas"
    if hasattr(table, "to_series") and hasattr(table, "dtypes"):
        return "polars"
    if hasattr(table, "column_names") and hasattr(table, "set_column"):
        return "arrow"
    return None


def _namer(name: str) -> Namer:
    """Names a column of an array in error messages; None if it has no columns."""
    return lambda j: name if j is None else f"Column {j} of {name}"


def _is_extended(dtype: Any) -> bool:
    """Whether numbers have more than 64 bits."""
    return dtype.kind == "f" and dtype.itemsize > np.dtype(np.float64).itemsize


def _array_as_numbers(array: NDArray[Any], where: Namer) -> NDArray[Any]:
    """The same for an array of one or two dimensions."""
    if isinstance(array, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(array)
        array = np.asarray(array)
        if mask.any():
            array = array.astype(object)
            array[mask] = None
    if array.dtype.kind in "Mm" and array.size:
        raise _temporal_error(where(0 if array.ndim > 1 else None), array.dtype)
    if _is_extended(array.dtype):
        with np.errstate(over="ignore"):  # infinite, which is reported later
            return array.astype(np.float64)
    return _objects_as_numbers(array, where) if array.dtype.kind == "O" else array


def _objects_as_numbers(array: NDArray[Any], where: Namer) -> NDArray[np.float64]:
    """The objects of an array as float64."""
    types = set(map(type, array.flat))
    temporal = tuple(filter(_is_temporal, types))
    if temporal:
        position = _first(array, lambda x: isinstance(x, temporal))
        value = array[position]
        raise _temporal_error(where(_column(position)), type(value).__name__)
    missing = tuple(t for t in types if t.__name__ in _MISSING)
    if missing:
        array = array.copy()
        is_missing = np.frompyfunc(lambda x: isinstance(x, missing), 1, 1)
        array[is_missing(array).astype(bool)] = None
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        position = _first(array, lambda x: _error_of(x) is not None)
        error = _error_of(array[position])
        if error is None:
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        remedy = "Convert it to numbers of float64."
        if isinstance(array[position], str) and " of X" in where(_column(position)):
            remedy = (
                "Convert it to numbers, or name the column in categorical_features."
            )
        raise kind(
            f"{where(_column(position))} holds {short(array[position])}: {error}. "
            f"{remedy}"
        ) from error


def _first(array: NDArray[Any], is_it: Callable[[Any], bool]) -> tuple[int, ...]:
    """The position of the first element of some kind; the first one if there is none.

    By columns, as a fault is usually that of a whole column.
    """
    flat = next((i for i, x in enumerate(array.ravel(order="F")) if is_it(x)), 0)
    return tuple(map(int, np.unravel_index(flat, array.shape, order="F")))


def _column(position: tuple[int, ...]) -> int | None:
    """The column of a position; None in one dimension."""
    return position[1] if len(position) > 1 else None


def _error_of(value: Any) -> Exception | None:
    """Why a value is not a number of float64; None if it is."""
    try:
        np.array([value], dtype=object).astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        return error
    return None


def _is_temporal(cls: type) -> bool:
    """Whether a class is one of dates, times, durations or periods."""
    return issubclass(cls, _TEMPORAL) or cls.__name__ in ("Period", "NaTType")


def _temporal_error(where: str, kind: object) -> TypeError:
    """The error about dates, times and durations."""
    return TypeError(
        f"{where} holds dates, times or durations ({kind}), which are numbers only in "
        "some unit. Convert to numbers, for example days since a fixed date, or with "
        "DatetimeEncoder of the package skrub."
    )


# Data frames and series


def _pandas_as_numbers(table: Any, name: str) -> Any:
    """The same for a data frame or series of pandas, or of a library like it."""
    if table.ndim == 1:
        return column_as_numbers(table, table.dtype, name)
    converted = table
    for j, (label, dtype) in enumerate(zip(table.columns, table.dtypes, strict=True)):
        if _is_usual(dtype):
            continue
        column = table.iloc[:, j]
        numbers = column_as_numbers(column, dtype, f"Column {label!r} of {name}")
        if numbers is not column:
            if converted is table:
                converted = table.copy(deep=False)
            converted.isetitem(j, numbers)
    return converted


def _is_usual(dtype: Any) -> bool:
    """Whether a dtype is one of NumPy's that need no conversion."""
    return (
        isinstance(dtype, np.dtype)
        and dtype.kind not in "OMm"
        and not _is_extended(dtype)
    )


def column_as_numbers(series: Any, dtype: Any, where: str) -> Any:
    """The same for a series or another array that is not NumPy's."""
    kind = getattr(dtype, "kind", None)
    is_sparse = hasattr(dtype, "fill_value")
    if _is_usual(dtype) or (is_sparse and kind in tuple("iufb")):
        return series
    if kind in ("M", "m") or _is_temporal_of_polars(dtype):
        raise _temporal_error(where, dtype)
    if kind in tuple("iufb") and hasattr(series, "isna"):
        has_missing = series.isna().any()
        return (
            series.to_numpy(dtype=np.float64, na_value=np.nan)
            if has_missing
            else series
        )
    array = np.asarray(series)
    if array.dtype.kind in "UST":  # text is converted, or named
        array = array.astype(object)
    try:
        numbers = _array_as_numbers(array, lambda _: where)
    except (TypeError, ValueError) as error:
        if (value := _nested(array)) is None:
            raise
        raise unreadable(where, short(value)) from error
    if numbers.ndim != 1 or numbers.dtype.names is not None:  # a struct of polars
        raise unreadable(where, dtype)
    return series if numbers is array else numbers


def _nested(array: NDArray[Any]) -> Any:
    """The first value that is no scalar; None if there is none."""
    composite = (list, tuple, dict, set, frozenset, bytes, np.ndarray)
    return next((value for value in array.flat if isinstance(value, composite)), None)


def unreadable(where: str, what: object) -> TypeError:
    """The error about a column whose values are neither numbers nor categories."""
    return TypeError(
        f"{where} holds {what}, which is neither a number nor a category. Drop it, or "
        "convert it, for example with TableVectorizer of the package skrub."
    )


def _polars_as_numbers(table: Any, name: str) -> Any:
    """The same for a data frame of polars."""
    for label, dtype in zip(table.columns, table.dtypes, strict=True):
        if dtype.is_numeric() and not dtype.is_decimal():
            continue
        column = table[label]
        numbers = column_as_numbers(column, dtype, f"Column {label!r} of {name}")
        if numbers is not column:
            table = table.with_columns(type(column)(label, numbers))
    return table


def _arrow_as_numbers(table: Any, name: str) -> Any:
    """The same for a table of pyarrow."""
    for j, label in enumerate(table.column_names):
        column = table.column(j)
        where = f"Column {label!r} of {name}"
        numbers = column_as_numbers(column, column.type, where)
        if numbers is not column:
            table = table.set_column(j, label, [numbers])
    return table


_OF_FRAMES: dict[str, Callable[[Any, str], Any]] = {
    "pandas": _pandas_as_numbers,
    "polars": _polars_as_numbers,
    "arrow": _arrow_as_numbers,
}


def _is_temporal_of_polars(dtype: Any) -> bool:
    """Whether a dtype is one of polars for dates, times or durations."""
    is_temporal = getattr(dtype, "is_temporal", None)
    return is_temporal is not None and bool(is_temporal())
