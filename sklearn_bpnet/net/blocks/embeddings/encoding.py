"""Piecewise-linear encoding: how far a feature has filled each of its bins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sklearn_bpnet.net._typing import Array
from sklearn_bpnet.net.blocks.embeddings.base import (
    EmbeddedFeatures,
    EmbeddingBlock,
    NumericEmbedding,
    check_dense,
)
from sklearn_bpnet.net.blocks.embeddings.bins import Bins
from sklearn_bpnet.net.cached import cached_property


@dataclass(frozen=True)
class PLE(NumericEmbedding):
    """Piecewise-linear encoding: a number for every bin of a feature, in its place.

    Between the edges b_0 < b_1 < ... < b_T of its bins, a feature x becomes the numbers
    e_t = (x - b_{t-1}) / (b_t - b_{t-1}), clipped to [0, 1]: 1 for the bins below x, 0
    for those above. The first one is not clipped below and the last one not above, so
    that x can be told beyond the edges, too. A linear function of e is a continuous
    function of x with a kink at every edge. Nothing of the encoding is learned.

    Parameters
    ----------
    n_bins : int, default=48
        Most bins per feature, at least 1. Edges that coincide are one.
    target_aware : bool, default=False
        False: the edges are quantiles of the feature in the training samples, at the
        levels 0, 1/T, ..., 1. True: they are the smallest and the largest value, and
        the thresholds of a decision tree of at most ``n_bins`` leaves that predicts the
        targets from this feature alone. A leaf then has 64 training samples, or a
        twentieth of them where that is less, and decreases the impurity by 1e-4.

    References
    ----------
    Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular
    deep learning", NeurIPS 2022, arXiv 2203.05556, section 3.2.
    """

    n_bins: int = 48
    target_aware: bool = False

    def __post_init__(self) -> None:
        self._check_counts(n_bins=1)

    def block(self, n_in: int, embedded: EmbeddedFeatures) -> EmbeddingBlock:
        """The block that encodes some of ``n_in`` features."""
        features = tuple(embedded.features.tolist())
        return PiecewiseEncoding(n_in, features, Bins.of(embedded.edges))


@dataclass
class EncodingWorkspace:
    """Memory of the block for one batch.

    A and G = dJ/dA have shape (n_samples, n_out). The others are vectors with a number
    for every bin.
    """

    A: Array
    G: Array
    left: Array
    per_width: Array

    def part(self, samples: slice) -> EncodingWorkspace:
        """The same memory for some samples of the batch."""
        return replace(self, A=self.A[samples], G=self.G[samples])


@dataclass(frozen=True)
class PiecewiseEncoding(EmbeddingBlock):
    """The features that are not encoded, followed by the encodings of the others.

    A = [x of every other feature, e of the first encoded feature, e of the second, ...]

    Parameters
    ----------
    n_in : int
        Number of features.
    features : tuple of int
        Those that are encoded, ascending.
    bins : Bins
        Their bins.
    """

    compiled_as: ClassVar[str | None] = "piecewise encoding"
    word: ClassVar[str] = "bin"

    n_in: int
    features: tuple[int, ...]
    bins: Bins

    @property
    def n_made(self) -> NDArray[np.intp]:
        """How many numbers every encoded feature becomes."""
        return self.bins.counts

    @property
    def n_out(self) -> int:
        """Numbers handed on."""
        return len(self.kept) + self.bins.n

    @cached_property
    def _ends(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Of every feature the column of its first bin in E, and that of its last."""
        return self.bins.starts, self.bins.starts + self.bins.counts - 1

    def workspace(
        self,
        n_samples: int,
        dtype: DTypeLike,
        keep_Z: bool = False,
        backward: bool = True,
    ) -> EncodingWorkspace:
        """Memory for one batch; without ``backward`` G is empty."""
        A = np.empty((n_samples, self.n_out), dtype=dtype)
        bins = self.bins.in_dtype(dtype)
        G = np.empty_like(A) if backward else A[:0]
        return EncodingWorkspace(A, G, bins.left, bins.per_width)

    @cached_property
    def _feature_of_bin(self) -> NDArray[np.intp]:
        return np.array(self.features, dtype=np.intp)[self.bins.feature_of]

    def forward(
        self, arrays: Sequence[Array], A_below: Any, ws: EncodingWorkspace
    ) -> Array:
        """A = [X, E] with e_t = (x - b_{t-1}) / (b_t - b_{t-1}), clipped."""
        check_dense(A_below)
        k = len(self.kept)
        ws.A[:, :k] = A_below[:, list(self.kept)]
        E = ws.A[:, k:]
        np.subtract(A_below.take(self._feature_of_bin, axis=1), ws.left, out=E)
        E *= ws.per_width
        first, last = self._ends
        below, above = E[:, first], E[:, last]
        np.clip(E, 0, 1, out=E)
        # the ends are not clipped outside; a first bin that is the last one, nowhere
        E[:, first] = np.minimum(below, 1)
        E[:, last] = np.maximum(above, 0)
        alone = first[first == last]
        if len(alone):
            E[:, alone] = below[:, first == last]
        return ws.A

    def backward(
        self,
        arrays: Sequence[Array],
        A_below: Any,
        ws: EncodingWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """Write dJ/dX if asked for: the sum over the bins that x lies in."""
        if G_below is None:
            return
        k = len(self.kept)
        G_below[:, list(self.kept)] = ws.G[:, :k]
        x = np.ascontiguousarray(A_below.T[list(self.features)])
        bin_of, beyond = np.empty(x.shape, np.intp), np.empty_like(x)
        self.bins.in_dtype(x.dtype).locate(x, bin_of, beyond)
        of_bins = np.take_along_axis(ws.G[:, k:], bin_of.T, axis=1)
        G_below[:, list(self.features)] = of_bins * ws.per_width[bin_of.T]
