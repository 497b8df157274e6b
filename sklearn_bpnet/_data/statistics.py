"""Weighted statistics of features and targets, and the scaling they make."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.preprocessing import StandardScaler
from sklearn.utils.sparsefuncs import mean_variance_axis

from sklearn_bpnet._data.samples import Samples
from sklearn_bpnet._settings.settings import Settings
from sklearn_bpnet.net.blocks.embeddings import check_dense
from sklearn_bpnet.training.standardization import Standardization

_BLOCK_NUMBERS = 2**20  # numbers converted to float64 at a time
SQUASHED_TO = 3.0  # by `squashing`, as in its reference
_RARE = 0.2  # measured on raw MNIST pixels by benchmarks/mnist.py
_LOOKED_AT = 101  # rows that a feature's most common value is looked for in


def standardization(X, weights=None, rows=None):
    """Mean and standard deviation of every column of X.

    A column that does not vary gets the scale 1.

    Parameters
    ----------
    X : ndarray or CSR of shape (n_samples, n_columns)
        Any real, integer or boolean dtype. Read in blocks, never converted whole.
    weights : ndarray of shape (n_samples,), default=None
        Sample weights, at least 0.
    rows : ndarray of int, default=None
        The rows that count; None means all.

    Returns
    -------
    Standardization
    """
    if sparse.issparse(X):
        X, weights = _only(X, weights, rows)
        mean, variance = mean_variance_axis(
            X.astype(np.float64), axis=0, weights=weights
        )
        # a variance below the rounding error of its mean is none
        varies = variance > (10 * np.finfo(np.float64).eps * mean) ** 2
        return Standardization(mean, np.sqrt(np.where(varies, variance, 1.0)))
    scaler = StandardScaler()
    for block, block_weights in _blocks(X, weights, rows):
        scaler.partial_fit(block.astype(np.float64), sample_weight=block_weights)
    return Standardization(scaler.mean_, scaler.scale_)


def feature_standardization(X, weights=None, rows=None):
    """As `standardization`, with rare exceptions kept in bounds.

    The deviation of a feature that is nearly always the same (a pixel at the edge of
    an image, the indicator of a rare category) is tiny, so that its exceptions would
    come out huge, and a gradient step for them would upset everything else. Where
    fewer than a fifth of the rows differ from a feature's common value, its deviation
    is raised to what it would be if a fifth did.

    Parameters
    ----------
    X, weights, rows
        As for `standardization`.

    Returns
    -------
    Standardization
    """
    statistics = standardization(X, weights, rows)
    share = _share_of_exceptions(X, weights, rows)
    rare = (share > 0) & (share < _RARE)
    # the variance of rare exceptions is proportional to their share
    raised = np.sqrt(np.divide(_RARE, share, out=np.ones_like(share), where=rare))
    return Standardization(statistics.mean, statistics.scale * raised)


def squashing(X, weights=None, rows=None):
    """Median and quartile distance of every column, with a smooth clip at 3.

    A column whose quartiles are equal is divided by half of its range, and one that
    does not vary by 1.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Any real, integer or boolean dtype. Read a few columns at a time.
    weights, rows
        As for `standardization`.

    Returns
    -------
    Standardization

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024, arXiv 2407.04491, section 3.
    """
    if sparse.issparse(X):
        raise ValueError(
            "input_scaling='squash' needs dense X: it looks for the median of every "
            "feature. Use X.toarray() or input_scaling='standard'."
        )
    n_rows = X.shape[0] if rows is None else len(rows)
    weights = np.ones(X.shape[0]) if weights is None else weights
    weights = weights if rows is None else weights[rows]
    medians, scales = np.empty(X.shape[1]), np.empty(X.shape[1])
    size = max(_BLOCK_NUMBERS // n_rows, 1)
    for start in range(0, X.shape[1], size):
        piece = slice(start, start + size)
        columns = X[:, piece] if rows is None else X[rows, piece]
        columns = columns.astype(np.float64)
        low, medians[piece], high = _quantiles(columns, weights, (0.25, 0.5, 0.75))
        half_range = (columns.max(axis=0) - columns.min(axis=0)) / 2
        scales[piece] = np.where(high > low, high - low, half_range)
    scales = np.where(scales > 0, scales, 1.0)
    return Standardization(medians, scales, SQUASHED_TO)


def input_standardization(
    settings: Settings, samples: Samples
) -> Standardization | None:
    """How features are scaled, by `input_scaling` and the training samples."""
    if settings.input_scaling is None:
        return None
    learn = _SCALINGS[settings.input_scaling]
    return learn(samples.X, samples.weights, samples.indices)


def embedded_features(settings: Settings, samples: Samples) -> NDArray[np.intp] | None:
    """The features that `numeric_embedding` embeds; None without it."""
    if settings.numeric_embedding is None:
        return None
    check_dense(samples.X)
    return np.flatnonzero(has_many_values(samples.X, samples.indices))


def has_many_values(X, rows=None):
    """Whether a column has more than two distinct values, shape (n_columns,).

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
    rows : ndarray of int, default=None
        The rows that count; None means all.
    """

    def blocks():
        return (block for block, _ in _blocks(X, None, rows))

    low = np.min([block.min(axis=0) for block in blocks()], axis=0)
    high = np.max([block.max(axis=0) for block in blocks()], axis=0)
    between = np.zeros(X.shape[1], dtype=bool)
    for block in blocks():
        between |= ((block != low) & (block != high)).any(axis=0)
    return between


def _quantiles(columns, weights, levels):
    """Weighted quantiles of every column: a row of weight 2 counts as two rows."""
    order = np.argsort(columns, axis=0, kind="stable")
    below = np.cumsum(weights[order], axis=0)  # the weight up to each row, included
    ranks = [(below < q * below[-1]).sum(axis=0) for q in levels]
    places = [np.take_along_axis(order, rank[None], axis=0) for rank in ranks]
    return [np.take_along_axis(columns, place, axis=0)[0] for place in places]


def _share_of_exceptions(X, weights, rows):
    """The weighted share of the rows that differ from a column's common value.

    That value, if there is one, is the median of a few rows spread over the table.
    """
    n_rows = X.shape[0] if rows is None else len(rows)
    some = np.linspace(0, n_rows - 1, _LOOKED_AT).astype(np.intp)
    some = X[some if rows is None else rows[some]]
    if sparse.issparse(X):
        X, weights = _only(X, weights, rows)
        return _sparse_share_of_exceptions(X, weights, some)
    # in the dtype of X, where nothing needs to be cast to be compared
    common = np.sort(some, axis=0)[_LOOKED_AT // 2]
    exceptions, total = np.zeros(X.shape[1]), 0.0
    for block, block_weights in _blocks(X, weights, rows):
        differs = block != common
        if block_weights is None:
            exceptions += differs.sum(axis=0, dtype=np.int32)
            total += len(block)
        else:
            exceptions += np.einsum("i,ij->j", block_weights, differs)
            total += block_weights.sum()
    return exceptions / total


def _sparse_share_of_exceptions(X, weights, some):
    weights = np.ones(X.shape[0]) if weights is None else weights
    stored_weights = np.repeat(weights, np.diff(X.indptr))

    def share(marked):
        totals = np.bincount(X.indices, stored_weights * marked, X.shape[1])
        return totals / weights.sum()

    exceptions = share(X.data != 0)
    # Only a column that is mostly stored can have another common value than 0, and
    # there are few of those, so a few of their rows may be dense.
    filled = np.flatnonzero(exceptions > 1 - _RARE)
    common = np.zeros(X.shape[1])
    common[filled] = np.median(some[:, filled].toarray().astype(np.float64), axis=0)
    return np.where(common == 0, exceptions, 1 - share(X.data == common[X.indices]))


def _only(X, weights, rows):
    """The rows that count, and their weights."""
    if rows is None:
        return X, weights
    return X[rows], None if weights is None else weights[rows]


def _blocks(X, weights, rows):
    """The rows of a dense X that count, a few at a time, with their weights."""
    n_rows = X.shape[0] if rows is None else len(rows)
    size = max(_BLOCK_NUMBERS // X.shape[1], 1)
    for start in range(0, n_rows, size):
        piece = slice(start, min(start + size, n_rows))
        piece = piece if rows is None else rows[piece]
        yield X[piece], None if weights is None else weights[piece]


_SCALINGS: dict[str, Any] = {"standard": feature_standardization, "squash": squashing}
