"""Sparse samples that are centred without becoming dense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks.input_scale import column_dots, scale_columns


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
        product: Array = self.rows.S.T @ D
        product -= np.multiply.outer(self.rows.m, D.sum(axis=0))
        return product
