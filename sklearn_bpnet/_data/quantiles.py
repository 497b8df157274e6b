"""Weighted quantiles of features, and the smooth clip that is scaled by them."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.chunks import CHUNK_NUMBERS, SelectedColumns, chunks
from sklearn_bpnet._data.samples import Indices
from sklearn_bpnet.training.standardization import Standardization

Weights = NDArray[np.float64]

SQUASHED_TO = 3.0  # bound of the smooth clip of `squashing`, as in its reference

# Columns of a table that is stored row by row cannot be read without all of its memory.
# Quantiles of larger tables are those of a sample: at a level q they have the standard
# error sqrt(q (1 - q) / 65,536), at most 0.002.
_EXACT_NUMBERS = 2**24
_N_SAMPLED = 2**16
_GATHERED_NUMBERS = 2**25  # of the sample, held in memory at a time
_MOST_COUNTED = 2.0**40  # samples that weights may stand for


def squashing(
    X: Any,
    weights: Weights | None = None,
    indices: Indices | None = None,
    half_range: NDArray[np.float64] | None = None,
) -> Standardization:
    """Median and interquartile range of every column, with a smooth clip at 3.

    A column with equal quartiles is divided by half of its range, and a constant one
    by 1. Of more than 2^24 numbers in more than 2^16 samples, the quartiles are those
    of 2^16 samples that are drawn with a fixed seed, in proportion to their weights.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_columns)
        Any real, integer or boolean dtype. Read a few columns at a time.
    weights, indices
        As for `standardization`.
    half_range : ndarray of shape (n_columns,), default=None
        Half of the range of every column, where X has some of the samples only.

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
    if is_large(X, indices):
        low, median, high = _sampled_quartiles(X, weights, indices)
    else:
        low, median, high = _quartiles(X, weights, indices)
    with np.errstate(over="ignore"):
        scale = high - low
        flat = np.flatnonzero(scale <= 0)
        if len(flat) and half_range is not None:
            scale[flat] = half_range[flat]
        elif len(flat):
            scale[flat] = _half_range(X, indices, flat)
    scale = np.where(scale > 0, scale, 1.0)
    scale = np.minimum(scale, np.finfo(np.float64).max)  # of two opposite extremes
    return Standardization(median, scale, SQUASHED_TO)


def is_large(X: Any, indices: Indices | None) -> bool:
    """Whether quantiles of the selected samples are those of some of them."""
    n_samples = X.shape[0] if indices is None else len(indices)
    return are_many(n_samples, X.shape[1])


def are_many(n_samples: int, n_columns: int) -> bool:
    """Whether quantiles of so many samples are those of some of them."""
    return n_samples > _N_SAMPLED and n_samples * n_columns > _EXACT_NUMBERS


def representative(
    X: Any, weights: Weights | None, indices: Indices | None
) -> tuple[Indices | None, Weights | None]:
    """Indices of the samples whose quantiles are taken, and the weights of these.

    All that are selected, or of a large table some.
    """
    if is_large(X, indices):
        return drawn(X, weights, indices), None
    if weights is not None and indices is not None:
        weights = weights[indices]
    return indices, weights


def _quartiles(
    X: Any, weights: Weights | None, indices: Indices | None
) -> NDArray[np.float64]:
    """The quartiles of every column, in three rows."""
    n_samples = X.shape[0] if indices is None else len(indices)
    if weights is not None and indices is not None:
        weights = weights[indices]
    quartiles = np.empty((3, X.shape[1]))
    size, of_samples = max(CHUNK_NUMBERS // n_samples, 1), SelectedColumns(X, indices)
    for start in range(0, X.shape[1], size):
        chunk = slice(start, start + size)
        columns = of_samples[chunk].astype(np.float64)
        quartiles[:, chunk] = quantiles(columns, weights, (0.25, 0.5, 0.75))
    return quartiles


def drawn(
    X: Any,
    weights: Weights | None,
    indices: Indices | None,
    n_drawn: int | None = None,
) -> Indices:
    """Indices of some samples, one of each stratum of neighbours, in order.

    They are drawn in proportion to the weights, so that they have equal weights then.
    """
    n_samples = X.shape[0] if indices is None else len(indices)
    levels = levels_of_strata(n_drawn or _N_SAMPLED)
    if weights is None:
        places = (levels * n_samples).astype(np.intp)
        places = np.minimum(places, n_samples - 1)
    else:
        cumulative = np.cumsum(weights if indices is None else weights[indices])
        places = places_at(cumulative, levels * cumulative[-1])
    return places if indices is None else indices[places]


def levels_of_strata(n_drawn: int = _N_SAMPLED) -> NDArray[np.float64]:
    """Levels between 0 and 1, one of each stratum, in order."""
    rng = np.random.default_rng(0)
    levels: NDArray[np.float64] = np.arange(n_drawn) + rng.random(n_drawn)
    return levels / n_drawn


def places_at(cumulative: Weights, targets: NDArray[np.float64]) -> Indices:
    """The samples at which the cumulative weight exceeds some numbers."""
    places = np.searchsorted(cumulative, targets, side="right")
    return np.minimum(places, len(cumulative) - 1)


def _sampled_quartiles(
    X: Any, weights: Weights | None, indices: Indices | None
) -> NDArray[np.float64]:
    """The quartiles of samples that are drawn."""
    chosen = drawn(X, weights, indices)
    quartiles = np.empty((3, X.shape[1]))
    size = max(_GATHERED_NUMBERS // _N_SAMPLED, 1)
    for start in range(0, X.shape[1], size):
        chunk = slice(start, start + size)
        quartiles[:, chunk] = _quartiles(X[chosen, chunk], None, None)
    return quartiles


def _half_range(
    X: Any, indices: Indices | None, columns: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Half of the range of some columns, in one pass over the samples."""
    low, high = np.full(len(columns), np.inf), np.full(len(columns), -np.inf)
    for chunk, _ in chunks(X, None, indices):
        part = chunk[:, columns]
        low = np.minimum(low, part.min(axis=0))
        high = np.maximum(high, part.max(axis=0))
    return (high - low) / 2


def quantiles(
    columns: NDArray[np.float64], weights: Weights | None, levels: Sequence[float]
) -> list[NDArray[np.float64]]:
    """Weighted quantiles of every column; a sample of weight 2 counts as two."""
    if weights is None:
        places = [max(ceil(q * len(columns)) - 1, 0) for q in levels]
        ordered = np.partition(columns, places, axis=0)
        return [ordered[place] for place in places]
    order = np.argsort(columns, axis=0, kind="stable")
    cumulative = np.cumsum(weights[order], axis=0)
    ranks = [(cumulative < q * cumulative[-1]).sum(axis=0) for q in levels]
    at_ranks = [np.take_along_axis(order, rank[None], axis=0) for rank in ranks]
    return [np.take_along_axis(columns, place, axis=0)[0] for place in at_ranks]


def interpolated_quantiles(
    column: NDArray[np.float64], weights: Weights | None, levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles between neighbouring samples, as `numpy.quantile` interpolates them.

    Parameters
    ----------
    column : ndarray of shape (n_samples,)
        The values, in any order.
    weights : ndarray of shape (n_samples,) or None
        Positive weights, of which only ratios matter: a sample counts as many times as
        its weight is the smallest one.
    levels : ndarray of shape (n_levels,)
        From 0 to 1, ascending.

    Returns
    -------
    ndarray of shape (n_levels,)
        Ascending.
    """
    if weights is None:
        ordered = np.sort(column)
        cumulative = np.arange(1.0, len(column) + 1)
    else:
        order = np.argsort(column, kind="stable")
        ordered = column[order]
        cumulative = np.cumsum(weights[order] / _unit_of_counts(weights))
    places = levels * max(cumulative[-1] - 1, 0)
    whole = np.floor(places)
    last = len(ordered) - 1
    low, high = (
        ordered[np.minimum(np.searchsorted(cumulative, at, side="right"), last)]
        for at in (whole, whole + 1)
    )
    share = places - whole
    between = np.where(low == high, low, (1 - share) * low + share * high)
    return np.maximum.accumulate(np.clip(between, low, high))


def counted(weights: Weights | None, n_samples: int) -> float:
    """How many samples such weights stand for."""
    if weights is None:
        return float(n_samples)
    return float(weights.sum()) / _unit_of_counts(weights)


def _unit_of_counts(weights: Weights) -> float:
    """The weight that counts as one sample: the smallest one.

    It is raised where there would be more samples than a float tells apart.
    """
    return max(float(weights.min()), float(weights.sum()) / _MOST_COUNTED)
