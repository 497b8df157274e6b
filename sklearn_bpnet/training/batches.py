"""Mini-batches out of arrays, memory maps and CSR matrices.

X stays as the user gave it. The samples of a batch are gathered, standardised and cast
to the network's dtype on the way, in buffers that are reused from batch to batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any, NamedTuple, Self, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.cached import cached_property
from sklearn_bpnet.net.memory import aligned
from sklearn_bpnet.training.block_table import BlockTable
from sklearn_bpnet.training.sparse_rows import CentredRows
from sklearn_bpnet.training.standardization import Standardization

Indices = slice | NDArray[np.intp]

# Gathering rows from columns stored one after the other touches a cache line for
# every number; up to this size a copy in row order is worth its memory.
_COPY_TO_ROW_ORDER_BELOW = 256 * 2**20  # bytes

# A mean up to this size can be subtracted from any number of float32 without overflow,
# and so large a factor can multiply the difference.
_LARGEST_NARROW = 1e30

# Numbers of X read at a time: a megabyte of float32, which stays in a cache.
_READ_NUMBERS = 2**18


def in_row_order(X: Any) -> Any:
    """X, or a copy of it in row order where that is worth its memory."""
    if (
        sparse.issparse(X)
        or isinstance(X, BlockTable)
        or X.flags.c_contiguous
        or X.nbytes > _COPY_TO_ROW_ORDER_BELOW
    ):
        return X
    return np.ascontiguousarray(X)


def wide_dtype(X: Any, standardization: Standardization | None) -> np.dtype[Any]:
    """The dtype in which dense features are scaled.

    It is float64 where X has more digits than float32, or its statistics are near the
    ends of the range of float32.
    """
    wide = np.result_type(X.dtype, np.float32)
    if standardization is not None and (
        standardization.largest_mean > _LARGEST_NARROW
        or standardization.smallest_scale < 1 / _LARGEST_NARROW
    ):
        return np.result_type(wide, np.float64)
    return wide


class RowReader:
    """Rows of X in the network's dtype, standardised.

    Parameters
    ----------
    X : ndarray, CSR matrix, CSR array or BlockTable, shape (n_samples, n_features)
        Any real, integer or boolean dtype; only read.
    dtype : dtype
        float32 or float64, that of the network.
    standardization : Standardization or None
        Applied in float64 where X has more digits than float32 holds, so that a
        column such as a Unix timestamp keeps what distinguishes its rows.
    makes_dense : bool, default=False
        Whether the rows of a sparse X are read as an array; see `dense_is_faster`.

    Attributes
    ----------
    is_sparse : bool
        Whether what is read is sparse.

    Raises
    ------
    ValueError
        If X is sparse and the standardisation clips.
    """

    def __init__(
        self,
        X: Any,
        dtype: DTypeLike,
        standardization: Standardization | None = None,
        *,
        makes_dense: bool = False,
    ) -> None:
        is_bent = standardization is not None and standardization.smooth_clip
        if is_bent and sparse.issparse(X):
            raise ValueError(
                "input_scaling='squash' needs dense X, as the median of a feature is "
                "subtracted before it is clipped; got a sparse one. Use X.toarray()."
            )
        self.dtype = np.dtype(dtype)
        self.standardization = standardization
        self.makes_dense = makes_dense and sparse.issparse(X)
        self.is_sparse = sparse.issparse(X) and not makes_dense
        self.X = X = in_row_order(X)
        # where subtraction of the mean is exact enough
        self.wide = wide_dtype(X, standardization)
        self._buffers: dict[str, NDArray[Any]] = {}
        if standardization is not None:
            precision = np.float64 if self.is_sparse else self.wide
            self._mean = standardization.mean.astype(precision)
            self._factor = (1 / standardization.scale).astype(precision)
            if self.is_sparse:
                offset = standardization.mean / standardization.scale
                self._offset = offset.astype(self.dtype)

    def of(self, X: NDArray[Any]) -> RowReader:
        """A reader of an array of the same kind of rows, in the same buffers."""
        other = copy(self)
        other.X = X
        return other

    def read(self, indices: Indices) -> Operand:
        """The samples, valid until the next call."""
        if self.is_sparse:
            return self._read_sparse(indices)
        raw = self._gather(indices)
        if self.standardization is None:
            if raw.dtype == self.dtype:
                return raw
            out = self._buffer("out", len(raw), self.dtype)
            np.copyto(out, raw, casting="unsafe")
            return out
        out = self._buffer("out", len(raw), self.dtype)
        wide = out
        if self.wide != self.dtype:
            is_copy = raw.dtype == self.wide and (
                self.makes_dense or not isinstance(indices, slice)
            )
            wide = raw if is_copy else self._buffer("wide", len(raw), self.wide)
        if raw.dtype != wide.dtype:  # a ufunc that casts would make buffers of its own
            np.copyto(wide, raw)
            raw = wide
        np.subtract(raw, self._mean, out=wide)
        wide *= self._factor
        self.standardization.bend(wide)
        if wide is not out:
            np.copyto(out, wide)
        return out

    @property
    def is_plain(self) -> bool:
        """Whether compiled code can read X: common numbers, row after row.

        Of a table that is read in blocks, the blocks.
        """
        if sparse.issparse(self.X):
            return False
        dtype = self.X.dtype
        common = dtype.kind in "ui" or dtype in (np.float32, np.float64)
        if isinstance(self.X, BlockTable):
            return bool(dtype.isnative and common)
        flags = self.X.flags
        return bool(flags.c_contiguous and flags.aligned and dtype.isnative and common)

    def plain_table(self) -> tuple[NDArray[Any], Array, Array, int, float]:
        """X, and with what `read` standardises it: mean, 1 / scale and the clip.

        Before the clip, which is infinite where there is none, comes the number of
        features that it bends. Without a standardisation the vectors are empty.
        """
        if self.standardization is None:
            nothing = np.empty(0, self.wide)
            return self.X, nothing, nothing, 0, np.inf
        clip, n_numeric = self.standardization.smooth_clip, 0
        if clip is not None:
            n_numeric = self.standardization.n_numeric
        clip = np.inf if clip is None else float(clip)
        return self.X, self._mean, self._factor, n_numeric, clip

    def _gather(self, indices: Indices) -> NDArray[Any]:
        if self.makes_dense:
            rows = self.X[indices]
            return rows.toarray(out=self._buffer("raw", rows.shape[0], self.X.dtype))
        is_block_table = isinstance(self.X, BlockTable)
        if (
            isinstance(indices, slice)
            or is_block_table
            or not self.X.flags.c_contiguous
        ):
            gathered: NDArray[Any] = self.X[indices]
            return gathered
        raw = self._buffer("raw", len(indices), self.X.dtype)
        # "clip" writes straight into `out`; the indices are known to be valid
        return self.X.take(indices, axis=0, out=raw, mode="clip")

    def _read_sparse(self, indices: Indices) -> Operand:
        S = self.X[indices]
        data = S.data
        if self.standardization is not None:
            data = data * self._factor[S.indices]
        S = type(S)((data.astype(self.dtype), S.indices, S.indptr), shape=S.shape)
        if self.standardization is None or not self._offset.any():
            return S
        return CentredRows(S, self._offset)

    def _buffer(self, name: str, n_rows: int, dtype: DTypeLike) -> NDArray[Any]:
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < n_rows:
            buffer = aligned((n_rows, self.X.shape[1]), dtype)
            self._buffers[name] = buffer
        return buffer[:n_rows]


class Batch(NamedTuple):
    """A few samples, ready for the network.

    Parameters
    ----------
    X : array or sparse operand of shape (n_samples, n_features)
    Y : ndarray of shape (n_samples, n_outputs)
    s : ndarray of shape (n_samples,) or None
        Sample weights, or None where all are equal.
    """

    X: Operand
    Y: Array
    s: Array | None

    def split(self, size: int) -> Iterator[Batch]:
        """The samples in batches of ``size``, the last one perhaps smaller."""
        n_samples = len(self.Y)
        if n_samples <= size:
            yield self
            return
        for start in range(0, n_samples, size):
            yield self.rows(slice(start, start + size))

    def rows(self, rows: slice) -> Batch:
        """Some of the samples; of arrays only, as several batches are read at once."""
        X = cast(Array, self.X)
        return Batch(X[rows], self.Y[rows], None if self.s is None else self.s[rows])


class Batches:
    """The training samples, epoch by epoch.

    Samples are read many batches at a time: of a narrow table the gathering, scaling
    and casting of a single batch costs more than its arithmetic.

    Parameters
    ----------
    reader : RowReader
        X, standardised and cast on the way.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets, in the network's dtype.
    s : ndarray of shape (n_samples,) or None
        Sample weights of mean 1 over the training samples.
    indices : ndarray of int or None
        The samples to train on; None means all.
    batch_size : int
        Samples per batch; the last batch of an epoch may be smaller.
    """

    def __init__(
        self,
        reader: RowReader,
        Y: Array,
        s: Array | None,
        indices: NDArray[np.intp] | None,
        batch_size: int,
    ) -> None:
        self.reader = reader
        self.Y = Y
        self.s = s
        self.indices = indices
        self.n_samples = len(Y) if indices is None else len(indices)
        self.batch_size = min(batch_size, self.n_samples)
        at_once = 1
        if not reader.is_sparse:
            at_once = _READ_NUMBERS // (self.batch_size * reader.X.shape[1])
        self._read_size = self.batch_size * max(at_once, 1)
        self._only: Batch | None = None
        self._order: NDArray[np.intp] | None = None
        self._buffers: list[Array | None] = [None, None]

    def __enter__(self) -> Self:
        """Begin to read; ``with batches, batches:`` leaves nothing behind."""
        return self

    def __exit__(self, *error: object) -> None:
        """End what reads ahead, which here is nothing."""

    @property
    def n_batches(self) -> int:
        """Batches per epoch."""
        return -(-self.n_samples // self.batch_size)

    def epoch(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """All samples once, in batches; in the order that ``rng`` draws, if given.

        A batch is valid until the next one is asked for.
        """
        for run in self.runs(rng):
            yield from run.split(self.batch_size)

    def parts(
        self, rng: np.random.Generator | None = None
    ) -> Iterator[tuple[Batches, np.random.Generator | None]]:
        """All samples once, in parts that are in memory, and what shuffles these.

        A part is valid until the next one is asked for; here there is one.
        """
        yield self, rng

    def runs(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """All samples once, in runs of one or more whole batches, to be split."""
        if self.batch_size == self.n_samples:
            if self._only is None:  # read once: order means nothing to a full batch
                self._only = self._read(slice(0, self.n_samples))
            yield self._only
            return
        order = self.indices if rng is None else self._shuffled(rng)
        for start in range(0, self.n_samples, self._read_size):
            yield self._read(slice(start, start + self._read_size), order)

    def orders(
        self, rng: np.random.Generator | None, n_batches: int
    ) -> Iterator[NDArray[np.intp]]:
        """The indices of all samples once, of ``n_batches`` batches at a time."""
        is_whole = self.batch_size == self.n_samples  # order means nothing to it
        order = self._in_order if rng is None or is_whole else self._shuffled(rng)
        size = n_batches * self.batch_size
        for start in range(0, self.n_samples, size):
            yield order[start : start + size]

    @cached_property
    def _in_order(self) -> NDArray[np.intp]:
        """The indices of the samples; made only where they are shuffled."""
        return np.arange(self.n_samples) if self.indices is None else self.indices

    def _shuffled(self, rng: np.random.Generator) -> NDArray[np.intp]:
        if self._order is None:
            self._order = np.empty(self.n_samples, dtype=np.intp)
        self._order[:] = self._in_order
        rng.shuffle(self._order)
        return self._order

    def _read(self, piece: slice, order: NDArray[np.intp] | None = None) -> Batch:
        order = self.indices if order is None else order
        if order is None:
            s = None if self.s is None else self.s[piece]
            return Batch(self.reader.read(piece), self.Y[piece], s)
        indices = order[piece]
        s = None if self.s is None else self._take(1, self.s, indices)
        return Batch(self.reader.read(indices), self._take(0, self.Y, indices), s)

    def _take(self, which: int, source: Array, indices: NDArray[np.intp]) -> Array:
        """The samples' entries of Y or s, in a buffer that is reused."""
        buffer = self._buffers[which]
        if buffer is None:
            size = min(self._read_size, self.n_samples)
            buffer = np.empty((size, *source.shape[1:]), dtype=source.dtype)
            self._buffers[which] = buffer
        return source.take(indices, axis=0, out=buffer[: len(indices)], mode="clip")
