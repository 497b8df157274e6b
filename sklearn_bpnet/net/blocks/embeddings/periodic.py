"""Periodic embeddings: a few learned waves of every feature beside the feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt
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
from sklearn_bpnet.net.cached import cached_property
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.theta import Shape


@dataclass(frozen=True)
class PBLD(NumericEmbedding):
    """Periodic embedding with biases, a linear map, and the feature itself.

    Of a feature x there are K waves h_k = cos(2 pi w_k x + c_k), from which a linear
    map makes numbers e = V^T h + d. The layer above sees x and e. Every feature has
    its own w, c, V and d, which are learned.

    Parameters
    ----------
    n_frequencies : int, default=16
        The number K of waves per feature, at least 1.
    embedding_size : int, default=4
        How many numbers a feature becomes, itself among them; at least 2.
    deviation : float, default=0.1
        Standard deviation of the initial frequencies w, positive: about the number of
        waves per unit of the scaled feature.

    References
    ----------
    Gorishniy, Rubachev and Babenko, "On embeddings for numerical features in tabular
    deep learning", NeurIPS 2022, arXiv 2203.05556. Holzmueller, Grinsztajn and
    Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular
    data", NeurIPS 2024, arXiv 2407.04491, section 3.
    """

    n_frequencies: int = 16
    embedding_size: int = 4
    deviation: float = 0.1

    def __post_init__(self) -> None:
        self._check_counts(n_frequencies=1, embedding_size=2)
        if not self.deviation > 0:
            raise ValueError(f"deviation must be positive; got {self.deviation!r}.")

    def block(self, n_in: int, embedded: EmbeddedFeatures) -> EmbeddingBlock:
        """The block that embeds some of ``n_in`` features."""
        return Embedding(n_in, tuple(embedded.features.tolist()), self)


@dataclass
class EmbeddingWorkspace:
    """Memory of the block for one batch.

    A and G = dJ/dA have shape (n_samples, n_out). The others are ordered by feature,
    shape (n_embedded, n_samples, ...), so that sums over the waves are matrix products.
    """

    A: Array
    G: Array
    x: Array  # the embedded features, (n_embedded, n_samples, 1)
    phase: Array  # (n_embedded, n_samples, n_frequencies)
    H: Array  # the waves, of the same shape

    def part(self, samples: slice) -> EmbeddingWorkspace:
        """The same memory for some samples of the batch."""
        by_feature = (array[:, samples] for array in (self.x, self.phase, self.H))
        return EmbeddingWorkspace(self.A[samples], self.G[samples], *by_feature)


@dataclass(frozen=True)
class Embedding(EmbeddingBlock):
    """The features, followed by the embeddings e of some of them.

    A = [x_1 ... x_n, e of the first embedded feature, e of the second, ...]

    Parameters
    ----------
    n_in : int
        Number of features.
    features : tuple of int
        Those that are embedded, ascending.
    settings : PBLD
        The hyper-parameters of their embedding.
    """

    compiled_as: ClassVar[str | None] = "embedding"

    n_in: int
    features: tuple[int, ...]
    settings: PBLD

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of the frequencies w, the phases c, the maps V and the shifts d."""
        n, k, m = len(self.features), self.settings.n_frequencies, self._n_new
        return (n, k), (n, k), (n, k, m), (n, m)

    @property
    def n_out(self) -> int:
        """Numbers handed on: the features, and the new ones of those embedded."""
        return self.n_in + len(self.features) * self._n_new

    @property
    def _n_new(self) -> int:
        return self.settings.embedding_size - 1

    @cached_property
    def kept(self) -> tuple[int, ...]:
        """The features that are handed on as they are: all of them."""
        return tuple(range(self.n_in))

    @property
    def n_made(self) -> NDArray[np.intp]:
        """How many numbers are made of every embedded feature."""
        return np.full(len(self.features), self._n_new)

    def start(
        self,
        arrays: Sequence[Array],
        scheme: Initialization,
        rng: np.random.Generator,
        A_below: Operand | None = None,
    ) -> None:
        """Normal frequencies, phases uniform over the circle, a small uniform map."""
        w, c, V, d = arrays
        bound = 1 / sqrt(self.settings.n_frequencies)
        w[...] = rng.normal(0, self.settings.deviation, w.shape)
        c[...] = rng.uniform(-pi, pi, c.shape)
        V[...] = rng.uniform(-bound, bound, V.shape)
        d[...] = rng.uniform(-bound, bound, d.shape)

    def workspace(
        self,
        n_samples: int,
        dtype: DTypeLike,
        keep_Z: bool = False,
        backward: bool = True,
    ) -> EmbeddingWorkspace:
        """Memory for one batch; without ``backward`` G is empty."""
        shape = len(self.features), n_samples, self.settings.n_frequencies
        A = np.empty((n_samples, self.n_out), dtype=dtype)
        G = np.empty_like(A) if backward else A[:0]
        x = np.empty((*shape[:2], 1), dtype=dtype)
        phase, H = (np.empty(shape, dtype=dtype) for _ in range(2))
        return EmbeddingWorkspace(A, G, x, phase, H)

    def forward(
        self, arrays: Sequence[Array], A_below: Any, ws: EmbeddingWorkspace
    ) -> Array:
        """A = [X, E], with H = cos(2 pi w x + c) and E = H V + d of every feature."""
        check_dense(A_below)
        w, c, V, d = arrays
        ws.x[..., 0] = A_below.T[list(self.features)]
        np.multiply(ws.x, (2 * pi * w)[:, None], out=ws.phase)
        ws.phase += c[:, None]
        np.cos(ws.phase, out=ws.H)
        ws.A[:, : self.n_in] = A_below
        self._embedded(ws.A)[...] = np.matmul(ws.H, V) + d[:, None]
        return ws.A

    def _embedded(self, A: Array) -> Array:
        """The part of A or G that is E, a view (n_embedded, n_samples, n_new)."""
        E = A[:, self.n_in :].reshape(len(A), len(self.features), self._n_new)
        return E.transpose(1, 0, 2)

    def backward(
        self,
        arrays: Sequence[Array],
        A_below: Any,
        ws: EmbeddingWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """Write the gradient of the arrays and, if asked for, dJ/dX."""
        w, _, V, _ = arrays
        dw, dc, dV, dd = gradient
        D = np.ascontiguousarray(self._embedded(ws.G))  # dJ/dE
        np.add.reduce(D, axis=1, out=dd)
        np.matmul(ws.H.transpose(0, 2, 1), D, out=dV)
        # dJ/d(phase) = -sin(phase) dJ/dH, into the place of H
        D_phase: Array = np.sin(ws.phase, out=ws.H)
        D_phase *= np.matmul(D, -V.transpose(0, 2, 1))
        np.add.reduce(D_phase, axis=1, out=dc)
        np.matmul(ws.x.transpose(0, 2, 1), D_phase, out=dw[:, None])
        dw *= 2 * pi
        if G_below is not None:
            G_below[...] = ws.G[:, : self.n_in]
            along_x = np.einsum("fnk,fk->nf", D_phase, 2 * pi * w)
            G_below[:, list(self.features)] += along_x
