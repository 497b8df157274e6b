"""The coefficient of determination."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import r2_score

_LARGE_SQUARE = 1e100  # numbers whose squares may overflow in a sum


def r2(y: Any, predicted: Any, weights: Any = None) -> float:
    """The mean R2 of all targets.

    It differs from scikit-learn's for targets whose values are all equal: their mean
    often differs from them by rounding, so that scikit-learn divides by a variance near
    1e-32 where it is 0. By its convention for a variance of 0 their R2 is 1 if the
    predictions are exact, otherwise 0.

    Parameters
    ----------
    y, predicted : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets and predictions.
    weights : array-like of shape (n_samples,) or None, default=None
        Sample weights; samples of weight 0 do not count.
    """
    y, predicted = _in_range(np.asarray(y), np.asarray(predicted))
    scores = r2_score(y, predicted, sample_weight=weights, multioutput="raw_values")
    if not isinstance(scores, np.ndarray):  # NaN: a single sample
        return float(scores)
    Y, P = (np.asarray(a).reshape(len(a), -1) for a in (y, predicted))
    if weights is not None:
        counts = np.asarray(weights).ravel() != 0
        Y, P = Y[counts], P[counts]
    is_constant = (Y == Y[:1]).all(axis=0)
    scores[is_constant] = (P == Y).all(axis=0)[is_constant]
    return float(np.average(scores))


def _in_range(y: NDArray[Any], predicted: NDArray[Any]) -> tuple[Any, Any]:
    """Both in units of a power of two, where squares would overflow."""
    largest = float(np.max(np.abs(y), initial=0.0)) if y.dtype.kind == "f" else 0.0
    if not largest > _LARGE_SQUARE:
        return y, predicted
    exponent = np.frexp(largest)[1]
    y, predicted = (np.asarray(a, np.float64) for a in (y, predicted))
    return np.ldexp(y, -exponent), np.ldexp(predicted, -exponent)
