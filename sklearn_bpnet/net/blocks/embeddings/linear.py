"""Piecewise-linear embeddings: learned functions with kinks at the edges of bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.blocks.embeddings.base import (
    EmbeddedFeatures,
    EmbeddingBlock,
    NumericEmbedding,
    check_dense,
)
from sklearn_bpnet.net.blocks.embeddings.bins import Bins, BinsOfDtype
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.theta import Shape


@dataclass(frozen=True)
class PWL(NumericEmbedding):
    """Piecewise-linear embedding: learned functions of a feature, in its place.

    A feature x becomes the numbers w x + a + V' e, where e is its piecewise-linear
    encoding, see `PLE`. Every feature has its own w, a and V, which are learned. V
    starts at zero, so that the functions are straight lines at first and get their
    kinks, at the edges of the bins, in training.

    Parameters
    ----------
    n_bins : int, default=48
        Most bins per feature, at least 1. Edges that coincide are one.
    embedding_size : int, default=8
        How many numbers a feature becomes, at least 1.
    target_aware : bool, default=False
        What the edges of the bins are: False for quantiles of the feature, True for the
        thresholds of a decision tree, see `PLE`.

    References
    ----------
    Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular
    deep learning", NeurIPS 2022, arXiv 2203.05556. Gorishniy, Kotelnikov and Babenko,
    "TabM: advancing tabular deep learning with parameter-efficient ensembling", ICLR
    2025, arXiv 2410.24210 (version B of the embedding).
    """

    n_bins: int = 48
    embedding_size: int = 8
    target_aware: bool = False

    def __post_init__(self) -> None:
        self._check_counts(n_bins=1, embedding_size=1)

    def block(self, n_in: int, embedded: EmbeddedFeatures) -> EmbeddingBlock:
        """The block that embeds some of ``n_in`` features."""
        features, bins = tuple(embedded.features.tolist()), Bins.of(embedded.edges)
        return PiecewiseLinear(n_in, features, bins, int(self.embedding_size))


@dataclass
class LinearWorkspace:
    """Memory of the block for one batch.

    A and G = dJ/dA have shape (n_samples, n_out). The others are ordered by feature, of
    shape (n_embedded, n_samples): the values, the bin that each lies in, and how far
    beyond the left edge of it.
    """

    A: Array
    G: Array
    x: Array
    bin_of: NDArray[np.intp]
    beyond: Array
    slopes: Array  # of the functions in every bin, (n_bins, embedding_size)
    bins: BinsOfDtype

    def part(self, samples: slice) -> LinearWorkspace:
        """The same memory for some samples of the batch."""
        x, bin_of = self.x[:, samples], self.bin_of[:, samples]
        beyond = self.beyond[:, samples]
        A, G = self.A[samples], self.G[samples]
        return replace(self, A=A, G=G, x=x, bin_of=bin_of, beyond=beyond)


@dataclass(frozen=True)
class PiecewiseLinear(EmbeddingBlock):
    """The features that are not embedded, followed by the embeddings of the others.

    A = [x of every other feature, w x + a + V' e of the first one, of the second, ...]

    With j the bin of x, these are the numbers at its left edge b_j, which are
    w b_j + a + V_0 + ... + V_{j-1}, plus x - b_j times the slopes w + V_j / width_j.
    Both are looked up, so that the time hardly depends on the number of bins.

    Parameters
    ----------
    n_in : int
        Number of features.
    features : tuple of int
        Those that are embedded, ascending.
    bins : Bins
        Their bins.
    size : int
        How many numbers a feature becomes.
    """

    compiled_as: ClassVar[str | None] = "piecewise linear"

    n_in: int
    features: tuple[int, ...]
    bins: Bins
    size: int

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of the slopes w, the shifts a, and V with a row for every bin."""
        n, m = len(self.features), self.size
        return (n, m), (n, m), (self.bins.n, m)

    @property
    def n_made(self) -> NDArray[np.intp]:
        """How many numbers every embedded feature becomes."""
        return np.full(len(self.features), self.size)

    @property
    def n_out(self) -> int:
        """Numbers handed on."""
        return len(self.kept) + len(self.features) * self.size

    def start(
        self,
        arrays: Sequence[Array],
        scheme: Initialization,
        rng: np.random.Generator,
        A_below: Operand | None = None,
    ) -> None:
        """Uniform slopes and shifts; V stays at zero."""
        w, a, _ = arrays
        bound = 1 / sqrt(self.size)
        w[...] = rng.uniform(-bound, bound, w.shape)
        a[...] = rng.uniform(-bound, bound, a.shape)

    def workspace(
        self,
        n_samples: int,
        dtype: DTypeLike,
        keep_Z: bool = False,
        backward: bool = True,
    ) -> LinearWorkspace:
        """Memory for one batch; without ``backward`` G is empty."""
        A = np.empty((n_samples, self.n_out), dtype=dtype)
        G = np.empty_like(A) if backward else A[:0]
        x = np.empty((len(self.features), n_samples), dtype=dtype)
        slopes = np.empty((self.bins.n, self.size), dtype=dtype)
        bin_of, beyond = np.empty(x.shape, np.intp), np.empty_like(x)
        bins = self.bins.in_dtype(dtype)
        return LinearWorkspace(A, G, x, bin_of, beyond, slopes, bins)

    def forward(
        self, arrays: Sequence[Array], A_below: Any, ws: LinearWorkspace
    ) -> Array:
        """A = [X, E]: in its bin, every function is a line."""
        check_dense(A_below)
        w, a, V = arrays
        bins, of = ws.bins, self.bins.feature_of
        np.copyto(ws.x, A_below.T[list(self.features)])
        bins.locate(ws.x, ws.bin_of, ws.beyond)
        np.multiply(V, bins.per_width[:, None], out=ws.slopes)
        ws.slopes += w[of]
        at_left = w[of] * bins.left[:, None] + a[of] + self.bins.sums(V)
        ws.A[:, : len(self.kept)] = A_below[:, list(self.kept)]
        E = ws.slopes.take(ws.bin_of, axis=0)
        E *= ws.beyond[..., None]
        E += at_left.take(ws.bin_of, axis=0)
        self._made(ws.A)[...] = E
        return ws.A

    def _made(self, A: Array) -> Array:
        """The part of A or G that is E, a view (n_embedded, n_samples, size)."""
        E = A[:, len(self.kept) :].reshape(len(A), len(self.features), self.size)
        return E.transpose(1, 0, 2)

    def backward(
        self,
        arrays: Sequence[Array],
        A_below: Any,
        ws: LinearWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """Write the gradient of the arrays and, if asked for, dJ/dX.

        From two sums over the samples of every bin: of dJ/dE, and of its products with
        the distance from the left edge.
        """
        dw, da, dV = gradient
        bins, starts = ws.bins, self.bins.starts
        D = np.ascontiguousarray(self._made(ws.G))  # dJ/dE
        if G_below is not None:
            G_below[:, list(self.kept)] = ws.G[:, : len(self.kept)]
            along_x = np.einsum("fnm,fnm->nf", D, ws.slopes[ws.bin_of])
            G_below[:, list(self.features)] = along_x
        places = (ws.bin_of[..., None] * self.size + np.arange(self.size)).ravel()
        sums, moments = np.zeros_like(dV), np.zeros_like(dV)
        # of vectors, `add.at` takes 5 ns per number
        np.add.at(sums.reshape(-1), places, D.ravel())
        D *= ws.beyond[..., None]
        np.add.at(moments.reshape(-1), places, D.ravel())
        np.add.reduceat(sums, starts, axis=0, out=da)
        along = sums * bins.left[:, None] + moments
        np.add.reduceat(along, starts, axis=0, out=dw)
        np.multiply(moments, bins.per_width[:, None], out=dV)
        dV += self.bins.sums(sums, after=True)  # e_t is 1 in all later bins
