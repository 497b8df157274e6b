"""Tables that are larger than memory: an array that is read in blocks of samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


class BlockTable(ABC):
    """A matrix of which one block of samples is in memory at a time.

    It is indexed like an array, by a slice or by indices of samples and perhaps by
    columns: what is returned is in memory. Ascending indices read every block once.

    Parameters
    ----------
    offsets : ndarray of int of shape (n_blocks + 1,)
        Where each block begins; the last number is that of all samples.
    n_features : int
        Number of columns.
    dtype : dtype
        That of all blocks.
    window_bytes : int
        How much of it training holds in memory at a time, and once more while the next
        part is read.
    """

    ndim = 2

    def __init__(
        self, offsets: Indices, n_features: int, dtype: Any, window_bytes: int
    ) -> None:
        self.offsets = offsets
        self.shape = int(offsets[-1]), n_features
        self.dtype = np.dtype(dtype)
        self.window_bytes = window_bytes
        self._last: tuple[int, NDArray[Any]] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_last": None}

    @abstractmethod
    def make(self, k: int) -> NDArray[Any]:
        """The samples of block ``k``, only to be read, and before `release`."""

    def block(self, k: int) -> NDArray[Any]:
        """The same; the last one is kept, as several pieces of it may be needed."""
        last = self._last
        if last is None or last[0] != k:
            self._last = last = k, self.make(k)
        return last[1]

    def columns(self, k: int, columns: Any) -> NDArray[Any]:
        """Some columns of block ``k``: a slice, an index, or an array of indices."""
        return self.block(k)[:, columns]

    def release(self) -> None:  # noqa: B027  (most tables have nothing to do)
        """Give back the memory of the blocks that were read."""

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return len(self.offsets) - 1

    @property
    def nbytes(self) -> int:
        """Bytes of the whole table."""
        return self.shape[0] * self.shape[1] * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def blocks_of(self, indices: Indices) -> Indices:
        """The block that each sample is in."""
        return np.searchsorted(self.offsets, indices, side="right") - 1

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """The samples, of some columns if given, in memory."""
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            assert step == 1
            return self._between(start, stop, columns)
        indices = np.asarray(rows, dtype=np.intp)
        if indices.ndim == 0:
            return self._between(int(indices), int(indices) + 1, columns)[0]
        return self._of(indices, columns)

    def _between(self, start: int, stop: int, columns: Any) -> NDArray[Any]:
        """Consecutive samples."""
        out = self._empty(max(stop - start, 0), columns)
        end = 0
        first, last = self.blocks_of(np.array([start, stop - 1]))
        for k in range(first, last + 1) if len(out) else ():
            offset = self.offsets[k]
            if offset == self.offsets[k + 1]:
                continue
            part = self.columns(k, columns)[max(start - offset, 0) : stop - offset]
            out[end : end + len(part)] = part
            end += len(part)
        self.release()
        return out

    def _of(self, indices: Indices, columns: Any) -> NDArray[Any]:
        """Samples at some indices."""
        out = self._empty(len(indices), columns)
        of_sample = self.blocks_of(indices)
        for k in np.unique(of_sample):
            places = np.flatnonzero(of_sample == k)
            local = indices[places] - self.offsets[k]
            out[places] = self.columns(int(k), columns)[local]
            self.release()
        return out

    def _empty(self, n_samples: int, columns: Any) -> NDArray[Any]:
        """An array of some columns; a single one leaves one dimension."""
        of_row = np.empty(self.shape[1], dtype=bool)[columns].shape
        return np.empty((n_samples, *of_row), dtype=self.dtype)


class SelectedTable(BlockTable):
    """Some samples of a table.

    Parameters
    ----------
    table : BlockTable
        The table.
    indices : ndarray of int
        Ascending indices of the samples.
    """

    def __init__(self, table: BlockTable, indices: Indices) -> None:
        offsets = np.searchsorted(indices, table.offsets)
        super().__init__(offsets, table.shape[1], table.dtype, table.window_bytes)
        self.table, self.indices = table, indices

    def make(self, k: int) -> NDArray[Any]:
        """The selected samples of block ``k``."""
        chosen = self.indices[self.offsets[k] : self.offsets[k + 1]]
        return self.table.make(k)[chosen - self.table.offsets[k]]

    def release(self) -> None:
        """Give back the memory of the blocks that were read."""
        self.table.release()


class FirstColumns(BlockTable):
    """The first columns of a table.

    Parameters
    ----------
    table : BlockTable
        The table.
    n_features : int
        How many columns.
    """

    def __init__(self, table: BlockTable, n_features: int) -> None:
        super().__init__(table.offsets, n_features, table.dtype, table.window_bytes)
        self.table = table

    def make(self, k: int) -> NDArray[Any]:
        """The columns of block ``k``."""
        return self.table.make(k)[:, : self.shape[1]]

    def release(self) -> None:
        """Give back the memory of the blocks that were read."""
        self.table.release()
