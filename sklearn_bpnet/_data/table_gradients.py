"""Derivatives with respect to a table, from those to the matrix that encodes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklearn_bpnet._data.encoder import ColumnEncoder
from sklearn_bpnet._data.normal_scores import NormalScores


def table_gradients(
    encoder: ColumnEncoder, X: Any, matrix: Any, G: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The derivatives with respect to a table of numbers and codes.

    Where there is none, of a missing value and of a category, it is NaN.

    Parameters
    ----------
    encoder : ColumnEncoder
        Makes the matrix of the table.
    X : ndarray or CSR of shape (n_samples, n_features)
        The table.
    matrix : ndarray or CSR of shape (n_samples, n_out)
        The matrix.
    G : ndarray of shape (n_samples, n_outputs, n_out)
        The derivatives with respect to the matrix; overwritten.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs, n_features)
    """
    numeric = encoder.numeric
    found = np.full((*G.shape[:2], encoder.n_features), np.nan)
    of_numbers = G[..., : len(numeric)]
    of_numbers[..., encoder.empty] = 0
    numbers = X[:, numeric]
    numbers = numbers.toarray() if sparse.issparse(numbers) else numbers
    if encoder.quantiles:
        scores = NormalScores(encoder.quantiles)
        of_numbers *= scores.slopes(numbers, matrix[:, : len(numeric)])[:, None]
    gaps = np.broadcast_to(np.isnan(numbers)[:, None], of_numbers.shape)
    found[..., numeric] = np.where(gaps, np.nan, of_numbers)
    return found
