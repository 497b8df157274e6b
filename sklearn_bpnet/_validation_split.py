"""The rows that early stopping sets aside."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import GroupShuffleSplit

_SMALLEST = 2  # rows: a score of a single row says nothing (and R2 is undefined)


def split_rows(estimator, data, strata, groups, seed):
    """Training and validation rows of a fit, by ``estimator.validation_fraction``.

    Parameters
    ----------
    estimator : BPNetClassifier or BPNetRegressor
        Whose ``validation_fraction`` is a share of the rows or a splitter.
    data : Data
        Its ``rows`` are split; rows of weight 0 are not among them.
    strata : ndarray of int of shape (n_samples,) or None
        The class of every row, for a stratified split.
    groups : ndarray of shape (n_samples,) or None
        Rows of a group stay together.
    seed : int
        Determines a split by share.

    Returns
    -------
    training, validation : ndarray of int

    Raises
    ------
    ValueError
        If there are too few rows, or a splitter does not split.
    """
    rows = np.arange(len(data.Y)) if data.rows is None else data.rows
    chosen = estimator.validation_fraction
    strata = None if strata is None else strata[rows]
    if hasattr(chosen, "split"):
        return _split_by(chosen, data, rows, strata, groups)
    if groups is not None:
        chosen = GroupShuffleSplit(1, test_size=chosen, random_state=seed)
        return _split_by(chosen, data, rows, strata, groups)
    return validation_split(rows, strata, chosen, seed, data.X.shape[1])


def _split_by(splitter, data, rows, strata, groups):
    """The first split of a scikit-learn splitter."""
    X = data.X if data.rows is None else data.X[rows]
    y = data.y[rows] if strata is None else strata
    groups = None if groups is None else groups[rows]
    training, validation = next(iter(splitter.split(X, y, groups)))
    training, validation = np.sort(training), np.sort(validation)
    if not len(training) or len(validation) < _SMALLEST:
        raise ValueError(
            f"The validation set is too small: validation_fraction={splitter} leaves "
            f"{len(training)} training rows and {len(validation)} validation rows. "
            f"At least one and {_SMALLEST} are needed."
        )
    if len(np.intersect1d(training, validation)):
        raise ValueError(
            f"validation_fraction={splitter} puts the same rows into training and "
            "validation. A splitter must keep them apart."
        )
    return rows[training], rows[validation]


def validation_split(rows, labels, fraction, seed, n_features):
    """Split rows into training and validation rows, stratified by label.

    Of every class ``fraction`` of the rows go to validation, at least one, but never
    all; without labels at least two of all rows.

    Parameters
    ----------
    rows : ndarray of int of shape (n_samples,)
        The rows to split.
    labels : ndarray of int of shape (n_samples,) or None
        The class of every row, for a stratified split; None for a plain one.
    fraction : float
        Share of validation rows, in [0, 1).
    seed : int
        Determines the split.
    n_features : int
        Number of columns of X, for the error message.

    Returns
    -------
    training, validation : ndarray of int

    Raises
    ------
    ValueError
        If there are too few rows.
    """
    labels = np.zeros(len(rows)) if labels is None else labels
    _, strata, counts = np.unique(labels, return_inverse=True, return_counts=True)
    least = 1 if len(counts) > 1 else _SMALLEST
    sizes = np.minimum(np.maximum(_shares(counts, fraction), least), counts - 1)
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(rows), dtype=bool)
    for stratum, size in enumerate(sizes):
        chosen[rng.permutation(np.flatnonzero(strata == stratum))[:size]] = True
    if chosen.sum() < _SMALLEST:
        raise ValueError(
            "The validation set is too small: early_stopping=True could not set "
            f"validation_fraction={fraction} of the rows aside, with "
            f"n_samples={len(rows)} and n_features={n_features}. Use more rows or "
            "early_stopping=False."
        )
    return rows[~chosen], rows[chosen]


def _shares(counts, fraction):
    """Whole numbers near ``fraction * counts`` that add up to that of the sum."""
    quotas = fraction * counts
    shares = np.floor(quotas).astype(int)
    left = round(fraction * counts.sum()) - shares.sum()
    largest_remainders = np.argsort(shares - quotas, kind="stable")[:left]
    shares[largest_remainders] += 1
    return shares
