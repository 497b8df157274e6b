"""Columns whose scale is not decided yet, as their samples have been too few or equal.

The first calls of `partial_fit` or of warm-started `fit` may hold a single sample, or a
column that is constant so far. The mean and the scale of a column are those of the
first call in which its samples differ, if that has enough samples. Smaller calls are
collected until they have enough together; in the meantime the statistics are
provisional.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet.training.standardization import Standardization

ENOUGH = 20  # samples that decide the scale of a column
_PART_NUMBERS = 2**22  # columns up to this size are copied rather than read in X

Learn = Callable[..., Standardization]


@dataclass(frozen=True)
class Undecided:
    """Columns that are undecided, and what was seen of them.

    Parameters
    ----------
    columns : ndarray of int of shape (n_undecided,)
        Their indices.
    rows : ndarray of shape (n_rows, n_undecided), or tuple of three ndarray
        Their values in the samples so far, of a sparse X the arrays of a CSR matrix. A
        single row stands for all samples if these are equal.
    weights : ndarray of shape (n_rows,)
        Weights of the rows.
    n : int
        Number of samples so far.
    """

    columns: NDArray[np.intp]
    rows: Any
    weights: NDArray[np.float64]
    n: int

    @property
    def table(self) -> Any:
        """The rows as an array or a CSR matrix."""
        if not isinstance(self.rows, tuple):
            return self.rows
        shape = len(self.weights), len(self.columns)
        return sparse.csr_array(self.rows, shape=shape)


def first_scaling(
    learn: Learn, samples: Samples, X: Any
) -> tuple[Standardization, Undecided | None]:
    """The scaling that the first call determines, and what it leaves undecided.

    Parameters
    ----------
    learn : callable
        Maps X, weights and indices to the statistics of the columns.
    samples : Samples
        The training samples.
    X : ndarray or CSR of shape (n_samples, n_columns)
        Their features or targets.
    """
    scaling = learn(X, samples.weights, samples.indices)
    if samples.n < ENOUGH:
        columns = np.arange(X.shape[1])
        return scaling, _undecided(columns, *_rows(X, samples, columns), samples.n)
    columns = _constant(X, samples, np.flatnonzero(_may_be_constant(scaling, samples)))
    rows, weights = _one_row(X, samples, columns)
    return scaling, _undecided(columns, rows, weights, samples.n)


def next_scaling(
    learn: Learn,
    scaling: Standardization,
    undecided: Undecided | None,
    samples: Samples,
    X: Any,
) -> tuple[Standardization, Undecided | None]:
    """The scaling after one more call, and what is still undecided.

    Parameters
    ----------
    learn : callable
        As for `first_scaling`.
    scaling : Standardization
        The scaling of the previous calls; columns that they decided keep theirs.
    undecided : Undecided or None
        What they left undecided.
    samples, X
        As for `first_scaling`.
    """
    if undecided is None:
        return scaling, None
    mean, scale = scaling.mean.copy(), scaling.scale.copy()
    columns, table = undecided.columns, undecided.table
    if samples.n < ENOUGH:
        rows, weights = _rows(X, samples, columns)
    else:
        is_constant = np.isin(columns, _constant(X, samples, columns))
        varied = columns[~is_constant]
        if len(varied):
            fresh = _statistics_of(learn, X, samples, varied)
            mean[varied], scale[varied] = fresh.mean, fresh.scale
        columns, table = columns[is_constant], table[:, is_constant]
        rows, weights = _one_row(X, samples, columns)
    stack = sparse.vstack if sparse.issparse(table) else np.vstack
    rows = stack([table, rows])
    weights = np.concatenate([undecided.weights, weights])
    n = undecided.n + samples.n
    differs = _differs(rows)
    if differs.any():
        together = learn(_csr(rows), weights)
        mean[columns[differs]] = together.mean[differs]
        scale[columns[differs]] = together.scale[differs]
    if n >= ENOUGH:
        columns, rows = columns[~differs], _csr(rows)[:1][:, ~differs]
        weights = weights.sum(keepdims=True)
    learned = replace(scaling, mean=mean, scale=scale)
    return learned, _undecided(columns, rows, weights, n)


def _undecided(
    columns: NDArray[np.intp], rows: Any, weights: NDArray[np.float64], n: int
) -> Undecided | None:
    """The record of undecided columns; None if there are none."""
    if not len(columns):
        return None
    if sparse.issparse(rows):
        rows = _csr(rows)
        rows = rows.data, rows.indices, rows.indptr
    return Undecided(columns, rows, weights, n)


def _csr(rows: Any) -> Any:
    """The rows, of a sparse matrix in CSR."""
    return rows.tocsr() if sparse.issparse(rows) else rows


def _rows(
    X: Any, samples: Samples, columns: NDArray[np.intp]
) -> tuple[Any, NDArray[np.float64]]:
    """Some columns of all selected samples, as float64, and their weights."""
    weights = samples.take(samples.weights)
    weights = np.ones(samples.n) if weights is None else weights
    return samples.take(X)[:, columns].astype(np.float64), weights


def _one_row(
    X: Any, samples: Samples, columns: NDArray[np.intp]
) -> tuple[Any, NDArray[np.float64]]:
    """A row for all selected samples, where they are equal, and their total weight."""
    first = 0 if samples.indices is None else samples.indices[0]
    weights = samples.take(samples.weights)
    total = float(samples.n) if weights is None else float(weights.sum())
    return X[[first]][:, columns].astype(np.float64), np.array([total])


def _may_be_constant(scaling: Standardization, samples: Samples) -> NDArray[np.bool_]:
    """Columns whose scale is that of a constant column."""
    rounding = samples.n * np.finfo(np.float64).eps * np.abs(scaling.mean)
    return scaling.scale == np.maximum(rounding, 1)


def _constant(X: Any, samples: Samples, columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Those of the columns whose values in the selected samples are all equal."""
    if not len(columns):
        return columns
    if sparse.issparse(X):
        part = samples.take(X)[:, columns]
        low, high = (m.toarray().ravel() for m in (part.min(axis=0), part.max(axis=0)))
        return columns[low == high]
    remaining, indices = columns, samples.explicit_indices
    first = X[indices[0]]
    size = max(_PART_NUMBERS // X.shape[1], 1)
    for start in range(0, len(indices), size):
        chunk = X[indices[start : start + size]]
        equal = (chunk[:, remaining] == first[remaining]).all(axis=0)
        remaining = remaining[equal]
        if not len(remaining):
            break
    return remaining


def _statistics_of(
    learn: Learn, X: Any, samples: Samples, columns: NDArray[np.intp]
) -> Standardization:
    """The statistics of some columns, copied where they are few."""
    is_small = X.shape[0] * len(columns) <= _PART_NUMBERS
    if len(columns) < X.shape[1] and (sparse.issparse(X) or is_small):
        return learn(X[:, columns], samples.weights, samples.indices)
    scaling = learn(X, samples.weights, samples.indices)
    return Standardization(scaling.mean[columns], scaling.scale[columns])


def _differs(rows: Any) -> NDArray[np.bool_]:
    """Whether the values of a column differ."""
    low, high = rows.min(axis=0), rows.max(axis=0)
    if sparse.issparse(rows):
        low, high = low.toarray().ravel(), high.toarray().ravel()
    differs: NDArray[np.bool_] = low != high
    return differs
