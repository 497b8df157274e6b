"""The coefficient of determination."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.metrics import r2_score


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
