"""The only door to scikit-learn's API that is private or depends on its version."""

from inspect import signature

import numpy as np
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call as check_partial_fit_first_call,
)
from sklearn.utils.validation import _check_sample_weight

HAS_CALLBACKS = True
try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before 1.9
    HAS_CALLBACKS = False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: there are no callbacks."""


# newer versions refuse weights that are all zero, without naming the parameter
_ALLOW_ALL_ZERO = {}
if "allow_all_zero_weights" in signature(_check_sample_weight).parameters:
    _ALLOW_ALL_ZERO["allow_all_zero_weights"] = True


def check_sample_weight(sample_weight, X):
    """A float64 array of one finite weight at least 0 a row, with a positive sum.

    Raises
    ------
    ValueError
        If the shape is wrong or a weight is negative or not finite, or all are zero.
    """
    weights = _check_sample_weight(
        sample_weight, X, ensure_non_negative=True, **_ALLOW_ALL_ZERO
    )
    if not weights.any():
        raise ValueError(
            "sample_weight sums to zero, so there is nothing to fit. Give at least "
            "one row a positive weight."
        )
    return weights.astype(np.float64, copy=False)


__all__ = [
    "HAS_CALLBACKS",
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "fit_context",
]
