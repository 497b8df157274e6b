"""Blocks without an activation in compiled code: products, the learned scale, noise."""

from __future__ import annotations

from typing import Any

from numba import carray

from sklearn_bpnet.training.stochastic.compiled.cache import jit
from sklearn_bpnet.training.stochastic.compiled.units import multiply

# Without error_model="numpy" every division is checked, and loops do not become vector
# instructions. Sums of a row may be reordered, NaN is respected.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_jit: Any = jit(**_OPTIONS)
_jit_fast: Any = jit(fastmath={"reassoc", "contract", "nsz"}, **_OPTIONS)

# A @ B, A.T @ B, A @ B.T
_PLAIN, _FIRST, _SECOND = range(3)


# A product with a single column is one pass over a matrix. BLAS would pack it first.


@_jit_fast
def product(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """Z = A_below @ W."""
    if n_out > 1:
        multiply(blas, _PLAIN, n, n_out, n_in, below, theta, A)
        return 0.0
    seen = carray(below, (n, n_in))
    zero = seen.dtype.type(0)
    for i in range(n):
        total = zero
        for j in range(n_in):
            total += seen[i, j] * theta[j]
        A[i] = total
    return 0.0


@_jit_fast
def product_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """dW = A_below.T @ D (BP4), and G_below = D @ W.T for BP2 of the block below."""
    if n_out > 1:
        multiply(blas, _FIRST, n_in, n_out, n, below, G, gradient)
        if not is_lowest:
            multiply(blas, _SECOND, n, n_in, n_out, G, theta, G_below)
        return 0.0
    seen, dW = carray(below, (n, n_in)), carray(gradient, n_in)
    dW[:] = 0
    for i in range(n):
        d = G[i]
        for j in range(n_in):
            dW[j] += d * seen[i, j]
    if not is_lowest:
        W, of_below = carray(theta, n_in), carray(G_below, (n, n_in))
        for i in range(n):
            d = G[i]
            for j in range(n_in):
                of_below[i, j] = d * W[j]
    return 0.0


@_jit
def scale(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A = X diag(s)."""
    X, s, scaled = carray(below, (n, n_in)), carray(theta, n_in), carray(A, (n, n_in))
    for i in range(n):
        for j in range(n_in):
            scaled[i, j] = X[i, j] * s[j]
    return 0.0


@_jit
def scale_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """ds_j = sum_i x_ij g_ij, and dJ/dX = G diag(s)."""
    X, s, ds = carray(below, (n, n_in)), carray(theta, n_in), carray(gradient, n_in)
    above, of_X = carray(G, (n, n_in)), carray(G_below, (n, n_in))
    ds[:] = 0
    for i in range(n):
        for j in range(n_in):
            ds[j] += X[i, j] * above[i, j]
    if not is_lowest:
        for i in range(n):
            for j in range(n_in):
                of_X[i, j] = above[i, j] * s[j]
    return 0.0


@_jit_fast
def drop(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A_below without units whose number is below the rate, the others scaled up."""
    seen, left = carray(below, n * n_in), carray(A, n * n_in)
    U = carray(noise, n * n_in)
    rate = factor * constants[0]
    zero = seen.dtype.type(0)
    threshold, scaled_up = seen.dtype.type(rate), seen.dtype.type(1.0 / (1.0 - rate))
    for i in range(n * n_in):
        left[i] = scaled_up * seen[i] if U[i] >= threshold else zero
    return 0.0


@_jit_fast
def drop_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """The same of G, in its place."""
    above, U = carray(G, n * n_in), carray(noise, n * n_in)
    rate = factor * constants[0]
    zero = above.dtype.type(0)
    threshold, scaled_up = above.dtype.type(rate), above.dtype.type(1.0 / (1.0 - rate))
    for i in range(n * n_in):
        above[i] = scaled_up * above[i] if U[i] >= threshold else zero
    return 0.0


@_jit_fast
def add_noise(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A_below and normal noise; nothing is to be done backward."""
    seen, noisy = carray(below, n * n_in), carray(A, n * n_in)
    Z = carray(noise, n * n_in)
    for i in range(n * n_in):
        noisy[i] = seen[i] + constants[0] * Z[i]
    return 0.0
