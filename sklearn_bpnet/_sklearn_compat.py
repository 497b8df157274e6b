"""The only door to scikit-learn's API that is private or depends on its version.

scikit-learn has no types. A class with a base of unknown type accepts every attribute
and every argument in the eyes of a type checker, so these get the stand-ins of
`_sklearn_stubs` in place of scikit-learn's classes and decorators.
"""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call as check_partial_fit_first_call,
)
from sklearn.utils.validation import _check_sample_weight

HAS_CALLBACKS: bool = True
if TYPE_CHECKING:
    from sklearn_bpnet._sklearn_stubs import (
        BaseEstimator,
        CallbackSupportMixin,
        ClassifierMixin,
        RegressorMixin,
        available_if,
        fit_context,
    )
else:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.base import _fit_context as fit_context
    from sklearn.utils.metaestimators import available_if

    try:
        from sklearn.callback import CallbackSupportMixin
    except ImportError:  # before 1.9
        HAS_CALLBACKS = False

        class CallbackSupportMixin:
            """Nothing: there are no callbacks."""


# newer versions refuse weights that are all zero, without naming the parameter
_ALLOW_ALL_ZERO: dict[str, bool] = {}
if "allow_all_zero_weights" in signature(_check_sample_weight).parameters:
    _ALLOW_ALL_ZERO["allow_all_zero_weights"] = True


def check_sample_weight(sample_weight: Any, X: Any) -> Any:
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
    "BaseEstimator",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "HasMethods",
    "Interval",
    "Options",
    "RegressorMixin",
    "StrOptions",
    "available_if",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "fit_context",
]
