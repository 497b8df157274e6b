"""Members that share weights in compiled code, see `net.blocks.members`.

``numbers`` are how many members there are. The scale is called for the samples of a
batch, the heads for their rows, one per sample and member.
"""

from __future__ import annotations

from typing import Any

from numba import carray

from sklearn_bpnet.training.stochastic.compiled.cache import jit
from sklearn_bpnet.training.stochastic.compiled.units import multiply_parts

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_jit: Any = jit(**_OPTIONS)
_jit_fast: Any = jit(fastmath={"reassoc", "contract", "nsz"}, **_OPTIONS)

# A @ B, A.T @ B, A @ B.T
_PLAIN, _FIRST, _SECOND = range(3)


@_jit
def scale_members(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """a_i = r_i * x for every member i."""
    k = numbers[0]
    X, r = carray(below, (n, n_in)), carray(theta, (k, n_in))
    scaled = carray(A, (n, k, n_in))
    for i in range(n):
        for m in range(k):
            for j in range(n_in):
                scaled[i, m, j] = X[i, j] * r[m, j]
    return 0.0


@_jit
def scale_members_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """dr_i = sum_n x_n * g_ni, and dJ/dx_n = sum_i r_i * g_ni."""
    k = numbers[0]
    X, r = carray(below, (n, n_in)), carray(theta, (k, n_in))
    dr, above = carray(gradient, (k, n_in)), carray(G, (n, k, n_in))
    of_X = carray(G_below, (n, n_in))
    dr[:] = 0
    for i in range(n):
        for m in range(k):
            for j in range(n_in):
                dr[m, j] += X[i, j] * above[i, m, j]
    if not is_lowest:
        of_X[:] = 0
        for i in range(n):
            for m in range(k):
                for j in range(n_in):
                    of_X[i, j] += r[m, j] * above[i, m, j]
    return 0.0


@_jit_fast
def heads(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """z_i = a_i' W_i for every member i."""
    k = numbers[0]
    n_samples = n // k
    if n_out > 1:
        for m in range(k):
            multiply_parts(
                blas, _PLAIN, n_samples, n_out, n_in, below, m * n_in, k * n_in, theta,
                m * n_in * n_out, n_out, A, m * n_out, k * n_out,
            )  # fmt: skip
        return 0.0
    seen, W = carray(below, (n_samples, k, n_in)), carray(theta, (k, n_in))
    Z, zero = carray(A, (n_samples, k)), seen.dtype.type(0)
    for i in range(n_samples):
        for m in range(k):
            total = zero
            for j in range(n_in):
                total += seen[i, m, j] * W[m, j]
            Z[i, m] = total
    return 0.0


@_jit_fast
def heads_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """dW_i (BP4) of every member, and its share of G_below for BP2."""
    k = numbers[0]
    n_samples = n // k
    if n_out > 1:
        for m in range(k):
            multiply_parts(
                blas, _FIRST, n_in, n_out, n_samples, below, m * n_in, k * n_in, G,
                m * n_out, k * n_out, gradient, m * n_in * n_out, n_out,
            )  # fmt: skip
            if not is_lowest:
                multiply_parts(
                    blas, _SECOND, n_samples, n_in, n_out, G, m * n_out, k * n_out,
                    theta, m * n_in * n_out, n_out, G_below, m * n_in, k * n_in,
                )  # fmt: skip
        return 0.0
    seen, D = carray(below, (n_samples, k, n_in)), carray(G, (n_samples, k))
    W, dW = carray(theta, (k, n_in)), carray(gradient, (k, n_in))
    dW[:] = 0
    for i in range(n_samples):
        for m in range(k):
            d = D[i, m]
            for j in range(n_in):
                dW[m, j] += d * seen[i, m, j]
    if not is_lowest:
        of_below = carray(G_below, (n_samples, k, n_in))
        for i in range(n_samples):
            for m in range(k):
                d = D[i, m]
                for j in range(n_in):
                    of_below[i, m, j] = d * W[m, j]
    return 0.0


@_jit_fast
def add_biases(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """Z_i + b_i for every member i, in place of Z."""
    width = numbers[0] * n_out
    Z, b = carray(A, (n // numbers[0], width)), carray(theta, width)
    for i in range(n // numbers[0]):
        for j in range(width):
            Z[i, j] += b[j]
    return 0.0


@_jit_fast
def add_biases_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """BP3 of every member; D passes as it is."""
    width = numbers[0] * n_out
    D, db = carray(G, (n // numbers[0], width)), carray(gradient, width)
    db[:] = 0
    for i in range(n // numbers[0]):
        for j in range(width):
            db[j] += D[i, j]
    return 0.0
