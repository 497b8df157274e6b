"""Weighted statistics of features and targets, and the scaling derived from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import StandardScaler
from sklearn.utils.sparsefuncs import mean_variance_axis

from sklearn_bpnet._data.samples import Indices, Samples
from sklearn_bpnet._data.weights import unit_of
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.blocks.embeddings import check_dense
from sklearn_bpnet.training.standardization import Standardization

Weights = NDArray[np.float64]

_CHUNK_NUMBERS = 2**20  # numbers converted to float64 at a time
SQUASHED_TO = 3.0  # bound of the smooth clip of `squashing`, as in its reference
_RARE = 0.2  # measured on raw MNIST pixels by benchmarks/mnist.py
_N_PROBED = 101  # samples from which a feature's most common value is estimated


def standardization(
    X: Any, weights: Weights | None = None, indices: Indices | None = None
) -> Standardization:
    """Mean and standard deviation of every column of X.

    A column that does not vary has the scale 1.

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
        mean, variance = mean_variance_axis(
            X.astype(np.float64), axis=0, weights=weights
        )
        # a variance below the rounding error of its mean counts as zero
        varies = variance > (10 * np.finfo(np.float64).eps * mean) ** 2
        return Standardization(mean, np.sqrt(np.where(varies, variance, 1.0)))
    scaler = StandardScaler()
    # rounding makes the variance of a constant column negative, before it counts as 0
    with np.errstate(invalid="ignore"):
        for chunk, chunk_weights in _chunks(X, weights, indices):
            scaler.partial_fit(chunk.astype(np.float64), sample_weight=chunk_weights)
    return Standardization(scaler.mean_, scaler.scale_)


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
    rare = (share > 0) & (share < _RARE)
    # the variance of rare exceptions is proportional to their share
    raised = np.sqrt(np.divide(_RARE, share, out=np.ones_like(share), where=rare))
    return Standardization(statistics.mean, statistics.scale * raised)


def squashing(
    X: Any, weights: Weights | None = None, indices: Indices | None = None
) -> Standardization:
    """Median and interquartile range of every column, with a smooth clip at 3.

    A column with equal quartiles is divided by half of its range, and a constant one
    by 1.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Any real, integer or boolean dtype. Read a few columns at a time.
    weights, indices
        As for `standardization`.

    Returns
    -------
    Standardization

    Raises
    ------
    ValueError
        If X is sparse.

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024, arXiv 2407.04491, section 3.
    """
    if sparse.issparse(X):
        raise ValueError(
            "input_scaling='squash' needs dense X, for the median of every feature. "
            "Use X.toarray() or input_scaling='standard'."
        )
    n_samples = X.shape[0] if indices is None else len(indices)
    weights = np.ones(X.shape[0]) if weights is None else weights
    weights = weights if indices is None else weights[indices]
    medians, scales = np.empty(X.shape[1]), np.empty(X.shape[1])
    size = max(_CHUNK_NUMBERS // n_samples, 1)
    for start in range(0, X.shape[1], size):
        chunk = slice(start, start + size)
        columns = X[:, chunk] if indices is None else X[indices, chunk]
        columns = columns.astype(np.float64)
        low, medians[chunk], high = _quantiles(columns, weights, (0.25, 0.5, 0.75))
        half_range = (columns.max(axis=0) - columns.min(axis=0)) / 2
        scales[chunk] = np.where(high > low, high - low, half_range)
    scales = np.where(scales > 0, scales, 1.0)
    return Standardization(medians, scales, SQUASHED_TO)


def input_standardization(
    settings: Settings, samples: Samples
) -> Standardization | None:
    """How `input_scaling` scales the features, given the training samples."""
    if settings.input_scaling is None:
        return None
    learn = _SCALINGS[settings.input_scaling]
    return learn(samples.X, samples.weights, samples.indices)


def embedded_features(settings: Settings, samples: Samples) -> NDArray[np.intp] | None:
    """Indices of the features that `numeric_embedding` embeds; None without it."""
    if settings.numeric_embedding is None:
        return None
    check_dense(samples.X)
    return np.flatnonzero(has_many_values(samples.X, samples.indices))


def has_many_values(X: Any, indices: Indices | None = None) -> NDArray[np.bool_]:
    """Whether each column has more than two distinct values.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        The table.
    indices : ndarray of int, default=None
        Indices of the samples to use; None means all.

    Returns
    -------
    ndarray of bool of shape (n_columns,)
    """

    def chunks() -> Iterator[Any]:
        return (chunk for chunk, _ in _chunks(X, None, indices))

    low = np.min([chunk.min(axis=0) for chunk in chunks()], axis=0)
    high = np.max([chunk.max(axis=0) for chunk in chunks()], axis=0)
    between = np.zeros(X.shape[1], dtype=bool)
    for chunk in chunks():
        between |= ((chunk != low) & (chunk != high)).any(axis=0)
    return between


def _quantiles(
    columns: NDArray[np.float64], weights: Weights, levels: Sequence[float]
) -> list[NDArray[np.float64]]:
    """Weighted quantiles of every column; a sample of weight 2 counts as two."""
    order = np.argsort(columns, axis=0, kind="stable")
    cumulative = np.cumsum(weights[order], axis=0)
    ranks = [(cumulative < q * cumulative[-1]).sum(axis=0) for q in levels]
    places = [np.take_along_axis(order, rank[None], axis=0) for rank in ranks]
    return [np.take_along_axis(columns, place, axis=0)[0] for place in places]


def _share_of_exceptions(
    X: Any, weights: Weights | None, indices: Indices | None
) -> NDArray[np.float64]:
    """The weighted share of the samples that differ from a column's common value.

    The common value is estimated by the median of a few evenly spaced samples.
    """
    n_samples = X.shape[0] if indices is None else len(indices)
    probed = np.linspace(0, n_samples - 1, _N_PROBED).astype(np.intp)
    probe = X[probed if indices is None else indices[probed]]
    if sparse.issparse(X):
        X, weights = _selected(X, weights, indices)
        return _sparse_share_of_exceptions(X, weights, probe)
    # in the dtype of X, so that the comparison needs no cast
    common = np.sort(probe, axis=0)[_N_PROBED // 2]
    exceptions, total = np.zeros(X.shape[1]), 0.0
    for chunk, chunk_weights in _chunks(X, weights, indices):
        differs = chunk != common
        if chunk_weights is None:
            exceptions += differs.sum(axis=0, dtype=np.int32)
            total += len(chunk)
        else:
            exceptions += np.einsum("i,ij->j", chunk_weights, differs)
            total += chunk_weights.sum()
    return exceptions / total


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
    filled = np.flatnonzero(exceptions > 1 - _RARE)
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


def _chunks(
    X: Any, weights: Weights | None, indices: Indices | None
) -> Iterator[tuple[Any, Weights | None]]:
    """Chunks of the selected samples of a dense X, with their weights."""
    n_samples = X.shape[0] if indices is None else len(indices)
    size = max(_CHUNK_NUMBERS // X.shape[1], 1)
    for start in range(0, n_samples, size):
        chunk: Any = slice(start, min(start + size, n_samples))
        chunk = chunk if indices is None else indices[chunk]
        yield X[chunk], None if weights is None else weights[chunk]


_SCALINGS: dict[str, Callable[..., Standardization]] = {
    "standard": feature_standardization,
    "squash": squashing,
}
