"""The rows that early stopping sets aside."""

from __future__ import annotations

import numpy as np

_SMALLEST = 2  # rows: a score of a single row says nothing (and R2 is undefined)


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
