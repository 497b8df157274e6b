"""The four equations in compiled code: the gradient over some samples of a batch.

`add_up` does what `EmpiricalRisk.add_up` does. The matrix products go to BLAS; the
samples, the activations and the loss are the business of units.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import types

from sklearn_bpnet.training.stochastic.compiled.cache import jit
from sklearn_bpnet.training.stochastic.compiled.units import (
    Types,
    caller,
    matrix,
    vector,
)

# Without error_model="numpy" every division is checked, and loops do not become vector
# instructions. Sums of a row may be reordered, NaN is respected.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_jit: Any = jit(**_OPTIONS)
# a call would count references to every array of its arguments
_inlined: Any = numba.njit(forceinline=True, **_OPTIONS)
_jit_fast: Any = jit(fastmath={"reassoc", "contract", "nsz"}, **_OPTIONS)


class Table(NamedTuple):
    """The training samples; ``s`` may be empty.

    X, its mean and its factor are addresses for the unit that reads them, as their
    dtypes differ between trainings. ``clip`` is that of a `Standardization`, infinite
    for none.
    """

    X: int
    shape: Any
    mean: int
    factor: int
    is_scaled: bool
    clip: float
    read: int  # a unit
    Y: Any
    s: Any


class Layers(NamedTuple):
    """The network.

    W[i] begins at ``starts[i]`` in theta, which begins with a learned scale of the
    features if ``is_scaled``.

    What layer i sees goes through dropout if ``drops[i]``, with the rate
    ``dropout[i]``; of the uniform numbers of a sample, those of the layer begin at
    ``noise_starts[i]``.
    """

    is_scaled: bool
    sizes: Any
    starts: Any
    drops: Any
    dropout: Any
    noise_starts: Any
    codes: Any  # of the activations
    constants: Any
    forward: Any  # units, one for each layer
    backward: Any
    loss_code: int
    output_delta: int  # a unit


class Memory(NamedTuple):
    """One thread's memory for its samples of a batch; a row of A, B, D, F is a layer.

    B is what dropout leaves of A; F are slopes of activations.
    """

    X: Any
    scaled: Any
    Y: Any
    s: Any
    A: Any
    B: Any
    D: Any
    F: Any


# The types of the units' arguments, from that of theta or another array like it


def reading_types(theta: Any, X: Any = types.void, mean: Any = types.void) -> Types:
    """Indices; X and its shape; mean, factor, whether to scale; the clip; out.

    X and mean are dtypes, which do not matter to the caller.
    """
    indices, index = types.Array(types.intp, 1, "C", readonly=True), types.intp
    scaling = types.CPointer(mean), types.CPointer(mean), types.boolean, types.float64
    return indices, types.CPointer(X), index, index, *scaling, matrix(theta.dtype)


def activation_types(theta: Any) -> Types:
    """The code; Z and b, or A and G; constants; slopes."""
    return types.int64, *(matrix(theta.dtype),) * 2, *(vector(theta.dtype),) * 2


def loss_types(theta: Any) -> Types:
    """The code; Z, Y and s; the number of samples."""
    both = (matrix(theta.dtype),) * 2
    return types.int64, *both, vector(theta.dtype), types.int64


_call_read = caller(lambda given: reading_types(given[-1]))
_call_activation = caller(lambda given: activation_types(given[1]))
_call_loss = caller(lambda given: loss_types(given[1]))


# Blocks between the layers


@_jit_fast
def _drop(A, U, rate, out):  # type: ignore[no-untyped-def]
    """A without the units whose U is below the rate, the others scaled up."""
    zero, threshold = A.dtype.type(0), A.dtype.type(rate)
    factor = A.dtype.type(1.0 / (1.0 - rate))
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            out[i, j] = factor * A[i, j] if U[i, j] >= threshold else zero


@_jit
def _scale(X, s, out):  # type: ignore[no-untyped-def]
    """X diag(s)."""
    for i in range(X.shape[0]):
        for j in range(s.size):
            out[i, j] = X[i, j] * s[j]


@_jit
def _add_columns(X, G, ds):  # type: ignore[no-untyped-def]
    """The gradient of J(X diag(s)) by s, from G = dJ/d(X diag(s))."""
    ds[:] = 0
    for i in range(X.shape[0]):
        for j in range(ds.size):
            ds[j] += X[i, j] * G[i, j]


# A product with a single column is one pass over a matrix. BLAS would pack it first.


@_jit_fast
def _forward_product(A, W, Z):  # type: ignore[no-untyped-def]
    """Z = A @ W."""
    if W.shape[1] > 1:
        np.dot(A, W, Z)
        return
    for i in range(A.shape[0]):
        total = A.dtype.type(0)
        for j in range(A.shape[1]):
            total += A[i, j] * W[j, 0]
        Z[i, 0] = total


@_jit_fast
def _gradient_of_W(A, D, dW):  # type: ignore[no-untyped-def]
    """BP4: dW = A.T @ D."""
    if D.shape[1] > 1:
        np.dot(A.T, D, dW)
        return
    dW[:] = 0
    for i in range(A.shape[0]):
        d = D[i, 0]
        for j in range(A.shape[1]):
            dW[j, 0] += d * A[i, j]


@_jit_fast
def _gradient_of_A(D, W, G):  # type: ignore[no-untyped-def]
    """BP2: G = D @ W.T."""
    if W.shape[1] > 1:
        np.dot(D, W.T, G)
        return
    for i in range(G.shape[0]):
        d = D[i, 0]
        for j in range(G.shape[1]):
            G[i, j] = d * W[j, 0]


# Views


@_inlined
def _weights(vector, layers, i):  # type: ignore[no-untyped-def]
    """W[i] and b[i], or their gradients, in a vector like theta; b as a row."""
    n_in, n_out = layers.sizes[i], layers.sizes[i + 1]
    start = layers.starts[i]
    end = start + n_in * n_out
    W = vector[start:end].reshape((n_in, n_out))
    return W, vector[end : end + n_out].reshape((1, n_out))


@_inlined
def _rows(memory, i, n, k):  # type: ignore[no-untyped-def]
    """The first n rows of k units that layer i has in A, B or D."""
    return memory[i, : n * k].reshape((n, k))


@_inlined
def _uniform(noise, layers, i, first, n, n_all):  # type: ignore[no-untyped-def]
    """The random numbers of n samples, from ``first`` on, for what layer i sees."""
    k = layers.sizes[i]
    start = n_all * layers.noise_starts[i] + first * k
    return noise[start : start + n * k].reshape((n, k))


# The four equations


@_inlined
def _forward(  # type: ignore[no-untyped-def]
    first, n, n_all, layers, theta, memory, noise, dropout_factor
):
    """A[i] = f(A[i-1] @ W[i] + b[i]) for all layers i; of the last one Z."""
    A, B, sizes = memory.A, memory.B, layers.sizes
    seen = memory.X[:n]
    for i in range(sizes.size - 1):
        if layers.drops[i]:
            below, rate = seen, dropout_factor * layers.dropout[i]
            if i > 0:
                seen = _rows(B, i - 1, n, sizes[i])
            _drop(below, _uniform(noise, layers, i, first, n, n_all), rate, seen)
        if i == 0 and layers.is_scaled:
            seen = memory.scaled[:n]
            _scale(memory.X[:n], theta[: sizes[0]], seen)
        W, b = _weights(theta, layers, i)
        Z = _rows(A, i, n, sizes[i + 1])
        _forward_product(seen, W, Z)
        _call_activation(
            layers.forward[i],
            (layers.codes[i], Z, b, layers.constants[i], memory.F[i]),
        )  # fmt: skip
        seen = Z


@_inlined
def _backward(  # type: ignore[no-untyped-def]
    first, n, n_all, D, layers, theta, gradient, memory, noise, dropout_factor
):
    """The gradient, from D of the output down."""
    sizes = layers.sizes
    for i in range(sizes.size - 2, -1, -1):
        W, _ = _weights(theta, layers, i)
        dW, db = _weights(gradient, layers, i)
        db[:] = 0
        for row in range(n):  # BP3
            for j in range(D.shape[1]):
                db[0, j] += D[row, j]
        if i == 0:
            seen = memory.scaled[:n] if layers.is_scaled else memory.X[:n]
            _gradient_of_W(seen, D, dW)  # BP4
            if layers.is_scaled:
                _gradient_of_A(D, W, seen)  # BP2, in the place of what W sees
                _add_columns(memory.X[:n], seen, gradient[: sizes[0]])
            return
        A, G = _rows(memory.A, i - 1, n, sizes[i]), _rows(memory.D, i - 1, n, sizes[i])
        _gradient_of_A(D, W, G)  # BP2
        seen = A
        if layers.drops[i]:
            rate = dropout_factor * layers.dropout[i]
            _drop(G, _uniform(noise, layers, i, first, n, n_all), rate, G)
            seen = _rows(memory.B, i - 1, n, sizes[i])
        _gradient_of_W(seen, D, dW)  # BP4
        below = i - 1
        _call_activation(
            layers.backward[below],
            (layers.codes[below], A, G, layers.constants[below], memory.F[below]),
        )  # fmt: skip
        D = G


@_jit
def add_up(  # type: ignore[no-untyped-def]
    indices, first, n_all, table, layers, theta, gradient, memory, noise, dropout_factor
):
    """Write the gradient of (1/n_all) sum_n s_n L_n; return sum_n s_n L_n.

    The samples are those of the batch from ``first`` on.
    """
    n, last = indices.size, layers.sizes.size - 2
    X, Y, s = memory.X[:n], memory.Y[:n], memory.s[: min(n, table.s.size)]
    _call_read(
        table.read,
        (
            indices, table.X, table.shape[0], table.shape[1], table.mean, table.factor,
            table.is_scaled, table.clip, X,
        ),
    )  # fmt: skip
    for row in range(n):
        Y[row] = table.Y[indices[row]]
        if s.size:
            s[row] = table.s[indices[row]]
    _forward(first, n, n_all, layers, theta, memory, noise, dropout_factor)
    D = _rows(memory.A, last, n, layers.sizes[last + 1])
    # BP1, in the place of A[L]
    total = _call_loss(layers.output_delta, (layers.loss_code, D, Y, s, n_all))
    _backward(
        first, n, n_all, D, layers, theta, gradient, memory, noise, dropout_factor
    )
    return total
