"""Sparse samples: whether they stay sparse, and centring if they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks.input_scale import column_dots, scale_columns

# The cost of a batch, in multiplications of a dense product: measured on batches of 64
# and 200 samples with 30 to 10,000 features, 10 to 400 units and densities of 0.01 to
# 0.3, where the faster way was chosen or missed by a third at most.
_PER_NUMBER = 50.0  # to make it dense and to standardise it
_PER_STORED = 75.0  # to gather and to scale it
_PER_STORED_PRODUCT = 12.5
_PER_SPARSE_BATCH = 5e6  # SciPy's overhead, 0.2 ms
# Bound of the memory: 32 MB in float64, and as much again where they are standardised
_MOST_NUMBERS = 2**22


def dense_is_faster(X: Any, n_units: int, n_samples: int) -> bool:
    """Whether samples of a sparse X are read as an array: where that is cheaper.

    It depends on shapes and on the number of stored elements only. Samples are made
    dense as they are read, a bounded number at a time, never the whole table.

    Parameters
    ----------
    X : sparse matrix or array, or ndarray
        The table; False if it is not sparse.
    n_units : int
        Number of units that the samples are multiplied with.
    n_samples : int
        Number of samples of a batch.
    """
    if not sparse.issparse(X):
        return False
    n_samples = min(n_samples, X.shape[0])
    numbers = n_samples * X.shape[1]
    if not 0 < numbers <= _MOST_NUMBERS:
        return False
    stored = n_samples * X.nnz / X.shape[0]
    of_sparse = _PER_SPARSE_BATCH + stored * (
        _PER_STORED + _PER_STORED_PRODUCT * n_units
    )
    return bool(numbers * (_PER_NUMBER + n_units) < of_sparse)


class CentredRows:
    """Sparse rows minus one dense row, centred inside the product.

    (S - 1 m) @ W = S @ W - 1 (m @ W), so S stays sparse.

    Parameters
    ----------
    S : CSR matrix or array of shape (n_rows, n_features)
        The rows, scaled.
    m : ndarray of shape (n_features,)
        The row to subtract from each.
    """

    def __init__(self, S: Any, m: Array) -> None:
        self.S = S
        self.m = m
        self.shape = S.shape

    def __matmul__(self, W: Array) -> Array:
        product: Array = self.S @ W
        product -= self.m @ W
        return product

    def scale_columns(self, s: Array) -> CentredRows:
        """These rows times diag(s)."""
        return CentredRows(scale_columns(self.S, s, out=s), self.m * s)

    def column_dots(self, G: Array) -> Array:
        """The sum over i of x_ij g_ij, for every column j."""
        return column_dots(self.S, G) - self.m * G.sum(axis=0)

    @property
    def T(self) -> CentredColumns:
        """The transpose."""
        return CentredColumns(self)


def row_products(A: Any, B: Any) -> Array:
    """A B' of two arrays or two sparse operands, as an array."""
    if isinstance(A, np.ndarray):
        product: Array = A @ B.T
    elif isinstance(A, CentredRows):  # (S - 1 m) (S' - 1 m)'
        product = row_products(A.S, B.S)
        product -= (A.S @ A.m)[:, None]
        product -= B.S @ A.m
        product += A.m @ A.m
    else:
        product = (A @ B.T).toarray()
    return product


@dataclass(frozen=True)
class CentredColumns:
    """The transpose of ``CentredRows``, for the gradient A.T @ D."""

    rows: CentredRows

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the transpose."""
        return self.rows.shape[::-1]

    def __matmul__(self, D: Array) -> Array:
        out = np.empty((self.shape[0], D.shape[1]), np.result_type(self.rows.m, D))
        self.write_product(D, out)
        return out

    def write_product(self, D: Array, out: Array) -> None:
        """Write the product into ``out``.

        An array of the size of W[1] fills a cache; a new one for every batch would take
        longer than the product.
        """
        if out.dtype != np.result_type(self.rows.m, D):
            out[...] = self @ D
            return
        # an outer product that BLAS writes to its place
        np.dot(-self.rows.m[:, None], D.sum(axis=0)[None, :], out=out)
        out += self.rows.S.T @ D
