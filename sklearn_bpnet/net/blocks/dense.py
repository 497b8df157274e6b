"""The lecture's layer, with the forward pass and the four equations of the backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import DTypeLike

from sklearn_bpnet.net._typing import Array, Operand
from sklearn_bpnet.net.activations import Activation, LearnedActivation
from sklearn_bpnet.net.blocks.base import Layer
from sklearn_bpnet.net.cached import cached_property
from sklearn_bpnet.net.initializers import Initialization
from sklearn_bpnet.net.memory import aligned
from sklearn_bpnet.net.theta import Shape


@dataclass
class LayerWorkspace:
    """What one pass over a batch computes in a layer, each (n_samples, n_out).

    ``A`` is ``Z`` itself where the activation does not need Z again.
    """

    Z: Array
    A: Array
    G: Array  # dJ/dA
    D: Array  # dJ/dZ, the lecture's delta
    ones: Array  # (n_samples,): times a matrix, the sum of its rows

    def part(self, samples: slice) -> LayerWorkspace:
        """The same memory for some samples of the batch."""
        Z = self.Z[samples]
        A = Z if self.A is self.Z else self.A[samples]
        G, D, ones = (array[samples] for array in (self.G, self.D, self.ones))
        return LayerWorkspace(Z, A, G, D, ones)


@dataclass(frozen=True)
class Dense(Layer):
    """The lecture's layer: an affine map, then an activation.

    Parameters
    ----------
    n_in, n_out : int
        Number of units below and of this layer.
    activation : Activation
        The function f of the layer.
    """

    n_in: int
    n_out: int
    activation: Activation

    listed: ClassVar[tuple[str, ...]] = (
        "coefs_",
        "intercepts_",
        "activation_weights_",
    )
    descriptions: ClassVar[Mapping[str, str]] = {
        "W": "weights",
        "b": "biases",
        "activation": "weights that activations learn",
    }
    parameters: ClassVar[Mapping[str, str]] = {"activation": "activation"}
    penalised: ClassVar[frozenset[str]] = frozenset({"W"})
    compiled_as: ClassVar[str | None] = "dense"

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shapes of W, b and, where the activation learns, its weights."""
        W, b = (self.n_in, self.n_out), (self.n_out,)
        return (W, b, b) if self.learned else (W, b)

    @property
    def kinds(self) -> tuple[str, ...]:
        """What these arrays are."""
        return ("W", "b", "activation") if self.learned else ("W", "b")

    @property
    def attributes(self) -> tuple[str, ...]:
        """Where a fitted estimator shows them."""
        return self.listed[: len(self.kinds)]

    @cached_property
    def learned(self) -> LearnedActivation | None:
        """The activation, if it has learned weights."""
        f = self.activation  # isinstance is slow for abstract classes
        return f if isinstance(f, LearnedActivation) else None

    def function(self, arrays: Sequence[Array]) -> Activation:
        """The activation, with its learned weights if it has some."""
        return self.learned.at(arrays[2]) if self.learned else self.activation

    def workspace(
        self,
        n_samples: int,
        dtype: DTypeLike,
        keep_Z: bool = False,
        backward: bool = True,
    ) -> LayerWorkspace:
        """Memory for one batch.

        Without ``keep_Z`` A may be written over Z; without ``backward`` there is no
        memory for G and D, which are empty.
        """
        shape = (n_samples, self.n_out)
        Z = aligned(shape, dtype)
        A = aligned(shape, dtype) if keep_Z or self.activation.reads_Z else Z
        if not backward:
            return LayerWorkspace(Z, A, Z[:0], Z[:0], Z[:0, 0])
        G, D = aligned(shape, dtype), aligned(shape, dtype)
        return LayerWorkspace(Z, A, G, D, np.ones(n_samples, dtype))

    def start(
        self,
        arrays: Sequence[Array],
        scheme: Initialization,
        rng: np.random.Generator,
        A_below: Operand | None = None,
    ) -> None:
        """Write the initial W and b, and the weights of an activation that learns."""
        (W, b), weights, biases = arrays[:2], scheme.weights, scheme.biases
        W[...] = weights.draw(self.n_in, self.n_out, self.activation, rng)
        if weights.needs_samples and A_below is not None:
            W[...] = weights.adapt(W, A_below)
        b[...] = biases.draw(self.n_out, rng)
        if biases.needs_samples and A_below is not None:
            b[...] = biases.adapt(b, A_below @ W + b, rng)
        if self.learned:
            arrays[2][...] = self.learned.initial

    # The forward pass, and the four equations of the backward pass

    def forward(
        self, arrays: Sequence[Array], A_below: Operand, ws: LayerWorkspace
    ) -> Array:
        """A[l] = f(Z[l]) with Z[l] = A[l-1] @ W[l] + b[l]."""
        self.affine(arrays, A_below, ws)
        return self.function(arrays).forward(ws.Z, out=ws.A)

    def affine(
        self, arrays: Sequence[Array], A_below: Operand, ws: LayerWorkspace
    ) -> Array:
        """Z[l] = A[l-1] @ W[l] + b[l]."""
        W, b = arrays[:2]
        _matmul(A_below, W, out=ws.Z)
        ws.Z += b
        return ws.Z

    def backward(
        self,
        arrays: Sequence[Array],
        A_below: Operand,
        ws: LayerWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """The four equations: from G[l] = dJ/dA[l] to dJ/dW[l], dJ/db[l] and G[l-1]."""
        self.delta(arrays, ws)
        self.backward_from_delta(arrays, A_below, ws, gradient, G_below)

    def delta(self, arrays: Sequence[Array], ws: LayerWorkspace) -> Array:
        """BP1 at the output, BP2 below it: D[l] = f.vjp(Z[l], A[l], G[l])."""
        # BP1, BP2: D = f'(Z) * G for an element-wise f
        return self.function(arrays).vjp(ws.Z, ws.A, ws.G, out=ws.D)

    def backward_from_delta(
        self,
        arrays: Sequence[Array],
        A_below: Operand,
        ws: LayerWorkspace,
        gradient: Sequence[Array],
        G_below: Array | None,
    ) -> None:
        """BP3 and BP4, and the G[l-1] of BP2; D[l] = A - Y of a pair enters here."""
        W, D = arrays[0], ws.D
        dW, db = gradient[:2]
        ws.ones.dot(D, out=db)  # BP3: db = D.sum(axis=0), quicker as 1' D
        _matmul(A_below.T, D, out=dW)  # BP4: dW = A_below.T @ D
        if G_below is not None:
            D.dot(W.T, out=G_below)  # for BP2 of the block below: G_below = D @ W.T
        if self.learned:
            gradient[2][...] = self.learned.weight_gradient(arrays[2], ws.Z, ws.G)

    def on_inputs(self, n_in: int) -> Dense | None:
        """The layer with a W of another height; None for a subclass."""
        return replace(self, n_in=n_in) if type(self) is Dense else None

    def importances(self, arrays: Sequence[Array], above: Array | None) -> Array:
        """The Euclidean norm of the weights that leave every input."""
        norms: Array = np.linalg.norm(arrays[0], axis=1)
        return norms


def _matmul(left: Operand, right: Array, out: Array) -> Array:
    """``left @ right`` into ``out``; only arrays of its dtype can write there.

    NumPy's ``dot`` has less overhead than its ``matmul``, and leaves products with a
    single column to BLAS too.
    """
    if isinstance(left, np.ndarray) and left.dtype == out.dtype:
        return left.dot(right, out=out)
    write_product = getattr(left, "write_product", None)
    if write_product is None:
        out[...] = left @ right  # a sparse operand allocates its result
    else:
        write_product(right, out)
    return out
