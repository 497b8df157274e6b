"""Dense tables in chunks of samples, so that none is converted as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sklearn_bpnet.training.block_table import BlockTable

if TYPE_CHECKING:
    from sklearn_bpnet._data.samples import Indices

CHUNK_NUMBERS = 2**20  # numbers converted to float64 at a time
_GATHERED_NUMBERS = 2**24  # of a table in blocks, whose columns are read together


def chunks(
    X: Any, weights: NDArray[np.float64] | None, indices: Indices | None
) -> Iterator[tuple[Any, NDArray[np.float64] | None]]:
    """Chunks of the selected samples of a dense X, with their weights."""
    n_samples = X.shape[0] if indices is None else len(indices)
    size = max(CHUNK_NUMBERS // X.shape[1], 1)
    for start in range(0, n_samples, size):
        chunk: Any = slice(start, min(start + size, n_samples))
        chunk = chunk if indices is None else indices[chunk]
        yield X[chunk], None if weights is None else weights[chunk]


class SelectedColumns:
    """Columns of the selected samples of a dense X, indexed by one or by several.

    Parameters
    ----------
    X : ndarray or BlockTable of shape (n_samples, n_columns)
        Of a table in blocks, neighbouring columns are read together.
    indices : ndarray of int or None
        Indices of the samples; None means all.
    """

    def __init__(self, X: Any, indices: Indices | None) -> None:
        self.X = X
        self.rows: slice | Indices = slice(None) if indices is None else indices
        self._first, self._columns = 0, np.empty((0, 0))

    def __getitem__(self, columns: Any) -> NDArray[Any]:
        if not isinstance(self.X, BlockTable):
            rows = self.rows
            if isinstance(columns, np.ndarray) and isinstance(rows, np.ndarray):
                rows = rows[:, None]
            selected: NDArray[Any] = self.X[rows, columns]
            return selected
        wanted = np.arange(self.X.shape[1])[columns]
        if not np.size(wanted):
            return self.X[self.rows, columns]
        first, last = int(np.min(wanted)), int(np.max(wanted))
        known = self._columns.shape[1]
        if first < self._first or last >= self._first + known:
            n_samples = len(self.X) if isinstance(self.rows, slice) else len(self.rows)
            n_columns = max(_GATHERED_NUMBERS // n_samples, last + 1 - first)
            self._columns = self.X[self.rows, first : first + n_columns]
            self._first = first
        return self._columns[:, wanted - self._first]
