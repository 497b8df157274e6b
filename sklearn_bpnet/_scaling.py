"""Weighted means and deviations of features and targets, by scikit-learn."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from sklearn.preprocessing import StandardScaler
from sklearn.utils.sparsefuncs import mean_variance_axis

from sklearn_bpnet.training.batches import Standardization

_BLOCK_NUMBERS = 2**20  # numbers converted to float64 at a time


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
        return _sparse_standardization(X, weights, rows)
    n_rows = X.shape[0] if rows is None else len(rows)
    scaler = StandardScaler()
    size = max(_BLOCK_NUMBERS // X.shape[1], 1)
    for start in range(0, n_rows, size):
        piece = slice(start, min(start + size, n_rows))
        piece = piece if rows is None else rows[piece]
        block_weights = None if weights is None else weights[piece]
        scaler.partial_fit(X[piece].astype(np.float64), sample_weight=block_weights)
    return Standardization(scaler.mean_, scaler.scale_)


def _sparse_standardization(X, weights, rows):
    if rows is not None:
        X = X[rows]
        weights = None if weights is None else weights[rows]
    mean, variance = mean_variance_axis(X.astype(np.float64), axis=0, weights=weights)
    # a variance below the rounding error of its mean is none
    varies = variance > (10 * np.finfo(np.float64).eps * mean) ** 2
    return Standardization(mean, np.sqrt(np.where(varies, variance, 1.0)))
