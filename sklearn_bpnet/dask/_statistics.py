"""Statistics of columns that add up over sets of samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.chunks import chunks
from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._data.statistics import RARE
from sklearn_bpnet.training.standardization import Standardization

Floats = NDArray[np.float64]
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Moments:
    """Weighted moments and the range of every column.

    Parameters
    ----------
    n : int
        Number of samples.
    weight : float
        Sum of their weights.
    mean, squares : ndarray of shape (n_columns,)
        Weighted mean, and weighted sum of the squared deviations from it.
    low, high : ndarray of shape (n_columns,)
        Range.
    stored : ndarray of shape (n_columns,)
        Total weight of the samples that are not 0; 0 for a dense table.
    """

    n: int
    weight: float
    mean: Floats
    squares: Floats
    low: Floats
    high: Floats
    stored: Floats

    def __add__(self, other: Moments) -> Moments:
        """Those of both sets of samples, by the formula of Chan, Golub and LeVeque."""
        weight = self.weight + other.weight
        gap = other.mean - self.mean
        mean = self.mean + gap * (other.weight / weight)
        product = self.weight * other.weight / weight
        return Moments(
            self.n + other.n,
            weight,
            mean,
            self.squares + other.squares + gap**2 * product,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.stored + other.stored,
        )

    @property
    def standardization(self) -> Standardization:
        """Mean and standard deviation; a column that does not vary has the scale 1."""
        variance = self.squares / self.weight
        rounding = self.n * _EPS * np.abs(self.mean)
        is_constant = (self.low == self.high) | (
            variance <= self.n * _EPS * variance + rounding**2
        )
        scale = np.sqrt(np.where(is_constant, 1.0, variance))
        return Standardization(
            self.mean, np.where(is_constant & (rounding > 1), rounding, scale)
        )


def moments_of(X: Any, weights: Floats | None, indices: Any) -> Moments:
    """The moments of the selected samples of a table, at least one."""
    if not sparse.issparse(X):
        parts = (_of_dense(x, w) for x, w in chunks(X, weights, indices))
        return total(parts)
    if indices is not None:
        X, weights = X[indices], None if weights is None else weights[indices]
    w = np.ones(X.shape[0]) if weights is None else weights
    data, d = X.data.astype(np.float64), X.shape[1]
    stored = np.repeat(w, np.diff(X.indptr))
    weight = float(w.sum())
    mean = np.bincount(X.indices, stored * data, d) / weight
    deviations = np.bincount(X.indices, stored * (data - mean[X.indices]) ** 2, d)
    rest = np.maximum(weight - np.bincount(X.indices, stored, d), 0)
    low, high = (m.toarray().ravel() for m in (X.min(axis=0), X.max(axis=0)))
    nonzero = np.bincount(X.indices, stored * (data != 0), d).astype(np.float64)
    squares = deviations + rest * mean**2
    n = X.shape[0]
    return Moments(n, weight, mean, squares, low * 1.0, high * 1.0, nonzero)


def _of_dense(chunk: Any, weights: Floats | None) -> Moments:
    numbers = chunk.astype(np.float64, order="C")
    w = np.ones(len(numbers)) if weights is None else weights
    weight = float(w.sum())
    mean = (w @ numbers) / weight
    mean += (w @ (numbers - mean)) / weight  # what rounding left
    squares = w @ (numbers - mean) ** 2
    low, high = numbers.min(axis=0), numbers.max(axis=0)
    return Moments(len(numbers), weight, mean, squares, low, high, np.zeros(len(mean)))


def total(parts: Iterable[Moments]) -> Moments:
    """The moments of all sets together, added in their order."""
    return reduce(Moments.__add__, parts)


def common_values(probe: Any, moments: Moments) -> Floats:
    """The most common value of every column, estimated from a few samples.

    Parameters
    ----------
    probe : ndarray or CSR of shape (n_probed, n_columns)
        The samples.
    moments : Moments
        Of all samples.
    """
    if not sparse.issparse(probe):
        middle: Floats = np.sort(probe, axis=0)[len(probe) // 2].astype(np.float64)
        return middle
    common = np.zeros(probe.shape[1])
    filled = np.flatnonzero(moments.stored > (1 - RARE) * moments.weight)
    common[filled] = np.median(probe[:, filled].toarray().astype(np.float64), axis=0)
    return common


def weight_of_exceptions(samples: Samples, common: Floats) -> Floats:
    """The total weight of the samples that differ from a column's common value."""
    X, weights, indices = samples.numbers, samples.weights, samples.indices
    if not sparse.issparse(X):
        exceptions = np.zeros(X.shape[1])
        for chunk, w in chunks(X, weights, indices):
            differs = chunk != common
            exceptions += differs.sum(axis=0) if w is None else w @ differs
        return exceptions
    X, weights = samples.take(X), samples.take(weights)
    w = np.ones(X.shape[0]) if weights is None else weights
    stored = np.repeat(w, np.diff(X.indptr))
    differs = X.data != common[X.indices]
    exceptions = np.bincount(X.indices, stored * differs, X.shape[1])
    unstored = w.sum() - np.bincount(X.indices, stored, X.shape[1])
    return np.where(common == 0, exceptions, exceptions + unstored)


def lies_between(samples: Samples, low: Floats, high: Floats) -> NDArray[np.bool_]:
    """Whether each column of a dense table has a value apart from these two."""
    X = samples.numbers
    between = np.zeros(X.shape[1], dtype=bool)
    if not sparse.issparse(X):
        for chunk, _ in chunks(X, None, samples.indices):
            between |= ((chunk != low) & (chunk != high)).any(axis=0)
    return between


def raised(moments: Moments, exceptions: Floats) -> Standardization:
    """The standardisation, with the scale raised for nearly constant features."""
    scaling = moments.standardization
    share = np.where(moments.low == moments.high, 0.0, exceptions / moments.weight)
    rare = (share > 0) & (share < RARE)
    factor = np.sqrt(np.divide(RARE, share, out=np.ones_like(share), where=rare))
    return Standardization(scaling.mean, scaling.scale * factor)
