"""Sample weights in a unit near their mean, as only their ratios matter.

Sums of weights such as 1e300 would overflow, and statistics that take the sum of the
weights for the number of samples would be wrong.
"""

from __future__ import annotations

from math import frexp, ldexp

import numpy as np
from numpy.typing import ArrayLike, NDArray

Weights = NDArray[np.float64]

_SMALLEST_EXPONENT = -1074  # of the smallest float64


def unit_of(weights: Weights) -> float:
    """The unit of weights: their value if all are equal, otherwise near their mean.

    The latter is a power of two, so that the division by it is exact. Weights of 0 are
    left out.

    Parameters
    ----------
    weights : ndarray of shape (n,)
        Finite, at least 0.

    Returns
    -------
    float
        Positive; the mean of the weights, in this unit, is at least 1 and below 2.
    """
    positive = weights[weights > 0]
    if not len(positive):
        return 1.0
    largest = float(positive.max())
    if positive.min() == largest:
        return largest
    fraction, exponent = frexp(largest)
    _, mean_exponent = frexp(fraction * float(np.mean(positive / largest)))
    return ldexp(1.0, max(exponent + mean_exponent - 1, _SMALLEST_EXPONENT))


def in_unit(weights: Weights | None, n: int, unit: float) -> Weights | None:
    """Weights divided by a unit; None if all are 1.

    Parameters
    ----------
    weights : ndarray of shape (n,) or None
        Sample weights; None if all are 1.
    n : int
        Number of samples.
    unit : float
        The unit, positive.

    Raises
    ------
    ValueError
        If a weight is too large for the unit of an earlier call.
    """
    if weights is None and unit == 1:
        return None
    weights = np.ones(n) if weights is None else weights
    with np.errstate(over="ignore"):
        relative: Weights = weights / unit
    if not np.isfinite(relative).all():
        raise ValueError(
            f"sample_weight is as large as {weights.max():g}, but those of the first "
            f"call were near {unit:g}, which remains their unit. Use weights of the "
            "same scale in all calls."
        )
    return None if (relative == 1).all() else relative


def near_one(weights: Weights) -> Weights:
    """Weights in their own unit."""
    near: Weights = weights / unit_of(weights)
    return near


def weights_of_score(sample_weight: ArrayLike | None) -> Weights | None:
    """Sample weights for a metric; unchanged if the metric has to refuse them."""
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float64)
    return near_one(weights) if np.isfinite(weights).all() else weights
