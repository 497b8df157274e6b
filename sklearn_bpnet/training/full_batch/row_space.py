"""Full-batch training of wide tables in the span of their samples.

With fewer samples than features, a gradient of W[1] is a combination of the samples:
X' D. The weights of a step that follows gradients therefore change within their span,
which needs one coordinate per sample and unit instead of one per feature and unit.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import linalg
from scipy.linalg import lapack

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.blocks.dense import Dense
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
# The products with it are dense. Those of sparse samples are cheap; an iteration then
# takes its time for vectors of the size of W[1].
_MOST_PER_VECTOR = 256

# Directions in which samples are shorter than this share of the longest one, squared,
# are rounding errors; no gradient method makes progress along them
_LEAST_SQUARE = 1e-12

# Pieces of a triangular matrix in a product: with eight, 7/16 of the work is left out
_PIECES = 8


class LowerRows:
    """Samples whose matrix is lower trapezoidal, multiplied without its zeros.

    Parameters
    ----------
    L : ndarray of shape (n_samples, n_columns)
        At most as many columns as samples.
    """

    def __init__(self, L: Array) -> None:
        self.L = L
        self.shape = L.shape

    def pieces(self) -> Iterator[tuple[slice, slice]]:
        """Samples, and the columns in which they have other numbers than zero."""
        n, n_columns = self.shape
        size = max(
            -(-n // _PIECES), 64
        )  # samples that are worth a product of their own
        for start in range(0, n, size):
            stop = min(start + size, n)
            yield slice(start, stop), slice(0, min(stop, n_columns))

    def __matmul__(self, W: Array) -> Array:
        product = np.empty((len(self.L), W.shape[1]), np.result_type(self.L, W))
        for samples, columns in self.pieces():
            np.dot(self.L[samples, columns], W[columns], out=product[samples])
        return product

    @property
    def T(self) -> LowerColumns:
        """The transpose."""
        return LowerColumns(self)


class LowerColumns:
    """The transpose of `LowerRows`, for the gradient A.T @ D."""

    def __init__(self, rows: LowerRows) -> None:
        self.rows = rows
        self.shape = rows.shape[::-1]

    def __matmul__(self, D: Array) -> Array:
        out = np.empty((self.shape[0], D.shape[1]), np.result_type(self.rows.L, D))
        self.write_product(D, out)
        return out

    def write_product(self, D: Array, out: Array) -> None:
        """Write the product into ``out``, of the dtype of both."""
        out[...] = 0.0
        for samples, columns in self.rows.pieces():
            out[columns] += self.rows.L[samples, columns].T @ D[samples]


class LowerReader(RowReader):
    """A reader of such samples, all at once."""

    def __init__(self, L: Array, dtype: DTypeLike) -> None:
        super().__init__(L, dtype)
        self.is_sparse = True  # not an array

    def read(self, indices: Indices) -> Operand:
        """The samples with these indices, which is all of them."""
        return LowerRows(self.X[indices].astype(self.dtype, copy=False))


class RowSpace:
    """The weights of the first layer, as combinations of the training samples.

    With an orthonormal basis Q of the span of the samples, W[1] = Q U + V, where V is
    what is orthogonal to all samples. The outputs for them depend on U alone:
    X W[1] = (X Q) U, so that a network with U in place of W[1] and the samples X Q has
    the same risk. As Q is a rotation, methods that do not depend on the coordinates
    take the same steps there. The penalty is least at V = 0, where it is set; without a
    penalty V stays what it was.

    Parameters
    ----------
    smooth : FullBatchRisk
        The risk; its theta is where training starts.

    Attributes
    ----------
    smooth : FullBatchRisk
        The risk as a function of U and all other parameters; its theta is where
        training starts.

    Raises
    ------
    OverflowError
        If products of the samples are not finite.
    """

    def __init__(self, smooth: FullBatchRisk) -> None:
        self.n_below, self.n_units = smooth.risk.network.shapes[0][0]
        given = smooth.batches
        # in float64, whatever the dtype of the network: squares lose half of the digits
        reader = RowReader(
            given.reader.X,
            np.float64,
            given.reader.standardization,
            makes_dense=given.reader.makes_dense,
        )
        self.batches = Batches(
            reader, given.Y, given.s, given.indices, given.batch_size
        )
        L, order = self._factorise()
        risk, dtype = smooth.risk, smooth.theta.dtype
        first, *others = risk.network.blocks
        assert isinstance(first, Dense)
        inner_first = Dense(self.rank, first.n_out, first.activation)
        network = Network((inner_first, *others))
        inner = EmpiricalRisk(network, risk.loss, risk.alpha, risk.penalty, risk.group)
        U = self._coordinates(self._first_layer(smooth.theta))
        theta = np.concatenate([U.ravel().astype(dtype), self._rest(smooth.theta)])
        self.start = U
        samples = order if given.indices is None else given.indices[order]
        Y, s = given.Y[samples], None if given.s is None else given.s[samples]
        batches = Batches(LowerReader(L, dtype), Y, s, None, given.n_samples)
        self.smooth = FullBatchRisk(inner, batches, theta)
        self.penalised = bool(smooth.strength[0] > 0)
        self.V = 0.0 if self.penalised else self._first_layer(smooth.theta)

    @staticmethod
    def pays(smooth: FullBatchRisk) -> bool:
        """Whether this is possible and cheaper; shapes and stored elements decide."""
        risk, batches = smooth.risk, smooth.batches
        first, n = risk.network.blocks[0], batches.n_samples
        possible = (
            type(risk) is EmpiricalRisk
            and type(risk.network) is Network
            and type(first) is Dense
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
        """All parameters, from U and the others; float64."""
        U = self._first_layer(point, self.rank)
        change = U if self.penalised else U - self.start
        W = self.V + self._combination(change)
        return np.concatenate([W.ravel(), self._rest(point, self.rank)])

    def is_flat(self, gradient: Array, tol: float) -> bool:
        """Whether no component of the gradient with respect to theta exceeds ``tol``.

        Parameters
        ----------
        gradient : ndarray
            The gradient with respect to U and the others.
        tol : float
            Largest absolute value.
        """
        if np.abs(self._rest(gradient, self.rank)).max(initial=0.0) > tol:
            return False
        G = self._first_layer(gradient, self.rank)
        longest = float(np.sqrt(np.einsum("ij,ij->j", G, G).max(initial=0.0)))
        if longest > tol * np.sqrt(self.n_below):
            return False  # the mean of its squares is larger
        return longest <= tol or bool(np.abs(self._combination(G)).max() <= tol)

    # The basis Q = X[chosen]' L^-T, where L is the Cholesky factor of X[chosen]'s
    # products: then X Q = X X[chosen]' L^-T

    def _factorise(self) -> tuple[Array, NDArray[np.intp]]:
        """Choose independent samples; return X Q and the order of its samples.

        In this order X Q, of shape (n_samples, rank), is lower trapezoidal.
        """
        K = self._products()
        longest = float(K.diagonal().max(initial=0.0))
        if not isfinite(longest):
            raise OverflowError("products of the samples are too large")
        factor, order, rank, _ = lapack.dpstrf(
            K, tol=_LEAST_SQUARE * longest, lower=1, overwrite_a=1
        )
        order = order.astype(np.intp) - 1
        self.rank = max(int(rank), 1)
        self.chosen = order[: self.rank]
        L = np.tril(factor)[:, : self.rank]
        # where all samples are zero, so is their only coordinate
        self.L = L[: self.rank] if longest else np.ones((1, 1))
        return np.ascontiguousarray(L if longest else 0 * L), order

    def _products(self) -> NDArray[np.float64]:
        """X X', a few samples at a time."""
        n, size = self.batches.n_samples, self.batches.batch_size
        K = np.zeros((n, n), order="F")
        for i, rows in self._pieces():
            if isinstance(rows, np.ndarray):
                rows = rows.copy()  # its memory is about to be used again
            for j, columns in self._pieces():
                block = row_products(rows, columns)
                K[i : i + size, j : j + size] = block
                if j == i:
                    break
        return K  # its lower triangle, which is all that is read

    def _pieces(self) -> Iterator[tuple[int, Any]]:
        """The first index of every chunk of samples, and the chunk."""
        for i, batch in enumerate(self.batches.epoch()):
            yield i * self.batches.batch_size, batch.X

    def _coordinates(self, W: Array) -> Array:
        """Q' W, of shape (rank, n_units)."""
        products = np.concatenate([X @ W for _, X in self._pieces()])
        return np.asarray(
            linalg.solve_triangular(self.L, products[self.chosen], lower=True)
        )

    def _combination(self, U: Array) -> Array:
        """Q U, of shape (n_below, n_units)."""
        shares = np.zeros((self.batches.n_samples, self.n_units))
        shares[self.chosen] = linalg.solve_triangular(self.L, U, lower=True, trans="T")
        W = np.zeros((self.n_below, self.n_units))
        size = self.batches.batch_size
        for i, X in self._pieces():
            W += X.T @ shares[i : i + size]
        return W

    # Parts of a vector of parameters

    def _first_layer(self, theta: Array, n_below: int | None = None) -> Array:
        n_below = self.n_below if n_below is None else n_below
        of_layer = theta[: n_below * self.n_units].reshape(n_below, self.n_units)
        return of_layer.astype(np.float64)

    def _rest(self, theta: Array, n_below: int | None = None) -> Array:
        n_below = self.n_below if n_below is None else n_below
        return theta[n_below * self.n_units :]
