"""Tables of categories in compiled code, see `net.blocks.lookup.Lookup`.

``numbers`` are how many tables there are, and four of each: the number of its codes and
of the numbers in a row, its form, and where it begins, among the learned ones in theta
or among the others in ``constants``.
"""

from __future__ import annotations

from typing import Any

import numba
from numba import carray

from sklearn_bpnet.training.stochastic.compiled.cache import jit

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}
_jit: Any = jit(**_OPTIONS)
_inlined: Any = numba.njit(**_OPTIONS)

# What a table's ``compiled_as`` stands for
FORMS: dict[str | None, int] = {"fixed": 0, "learned": 1, "one-hot": 2}
_LEARNED, _ONE_HOT = FORMS["learned"], FORMS["one-hot"]


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
    n_tables = numbers[0]
    at = n_numeric = n_in - n_tables
    for i in range(n):
        x, out = i * n_in, i * n_out
        for j in range(n_numeric):
            A[out + j] = below[x + j]
    for t in range(n_tables):
        n_codes, width = numbers[4 * t + 1], numbers[4 * t + 2]
        form, start = numbers[4 * t + 3], numbers[4 * t + 4]
        rows = theta if form == _LEARNED else constants
        for i in range(n):
            row = _row(below[i * n_in + n_numeric + t], n_codes)
            first, out = start + row * width, i * n_out + at
            if form == _ONE_HOT:  # off, on, and the last row
                first = start if row < width else start + 2 * width
            for j in range(width):
                A[out + j] = rows[first + j]
            if form == _ONE_HOT and row < width:
                A[out + row] = rows[start + width + row]
        at += width
    return 0.0


@_jit
def look_up_backward(  # type: ignore[no-untyped-def]
    code, n, n_in, n_out, is_lowest, constants, numbers, theta, gradient, below, A, G,
    G_below, memory, noise, blas, factor,
):  # fmt: skip
    """The sum of dJ/dA over the samples of every code; G_below = dJ/dX."""
    n_tables = numbers[0]
    at = n_numeric = n_in - n_tables
    zero = carray(below, 1).dtype.type(0)
    for t in range(n_tables):
        n_codes, width = numbers[4 * t + 1], numbers[4 * t + 2]
        form, start = numbers[4 * t + 3], numbers[4 * t + 4]
        if form == _LEARNED:
            for k in range(start, start + n_codes * width):
                gradient[k] = zero
            for i in range(n):
                row = start + _row(below[i * n_in + n_numeric + t], n_codes) * width
                above = i * n_out + at
                for j in range(width):
                    gradient[row + j] += G[above + j]
        at += width
    if not is_lowest:
        for i in range(n):
            x, above = i * n_in, i * n_out
            for j in range(n_numeric):
                G_below[x + j] = G[above + j]
            for j in range(n_numeric, n_in):
                G_below[x + j] = zero
    return 0.0
