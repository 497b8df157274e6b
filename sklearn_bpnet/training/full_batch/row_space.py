"""Full-batch training of wide tables in the span of their samples.

With fewer samples than features, a gradient of W[1] is a combination of the samples,
X' D. Weights that follow gradients therefore change within the span of the samples,
where they need a coordinate per sample and unit, not one per feature and unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.linalg import lapack

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.network import Network
from sklearn_bpnet.net.penalties import ElasticNet
from sklearn_bpnet.net.risk import EmpiricalRisk
from sklearn_bpnet.training.batches import Batches, Indices, RowReader
from sklearn_bpnet.training.full_batch.risk import FullBatchRisk
from sklearn_bpnet.training.sparse_rows import row_products

# The matrix of all products of two samples is made and factorised once: bounds of its
# memory (128 MB), and of that time, in evaluations of the risk that it takes
_MOST_SAMPLES = 4096
_WORTH_EVALUATIONS = 20
# In the span products are dense. Those of sparse samples are cheap; what is saved is
# the solver's time for some dozens of vectors of the size of W[1].
_MOST_PER_VECTOR = 256

# Directions in which samples are shorter than this share of the longest one, squared,
# are rounding errors; no gradient method makes progress along them.
_LEAST_SQUARE = 1e-12


@dataclass(frozen=True)
class LowerRows:
    """Samples whose matrix is lower triangular, and then one column of zeros.

    A product with it takes BLAS half the time of one with a matrix of that size.

    Parameters
    ----------
    L : ndarray of shape (n_samples, n_samples)
        In Fortran order.
    """

    L: Array

    @property
    def shape(self) -> tuple[int, int]:
        """Of the matrix."""
        n = len(self.L)
        return n, n + 1

    def __matmul__(self, W: Array) -> Array:
        return _triangular_product(self.L, W[:-1], transposed=False)

    @property
    def T(self) -> UpperRows:
        """The transpose."""
        return UpperRows(self.L)


@dataclass(frozen=True)
class UpperRows:
    """The transpose of ``LowerRows``, for the gradient A.T @ D."""

    L: Array

    def __matmul__(self, D: Array) -> Array:
        product = _triangular_product(self.L, D, transposed=True)
        return np.concatenate([product, np.zeros_like(product[:1])])


def _triangular_product(L: Array, B: Array, *, transposed: bool) -> Array:
    """L B or L' B, which BLAS computes as the transpose of B' L' or B' L."""
    trmm = linalg.get_blas_funcs("trmm", (L, B))
    product: Array = trmm(1, L, B.T, side=1, lower=1, trans_a=not transposed).T
    return product


class LowerReader(RowReader):
    """A reader of such samples, which are all in one batch."""

    def __init__(self, L: Array) -> None:
        super().__init__(L, L.dtype)
        self.is_sparse = True  # as an operand that is no array
        self.rows = LowerRows(np.asfortranarray(L))

    def read(self, indices: Indices) -> Operand:
        """All samples."""
        return self.rows


class RowSpace:
    """Coordinates in which the weights of the first layer are combinations of samples.

    With an orthonormal basis Q of the span of the samples, W[1] = Q U + v V, where V is
    what of the weights at the start is orthogonal to all samples, of norm 1. The
    outputs depend on U alone: X W[1] = (X Q) U. The gradient of the L2 penalty along V
    is a multiple of V. So the risk of the samples X Q, with another feature that is
    always zero and has the weight v, is that of X; and as the coordinates are rotated,
    a method that depends on inner products only makes the same steps in them.

    Parameters
    ----------
    smooth : FullBatchRisk
        The risk; its theta is where training starts.

    Attributes
    ----------
    smooth : FullBatchRisk
        The same risk in these coordinates.
    start : ndarray of shape (n_coordinates,)
        Where training starts; float64.

    Raises
    ------
    ArithmeticError
        If the products of the samples are not finite, or all zero.
    """

    def __init__(self, smooth: FullBatchRisk) -> None:
        self.n_below, self.n_units = smooth.risk.network.shapes[0][0]
        self._n_others = smooth.theta.size - self.n_below * self.n_units
        # in float64, whatever the dtype of the network: squares lose half of the digits
        given, reader = smooth.batches, smooth.batches.reader
        makes_dense, scaling = reader.makes_dense, reader.standardization
        wide = RowReader(reader.X, np.float64, scaling, makes_dense=makes_dense)
        self._batches = Batches(wide, given.Y, None, given.indices, given.batch_size)
        L, order = self._factorise()
        W, others = self._split(smooth.theta)
        U = linalg.solve_triangular(
            self._L, self._products(W)[self._chosen], lower=True
        )
        V = W - self._combination(U)
        v = float(np.linalg.norm(V))
        self._V = V / v if v else V
        # a row per sample, of which those that are not independent have none, and v
        weights = np.zeros((given.n_samples + 1, self.n_units))
        weights[: len(U)], weights[-1, 0] = U, v
        self.start = np.concatenate([weights.ravel(), others])
        self.smooth = self._risk(smooth, L, order)

    @classmethod
    def of(cls, smooth: FullBatchRisk) -> RowSpace | None:
        """The row space of the samples, where training in it is possible and pays."""
        if not cls.pays(smooth):
            return None
        try:
            return cls(smooth)
        except ArithmeticError:
            return None

    @staticmethod
    def pays(smooth: FullBatchRisk) -> bool:
        """Whether it is possible, and cheaper by shapes and stored elements."""
        risk, batches = smooth.risk, smooth.batches
        first, n = risk.network.blocks[0], batches.n_samples
        possible = (
            type(risk) is EmpiricalRisk
            and type(risk.network) is Network
            and first.on_inputs(n) is not None
            and type(risk.penalty) is ElasticNet
            and not (risk.is_penalised and risk.penalty.l1_ratio)
            and not risk.group.alpha
        )
        if not possible or not 0 < 2 * n <= first.n_in or n > _MOST_SAMPLES:
            return False
        if batches.reader.is_sparse and n * n > _MOST_PER_VECTOR * first.n_in:
            return False
        return n <= 2 * first.n_out * _WORTH_EVALUATIONS

    def theta(self, point: Array) -> Array:
        """All parameters at a point; float64."""
        weights, others = self._split(point)
        U, v = weights[: len(self._chosen)], weights[-1, 0]
        W = self._combination(U) + v * self._V
        return np.concatenate([W.ravel(), others])

    def is_flat(self, gradient: Array, tol: float) -> bool:
        """Whether no component of the gradient with respect to theta exceeds ``tol``.

        Parameters
        ----------
        gradient : ndarray
            The gradient in these coordinates.
        tol : float
            Largest absolute value.
        """
        G, others = self._split(gradient)
        if np.abs(others).max(initial=0.0) > tol:
            return False
        longest = float(np.linalg.norm(G, axis=0).max())
        if longest > tol * np.sqrt(self.n_below):
            return False  # the mean of its squares is larger
        return longest <= tol or bool(np.abs(self.theta(gradient)).max() <= tol)

    def _risk(
        self, smooth: FullBatchRisk, L: Array, order: NDArray[np.intp]
    ) -> FullBatchRisk:
        """The risk in these coordinates, with the samples in this order."""
        given, dtype = smooth.batches, smooth.theta.dtype
        first, *others = smooth.risk.network.blocks
        inner = first.on_inputs(len(L) + 1)
        assert inner is not None
        risk = copy(smooth.risk)
        risk.network = Network((inner, *others))
        samples = order if given.indices is None else given.indices[order]
        s = None if given.s is None else given.s[samples]
        reader = LowerReader(L.astype(dtype))
        batches = Batches(reader, given.Y[samples], s, None, len(order))
        return FullBatchRisk(risk, batches, self.start.astype(dtype))

    # Q = X[chosen]' L^-T, where L is the Cholesky factor of the products of the chosen
    # samples, which are independent; then X Q = X X[chosen]' L^-T

    def _factorise(self) -> tuple[Array, NDArray[np.intp]]:
        """Choose independent samples; return X Q, and the order of its samples.

        In this order X Q is lower triangular, with columns of zeros to be square.
        """
        K = self._all_products()
        longest = float(K.diagonal().max())
        if not 0 < longest < np.inf:
            raise ArithmeticError("the products of the samples are zero or not finite")
        factor, order, rank, _ = lapack.dpstrf(
            K, tol=_LEAST_SQUARE * longest, lower=1, overwrite_a=1
        )
        order = order.astype(np.intp) - 1
        self._chosen: NDArray[np.intp] = order[:rank]
        L = np.tril(factor)
        L[:, rank:] = 0
        self._L = L[:rank, :rank]
        return L, order

    def _all_products(self) -> NDArray[np.float64]:
        """X X', a few samples at a time: its lower triangle."""
        n, size = self._batches.n_samples, self._batches.batch_size
        K = np.zeros((n, n), order="F")
        for i, rows in self._pieces():
            if isinstance(rows, np.ndarray):
                rows = rows.copy()  # its memory is about to be used again
            for j, columns in self._pieces():
                K[i : i + size, j : j + size] = row_products(rows, columns)
                if j == i:
                    break
        return K

    def _pieces(self) -> Iterator[tuple[int, Operand]]:
        """The first index of every chunk of samples, and the chunk."""
        for i, batch in enumerate(self._batches.epoch()):
            yield i * self._batches.batch_size, batch.X

    def _products(self, W: Array) -> Array:
        """X W."""
        return np.concatenate([X @ W for _, X in self._pieces()])

    def _combination(self, U: Array) -> Array:
        """Q U, of shape (n_below, n_units)."""
        shares = np.zeros((self._batches.n_samples, self.n_units))
        shares[self._chosen] = linalg.solve_triangular(
            self._L, U, lower=True, trans="T"
        )
        W, size = np.zeros((self.n_below, self.n_units)), self._batches.batch_size
        for i, X in self._pieces():
            W += X.T @ shares[i : i + size]
        return W

    def _split(self, theta: Array) -> tuple[Array, Any]:
        """The weights of the first layer, and all other parameters; float64.

        Of theta, or of a point in these coordinates.
        """
        wide = theta.astype(np.float64)
        end = wide.size - self._n_others
        return wide[:end].reshape(-1, self.n_units), wide[end:]
