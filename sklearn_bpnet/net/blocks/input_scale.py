"""A learned scale of the features: the network learns their units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import DTypeLike
from scipy import sparse

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.blocks.base import Block
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.theta import Shape


@dataclass
class ScaleWorkspace:
    """Memory of the block for one batch, each (n_samples, n_units).

    A is handed on (in ``memory``, if it is an array); G = dJ/dA comes back.
    """

    A: Any
    G: Array
    memory: Array

    def part(self, samples: slice) -> ScaleWorkspace:
        """The same memory for some samples of the batch."""
        memory = self.memory[samples]
        return ScaleWorkspace(memory, self.G[samples], memory)


@dataclass(frozen=True)
class InputScale(Block):
    """Every feature times a learned number, A = X diag(s), where s starts at 1.

    A layer above could do the same with its weights. But a single number per feature
    has its own learning rate, and so quickly finds the features that matter.

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

    initial: ClassVar[float] = 1.0
    descriptions: ClassVar[Mapping[str, str]] = {
        "input_scale": "learned scale of the features"
    }
    parameters: ClassVar[Mapping[str, str]] = {"input_scale": "learned_input_scale"}

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of s."""
        return ((self.n_units,),)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What s is."""
        return ("input_scale",)

    @property
    def attributes(self) -> tuple[str, ...]:
        """Where a fitted estimator shows s."""
        return ("learned_input_scale_",)

    @property
    def n_in(self) -> int:
        """Number of features."""
        return self.n_units

    @property
    def n_out(self) -> int:
        """Number of features handed on, the same."""
        return self.n_units

    def workspace(
        self,
        n_samples: int,
        dtype: DTypeLike,
        keep_Z: bool = False,
        backward: bool = True,
    ) -> ScaleWorkspace:
        """Memory for one batch; without ``backward`` G is empty."""
        A = np.empty((n_samples, self.n_units), dtype=dtype)
        return ScaleWorkspace(A, np.empty_like(A) if backward else A[:0], A)

    def start(
        self,
        arrays: Sequence[Array],
        scheme: Initialization,
        rng: np.random.Generator,
        A_below: Operand | None = None,
    ) -> None:
        """Write s = 1."""
        arrays[0][...] = self.initial

    def forward(
        self, arrays: Sequence[Array], A_below: Operand, ws: ScaleWorkspace
    ) -> Any:
        """A = X diag(s)."""
        (s,) = arrays
        ws.A = scale_columns(A_below, s, out=ws.memory)
        return ws.A

    def backward(
        self,
        arrays: Sequence[Array],
        A_below: Operand,
        ws: ScaleWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """Write dJ/ds_j = sum_i x_ij g_ij and, if asked for, dJ/dX = G diag(s)."""
        (s,), (ds,) = arrays, gradient
        ds[...] = column_dots(A_below, ws.G)
        if G_below is not None:
            np.multiply(ws.G, s, out=G_below)

    def importances(self, arrays: Sequence[Array], above: Array | None) -> Array:
        """Those of the scaled features, times |s|."""
        assert above is not None
        scaled: Array = above * np.abs(arrays[0])
        return scaled


def scale_columns(X: Operand, s: Array, out: Array) -> Any:
    """X diag(s): an array in ``out``, a sparse operand as a new one."""
    if isinstance(X, np.ndarray):
        return np.multiply(X, s, out=out)
    if not sparse.issparse(X):  # such as CentredRows, which has its own
        return X.scale_columns(s)  # type: ignore[attr-defined]
    S: Any = X
    return type(S)((S.data * s[S.indices], S.indices, S.indptr), shape=S.shape)


def column_dots(X: Operand, G: Array) -> Array:
    """sum_i x_ij g_ij for every column j, shape (n_columns,)."""
    if isinstance(X, np.ndarray):
        return np.einsum("ij,ij->j", X, G)
    if not sparse.issparse(X):
        return X.column_dots(G)  # type: ignore[attr-defined]
    S: Any = X
    i = np.repeat(np.arange(S.shape[0]), np.diff(S.indptr))
    products = S.data * G[i, S.indices]
    return cast(Array, np.bincount(S.indices, products, S.shape[1]))
