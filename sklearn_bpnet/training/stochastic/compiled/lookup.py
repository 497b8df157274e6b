"""Tables of categories in compiled code, see `net.blocks.lookup.Lookup`.

``numbers`` are how many tables there are, and four of each: of its rows, of the numbers
in a row, whether it is learned, and where it begins among the learned ones in theta or
among the fixed ones in ``constants``.
"""

from __future__ import annotations

from typing import Any

import numba
from numba import carray

from sklearn_bpnet.training.stochastic.compiled.cache import jit

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_jit: Any = jit(**_OPTIONS)
_inlined: Any = numba.njit(**_OPTIONS)


@_inlined
def _row(x, n_codes):  # type: ignore[no-untyped-def]
    """The row of a code."""
    return min(max(int(x), 0), n_codes - 1)


@_jit
def look_up(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """A = [X, T_1[code_1], T_2[code_2], ...]."""
    X, out = carray(below, (n, n_in)), carray(A, (n, n_out))
    n_tables = numbers[0]
    at = n_numeric = n_in - n_tables
    for i in range(n):
        for j in range(n_numeric):
            out[i, j] = X[i, j]
    for t in range(n_tables):
        n_codes, width = numbers[4 * t + 1], numbers[4 * t + 2]
        is_learned, start = numbers[4 * t + 3], numbers[4 * t + 4]
        rows = theta if is_learned else constants
        for i in range(n):
            row = start + _row(X[i, n_numeric + t], n_codes) * width
            for j in range(width):
                out[i, at + j] = rows[row + j]
        at += width
    return 0.0


@_jit
def look_up_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """The sum of dJ/dA over the samples of every code; G_below = dJ/dX."""
    X, above = carray(below, (n, n_in)), carray(G, (n, n_out))
    n_tables = numbers[0]
    at = n_numeric = n_in - n_tables
    zero = X.dtype.type(0)
    for t in range(n_tables):
        n_codes, width = numbers[4 * t + 1], numbers[4 * t + 2]
        is_learned, start = numbers[4 * t + 3], numbers[4 * t + 4]
        if is_learned:
            for k in range(start, start + n_codes * width):
                gradient[k] = zero
            for i in range(n):
                row = start + _row(X[i, n_numeric + t], n_codes) * width
                for j in range(width):
                    gradient[row + j] += above[i, at + j]
        at += width
    if not is_lowest:
        of_X = carray(G_below, (n, n_in))
        for i in range(n):
            for j in range(n_numeric):
                of_X[i, j] = above[i, j]
            for j in range(n_numeric, n_in):
                of_X[i, j] = zero
    return 0.0
