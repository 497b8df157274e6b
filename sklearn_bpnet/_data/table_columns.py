"""Columns of pandas, polars, pyarrow and NumPy: as numbers, or as codes of levels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from numbers import Real
from reprlib import repr as short
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.numbers import column_as_numbers, library_of, unreadable

Codes = NDArray[np.floating[Any]]  # NaN is a missing value

_MISSING = frozenset({"NAType", "NaTType", "MaskedConstant"})
_EXACT_IN_SINGLE = 2**24  # integers up to it are exact in float32


@dataclass(frozen=True)
class Levels:
    """The distinct values of a categorical column of one table.

    Parameters
    ----------
    values : list
        Strings, numbers and booleans; the codes of the column are indices into it.
    is_declared : bool, default=False
        Whether the dtype lists them, so that there may be others than in the column.
    is_ordered : bool, default=False
        Whether their order means something.
    """

    values: list[Any]
    is_declared: bool = False
    is_ordered: bool = False


class Column:
    """A column of a table: numbers, or categories; here of objects.

    Parameters
    ----------
    values : object
        An array or a series.
    label : object
        The name or the index of the column.
    where : str
        What it is called in error messages.
    """

    def __init__(self, values: Any, label: Any, where: str) -> None:
        self.values, self.label, self.where = values, label, where

    @property
    def is_category(self) -> bool:
        """Whether the dtype, or an object, is one of categories."""
        return self._is_object and has_text(self._objects())

    @property
    def _is_object(self) -> bool:
        return getattr(self.values.dtype, "kind", "") == "O"

    def _objects(self) -> Any:
        """The values as objects of Python; missing ones as None, NaN or the like."""
        return self.values.tolist()

    def codes(self, *, is_first: bool) -> tuple[Codes, Levels]:
        """The codes of the column, and its levels.

        ``is_first`` tells whether levels that no sample has are of interest.
        """
        dtype = self.values.dtype
        if isinstance(dtype, np.dtype) and dtype.kind in "biuf":
            return _codes_of_numbers(np.asarray(self.values))
        return _coded(self._objects(), self.where)

    def numbers(self) -> NDArray[Any]:
        """The numbers of the column; missing ones are NaN."""
        values = column_as_numbers(self.values, self._dtype, self.where)
        array = np.asarray(values)
        if array.dtype == object:  # of nullable dtypes, in some versions of pandas
            array = array.astype(np.float64)
        if array.dtype.kind == "c":
            raise ValueError(
                f"Complex data not supported: {self.where} is complex. Use real and "
                "imaginary parts as separate columns."
            )
        return array

    @property
    def _dtype(self) -> Any:
        return self.values.dtype


class PandasColumn(Column):
    """A column of pandas, or of a library like it."""

    @property
    def is_category(self) -> bool:
        """Whether the dtype is that of categories or text."""
        dtype = self.values.dtype
        if isinstance(dtype, np.dtype):
            return super().is_category
        categories = getattr(dtype, "categories", None)
        if categories is not None:  # dates in few values are dates
            return getattr(categories.dtype, "kind", "O") not in "Mm"
        is_text = issubclass(getattr(dtype, "type", object), str)
        return is_text or _is_arrow_dictionary(dtype)

    def _objects(self) -> Any:
        return np.asarray(self.values, dtype=object).tolist()

    def codes(self, *, is_first: bool) -> tuple[Codes, Levels]:
        """The codes of the column, and its levels."""
        dtype = self.values.dtype
        categories = getattr(dtype, "categories", None)
        n_samples = len(self.values)
        if categories is None or (len(categories) > n_samples and not is_first):
            return super().codes(is_first=is_first)
        codes = np.asarray(self.values.cat.codes)
        return _merged(codes, categories.tolist(), dtype.ordered)


class PolarsColumn(Column):
    """A column of polars."""

    @property
    def _kind(self) -> str:
        """The name of the dtype, which is a class or an instance."""
        dtype = self.values.dtype
        return str(getattr(dtype, "__name__", type(dtype).__name__))

    @property
    def is_category(self) -> bool:
        """Whether the dtype is that of categories or text."""
        if self._kind == "Object":
            return has_text(self._objects())
        return self._kind in {"String", "Utf8", "Categorical", "Enum"}

    def _objects(self) -> Any:
        return self.values.to_list()

    def codes(self, *, is_first: bool) -> tuple[Codes, Levels]:
        """The codes of the column, and its levels."""
        codes, levels = _coded(self._objects(), self.where)
        if self._kind != "Enum" or not is_first:
            return codes, levels
        # physical codes are those of a cache that all frames share
        declared = self.values.dtype.categories.to_list()
        place = {value: i for i, value in enumerate(declared)}
        of_level = np.array(
            [*map(place.__getitem__, levels.values), np.nan], dtype=codes.dtype
        )
        of_code = np.where(np.isnan(codes), -1, codes).astype(np.intp)
        return of_level[of_code], Levels(declared, is_declared=True, is_ordered=True)


class ArrowColumn(Column):
    """A column of pyarrow."""

    @property
    def is_category(self) -> bool:
        """Whether the type is that of categories or text."""
        kind = str(self.values.type)
        texts = "string", "large_string", "string_view"
        return kind in texts or kind.startswith("dictionary")

    @property
    def _dtype(self) -> Any:
        return self.values.type

    def _objects(self) -> Any:
        return self.values.to_pylist()

    def codes(self, *, is_first: bool) -> tuple[Codes, Levels]:
        """The codes of the column, and its levels."""
        column = self.values
        if not str(column.type).startswith("dictionary"):
            try:
                column = column.dictionary_encode()
            except NotImplementedError:  # of lists, for example
                return _coded(self._objects(), self.where)
        values: list[Any] = []
        codes = [np.empty(0, dtype=np.intp)]
        for chunk in getattr(column, "chunks", [column]):
            indices = chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            codes.append(np.where(indices < 0, -1, indices + len(values)))
            values += chunk.dictionary.to_pylist()
        return _merged(np.concatenate(codes), values)


def _is_arrow_dictionary(dtype: Any) -> bool:
    """Whether a dtype of pandas is one of pyarrow for categories."""
    return str(getattr(dtype, "pyarrow_dtype", "")).startswith("dictionary")


_CLASSES = {"pandas": PandasColumn, "polars": PolarsColumn, "arrow": ArrowColumn}


def frame_columns(table: Any) -> list[tuple[Any, Any]] | None:
    """The label and the values of every column of a data frame; None if it is none."""
    library = library_of(table)
    if library == "pandas":
        return list(table.items()) if table.ndim == 2 else None
    if library == "polars":
        return [(label, table[label]) for label in table.columns]
    if library == "arrow":
        return [(label, table.column(j)) for j, label in enumerate(table.column_names)]
    return None


def columns_of(table: Any, name: str) -> Sequence[Column] | None:
    """The columns of a table; None if it is none."""
    library, columns = library_of(table), frame_columns(table)
    if library is not None and columns is not None:
        return [
            _CLASSES[library](values, label, f"Column {label!r} of {name}")
            for label, values in columns
        ]
    if isinstance(table, (list, tuple)):
        try:
            table = np.array(table, dtype=object)
        except ValueError:  # ragged
            return None
    if not isinstance(table, np.ndarray) or table.ndim != 2:
        return None
    if table.dtype.kind in "UST":
        table = table.astype(object)
    is_masked = isinstance(table, np.ma.MaskedArray)
    table = table.astype(object).filled(None) if is_masked else table
    return [
        Column(table[:, j], j, f"Column {j} of {name}") for j in range(table.shape[1])
    ]


# Values as codes


def has_text(values: Iterable[Any]) -> bool:
    """Whether a value is a string."""
    return any(issubclass(t, str) for t in set(map(type, values)))


def _codes_of_numbers(numbers: NDArray[Any]) -> tuple[Codes, Levels]:
    """The codes of numbers of NumPy, which are sorted."""
    values, codes = np.unique(numbers, return_inverse=True)  # NaN is one, the last
    n = len(values) - int(len(values) > 0 and values[-1] != values[-1])
    codes = np.where(codes < n, codes, -1)
    return _merged(codes, values[:n].tolist())


def _coded(values: Sequence[Any], where: str) -> tuple[Codes, Levels]:
    """The codes of any values, in a pass without a loop of Python's own."""
    index: defaultdict[Any, int] = defaultdict(count().__next__)
    try:
        codes = np.fromiter(map(index.__getitem__, values), np.intp, len(values))
    except TypeError as error:  # a list, a dictionary
        value = next(value for value in values if not _is_hashable(value))
        raise unreadable(where, short(value)) from error
    return _merged(codes, list(index))


def _merged(
    codes: NDArray[Any], values: Sequence[Any], is_ordered: bool | None = None
) -> tuple[Codes, Levels]:
    """Codes of plain values: those that are equal become one, missing ones NaN.

    Parameters
    ----------
    codes : ndarray of int of shape (n_samples,)
        Positions in ``values``; -1 for a missing value.
    values : sequence
        Values of any type.
    is_ordered : bool or None, default=None
        Whether the order of the values means something; None if the dtype does not
        declare them.
    """
    place: dict[Any, float] = {}
    table = np.full(len(values) + 1, np.nan)
    for i, value in enumerate(map(plain, values)):
        if value is not None:
            table[i] = place.setdefault(value, len(place))
    if len(place) < _EXACT_IN_SINGLE:
        table = table.astype(np.float32)
    return table[codes], Levels(list(place), is_ordered is not None, bool(is_ordered))


def plain(value: Any) -> Any:
    """A value as a string, a number or a boolean of Python; None if it is missing.

    Equal values stay equal; those of other types are represented by their text.
    """
    cls = type(value)
    if cls is str or cls is int or cls is bool:
        return value
    if value is None or cls.__name__ in _MISSING:
        return None
    if isinstance(value, np.generic):
        item = value.item()
        return str(value) if isinstance(item, np.generic) else plain(item)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (Real, Decimal)):
        if value != value:
            return None
        return value if cls is float else float(value)
    return str(value)


def _is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
