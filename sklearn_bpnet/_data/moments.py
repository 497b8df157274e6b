"""Means over the outputs of many networks, of which only one is held in memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from sklearn_bpnet.net._typing import Array

# Squares of larger numbers may overflow: these are computed in a unit, a power of two
_LARGE, _LARGE_UNIT = 2.0**500, 2.0**600


def mean_and_std(arrays: Iterable[Array]) -> tuple[Any, Any]:
    """Mean and standard deviation over arrays of one shape.

    Parameters
    ----------
    arrays : iterable of ndarray
        At least one.

    Returns
    -------
    mean, std : ndarray
        float64; the standard deviation is that of ``numpy.std``.

    References
    ----------
    Welford, "Note on a method for calculating corrected sums of squares and products",
    Technometrics 4, 1962.
    """
    mean: Any = np.float64(0)
    squares: Any = np.float64(0)
    unit: Any = np.float64(1)
    n = 0
    for n, array in enumerate(arrays, start=1):
        is_large = np.abs(array) > _LARGE
        if is_large.any():
            larger = np.where(is_large, _LARGE_UNIT, unit)
            ratio, unit = unit / larger, larger
            mean, squares = mean * ratio, squares * ratio * ratio
        array = array / unit
        change = array - mean
        mean = mean + change / n
        squares = squares + change * (array - mean)
    return mean * unit, np.sqrt(squares / n) * unit


def log_mean(logs: Iterable[Array]) -> Array:
    """The logarithm of the mean of exp(L) over arrays L, which may be overwritten."""
    total: Any = None
    n = 0
    for L in logs:
        n += 1
        total = L if total is None else np.logaddexp(total, L, out=total)
    mean: Array = total - np.log(n)
    return mean
