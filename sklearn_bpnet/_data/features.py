"""The features of a call: without duplicate entries, finite, in the network's range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse
from sklearn import get_config

from sklearn_bpnet.training.batches import wide_dtype
from sklearn_bpnet.training.block_table import BlockTable
from sklearn_bpnet.training.standardization import Standardization

_CHUNK_NUMBERS = 2**20  # numbers checked at a time
# Numbers of which BLAS uses one thread. A process that is forked while its others work
# may wait for them for ever.
_SMALL = 2**13
_N_NAMED = 5  # columns that an error message names


def checked_features(
    X: Any, name: str, names: Sequence[str] | None = None
) -> tuple[Any, float, bool]:
    """X with sorted and summed entries, a bound of its numbers, and whether it has NaN.

    The bound is that of the absolute values that are not NaN.

    Parameters
    ----------
    X : ndarray, CSR matrix, CSR array or BlockTable, shape (n_samples, n_features)
        Not modified.
    name : str
        Its name in error messages.
    names : sequence of str, default=None
        Names of the features; None if they have none.

    Raises
    ------
    ValueError
        If a feature is infinite.
    """
    if sparse.issparse(X):
        X = canonical(X)
    if isinstance(X, BlockTable):
        largest, has_gaps = _largest_of_blocks(X)
    else:
        largest, has_gaps = _largest(X.data if sparse.issparse(X) else X)
    if not isfinite(largest) and not get_config()["assume_finite"]:
        found = columns_with(X, np.isinf)
        raise ValueError(not_finite(name, "infinity", found, names))
    return X, largest, has_gaps


def canonical(X: Any) -> Any:
    """CSR with sorted indices and without duplicate entries, which are added up.

    X itself is returned if it is so already; its arrays are not modified.
    """
    # of a copy, as SciPy remembers what was true of the arrays of X at another time
    view = type(X)((X.data, X.indices, X.indptr), shape=X.shape)
    if view.has_canonical_format:
        return X
    summed = view.copy()
    summed.sum_duplicates()
    return summed


def _largest_of_blocks(X: BlockTable) -> tuple[float, bool]:
    """The same as `_largest` of all blocks, of which one is in memory at a time."""
    largest, has_gaps = 0.0, False
    for rows in _row_chunks(*X.shape):
        bound, found = _largest(X[rows])
        largest, has_gaps = max(largest, bound), has_gaps or found
    return largest, has_gaps


def _largest(numbers: NDArray[Any]) -> tuple[float, bool]:
    """An upper bound of the absolute values, infinite only if one of them is.

    NaN does not count; also whether there is one.
    """
    dtype = numbers.dtype
    if dtype.kind == "b":
        return 1.0, False
    if dtype.kind in "ui":
        info = np.iinfo(dtype)
        return float(max(info.max, -int(info.min))), False
    with np.errstate(all="ignore"):
        # One pass without temporary arrays: no number exceeds the root of the sum of
        # squares, but for squares that are lost to underflow
        is_wide = dtype.itemsize >= 4  # others would overflow
        squares = inf if not is_wide else _sum_of_squares(numbers)
        if isfinite(squares):
            return sqrt(squares) * (1 + 1e-3) + sqrt(float(np.finfo(dtype).tiny)), False
        largest, has_gaps = 0.0, False
        for chunk in _flat_chunks(numbers):
            sizes = np.abs(chunk)
            has_gaps = has_gaps or bool(np.isnan(sizes.max()))
            largest = max(largest, float(np.fmax.reduce(sizes, initial=0)))
    return largest, has_gaps


def _sum_of_squares(numbers: NDArray[Any]) -> float:
    """The sum of all squares, roughly: only bounds are derived from it."""
    total = 0.0
    for chunk in _flat_chunks(numbers):
        for start in range(0, chunk.size, _SMALL):
            part = chunk[start : start + _SMALL]
            total += float(np.vdot(part, part))
    return total


def _flat_chunks(numbers: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """The numbers in chunks of one dimension, views where possible."""
    if numbers.flags.c_contiguous or numbers.flags.f_contiguous:
        flat = numbers.ravel(order="K")
        for start in range(0, flat.size, _CHUNK_NUMBERS):
            yield flat[start : start + _CHUNK_NUMBERS]
        return
    for rows in _row_chunks(*numbers.shape):
        yield numbers[rows].ravel()


def _row_chunks(n_samples: int, n_features: int) -> Iterator[slice]:
    """Slices of samples."""
    size = max(_CHUNK_NUMBERS // max(n_features, 1), 1)
    for start in range(0, n_samples, size):
        yield slice(start, min(start + size, n_samples))


def columns_with(X: Any, is_kind: Any) -> NDArray[np.intp]:
    """Indices of the columns that hold a number of some kind."""
    if sparse.issparse(X):
        return np.unique(X.indices[is_kind(X.data)])
    found = np.zeros(X.shape[1], dtype=bool)
    for rows in _row_chunks(*X.shape):
        found |= is_kind(X[rows]).any(axis=0)
    return np.flatnonzero(found)


def not_finite(
    name: str, kind: str, columns: NDArray[np.intp], names: Sequence[str] | None
) -> str:
    """The error message about columns with NaN or infinity."""
    labels = [str(j) if names is None else repr(names[j]) for j in columns[:_N_NAMED]]
    rest = len(columns) - len(labels)
    labels += [f"{rest} more"] if rest else []
    noun = "column" if len(columns) == 1 else "columns"
    remedy = (
        "Their means are unknown, with which they would be filled: impute them first"
        if kind == "NaN"
        else "Correct or clip the values"
    )
    return (
        f"Input {name} contains {kind} in {noun} {', '.join(labels)}. {remedy}, or "
        "drop these samples."
    )


# The range of the network's numbers


def check_range(
    X: Any,
    largest: float,
    standardization: Standardization | None,
    dtype: DTypeLike,
    *,
    indices: NDArray[np.intp] | None = None,
    name: str = "X",
    column_of: NDArray[np.intp] | None = None,
) -> None:
    """Raise ValueError if a scaled feature exceeds the largest number of the network.

    Parameters
    ----------
    X : ndarray, CSR matrix or CSR array of shape (n_samples, n_features)
        Finite features.
    largest : float
        An upper bound of their absolute values. Only if it does not rule the error out
        are the features read.
    standardization : Standardization or None
        How they are scaled.
    dtype : dtype
        float32 or float64, that of the network.
    indices : ndarray of int, default=None
        Indices of the samples to check; None means all.
    name : str, default="X"
        The name of X in the error message.
    column_of : ndarray of int, default=None
        The column of the user's table that every feature is made of.
    """
    scaling, dtype = standardization, np.dtype(dtype)
    # a smooth clip keeps what its input can represent within any range
    clips = scaling is not None and scaling.smooth_clip is not None
    limit = float(np.finfo(wide_dtype(X, scaling) if clips else dtype).max)
    bound = largest
    if scaling is not None:
        with np.errstate(over="ignore"):
            bound = (largest + scaling.largest_mean) / scaling.smallest_scale
    if bound <= limit:
        return
    found = _beyond(X, scaling, limit, indices)
    if found is None:
        return
    i, j, x, z = found
    j = j if column_of is None else int(column_of[j])
    scaled = "" if scaling is None else f", or {z:g} after scaling"
    wider = ", or use dtype='float64'" if dtype == np.float32 else ""
    raise ValueError(
        f"{name}[{i}, {j}] is {x:g}{scaled}, which exceeds the largest number of the "
        f"network, {limit:.3g}. Correct, clip or rescale it{wider}."
    )


def _beyond(
    X: Any,
    scaling: Standardization | None,
    limit: float,
    indices: NDArray[np.intp] | None,
) -> tuple[int, int, float, float] | None:
    """Sample, feature, value and scaled value of the first that exceeds the limit."""
    n_samples = X.shape[0] if indices is None else len(indices)
    mean = 0.0 if scaling is None else scaling.mean
    scale = 1.0 if scaling is None else scaling.scale
    for rows in _row_chunks(n_samples, X.shape[1]):
        chosen: Any = rows if indices is None else indices[rows]
        chunk = X[chosen]
        with np.errstate(over="ignore"):
            if sparse.issparse(chunk):  # the mean is subtracted after the division
                chunk = chunk.toarray()
                Z = np.maximum(np.abs(chunk.astype(np.float64)), np.abs(mean)) / scale
            else:
                Z = (chunk.astype(np.float64) - mean) / scale
        wrong = np.argwhere(~(np.abs(Z) <= limit))
        if len(wrong):
            i, j = map(int, wrong[0])
            row = rows.start + i if indices is None else int(indices[rows.start + i])
            return row, j, float(chunk[i, j]), float(Z[i, j])
    return None


def largest_entry(
    X: Any, sample: int, standardization: Standardization | None
) -> tuple[int, float]:
    """The feature of a sample that is largest after scaling, and its value."""
    row = X[[sample]]
    row = (row.toarray() if sparse.issparse(row) else row).astype(np.float64)[0]
    mean = 0.0 if standardization is None else standardization.mean
    scale = 1.0 if standardization is None else standardization.scale
    with np.errstate(over="ignore"):
        j = int(np.argmax(np.abs((row - mean) / scale)))
    return j, float(row[j])


__all__ = [
    "canonical",
    "check_range",
    "checked_features",
    "columns_with",
    "largest_entry",
    "not_finite",
]
