"""The only door to scikit-learn's API that is private or depends on its version."""

from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call as check_partial_fit_first_call,
)
from sklearn.utils.validation import _check_sample_weight


def check_sample_weight(sample_weight, X):
    """A float64 array of one finite weight at least 0 a row, with a positive sum.

    Raises
    ------
    ValueError
        If the shape is wrong or a weight is negative or not finite, or all are zero.
    """
    weights = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    if not weights.sum() > 0:
        raise ValueError(
            "sample_weight sums to zero, so there is nothing to fit. Give at least "
            "one row a positive weight."
        )
    return weights.astype("float64", copy=False)


__all__ = [
    "Interval",
    "Options",
    "StrOptions",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "fit_context",
]
