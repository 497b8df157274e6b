"""The rows that early stopping sets aside."""

from __future__ import annotations

import numpy as np
from sklearn.model_selection import train_test_split

_SMALLEST = 2  # rows: a score of a single row says nothing (and R2 is undefined)


def validation_split(rows, labels, fraction, seed, n_features):
    """Split rows into training and validation rows, stratified by label.

    The validation rows are ``fraction`` of all, but at least two and at least one
    for every class that can spare one. The single row of a class stays in training.

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
    size = max(int(np.ceil(fraction * len(rows))), _SMALLEST)
    can_spare = np.ones(len(rows), dtype=bool)
    if labels is not None:
        _, codes, counts = np.unique(labels, return_inverse=True, return_counts=True)
        can_spare = counts[codes] > 1
        labels = labels[can_spare]
        size = max(size, int((counts > 1).sum()))
    try:
        training, validation = train_test_split(
            rows[can_spare], test_size=size, stratify=labels, random_state=seed
        )
    except ValueError as error:
        raise ValueError(
            "The validation set is too small: early_stopping=True could not set "
            f"validation_fraction={fraction} of the rows aside, with "
            f"n_samples={len(rows)} and n_features={n_features}. Use more rows or "
            f"early_stopping=False. ({error})"
        ) from error
    return np.concatenate([training, rows[~can_spare]]), validation
