"""Weighted statistics of features and targets, and the scaling derived from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import StandardScaler
from sklearn.utils.sparsefuncs import mean_variance_axis

from sklearn_bpnet._data.chunks import chunks
from sklearn_bpnet._data.quantiles import SQUASHED_TO, squashing
from sklearn_bpnet._data.samples import Indices, Samples
from sklearn_bpnet._data.undecided import Undecided, first_scaling, next_scaling
from sklearn_bpnet._data.weights import unit_of
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.training.standardization import Standardization

Weights = NDArray[np.float64]
Scaling = tuple[Standardization | None, Undecided | None]

RARE = 0.2  # measured on raw MNIST pixels by benchmarks/mnist.py
_N_PROBED = 101  # samples from which a feature's most common value is estimated


def standardization(
    X: Any, weights: Weights | None = None, indices: Indices | None = None
) -> Standardization:
    """Mean and standard deviation of every column of X.

    A column that does not vary has the scale 1, or that of the rounding of a mean above
    1e15 over the number of samples.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_columns)
        Any real, integer or boolean dtype. Read in chunks, never converted as a whole.
    weights : ndarray of shape (n_samples,), default=None
        Sample weights, at least 0.
    indices : ndarray of int, default=None
        Indices of the samples to use; None means all.

    Returns
    -------
    Standardization
    """
    if weights is not None:  # their sum would be taken for the number of samples
        weights = weights / unit_of(weights if indices is None else weights[indices])
    if sparse.issparse(X):
        X, weights = _selected(X, weights, indices)
        indices = None
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale, overflows = _mean_and_scale(X, weights, indices)
        if overflows.any():
            units = _units(X, indices)
            small_mean, small_scale, _ = _mean_and_scale(X, weights, indices, units)
            # constant columns have the scale 1 in any unit, others one below it
            restored = np.where(small_scale == 1, 1.0, np.ldexp(small_scale, units))
            mean = np.where(overflows, np.ldexp(small_mean, units), mean)
            scale = np.where(overflows, restored, scale)
    # a column that is constant up to rounding is not to show the rounding
    n_samples = X.shape[0] if indices is None else len(indices)
    rounding = n_samples * np.finfo(np.float64).eps * np.abs(mean)
    scale = np.where((scale == 1) & (rounding > 1), rounding, scale)
    return Standardization(mean, scale)


def _mean_and_scale(
    X: Any,
    weights: Weights | None,
    indices: Indices | None,
    units: NDArray[np.intc] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Mean and standard deviation of every column, and whether its squares overflow.

    The standard deviation is 1 where a column does not vary. Columns are divided by 2
    to the power of their units, if given.
    """
    if sparse.issparse(X):
        X = X.astype(np.float64)
        if units is not None:
            X.data[:] = np.ldexp(X.data, -units[X.indices])
        mean, variance = mean_variance_axis(X, axis=0, weights=weights)
        # a variance below the rounding error of its mean counts as zero
        varies = variance > (10 * np.finfo(np.float64).eps * mean) ** 2
        scale = np.sqrt(np.where(varies, variance, 1.0))
        return mean, scale, ~np.isfinite(variance)
    scaler = StandardScaler()
    # rounding makes the variance of a constant column negative, before it counts as 0
    with np.errstate(invalid="ignore"):
        for chunk, chunk_weights in chunks(X, weights, indices):
            # sums depend on the order in memory, which says nothing about the samples
            numbers = chunk.astype(np.float64, order="C")
            if units is not None:
                numbers = np.ldexp(numbers, -units)
            scaler.partial_fit(numbers, sample_weight=chunk_weights)
    return scaler.mean_, scaler.scale_, ~np.isfinite(scaler.var_)


def _units(X: Any, indices: Indices | None) -> NDArray[np.intc]:
    """For every column an exponent of 2 whose power exceeds its absolute values.

    In such units no square overflows, and as powers of 2 they cost no digits.
    """
    if sparse.issparse(X):
        largest = abs(X).max(axis=0).toarray().ravel()
    else:
        maxima = [abs(c).max(axis=0) for c, _ in chunks(X, None, indices)]
        largest = np.max(maxima, axis=0)
    exponents: NDArray[np.intc] = np.frexp(largest)[1]
    return exponents


def feature_standardization(
    X: Any, weights: Weights | None = None, indices: Indices | None = None
) -> Standardization:
    """Mean and standard deviation, the latter raised for nearly constant features.

    The standard deviation of a feature that is nearly always the same (a pixel at the
    edge of an image, the indicator of a rare category) is tiny. Its exceptions would be
    scaled to huge values, and a gradient step for them would disturb all other
    predictions. Where fewer than a fifth of the samples differ from a feature's common
    value, its standard deviation is raised to what it would be if a fifth did.

    Parameters
    ----------
    X, weights, indices
        As for `standardization`.

    Returns
    -------
    Standardization
    """
    statistics = standardization(X, weights, indices)
    share = _share_of_exceptions(X, weights, indices)
    rare = (share > 0) & (share < RARE)
    # the variance of rare exceptions is proportional to their share
    raised = np.sqrt(np.divide(RARE, share, out=np.ones_like(share), where=rare))
    return Standardization(statistics.mean, statistics.scale * raised)


def input_standardization(settings: Settings, samples: Samples) -> Scaling:
    """How `input_scaling` scales the features, given the first training samples.

    Also what these leave undecided.
    """
    if settings.input_scaling not in _SCALINGS:  # None, or done by the encoder
        return None, None
    learn = _SCALINGS[settings.input_scaling]
    X, n_codes = samples.numbers, samples.n_codes
    if not X.shape[1]:
        clip = SQUASHED_TO if learn is squashing else None
        nothing = Standardization(np.empty(0), np.empty(0), clip)
        return nothing.with_codes(n_codes), None
    scaling, undecided = first_scaling(learn, samples, X)
    return scaling.with_codes(n_codes) if n_codes else scaling, undecided


def next_input_standardization(
    scaling: Standardization | None, undecided: Undecided | None, samples: Samples
) -> Scaling:
    """The same after one more call, given the result of the previous calls."""
    if scaling is None:
        return None, None
    learn = feature_standardization if scaling.smooth_clip is None else squashing
    return next_scaling(learn, scaling, undecided, samples, samples.X)


def _share_of_exceptions(
    X: Any, weights: Weights | None, indices: Indices | None
) -> NDArray[np.float64]:
    """The weighted share of the samples that differ from a column's common value.

    The common value is estimated by the median of a few evenly spaced samples.
    """
    probed = spaced(X.shape[0] if indices is None else len(indices))
    probe = X[probed if indices is None else indices[probed]]
    if sparse.issparse(X):
        X, weights = _selected(X, weights, indices)
        return _sparse_share_of_exceptions(X, weights, probe)
    # in the dtype of X, so that the comparison needs no cast
    common = np.sort(probe, axis=0)[_N_PROBED // 2]
    exceptions, total = np.zeros(X.shape[1]), 0.0
    for chunk, chunk_weights in chunks(X, weights, indices):
        differs = chunk != common
        if chunk_weights is None:
            exceptions += differs.sum(axis=0, dtype=np.int32)
            total += len(chunk)
        else:
            exceptions += np.einsum("i,ij->j", chunk_weights, differs)
            total += chunk_weights.sum()
    return exceptions / total


def spaced(n_samples: int) -> Indices:
    """Indices of a few evenly spaced samples, which show a column's common value."""
    return np.linspace(0, n_samples - 1, _N_PROBED).astype(np.intp)


def _sparse_share_of_exceptions(
    X: Any, weights: Weights | None, probe: Any
) -> NDArray[np.float64]:
    """The same for CSR; ``probe`` holds the samples that estimate common values."""
    weights = np.ones(X.shape[0]) if weights is None else weights
    stored_weights = np.repeat(weights, np.diff(X.indptr))
    total = weights.sum()

    def share(marked: NDArray[np.bool_]) -> NDArray[np.float64]:
        totals = np.bincount(X.indices, stored_weights * marked, X.shape[1])
        return totals / total

    exceptions = share(X.data != 0)
    # Only a column that is mostly stored can have another common value than 0. There
    # are few of those, so the probe of them may be dense.
    filled = np.flatnonzero(exceptions > 1 - RARE)
    common = np.zeros(X.shape[1])
    common[filled] = np.median(probe[:, filled].toarray().astype(np.float64), axis=0)
    is_common = X.data == common[X.indices]
    # counted, as the sum of all weights may differ from their total by rounding
    is_constant = np.bincount(X.indices[is_common], minlength=X.shape[1]) == X.shape[0]
    others = np.where(is_constant, 0.0, 1 - share(is_common))
    return np.where(common == 0, exceptions, others)


def _selected(
    X: Any, weights: Weights | None, indices: Indices | None
) -> tuple[Any, Weights | None]:
    """The samples with these indices, and their weights."""
    if indices is None:
        return X, weights
    return X[indices], None if weights is None else weights[indices]


_SCALINGS: dict[str, Callable[..., Standardization]] = {
    "standard": feature_standardization,
    "squash": squashing,
}
