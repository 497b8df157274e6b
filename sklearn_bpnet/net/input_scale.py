"""A learned scale of the features: the network itself finds their units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import DTypeLike
from scipy import sparse

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.parameters import Shape


@dataclass
class ScaleWorkspace:
    """Memory of the block for one batch, each (n_rows, n_units).

    A is handed on (in ``memory``, if it is an array); G = dJ/dA comes back.
    """

    A: Any
    G: Array
    memory: Array

    def rows(self, rows: slice) -> ScaleWorkspace:
        """The same memory, for some rows of the batch."""
        return ScaleWorkspace(self.memory[rows], self.G[rows], self.memory[rows])


@dataclass(frozen=True)
class InputScale:
    """Every feature times a learned number, A = X diag(s), where s starts at 1.

    A layer above could do the same with its weights. But one number for each feature
    learns at a rate of its own, and so soon finds the features that matter.

    Parameters
    ----------
    n_units : int
        Number of features.

    References
    ----------
    Holzmueller, Grinsztajn and Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024, arXiv 2407.04491, section 3 (scaling
    layer).
    """

    compiled_as: ClassVar[str | None] = "input_scale"

    n_units: int

    kinds = ("input_scale",)
    initial = 1.0

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of s."""
        return ((self.n_units,),)

    @property
    def n_in(self) -> int:
        """Number of features."""
        return self.n_units

    @property
    def n_out(self) -> int:
        """Number of features handed on, the same."""
        return self.n_units

    def workspace(
        self, n_rows: int, dtype: DTypeLike, keep_Z: bool = False, backward: bool = True
    ) -> ScaleWorkspace:
        """Memory for one batch; without ``backward`` G is empty."""
        A = np.empty((n_rows, self.n_units), dtype=dtype)
        return ScaleWorkspace(A, np.empty_like(A) if backward else A[:0], A)

    def forward(
        self, parameters: Sequence[Array], A_below: Operand, ws: ScaleWorkspace
    ) -> Any:
        """A = X diag(s)."""
        (s,) = parameters
        ws.A = scale_columns(A_below, s, out=ws.memory)
        return ws.A

    def delta(self, parameters: Sequence[Array], ws: ScaleWorkspace) -> None:
        """Nothing: there is no activation."""

    def backward(
        self,
        parameters: Sequence[Array],
        A_below: Operand,
        ws: ScaleWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """Write dJ/ds_j = sum_i x_ij g_ij and, if asked for, dJ/dX = G diag(s)."""
        (s,), (ds,) = parameters, gradient
        ds[...] = column_dots(A_below, ws.G)
        if G_below is not None:
            np.multiply(ws.G, s, out=G_below)


def scale_columns(X: Operand, s: Array, out: Array) -> Any:
    """X diag(s): an array in ``out``, sparse rows as a new operand."""
    if isinstance(X, np.ndarray):
        return np.multiply(X, s, out=out)
    if not sparse.issparse(X):  # an operand that knows how
        return X.scale_columns(s)  # type: ignore[attr-defined]
    S: Any = X
    return type(S)((S.data * s[S.indices], S.indices, S.indptr), shape=S.shape)


def column_dots(X: Operand, G: Array) -> Array:
    """Sum_i x_ij g_ij for every column j, shape (n_columns,)."""
    if isinstance(X, np.ndarray):
        return np.einsum("ij,ij->j", X, G)
    if not sparse.issparse(X):
        return X.column_dots(G)  # type: ignore[attr-defined]
    S: Any = X
    rows = np.repeat(np.arange(S.shape[0]), np.diff(S.indptr))
    products = S.data * G[rows, S.indices]
    return cast(Array, np.bincount(S.indices, products, S.shape[1]))
