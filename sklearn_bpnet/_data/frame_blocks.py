"""A table in blocks of data frames: numbers, and codes of levels of all blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet._data.frames import Mask, RawTable
from sklearn_bpnet._data.numbers import as_numbers
from sklearn_bpnet._data.sources import MappedSource, Source
from sklearn_bpnet._data.table_columns import Column, Levels, columns_of
from sklearn_bpnet.training.block_table import BlockTable


class FrameTable(BlockTable):
    """The matrix of a source, made block by block.

    Parameters
    ----------
    source : Source
        The blocks.
    name : str
        Its name in error messages.
    is_categorical : ndarray of bool of shape (n_features,) or None
        The categorical columns; None means that there are none.
    is_first : bool, default=False
        Whether levels are learned from it, see `read_table`.

    Attributes
    ----------
    levels : dict of int to Levels
        The levels of all blocks, by the index of the categorical column.
    header : object
        A data frame with the names of the columns; None if they have none.
    """

    def __init__(
        self,
        source: Source,
        name: str,
        is_categorical: Mask | None,
        *,
        is_first: bool = False,
    ) -> None:
        self.source, self.name = source, name
        first = source.first
        is_array = isinstance(first, np.ndarray)
        self.header = None if is_array else _without_rows(first)
        n_features = first.shape[1]
        mask = np.zeros(n_features, bool) if is_categorical is None else is_categorical
        self.is_plain = is_array and first.dtype.kind in "biuf" and not mask.any()
        self.is_categorical = mask
        self.levels: dict[int, Levels] = {}
        dtype = first.dtype if self.is_plain else self._dtype(first)
        super().__init__(source.offsets, n_features, dtype, source.window_bytes)
        if mask.any():
            self._learn_levels(is_first)

    def make(self, k: int) -> NDArray[Any]:
        """The numbers and codes of block ``k``."""
        return self._matrix(self.source.frame(k), range(len(self.is_categorical)))

    def columns(self, k: int, columns: Any) -> NDArray[Any]:
        """Some columns of block ``k``, without the others if it is not in memory."""
        chosen = np.arange(self.shape[1])[columns]
        is_known = self._last is not None and self._last[0] == k
        if is_known or self.is_plain or np.size(chosen) == self.shape[1]:
            return super().columns(k, columns)
        indices = np.ravel(chosen).tolist()
        X = self._matrix(self.source.frame(k, indices), indices)
        return X if np.ndim(chosen) else X[:, 0]

    def _columns(self, frame: Any, n_columns: int) -> list[Column]:
        """The columns of a block."""
        columns = columns_of(frame, self.name)
        if columns is None or len(columns) != n_columns:
            n = 0 if columns is None else len(columns)
            raise ValueError(
                f"{self.name} has a block of {n} columns, but the first one has "
                f"{n_columns}. All must have the same columns."
            )
        return list(columns)

    def _dtype(self, first: Any) -> np.dtype[Any]:
        """That of all numbers, in floating point."""
        mask = self.is_categorical
        columns = zip(self._columns(first, len(mask)), mask, strict=True)
        dtypes = {column.numbers().dtype for column, is_code in columns if not is_code}
        return np.result_type(np.float32, *dtypes)

    def _learn_levels(self, is_first: bool) -> None:
        """The levels of all blocks, in the order in which they appear."""
        places: dict[int, dict[Any, int]] = {}
        indices = np.flatnonzero(self.is_categorical).tolist()
        for k in np.flatnonzero(np.diff(self.offsets)).tolist():
            columns = self._columns(self.source.frame(k, indices), len(indices))
            for j, column in zip(indices, columns, strict=True):
                _, levels = column.codes(is_first=is_first)
                known = places.setdefault(j, {})
                for value in levels.values:
                    known.setdefault(value, len(known))
                before = self.levels.get(j, levels)
                declared = before.is_declared and levels.is_declared
                ordered = before.is_ordered and levels.is_ordered
                self.levels[j] = Levels(list(known), declared, ordered)
        self._places = places

    def _matrix(self, frame: Any, indices: Sequence[int]) -> NDArray[Any]:
        """The numbers and codes of the columns of a block with these indices."""
        if self.is_plain:
            return np.asarray(frame, dtype=self.dtype)
        columns = self._columns(frame, len(indices))
        X = np.empty((len(frame), len(columns)), dtype=self.dtype)
        for i, (j, column) in enumerate(zip(indices, columns, strict=True)):
            if not len(X):
                break
            if self.is_categorical[j]:
                X[:, i] = self._codes(j, column)
            else:
                X[:, i] = as_numbers(column.numbers(), column.where)
        return X

    def _codes(self, j: int, column: Column) -> NDArray[Any]:
        """The codes of a column among the levels of all blocks."""
        codes, levels = column.codes(is_first=False)
        places = self._places[j]
        of_level = np.array([*map(places.__getitem__, levels.values), np.nan])
        return of_level[np.where(np.isnan(codes), -1, codes).astype(np.intp)]


def _without_rows(frame: Any) -> Any:
    """The header of a data frame."""
    if hasattr(frame, "iloc"):
        return frame.iloc[:0].copy()
    return frame.slice(0, 0)


def read_source(
    source: Source,
    name: str,
    is_categorical: Mask | None,
    *,
    is_first: bool = False,
) -> RawTable:
    """A table in blocks with codes in the categorical columns; see `read_table`."""
    has_categories = is_categorical is not None and is_categorical.any()
    if isinstance(source, MappedSource) and not has_categories:
        return RawTable(source.mapped)
    table = FrameTable(source, name, is_categorical, is_first=is_first)
    source.forget_first()
    return RawTable(table, table.levels, table.header)
