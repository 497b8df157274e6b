"""Statistics of columns that add up over sets of samples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.chunks import chunks
from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.samples import Samples, TwoValues
from sklearn_bpnet._data.statistics import RARE
from sklearn_bpnet.training.standardization import Standardization

Floats = NDArray[np.float64]
_EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Moments:
    """Weighted moments and the range of the numbers of every column, gaps apart.

    Parameters
    ----------
    n : ndarray of shape (n_columns,)
        How many there are.
    weight : ndarray of shape (n_columns,)
        Sum of their weights.
    mean, squares : ndarray of shape (n_columns,)
        Weighted mean, and weighted sum of the squared deviations from it.
    low, high : ndarray of shape (n_columns,)
        Range.
    stored : ndarray of shape (n_columns,)
        Total weight of those that are not 0; 0 for a dense table.
    """

    n: Floats
    weight: Floats
    mean: Floats
    squares: Floats
    low: Floats
    high: Floats
    stored: Floats

    def __add__(self, other: Moments) -> Moments:
        """Those of both sets of samples, by the formula of Chan, Golub and LeVeque."""
        weight = self.weight + other.weight
        share = _ratio(other.weight, weight)
        with np.errstate(over="ignore", invalid="ignore"):
            gap = other.mean - self.mean
            squares = self.squares + other.squares + gap**2 * (self.weight * share)
            mean = self.mean + gap * share
        return Moments(
            self.n + other.n,
            weight,
            mean,
            squares,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.stored + other.stored,
        )

    @property
    def standardization(self) -> Standardization:
        """Mean and standard deviation; a column that does not vary has the scale 1."""
        with np.errstate(over="ignore", invalid="ignore"):
            variance = self.squares / self.weight
            rounding = self.n * _EPS * np.abs(self.mean)
            is_least = variance <= self.n * _EPS * variance + rounding**2
            is_constant = (self.low == self.high) | (is_least & np.isfinite(variance))
        scale = np.sqrt(np.where(is_constant, 1.0, variance))
        return Standardization(
            self.mean, np.where(is_constant & (rounding > 1), rounding, scale)
        )

    def beside(self, other: Moments) -> Moments:
        """Those of the columns of two tables side by side."""
        pairs = (
            (getattr(self, of.name), getattr(other, of.name)) for of in fields(self)
        )
        return Moments(*map(np.concatenate, pairs))


def _ratio(part: Any, whole: Any) -> Floats:
    """A quotient, 0 where nothing is divided."""
    ratio: Floats = np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
    return ratio


def total(parts: Iterable[Moments]) -> Moments:
    """The moments of all sets together, added in their order."""
    return reduce(Moments.__add__, parts)


@dataclass(frozen=True)
class Numbers:
    """What one pass over the numeric columns of a table counts.

    Parameters
    ----------
    moments : Moments
        Of the numbers that are no gaps.
    n_gaps : ndarray of int
        How many gaps every column has.
    gaps : ndarray
        Total weight of the samples with a gap.
    values : TwoValues
        Two values of every column of a dense table.
    """

    moments: Moments
    n_gaps: NDArray[np.intp]
    gaps: Floats
    values: TwoValues

    def __add__(self, other: Numbers) -> Numbers:
        """Those of both tables."""
        return Numbers(
            self.moments + other.moments,
            self.n_gaps + other.n_gaps,
            self.gaps + other.gaps,
            self.values + other.values,
        )

    @property
    def fill(self) -> Floats:
        """The mean of every column, which fills its gaps."""
        return np.where(self.moments.n > 0, self.moments.mean, 0.0)

    def filled(self, encoder: ColumnEncoder, dtype: Any) -> Moments:
        """The moments of what an encoder makes of these columns.

        Parameters
        ----------
        encoder : ColumnEncoder
            It fills the gaps, and appends indicators of them.
        dtype : dtype
            Of the table.
        """
        if encoder.fill is None or not self.n_gaps.any():
            return self.moments
        fill = encoder.fill.astype(dtype).astype(np.float64)
        filled = _constant(self.n_gaps, self.gaps, fill)
        whole = self.moments + filled
        shown = encoder.indicated
        if not len(shown):
            return whole
        ones = _constant(self.n_gaps[shown], self.gaps[shown], np.ones(len(shown)))
        known = self.moments
        zeros = _constant(known.n[shown], known.weight[shown], np.zeros(len(shown)))
        return whole.beside(zeros + ones)


def _constant(n: Any, weight: Floats, value: Floats) -> Moments:
    """The moments of columns with a single value; of none where n is 0."""
    low = np.where(n > 0, value, np.inf)
    high = np.where(n > 0, value, -np.inf)
    stored = np.where(value != 0, weight, 0.0)
    mean, squares = np.where(weight > 0, value, 0.0), np.zeros(len(value))
    return Moments(n.astype(np.float64), weight, mean, squares, low, high, stored)


def numbers_of(
    X: Any, weights: Floats | None, indices: Any, columns: Any, *, has_gaps: bool
) -> Numbers:
    """The numbers in some columns of the selected samples, of which there are some.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_columns)
        The table.
    weights : ndarray of shape (n_samples,) or None
        Sample weights.
    indices : ndarray of int or None
        Indices of the samples.
    columns : ndarray of int
        Indices of the columns; all, of a sparse table.
    has_gaps : bool
        Whether there are NaN.
    """
    if sparse.issparse(X):
        if indices is not None:
            X, weights = X[indices], None if weights is None else weights[indices]
        return _of_sparse(X, np.ones(X.shape[0]) if weights is None else weights)
    is_all, values = len(columns) == X.shape[1], TwoValues()
    parts, n_gaps, gaps = [], np.zeros(len(columns), np.intp), np.zeros(len(columns))
    for chunk, w in chunks(X, weights, indices):
        part = chunk if is_all else chunk[:, columns]
        if len(columns):
            values.see(part)
        moments = moments_of(part, w, has_gaps=has_gaps)
        parts.append(moments)
        if has_gaps:
            n_gaps += len(part) - moments.n.astype(np.intp)
            gaps += (len(part) if w is None else w.sum()) - moments.weight
    gaps[n_gaps == 0] = 0  # what rounding left
    return Numbers(total(parts), n_gaps, gaps, values)


def moments_of(
    X: Any, weights: Floats | None = None, *, has_gaps: bool = False
) -> Moments:
    """The moments of a dense table, of which at least one sample is given."""
    numbers = X.astype(np.float64, order="C")
    w = np.ones(len(numbers)) if weights is None else weights
    nothing = np.zeros(numbers.shape[1])
    is_gap = np.isnan(numbers) if has_gaps else np.zeros(1, dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        if not is_gap.any():
            n, weight = nothing + len(numbers), nothing + w.sum()
            low = numbers.min(axis=0, initial=np.inf)
            high = numbers.max(axis=0, initial=-np.inf)
        else:
            n = len(numbers) - np.count_nonzero(is_gap, axis=0).astype(np.float64)
            weight = w @ ~is_gap
            low = np.where(is_gap, np.inf, numbers).min(axis=0)
            high = np.where(is_gap, -np.inf, numbers).max(axis=0)
            numbers[is_gap] = 0
        mean = _ratio(w @ numbers, weight)
        numbers -= mean
        if is_gap.any():
            numbers[is_gap] = 0
        left = _ratio(w @ numbers, weight)  # what rounding left
        numbers -= left
        if is_gap.any():
            numbers[is_gap] = 0
        np.square(numbers, out=numbers)
        return Moments(n, weight, mean + left, w @ numbers, low, high, nothing)


def _of_sparse(X: Any, w: Floats) -> Numbers:
    """The numbers of CSR, in which what is not stored is 0."""
    n, d = X.shape
    data, weights = X.data.astype(np.float64), np.repeat(w, np.diff(X.indptr))

    def summed(numbers: Any) -> Floats:
        return np.bincount(X.indices, numbers, d).astype(np.float64)

    is_gap = np.isnan(data)
    n_gaps, gaps = summed(is_gap), summed(weights * is_gap)
    data, known = np.where(is_gap, 0, data), np.where(is_gap, 0, weights)
    weight = np.where(n_gaps < n, w.sum() - gaps, 0)
    mean = _ratio(summed(known * data), weight)
    with np.errstate(over="ignore", invalid="ignore"):
        deviations = summed(known * (data - mean[X.indices]) ** 2)
        rest = np.maximum(weight - summed(known), 0)
        squares = deviations + rest * mean**2
    low, high = (
        np.nan_to_num(m.toarray().ravel().astype(np.float64), nan=end)
        for m, end in ((X.nanmin(axis=0), np.inf), (X.nanmax(axis=0), -np.inf))
    )
    stored = summed(known * (data != 0))
    moments = Moments(n - n_gaps, weight, mean, squares, low, high, stored)
    return Numbers(moments, n_gaps.astype(np.intp), gaps, TwoValues())


# Nearly constant columns


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


def may_be_rare(probe: Any, common: Floats, *, is_weighted: bool) -> NDArray[np.bool_]:
    """Columns in which the samples that differ from the common value may be few.

    Fewer than a fifth of all samples are hardly half of the probed ones: for 101 of
    these the probability is below 1e-11. Nothing is known of their weights.
    """
    if is_weighted:
        return np.ones(len(common), dtype=bool)
    if not sparse.issparse(probe):
        return np.asarray(2 * (probe == common).sum(axis=0) > len(probe))
    return common != 0  # how much is stored is known


def weight_of_exceptions(
    samples: Samples, numeric: Any, common: Floats, fill: Floats | None
) -> Floats:
    """The total weight of the samples that differ from a column's common value.

    Parameters
    ----------
    samples : Samples
        A table that is not encoded.
    numeric : ndarray of int
        Its numeric columns.
    common : ndarray of shape (n_numeric,)
        Their common values.
    fill : ndarray of shape (n_numeric,) or None
        What fills their gaps.
    """
    X, weights, indices = samples.X, samples.weights, samples.indices
    if not sparse.issparse(X):
        is_all, exceptions = len(numeric) == X.shape[1], np.zeros(len(numeric))
        for chunk, w in chunks(X, weights, indices):
            part = chunk if is_all else chunk[:, numeric]
            differs = part != common
            if fill is not None and samples.has_gaps:
                differs &= (fill.astype(part.dtype) != common) | ~np.isnan(part)
            exceptions += differs.sum(axis=0) if w is None else w @ differs
        return exceptions
    X, weights = samples.take(X), samples.take(weights)
    w = np.ones(X.shape[0]) if weights is None else weights
    data = X.data if fill is None else np.where(
        np.isnan(X.data), fill.astype(X.dtype)[X.indices], X.data
    )  # fmt: skip
    stored, d = np.repeat(w, np.diff(X.indptr)), X.shape[1]
    differs = data != common[X.indices]
    exceptions = np.bincount(X.indices, stored * differs, d).astype(np.float64)
    unstored = w.sum() - np.bincount(X.indices, stored, d)
    return np.where(common == 0, exceptions, exceptions + unstored)


def raised(moments: Moments, exceptions: Floats) -> Standardization:
    """The standardisation, with the scale raised for nearly constant features."""
    scaling = moments.standardization
    share = np.where(moments.low == moments.high, 0.0, exceptions / moments.weight)
    rare = (share > 0) & (share < RARE)
    factor = np.sqrt(np.divide(RARE, share, out=np.ones_like(share), where=rare))
    return Standardization(scaling.mean, scaling.scale * factor)
