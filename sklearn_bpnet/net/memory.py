"""Aligned memory, and arithmetic on short vectors without overhead."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import DTypeLike
from scipy.linalg import blas

from sklearn_bpnet.net._typing import Array

CACHE_LINE = 64  # bytes

# On a short vector, a call of SciPy's BLAS takes a quarter of the time that NumPy needs
# to make an array of a number. On longer ones it would start a second set of threads,
# which compete with those of NumPy's BLAS; and it does not accept empty ones.
_MOST_OF_BLAS = 10_000
_ADD_SCALED = {np.dtype(np.float32): blas.saxpy, np.dtype(np.float64): blas.daxpy}
_SCALE = {np.dtype(np.float32): blas.sscal, np.dtype(np.float64): blas.dscal}


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Zeros that begin where a cache line does.

    Elsewhere a vector instruction often needs two lines: NumPy's loops take a tenth
    longer, and the compiled ones of a step up to three times as long.
    """
    dtype = np.dtype(dtype)
    size, line = prod(shape), CACHE_LINE // dtype.itemsize
    memory = np.zeros(size + line, dtype)
    first = -(memory.ctypes.data // dtype.itemsize) % line
    return memory[first : first + size].reshape(shape)


def add_scaled(y: Array, a: float, x: Array) -> None:
    """y <- y + a x, in place; ``x`` may be overwritten.

    Both are contiguous vectors of one size and of the dtype float32 or float64.
    """
    if 0 < y.size <= _MOST_OF_BLAS:
        _ADD_SCALED[y.dtype](x, y, a=a)
    else:
        x *= a
        y += x


def scale(y: Array, a: float) -> None:
    """y <- a y, in place, of a vector as in `add_scaled`."""
    if 0 < y.size <= _MOST_OF_BLAS:
        _SCALE[y.dtype](a, y)
    else:
        y *= a
