"""Mini-batches out of arrays, memory maps and CSR matrices.

X stays as the user gave it. A batch's rows are gathered, standardised and cast to
the network's dtype on the way, in buffers that are reused from batch to batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.blocks.input_scale import column_dots, scale_columns
from sklearn_bpnet.net.memory import aligned

Rows = slice | NDArray[np.intp]

# Gathering rows from columns stored one after the other touches a cache line for
# every number; up to this size a copy in row order is worth its memory.
_COPY_TO_ROW_ORDER_BELOW = 256 * 2**20  # bytes

# Numbers of X read at a time: a megabyte of float32, which stays in a cache.
_READ_NUMBERS = 2**18


@dataclass(frozen=True)
class Standardization:
    """x -> z = (x - mean) / scale, feature by feature.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_features,)
        float64; the scales are positive.
    smooth_clip : float or None, default=None
        A number c above 0 bends z to z / sqrt(1 + (z / c)^2), which lies within c of 0.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    smooth_clip: float | None = None

    def bend(self, Z: Array) -> None:
        """Clip scaled numbers smoothly, in place."""
        if self.smooth_clip is not None:
            bend = Z / self.smooth_clip
            np.hypot(bend, 1, out=bend)
            Z /= bend

    @property
    def largest_offset(self) -> float:
        """max |mean / scale|: what is lost to cancellation if it is done late."""
        return float(np.max(np.abs(self.mean / self.scale), initial=0.0))


class CentredRows:
    """Sparse rows minus one dense row, the centring done inside the product.

    (S - 1 m) @ W = S @ W - 1 (m @ W), so S stays sparse.

    Parameters
    ----------
    S : CSR matrix or array of shape (n_rows, n_features)
        The rows, scaled.
    m : ndarray of shape (n_features,)
        The row to subtract from each.
    """

    def __init__(self, S: Any, m: Array) -> None:
        self.S = S
        self.m = m
        self.shape = S.shape

    def __matmul__(self, W: Array) -> Array:
        product: Array = self.S @ W
        product -= self.m @ W
        return product

    def scale_columns(self, s: Array) -> CentredRows:
        """These rows times diag(s)."""
        return CentredRows(scale_columns(self.S, s, out=s), self.m * s)

    def column_dots(self, G: Array) -> Array:
        """The sum over i of x_ij g_ij, for every column j."""
        return column_dots(self.S, G) - self.m * G.sum(axis=0)

    @property
    def T(self) -> CentredColumns:
        """The transpose."""
        return CentredColumns(self)


@dataclass(frozen=True)
class CentredColumns:
    """The transpose of ``CentredRows``, for the gradient A.T @ D."""

    rows: CentredRows

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the transpose."""
        return self.rows.shape[::-1]

    def __matmul__(self, D: Array) -> Array:
        product: Array = self.rows.S.T @ D
        product -= np.multiply.outer(self.rows.m, D.sum(axis=0))
        return product


def in_row_order(X: Any) -> Any:
    """X, or a copy of it in row order where that is worth its memory."""
    if (
        sparse.issparse(X)
        or X.flags.c_contiguous
        or X.nbytes > _COPY_TO_ROW_ORDER_BELOW
    ):
        return X
    return np.ascontiguousarray(X)


class RowReader:
    """Rows of X in the network's dtype, standardised.

    Parameters
    ----------
    X : ndarray, CSR matrix or CSR array of shape (n_samples, n_features)
        Any real, integer or boolean dtype; only read.
    dtype : dtype
        float32 or float64, that of the network.
    standardization : Standardization or None
        Applied in float64 where X has more digits than float32 holds, so that a
        column such as a Unix timestamp keeps what distinguishes its rows.
    """

    def __init__(
        self, X: Any, dtype: DTypeLike, standardization: Standardization | None = None
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.standardization = standardization
        self.is_sparse = sparse.issparse(X)
        self.X = X = in_row_order(X)
        # where subtraction of the mean is exact enough
        self.wide = np.result_type(X.dtype, np.float32)
        self._buffers: dict[str, NDArray[Any]] = {}
        if standardization is not None:
            precision = np.float64 if self.is_sparse else self.wide
            self._mean = standardization.mean.astype(precision)
            self._factor = (1 / standardization.scale).astype(precision)
            if self.is_sparse:
                offset = standardization.mean / standardization.scale
                self._offset = offset.astype(self.dtype)

    def read(self, rows: Rows) -> Operand:
        """The rows, valid until the next call."""
        if self.is_sparse:
            return self._read_sparse(rows)
        raw = self._gather(rows)
        if self.standardization is None:
            if raw.dtype == self.dtype:
                return raw
            out = self._buffer("out", len(raw), self.dtype)
            np.copyto(out, raw, casting="unsafe")
            return out
        out = self._buffer("out", len(raw), self.dtype)
        wide = out
        if self.wide != self.dtype:
            is_copy = not isinstance(rows, slice) and raw.dtype == self.wide
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
        """Whether compiled code can read X: common numbers, row after row."""
        if self.is_sparse:
            return False
        flags, dtype = self.X.flags, self.X.dtype
        common = dtype.kind in "ui" or dtype in (np.float32, np.float64)
        return bool(flags.c_contiguous and flags.aligned and dtype.isnative and common)

    def plain_table(self) -> tuple[NDArray[Any], Array, Array, float]:
        """X, mean, 1 / scale and the clip, with which `read` standardises.

        The two vectors are empty and the clip is infinite where there is none.
        """
        if self.standardization is None:
            nothing = np.empty(0, self.wide)
            return self.X, nothing, nothing, np.inf
        clip = self.standardization.smooth_clip
        return self.X, self._mean, self._factor, np.inf if clip is None else float(clip)

    def _gather(self, rows: Rows) -> NDArray[Any]:
        if isinstance(rows, slice) or not self.X.flags.c_contiguous:
            gathered: NDArray[Any] = self.X[rows]
            return gathered
        raw = self._buffer("raw", len(rows), self.X.dtype)
        # "clip" writes straight into `out`; the rows are known to exist
        return self.X.take(rows, axis=0, out=raw, mode="clip")

    def _read_sparse(self, rows: Rows) -> Operand:
        S = self.X[rows]
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
    """A few rows, ready for the network.

    Parameters
    ----------
    X : array or sparse operand of shape (n_rows, n_features)
    Y : ndarray of shape (n_rows, n_outputs)
    s : ndarray of shape (n_rows,) or None
        Sample weights, or None where all are equal.
    """

    X: Operand
    Y: Array
    s: Array | None

    def split(self, size: int) -> Iterator[Batch]:
        """The rows in batches of ``size``, the last one perhaps smaller."""
        n_rows = len(self.Y)
        if n_rows <= size:
            yield self
            return
        for start in range(0, n_rows, size):
            yield self.rows(slice(start, start + size))

    def rows(self, rows: slice) -> Batch:
        """Some of the rows; of arrays only, as several batches are read at once."""
        X = cast(Array, self.X)
        return Batch(X[rows], self.Y[rows], None if self.s is None else self.s[rows])


class Batches:
    """The training rows, an epoch at a time.

    Rows are read many batches at a time: of a narrow table the gathering, scaling
    and casting of a single batch costs more than its arithmetic.

    Parameters
    ----------
    reader : RowReader
        X, standardised and cast on the way.
    Y : ndarray of shape (n_samples, n_outputs)
        Targets, in the network's dtype.
    s : ndarray of shape (n_samples,) or None
        Sample weights of mean 1 over the training rows.
    rows : ndarray of int or None
        The rows to train on; None means all.
    batch_size : int
        Rows a batch; the last batch of an epoch may be smaller.
    """

    def __init__(
        self,
        reader: RowReader,
        Y: Array,
        s: Array | None,
        rows: NDArray[np.intp] | None,
        batch_size: int,
    ) -> None:
        self.reader = reader
        self.Y = Y
        self.s = s
        self.rows = rows
        self.n_rows = len(Y) if rows is None else len(rows)
        self.batch_size = min(batch_size, self.n_rows)
        at_once = 1
        if not reader.is_sparse:
            at_once = _READ_NUMBERS // (self.batch_size * reader.X.shape[1])
        self._read_size = self.batch_size * max(at_once, 1)
        self._only: Batch | None = None
        self._order: NDArray[np.intp] | None = None
        self._buffers: list[Array | None] = [None, None]

    @property
    def n_batches(self) -> int:
        """Batches of an epoch."""
        return -(-self.n_rows // self.batch_size)

    def epoch(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """All rows once, in batches; in the order that ``rng`` draws, if given.

        A batch is valid until the next one is asked for.
        """
        for run in self.runs(rng):
            yield from run.split(self.batch_size)

    def runs(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """All rows once, in runs of one or more whole batches, to be split."""
        if self.batch_size == self.n_rows:
            if self._only is None:  # read once: order means nothing to a full batch
                self._only = self._read(slice(0, self.n_rows))
            yield self._only
            return
        order = self.rows if rng is None else self._shuffled(rng)
        for start in range(0, self.n_rows, self._read_size):
            yield self._read(slice(start, start + self._read_size), order)

    def orders(
        self, rng: np.random.Generator | None, n_batches: int
    ) -> Iterator[NDArray[np.intp]]:
        """The numbers of all rows once, of ``n_batches`` batches at a time."""
        is_whole = self.batch_size == self.n_rows  # order means nothing to it
        order = self._in_order if rng is None or is_whole else self._shuffled(rng)
        size = n_batches * self.batch_size
        for start in range(0, self.n_rows, size):
            yield order[start : start + size]

    @cached_property
    def _in_order(self) -> NDArray[np.intp]:
        """The rows to train on, as numbers; made only where they are shuffled."""
        return np.arange(self.n_rows) if self.rows is None else self.rows

    def _shuffled(self, rng: np.random.Generator) -> NDArray[np.intp]:
        if self._order is None:
            self._order = np.empty(self.n_rows, dtype=np.intp)
        self._order[:] = self._in_order
        rng.shuffle(self._order)
        return self._order

    def _read(self, piece: slice, order: NDArray[np.intp] | None = None) -> Batch:
        order = self.rows if order is None else order
        if order is None:
            s = None if self.s is None else self.s[piece]
            return Batch(self.reader.read(piece), self.Y[piece], s)
        rows = order[piece]
        s = None if self.s is None else self._take(1, self.s, rows)
        return Batch(self.reader.read(rows), self._take(0, self.Y, rows), s)

    def _take(self, which: int, source: Array, rows: NDArray[np.intp]) -> Array:
        """The rows of Y or s, in a buffer that is reused."""
        buffer = self._buffers[which]
        if buffer is None:
            size = min(self._read_size, self.n_rows)
            buffer = np.empty((size, *source.shape[1:]), dtype=source.dtype)
            self._buffers[which] = buffer
        return source.take(rows, axis=0, out=buffer[: len(rows)], mode="clip")
